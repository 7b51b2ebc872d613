SELECT e.kind, e.key, v.vector
FROM sgr.entity_embeddings AS v
JOIN sgr.entities AS e ON e.entity_id = v.entity_id
WHERE v.model_id = $1
ORDER BY v.entity_id
