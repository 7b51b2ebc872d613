SELECT k.id, e.entity_id
FROM pg_catalog.unnest($1) AS k (id)
JOIN sgr.entities AS e ON e.graph_id = 0 AND e.kind = 'track' AND e.key = k.id::text
