-- What `make pipeline` runs: from the page of a track to what the graph says of it. Variables: url, depth, max_tracks,
-- max_requests; settings and credentials are the server's.
SET client_min_messages = warning;
CREATE EXTENSION sgr_graph;
\set show_context never

\echo
\echo The credentials: SELECT * FROM sgr_soundcloud_status()
SELECT * FROM sgr_soundcloud_status();

\echo 'The crawl: SELECT sgr_submit(''ingest_crawl'', …)'
SELECT sgr_submit('ingest_crawl', jsonb_build_object('url', :'url', 'depth', :depth, 'max_tracks', :max_tracks,
                                                     'max_requests', :max_requests)) AS job
\gset
SELECT set_config('pipeline.job', :'job', false) AS ignored
\gset
SET client_min_messages = notice;
\set VERBOSITY terse
DO $$
DECLARE
    job    CONSTANT bigint := current_setting('pipeline.job');
    status record;
BEGIN
    WHILE sgr_job_wait(job, '2 s') IN ('queued', 'running') LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT s.* INTO status FROM sgr.job_status AS s WHERE s.job_id = job;
        RAISE NOTICE '%: %', coalesce(status.phase, status.state), status.message;
    END LOOP;
    SELECT s.* INTO status FROM sgr.job_status AS s WHERE s.job_id = job;
    IF status.state <> 'succeeded' THEN
        RAISE EXCEPTION USING ERRCODE = coalesce(status.sqlstate, 'query_canceled'),
            MESSAGE = coalesce(status.error, 'the crawl was ' || status.state), DETAIL = coalesce(status.detail, ''),
            HINT = coalesce(status.hint, '');
    END IF;
END
$$;
SET client_min_messages = warning;
SELECT r.* FROM sgr.job_status AS s,
    jsonb_to_recordset(s.result) AS r (requests bigint, documents bigint, tracks bigint, playlists bigint, users bigint,
                                       rows_cleaned bigint, warnings bigint)
WHERE s.job_id = :job;

\echo 'The graph: SELECT * FROM sgr_build_kg()'
SELECT stage, outcome, rows_in, rows_out, rejected, round(elapsed_ms::numeric) AS ms, left(detail, 80) AS detail
FROM sgr_build_kg();

\echo 'Its triples'
SELECT relation, count(*) AS triples FROM sgr.kg_triples GROUP BY relation ORDER BY triples DESC, relation;

\echo 'The track: SELECT sgr_unveil(…)'
\pset format unaligned
\pset tuples_only on
-- The URL may not be the one by which SoundCloud knows the track: then, the first one that the crawl met.
SELECT sgr_unveil(track_id) FROM sgr.tracks ORDER BY permalink_url IS DISTINCT FROM :'url', fetched_at, track_id LIMIT 1;
