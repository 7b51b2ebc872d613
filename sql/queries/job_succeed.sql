WITH numbers AS (DELETE FROM sgr.job_numbers WHERE job_id = $1),
     things AS (DELETE FROM sgr.crawl_things WHERE job_id = $1)
UPDATE sgr.jobs
SET state = 'succeeded', pid = NULL, finished_at = pg_catalog.clock_timestamp(), result = ($2::text[])[1]::pg_catalog.jsonb,
    phase = ($2::text[])[2], message = ($2::text[])[3], progress = 1, checkpoint = NULL, rows_done = $3, rows_total = $4
WHERE job_id = $1 AND state = 'running' AND pid = pg_catalog.pg_backend_pid()
