-- The triples of graph $2 with the ids that the same names have in graph $1, NULL where it has none.
SELECT h.entity_id, r.relation_id, t.entity_id
FROM sgr.triples AS x
JOIN sgr.relations AS xr ON xr.relation_id = x.relation AND xr.graph_id = $2
JOIN sgr.entities AS xh ON xh.entity_id = x.head
JOIN sgr.entities AS xt ON xt.entity_id = x.tail
LEFT JOIN sgr.relations AS r ON r.graph_id = $1 AND r.relation = xr.relation
LEFT JOIN sgr.entities AS h ON h.graph_id = $1 AND h.kind = xh.kind AND h.key = xh.key
LEFT JOIN sgr.entities AS t ON t.graph_id = $1 AND t.kind = xt.kind AND t.key = xt.key
