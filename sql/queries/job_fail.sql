-- A cancel that somebody asked for is no error. What a training has learned of a graph, split or user that has gone is of no
-- use any more.
WITH gone AS (
    DELETE FROM sgr.job_numbers AS n USING sgr.jobs AS j
    WHERE n.job_id = $1 AND j.job_id = $1 AND j.state = 'running' AND j.pid = pg_catalog.pg_backend_pid()
      AND ($2::text[])[1] = '55000')
UPDATE sgr.jobs
SET state = CASE WHEN cancel_requested AND ($2::text[])[1] = '57014' THEN 'cancelled' ELSE 'failed' END, pid = NULL,
    checkpoint = CASE WHEN ($2::text[])[1] = '55000' AND task NOT IN ('ingest_crawl', 'ingest_search') THEN NULL ELSE checkpoint END,
    finished_at = pg_catalog.clock_timestamp(), sqlstate = ($2::text[])[1], error = ($2::text[])[2],
    detail = ($2::text[])[3], hint = ($2::text[])[4], phase = ($2::text[])[5], message = ($2::text[])[6],
    progress = nullif($3::double precision, -1), rows_done = $4, rows_total = $5
WHERE job_id = $1 AND state = 'running' AND pid = pg_catalog.pg_backend_pid()
