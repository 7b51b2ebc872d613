SELECT e.entity_id
FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY AS n (kind, key, nr)
LEFT JOIN sgr.entities AS e ON e.graph_id = $1 AND e.kind = n.kind AND e.key = n.key
ORDER BY n.nr
