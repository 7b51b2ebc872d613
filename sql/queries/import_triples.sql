INSERT INTO sgr.triples (head, relation, tail, weight, source, run_id)
SELECT n.head, n.relation, n.tail, n.weight, n.source, $6
FROM ROWS FROM (
    pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)
) AS n (head, relation, tail, weight, source)
ON CONFLICT (head, relation, tail) DO NOTHING
