SELECT k.place, coalesce(h.name, h.key), h.kind, r.relation, coalesce(t.name, t.key), t.kind, x.weight, s.source, x.head, x.tail
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY AS k (head, relation, tail, place)
JOIN sgr.triples AS x ON x.head = k.head AND x.relation = k.relation AND x.tail = k.tail
JOIN sgr.relations AS r ON r.relation_id = x.relation
JOIN sgr.entities AS h ON h.entity_id = x.head
JOIN sgr.entities AS t ON t.entity_id = x.tail
JOIN sgr.triple_sources AS s ON s.source_id = x.source
ORDER BY k.place
