-- No row if the split $1 is gone; else how many of the users $2 and items $3 its rows do not have.
SELECT (SELECT pg_catalog.count(*) FROM (
            SELECT pg_catalog.unnest($2) EXCEPT SELECT r.user_id FROM sgr.eval_rows AS r WHERE r.split_id = $1) AS gone),
       CASE WHEN pg_catalog.cardinality($3) = 0 THEN 0 ELSE (
           SELECT pg_catalog.count(*) FROM (
               SELECT pg_catalog.unnest($3)
               EXCEPT SELECT i.item_id
               FROM sgr.eval_rows AS r
               CROSS JOIN LATERAL pg_catalog.unnest(r.train || r.train_negatives || r.validation || r.validation_negatives
                                                    || r.test || r.test_negatives) AS i (item_id)
               WHERE r.split_id = $1) AS gone) END
FROM sgr.eval_splits AS s WHERE s.split_id = $1
