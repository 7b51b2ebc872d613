-- Model $1, or the active one of the catalogue's graph.
SELECT m.model_id, coalesce(m.name, m.model || '-' || m.model_id), m.graph_id, m.entities, m.relations,
       m.neighbours, m.parameters::text, m.fusion, m.checkpoint::text, m.changed_at::text
FROM sgr.models AS m
WHERE CASE WHEN $1 IS NULL THEN m.is_active AND m.graph_id = 0 AND m.kind = 'kge' ELSE m.model_id = $1 AND m.kind = 'kge' END
