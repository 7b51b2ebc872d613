SELECT e.entity_id
FROM sgr.entity_aliases AS a
JOIN sgr.entities AS e ON e.graph_id = 0 AND e.kind = 'playlist' AND e.key = a.canonical_key
WHERE a.kind = 'playlist' AND a.alias_key <> a.canonical_key
