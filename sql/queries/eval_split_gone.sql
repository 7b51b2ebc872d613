-- No row if the split is gone; else how many of these users and items its rows do not have.
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.unnest($2) AS l (id)
        WHERE NOT EXISTS (SELECT FROM sgr.eval_rows AS r WHERE r.split_id = s.split_id AND r.user_id = l.id)),
       CASE WHEN pg_catalog.cardinality($3) = 0 THEN 0 ELSE (
           SELECT pg_catalog.count(*) FROM (
               SELECT l.id FROM pg_catalog.unnest($3) AS l (id)
               EXCEPT
               SELECT i.id FROM sgr.eval_rows AS r,
                    LATERAL pg_catalog.unnest(r.train || r.train_negatives || r.validation || r.validation_negatives || r.test
                                              || r.test_negatives) AS i (id)
               WHERE r.split_id = s.split_id) AS gone) END
FROM sgr.eval_splits AS s WHERE s.split_id = $1
