-- Entities of a kind that are called so; some, if many are.
SELECT e.entity_id, e.kind, e.key, e.name
FROM sgr.entities AS e
WHERE e.graph_id = $1 AND e.kind = $2 AND pg_catalog.lower(e.name) = pg_catalog.lower($3)
ORDER BY e.entity_id
LIMIT 6
