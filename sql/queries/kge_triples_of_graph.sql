-- The triples of graph $2 with the ids that the same names have in graph $1, NULL where it has none. Names are compared
-- once for each entity, not for each triple.
WITH
same_entities AS MATERIALIZED (
    SELECT x.entity_id AS other_id, e.entity_id
    FROM sgr.entities AS x
    LEFT JOIN sgr.entities AS e ON e.graph_id = $1 AND e.kind = x.kind AND e.key = x.key
    WHERE x.graph_id = $2
),
same_relations AS MATERIALIZED (
    SELECT x.relation_id AS other_id, r.relation_id
    FROM sgr.relations AS x
    LEFT JOIN sgr.relations AS r ON r.graph_id = $1 AND r.relation = x.relation
    WHERE x.graph_id = $2
)
SELECT h.entity_id, r.relation_id, t.entity_id
FROM sgr.triples AS x
JOIN same_relations AS r ON r.other_id = x.relation
JOIN same_entities AS h ON h.other_id = x.head
JOIN same_entities AS t ON t.other_id = x.tail
