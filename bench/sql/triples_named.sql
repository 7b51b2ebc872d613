SELECT h.kind || ':' || h.key AS head, r.relation, t.kind || ':' || t.key AS tail, x.weight, s.stage || '/' || s.source AS source
FROM sgr.triples AS x
JOIN sgr.entities AS h ON h.entity_id = x.head
JOIN sgr.entities AS t ON t.entity_id = x.tail
JOIN sgr.relations AS r ON r.relation_id = x.relation AND r.graph_id = 0
JOIN sgr.triple_sources AS s ON s.source_id = x.source
