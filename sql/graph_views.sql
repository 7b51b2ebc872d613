-- Views of the graph for people and BI tools.

CREATE VIEW sgr.entity_keys AS
SELECT e.kind, e.key, e.entity_id
FROM sgr.entities AS e WHERE e.graph_id = 0
UNION ALL
SELECT a.kind, a.alias_key, e.entity_id
FROM sgr.entity_aliases AS a
JOIN sgr.entities AS e ON e.graph_id = 0 AND e.kind = a.kind AND e.key = a.canonical_key
WHERE a.alias_key <> a.canonical_key;
COMMENT ON VIEW sgr.entity_keys IS 'Every key that stands for an entity of the catalogue''s graph: its own and its aliases''';

CREATE VIEW sgr.kg_triples AS
SELECT g.graph, h.kind AS head_kind, coalesce(h.name, h.key) AS head, r.relation,
       t.kind AS tail_kind, coalesce(t.name, t.key) AS tail, x.weight, s.stage, s.source, x.run_id,
       x.head AS head_id, x.tail AS tail_id
FROM sgr.triples AS x
JOIN sgr.relations AS r ON r.relation_id = x.relation
JOIN sgr.graphs AS g ON g.graph_id = r.graph_id
JOIN sgr.entities AS h ON h.entity_id = x.head
JOIN sgr.entities AS t ON t.entity_id = x.tail
JOIN sgr.triple_sources AS s ON s.source_id = x.source;
COMMENT ON VIEW sgr.kg_triples IS 'The graph with names: WHERE graph = ''catalogue'' for the one made from the catalogue';
COMMENT ON COLUMN sgr.kg_triples.weight IS 'In (0,1]; what it means is in sgr.relations.description';
COMMENT ON COLUMN sgr.kg_triples.stage IS 'The field or step that says it';
COMMENT ON COLUMN sgr.kg_triples.source IS 'The source of the catalogue row, the relation that was read, or the file';
COMMENT ON COLUMN sgr.kg_triples.run_id IS 'The run of sgr.runs that last wrote it';
