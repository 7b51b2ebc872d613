SELECT m.model_id, m.name, m.model, m.parameters::text, m.seed, m.changed_at::text, m.users, m.items, m.blend::text
FROM sgr.models AS m
WHERE m.kind = 'recommender' AND m.name = $1
ORDER BY m.repeat
