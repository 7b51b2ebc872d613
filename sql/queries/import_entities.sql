INSERT INTO sgr.entities (graph_id, kind, key)
SELECT $1, n.kind, n.key
FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) AS n (kind, key)
ON CONFLICT (graph_id, kind, key) DO NOTHING
