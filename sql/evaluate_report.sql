-- sgr_eval_report(): what sgr_eval() says of a split, as Markdown.

CREATE FUNCTION sgr.eval_number(value double precision) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN abs(value) >= 1000 THEN to_char(value::numeric, 'FM999999999999990')
                WHEN abs(value) >= 10 THEN to_char(value::numeric, 'FM999990.0')
                ELSE to_char(value::numeric, 'FM990.0000') END
$$;
COMMENT ON FUNCTION sgr.eval_number(double precision) IS 'A metric as the report shows it; NULL stays NULL';

-- One row of a table: a name, then cells, – where there is none.
CREATE FUNCTION sgr.eval_line(name text, cells text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT '| ' || array_to_string(name || cells, ' | ', '–') || ' |' $$;
COMMENT ON FUNCTION sgr.eval_line(text, text[]) IS 'A line of a Markdown table';

CREATE FUNCTION sgr_eval_report(
    split text, models text[] DEFAULT NULL, metrics text[] DEFAULT NULL, k integer DEFAULT 10, scores regclass DEFAULT NULL,
    baseline text DEFAULT 'popularity', part text DEFAULT 'test', resamples integer DEFAULT 1000,
    level double precision DEFAULT 0.95, seed bigint DEFAULT 0, threads integer DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    honest  CONSTANT text[] := '{random,popularity,leak_only}';
    chosen  CONSTANT text[] := '{auc,user_auc,accuracy,log_loss,calibration_error,recall,ndcg,coverage,popularity_lift}';
    asked   text[] := coalesce(metrics, chosen);
    found   jsonb;
    shown   text[];
    banded  text[];
    lines   text[];
    ablated jsonb;
BEGIN
    IF models IS NOT NULL THEN
        models := honest || ARRAY(SELECT m.name FROM unnest(models) WITH ORDINALITY AS m (name, place)
                                  WHERE m.name IS NULL OR m.name <> ALL (honest) ORDER BY m.place);
        IF baseline IS NOT NULL AND baseline <> ALL (models) THEN
            models := models || baseline;
        END IF;
    END IF;
    -- The rows keep the order in which sgr_eval() gives them.
    SELECT jsonb_agg(to_jsonb(e) || jsonb_build_object('place', e.place)) INTO found
    FROM (SELECT r.*, row_number() OVER () AS place
          FROM @extschema@.sgr_eval(split, models, asked, k, scores, baseline, true, part, resamples, level, 15, seed, threads) AS r) AS e;
    -- Metrics of rows are not defined without negatives.
    shown := ARRAY(SELECT m.name FROM unnest(asked) WITH ORDINALITY AS m (name, place)
                   WHERE EXISTS (SELECT FROM jsonb_to_recordset(found) AS f (metric text, value double precision)
                                 WHERE f.metric = m.name AND f.value IS NOT NULL)
                   ORDER BY m.place);

    SELECT ARRAY['# Evaluation: ' || sgr.kg_cell(s.name), '',
                 format('- Split: protocol `%s` of `%s`%s%s%s%s', s.protocol, s.source, ', kind ' || s.kind,
                        ', ratios ' || array_to_string(s.ratios, ' : '), ', ' || s.negatives || ' negatives per positive',
                        ', seed ' || s.seed),
                 format('- Repeats: %s', s.repeats),
                 format('- Users %s, items %s, positives %s; rows of the first repeat: training %s, validation %s, test %s', s.users, s.items,
                        s.positives, s.train, s.validation, s.test),
                 format('- Judged: the %s part; lists of %s out of all items that the user did not have before', part, k),
                 format('- Intervals: %s %%, bootstrap over users with %s draws, seed %s; ± is the standard deviation over repeats',
                        round((100 * level)::numeric, 1), resamples, seed),
                 format('- Split made with sgr_graph %s', s.version), '']
    INTO lines
    FROM sgr.eval_splits AS s WHERE s.name = split;

    lines := lines || ARRAY['## Metrics', '', sgr.eval_line('model', shown), '|' || repeat(' --- |', cardinality(shown) + 1)] || ARRAY(
        SELECT sgr.eval_line(CASE WHEN c.model = ANY (honest) THEN format('*%s*', c.model) ELSE sgr.kg_cell(c.model) END, c.cells)
        FROM (SELECT f.model, min(f.place) AS place,
                     array_agg(sgr.eval_number(f.value) || coalesce(' ± ' || sgr.eval_number(f.spread), '')
                               || coalesce(' [' || sgr.eval_number(f.low) || ', ' || sgr.eval_number(f.high) || ']', '')
                               ORDER BY array_position(shown, f.metric)) AS cells
              FROM jsonb_to_recordset(found) AS f (place integer, model text, metric text, band text, value double precision,
                  spread double precision, low double precision, high double precision)
              WHERE f.band IS NULL AND f.metric = ANY (shown)
              GROUP BY f.model) AS c
        ORDER BY c.place);
    lines := lines || ARRAY['', '*random*, *popularity* and *leak_only* (which looks at no item) are there in every report: what a number is worth shows beside them.'];

    IF baseline IS NOT NULL THEN
        lines := lines || ARRAY['', format('## Differences to %s', sgr.kg_cell(baseline)), '',
                                'Paired, on the same users; an interval that holds 0 says that there may be none.', '',
                                sgr.eval_line('model', shown), '|' || repeat(' --- |', cardinality(shown) + 1)] || ARRAY(
            SELECT sgr.eval_line(sgr.kg_cell(c.model), c.cells)
            FROM (SELECT f.model, min(f.place) AS place,
                         array_agg(CASE WHEN f.difference > 0 THEN '+' ELSE '' END || sgr.eval_number(f.difference)
                                   || coalesce(' [' || sgr.eval_number(f.difference_low) || ', ' || sgr.eval_number(f.difference_high) || ']', '')
                                   ORDER BY array_position(shown, f.metric)) AS cells
                  FROM jsonb_to_recordset(found) AS f (place integer, model text, metric text, band text, difference double precision,
                      difference_low double precision, difference_high double precision)
                  WHERE f.band IS NULL AND f.metric = ANY (shown) AND f.model <> baseline
                  GROUP BY f.model) AS c
            ORDER BY c.place);
    END IF;

    banded := ARRAY(SELECT m.name FROM unnest(shown) WITH ORDINALITY AS m (name, place)
                    WHERE EXISTS (SELECT FROM jsonb_to_recordset(found) AS f (metric text, band text, value double precision)
                                  WHERE f.metric = m.name AND f.band IS NOT NULL AND f.value IS NOT NULL)
                    ORDER BY m.place);
    IF cardinality(banded) > 0 THEN
        lines := lines || ARRAY['', '## By popularity of the item', '',
                                'head, middle, tail: a third of the training positives each; cold: items that nobody has in training.', '',
                                sgr.eval_line('model', 'band'::text || banded), '|' || repeat(' --- |', cardinality(banded) + 2)] || ARRAY(
            SELECT sgr.eval_line(sgr.kg_cell(c.model), c.band || c.cells)
            FROM (SELECT f.model, f.band, min(f.place) AS place,
                         array_agg(sgr.eval_number(f.value) ORDER BY array_position(banded, f.metric)) AS cells
                  FROM jsonb_to_recordset(found) AS f (place integer, model text, metric text, band text, value double precision)
                  WHERE f.band IS NOT NULL AND f.metric = ANY (banded)
                  GROUP BY f.model, f.band) AS c
            ORDER BY min(c.place) OVER (PARTITION BY c.model), array_position('{head,middle,tail,cold}'::text[], c.band));
    END IF;

    -- What the knowledge graph is worth to the joint model is in the last sgr_ablate() of the split.
    IF has_table_privilege('sgr.runs', 'SELECT') THEN
        SELECT jsonb_build_object('run_id', r.run_id, 'rows', r.result) INTO ablated
        FROM sgr.runs AS r
        WHERE r.task = 'ablate' AND r.parameters ->> 'split' = split
          -- A split that was made anew has other rows.
          AND r.run_id > (SELECT s.run_id FROM sgr.eval_splits AS s WHERE s.name = split)
        ORDER BY r.run_id DESC LIMIT 1;
    END IF;
    IF ablated IS NOT NULL THEN
        lines := lines || ARRAY['', format('## Ablation of the joint model (run %s)', ablated ->> 'run_id'), '',
                                '| variant | metric | value | difference |', '| --- | --- | --- | --- |'] || ARRAY(
            SELECT sgr.eval_line(a.variant, ARRAY[a.metric, sgr.eval_number(a.value) || coalesce(' ± ' || sgr.eval_number(a.spread), ''),
                sgr.eval_number(a.difference) || coalesce(' [' || sgr.eval_number((a.difference_interval ->> 0)::double precision) || ', '
                                                          || sgr.eval_number((a.difference_interval ->> 1)::double precision) || ']', '')])
            FROM jsonb_array_elements(ablated -> 'rows') WITH ORDINALITY AS e (line, place)
            CROSS JOIN LATERAL jsonb_to_record(e.line) AS a (variant text, metric text, value double precision, spread double precision,
                difference double precision, difference_interval jsonb)
            ORDER BY e.place);
    ELSIF EXISTS (SELECT FROM sgr.models AS m JOIN sgr.eval_splits AS s ON s.split_id = m.split_id WHERE m.model = 'mkr' AND s.name = split) THEN
        lines := lines || ARRAY['', 'There is a joint model on this split: sgr_ablate() says what it has from the knowledge graph (no_kge, random_kg).'];
    END IF;
    RETURN array_to_string(lines, E'\n') || E'\n';
END
$$;
COMMENT ON FUNCTION sgr_eval_report(text, text[], text[], integer, regclass, text, text, integer, double precision, bigint, integer) IS
    'What sgr_eval() says of a split, as Markdown: how it was split, a table of metrics by model with intervals, differences to the baseline, popularity bands and cold items, and the last sgr_ablate() of the split. Nothing is stored: it judges anew. random, popularity and leak_only are always there; models NULL takes all. Errors: as sgr_eval';
