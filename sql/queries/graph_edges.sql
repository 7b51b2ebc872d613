SELECT t.head, t.tail
FROM sgr.triples AS t
JOIN sgr.relations AS r ON r.relation_id = t.relation
WHERE r.graph_id = $1
