SELECT NULL::text, r.relation, v.vector
FROM sgr.relation_embeddings AS v
JOIN sgr.relations AS r ON r.relation_id = v.relation_id
WHERE v.model_id = $1
ORDER BY v.relation_id
