-- What is known of the triples (head, relation, tail) = ($1, $2, $3).
SELECT t.head, t.relation, t.tail, t.weight, s.stage, s.source
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS w (head, relation, tail)
JOIN sgr.triples AS t ON t.head = w.head AND t.relation = w.relation AND t.tail = w.tail
JOIN sgr.triple_sources AS s ON s.source_id = t.source
