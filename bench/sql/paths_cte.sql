-- What one would write without a library: walk from one end, four hops at most, by indexes both ways. UNION leaves each
-- node once per hop, which is what keeps it to seconds; so it tells how many hops apart the two are, but no path and no cost.
WITH RECURSIVE walk (node, hops) AS (
    SELECT %(a)s::bigint, 0
    UNION
    SELECT next.node, w.hops + 1
    FROM walk AS w
    CROSS JOIN LATERAL (SELECT e.target FROM bench.edges AS e WHERE e.source = w.node
                        UNION ALL SELECT e.source FROM bench.edges AS e WHERE e.target = w.node) AS next (node)
    WHERE w.hops < 4
)
SELECT min(w.hops) FROM walk AS w WHERE w.node = %(b)s
