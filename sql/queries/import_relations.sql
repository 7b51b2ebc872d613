INSERT INTO sgr.relations (graph_id, relation)
SELECT $1, n.relation FROM pg_catalog.unnest($2) AS n (relation)
ON CONFLICT (graph_id, relation) DO NOTHING
