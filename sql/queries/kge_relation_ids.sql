SELECT r.relation_id
FROM pg_catalog.unnest($2) WITH ORDINALITY AS n (relation, nr)
LEFT JOIN sgr.relations AS r ON r.graph_id = $1 AND r.relation = n.relation
ORDER BY n.nr
