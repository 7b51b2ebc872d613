SELECT e.entity_id, e.kind, e.key, e.name
FROM sgr.entities AS e
WHERE e.graph_id = $1 AND e.kind = $2 AND e.key = $3
UNION ALL
SELECT e.entity_id, e.kind, e.key, e.name
FROM sgr.entity_aliases AS a
JOIN sgr.entities AS e ON e.graph_id = 0 AND e.kind = a.kind AND e.key = a.canonical_key
WHERE $1 = 0 AND a.kind = $2 AND a.alias_key = $3 AND a.alias_key <> a.canonical_key
LIMIT 1
