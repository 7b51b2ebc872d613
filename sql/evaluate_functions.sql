-- What pgrx cannot say about the functions of evaluation, and those that need nothing native.

CREATE FUNCTION sgr_eval_split_drop(name text) RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM sgr.eval_splits AS s WHERE s.name = sgr_eval_split_drop.name RETURNING s.split_id INTO gone;
    IF gone IS NULL THEN
        RAISE undefined_object USING
            MESSAGE = format('split %s does not exist', coalesce('"' || name || '"', 'NULL')),
            HINT = 'SELECT name FROM sgr_eval_splits lists them';
    END IF;
    DELETE FROM sgr.eval_rows AS r WHERE r.split_id = gone;
END
$$;

CREATE FUNCTION sgr_eval_rows(split text, repeat integer DEFAULT 1)
RETURNS TABLE (user_id bigint, item_id bigint, label integer, part text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
AS $$
    SELECT r.user_id, i.item_id, p.label, p.part
    FROM sgr.eval_splits AS s
    JOIN sgr.eval_rows AS r ON r.split_id = s.split_id AND r.repeat = $2
    CROSS JOIN LATERAL (VALUES (r.train, 1, 'train'), (r.train_negatives, 0, 'train'),
        (r.validation, 1, 'validation'), (r.validation_negatives, 0, 'validation'),
        (r.test, 1, 'test'), (r.test_negatives, 0, 'test')) AS p (items, label, part)
    CROSS JOIN LATERAL pg_catalog.unnest(p.items) AS i (item_id)
    WHERE s.name = $1
$$;

ALTER FUNCTION sgr_eval_split(text, double precision[], text, integer, bigint, integer, text, regclass, boolean) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_eval(text, text[], text[], integer, regclass, text, boolean, text, integer, double precision, integer, bigint, integer) ROWS 50 COST 1000000;

COMMENT ON FUNCTION sgr_eval_split(text, double precision[], text, integer, bigint, integer, text, regclass, boolean) IS
    'Splits interactions (protocol mkr, per_user, temporal, temporal_global), playlists (playlist) or the rows of a relation (user_id, item_id, and label, part, occurred_at or position if there are) into training, validation and test part, and stores that under a name; docs/EVALUATION.md explains the protocols. negatives: drawn per positive, NULL for 1 by mkr and 0 by others. repeats: splits with as many seeds. Errors: 22023 ratios, protocol or labels that are not possible, 42710 name taken, 42703 missing column, 55000 no positives, 53000 over sgr_graph.memory_limit';
COMMENT ON FUNCTION sgr_eval_split_drop(text) IS 'Deletes a split. Errors: 42704';
COMMENT ON FUNCTION sgr_eval_rows(text, integer) IS
    'The rows of a split as pairs, for models that are trained elsewhere; nothing for an unknown split';
COMMENT ON FUNCTION sgr_eval(text, text[], text[], integer, regclass, text, boolean, text, integer, double precision, integer, bigint, integer) IS
    'Judges models by a split: one row per model, metric and band of popularity (NULL: all items), with the mean over repeats, its standard deviation over them (spread), an interval by bootstrap over users, and with baseline the difference to that model with its interval, both on the same users. models: random, popularity, leak_only and those in scores, a relation (user_id, item_id, score, and model, repeat if there are); NULL takes all. metrics: NULL takes all. part: test or validation. value is NULL where a metric is not defined. Errors: 42704 unknown split or model, 22023 unknown metric and other choices that are not possible, scores that are not finite, 42703 missing column, 53000';
