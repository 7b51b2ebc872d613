-- What one would write who knows that every path here is track, playlist, track, playlist, track: two hops from each end
-- and the cheapest meeting. It finds nothing longer, nothing in another graph, and one path.
WITH near AS (
    SELECT e.source AS track, min(s.cost + e.cost) AS cost
    FROM bench.edges AS s JOIN bench.edges AS e ON e.target = s.target
    WHERE s.source = %(a)s AND e.source <> s.source
    GROUP BY e.source
), far AS (
    SELECT e.source AS track, min(s.cost + e.cost) AS cost
    FROM bench.edges AS s JOIN bench.edges AS e ON e.target = s.target
    WHERE s.source = %(b)s AND e.source <> s.source
    GROUP BY e.source
)
SELECT min(c.cost) - (SELECT sum(n.cost) / 2 FROM bench.nodes AS n WHERE n.node IN (%(a)s, %(b)s)) AS cost
FROM (SELECT n.cost FROM near AS n WHERE n.track = %(b)s
      UNION ALL SELECT n.cost + f.cost FROM near AS n JOIN far AS f ON f.track = n.track) AS c
