SELECT v.entity_id, v.vector
FROM sgr.entity_embeddings AS v
JOIN sgr.entities AS e ON e.entity_id = v.entity_id
WHERE v.model_id = $1 AND v.entity_id = ANY ($2) AND ($3 OR e.kind = $4)
