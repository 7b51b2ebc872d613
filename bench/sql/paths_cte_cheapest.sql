-- The same with what was asked for, the cheapest path: every walk of four hops has to be kept.
WITH RECURSIVE walk (node, cost, path) AS (
    SELECT %(a)s::bigint, 0::double precision, ARRAY[%(a)s::bigint]
    UNION ALL
    SELECT next.node, w.cost + next.cost, w.path || next.node
    FROM walk AS w
    CROSS JOIN LATERAL (SELECT e.target, e.cost FROM bench.edges AS e WHERE e.source = w.node
                        UNION ALL SELECT e.source, e.cost FROM bench.edges AS e WHERE e.target = w.node) AS next (node, cost)
    WHERE cardinality(w.path) <= 4 AND w.node <> %(b)s AND next.node <> ALL (w.path)
)
SELECT w.cost, w.path FROM walk AS w WHERE w.node = %(b)s ORDER BY w.cost LIMIT 1
