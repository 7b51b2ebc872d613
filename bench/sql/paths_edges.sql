-- The same triples as pgRouting wants them. sgr_paths() charges an edge of weight w 1 - ln w, and a node between the ends
-- that has d edges ln d; an edge takes half of what either of its nodes costs. So a path costs here what it costs there plus
-- half of what its two ends would cost, which is the same for all paths of a pair: the order of the paths is the same.
CREATE TABLE bench.nodes AS
SELECT node, ln(count(*)) AS cost
FROM (SELECT head AS node FROM sgr.triples WHERE relation = 3 UNION ALL SELECT tail FROM sgr.triples WHERE relation = 3) AS e
GROUP BY node;
ALTER TABLE bench.nodes ADD PRIMARY KEY (node);
ANALYZE bench.nodes;

CREATE TABLE bench.edges AS
SELECT row_number() OVER () AS id, t.head AS source, t.tail AS target,
       1 - ln(t.weight::double precision) + (h.cost + n.cost) / 2 AS cost
FROM sgr.triples AS t
JOIN bench.nodes AS h ON h.node = t.head
JOIN bench.nodes AS n ON n.node = t.tail
WHERE t.relation = 3;
ALTER TABLE bench.edges ADD PRIMARY KEY (id);
CREATE INDEX ON bench.edges (source, target);
CREATE INDEX ON bench.edges (target, source);
ANALYZE bench.edges;
