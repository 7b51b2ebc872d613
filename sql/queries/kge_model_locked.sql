SELECT m.model_id, coalesce(m.name, m.model || '-' || m.model_id), m.graph_id, m.entities, m.relations,
       m.neighbours, m.parameters::text, m.fusion, m.checkpoint::text, m.changed_at::text
FROM sgr.models AS m
WHERE m.model_id = $1 AND m.kind = 'kge'
FOR UPDATE
