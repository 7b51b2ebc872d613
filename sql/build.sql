-- sgr_build_kg: every stage from documents to the validated graph.

CREATE FUNCTION sgr_build_kg(
    stages text[] DEFAULT '{clean,fuse,cooccurrence,triples,validate}',
    co_occurs_limit integer DEFAULT 10,
    similar_taste_limit integer DEFAULT 10,
    mode text DEFAULT 'auto',
    public_only boolean DEFAULT false)
RETURNS TABLE (
    stage text, outcome text, rows_in bigint, rows_out bigint, rejected bigint, elapsed_ms double precision,
    run_id bigint, detail text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    known   CONSTANT text[] := '{clean,fuse,cooccurrence,triples,validate}';
    started timestamptz;
    failure record;
    message text;
    details text;
    hints   text;
BEGIN
    IF stages IS NULL OR cardinality(stages) = 0 OR NOT stages <@ known THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown stages %s', coalesce(stages::text, 'NULL')),
            HINT = 'use some of ' || array_to_string(known, ', ');
    END IF;
    -- Whatever the order in which they are named, they run in the order in which they read each other.
    FOREACH stage IN ARRAY known LOOP
        CONTINUE WHEN stage <> ALL (stages);
        started := clock_timestamp();
        BEGIN
            CASE
                WHEN stage = 'clean' THEN
                    SELECT sum(c.found) FILTER (WHERE c.what = 'documents'),
                           sum(coalesce(c.inserted, 0) + coalesce(c.updated, 0)),
                           sum(c.rejected) FILTER (WHERE c.what <> 'documents'), max(c.run_id),
                           coalesce(string_agg(format('%s %s', coalesce(c.inserted, 0) + coalesce(c.updated, 0), c.what), ', ')
                               FILTER (WHERE coalesce(c.inserted, 0) + coalesce(c.updated, 0) > 0), 'no change')
                    INTO rows_in, rows_out, rejected, run_id, detail
                    FROM @extschema@.sgr_clean() AS c;
                WHEN stage = 'fuse' THEN
                    SELECT sum(f.rows_read), sum(f.added + f.changed + f.removed), 0, max(f.run_id),
                           coalesce(string_agg(format('%s %s', f.decisions, f.kind), ', ')
                               FILTER (WHERE f.decisions > 0), 'no decision')
                    INTO rows_in, rows_out, rejected, run_id, detail
                    FROM @extschema@.sgr_fuse() AS f;
                WHEN stage = 'cooccurrence' THEN
                    SELECT sum(r.entries), sum(r.rows_written), sum(r.baskets_skipped), max(r.run_id),
                           string_agg(DISTINCT r.mode, ', ' ORDER BY r.mode)
                    INTO rows_in, rows_out, rejected, run_id, detail
                    FROM @extschema@.sgr_cooccur_refresh(public_only => sgr_build_kg.public_only) AS r;
                WHEN stage = 'triples' THEN
                    SELECT sum(t.considered), sum(t.inserted + t.updated + t.deleted), 0, max(t.run_id),
                           coalesce(string_agg(format('%s %s', t.inserted + t.updated + t.deleted, t.relation), ', ')
                               FILTER (WHERE t.inserted + t.updated + t.deleted > 0), 'no change')
                    INTO rows_in, rows_out, rejected, run_id, detail
                    FROM @extschema@.sgr_triples_refresh(co_occurs_limit, similar_taste_limit, sgr_build_kg.mode) AS t;
                ELSE
                    SELECT count(*), count(*) FILTER (WHERE v.status = 'ok'), count(*) FILTER (WHERE v.status = 'fail'),
                           NULL, format('%s ok, %s warn, %s fail', count(*) FILTER (WHERE v.status = 'ok'),
                           count(*) FILTER (WHERE v.status = 'warn'), count(*) FILTER (WHERE v.status = 'fail'))
                           || coalesce(': ' || string_agg(v.name, ', ') FILTER (WHERE v.status IN ('fail', 'warn')), '')
                    INTO rows_in, rows_out, rejected, run_id, detail
                    FROM @extschema@.sgr_kg_validate() AS v;
                    INSERT INTO sgr.runs (task, parameters, result, started_at, elapsed_ms, version)
                    VALUES ('validate', '{}', jsonb_build_object('detail', detail), started,
                            extract(epoch FROM clock_timestamp() - started) * 1000, @extschema@.sgr_version())
                    RETURNING runs.run_id INTO run_id;
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL, hints = PG_EXCEPTION_HINT;
            RAISE EXCEPTION USING ERRCODE = SQLSTATE,
                MESSAGE = format('stage "%s" failed: %s', stage, message),
                DETAIL = coalesce(nullif(details, ''), 'what this call has done is rolled back'),
                HINT = coalesce(nullif(hints, ''), format('SELECT * FROM sgr_build_kg(''{%s}'') runs it alone', stage));
        END;
        rows_in := coalesce(rows_in, 0);
        rows_out := coalesce(rows_out, 0);
        rejected := coalesce(rejected, 0);
        outcome := CASE WHEN stage = 'validate' THEN CASE WHEN rejected > 0 THEN 'fail' ELSE 'ok' END
                        WHEN rows_out = 0 THEN 'unchanged' ELSE 'changed' END;
        elapsed_ms := extract(epoch FROM clock_timestamp() - started) * 1000;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sgr_build_kg(text[], integer, integer, text, boolean) IS
    'Runs clean, fuse, cooccurrence, triples and validate, or some of them, in this order and in the caller''s transaction: one row per stage, which says changed or unchanged, ok or fail. Each works on what changed; mode => ''full'' makes all triples anew; public_only: co-occurrence counts public playlists only. An error names its stage and rolls all of them back; as a job each stage is a transaction of its own, and those before the error stay. Errors: 22023 unknown stage or mode';
