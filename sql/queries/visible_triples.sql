-- Of the edges (head, relation, tail) = ($1, $2, $3), those whose triple may be read.
SELECT t.head, t.relation, t.tail
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS w (head, relation, tail)
JOIN sgr.triples AS t ON t.head = w.head AND t.relation = w.relation AND t.tail = w.tail
