, put AS (
    INSERT INTO sgr.entities AS e (kind, key, name)
    SELECT w.kind, w.key, w.name
    FROM wanted AS w
    WHERE NOT EXISTS (SELECT FROM sgr.entities AS o
                      WHERE o.graph_id = 0 AND o.kind = w.kind AND o.key = w.key AND o.name IS NOT DISTINCT FROM w.name)
    ON CONFLICT (graph_id, kind, key) DO UPDATE SET name = excluded.name
    RETURNING xmax = 0 AS is_new
)
SELECT (SELECT pg_catalog.count(*) FROM wanted), pg_catalog.count(*) FILTER (WHERE is_new),
       pg_catalog.count(*) FILTER (WHERE NOT is_new)
FROM put
