-- A cancel that somebody asked for is no error.
UPDATE sgr.jobs
SET state = CASE WHEN cancel_requested AND ($2::text[])[1] = '57014' THEN 'cancelled' ELSE 'failed' END, pid = NULL,
    finished_at = pg_catalog.clock_timestamp(), sqlstate = ($2::text[])[1], error = ($2::text[])[2],
    detail = ($2::text[])[3], hint = ($2::text[])[4], phase = ($2::text[])[5], message = ($2::text[])[6],
    progress = nullif($3::double precision, -1), rows_done = $4, rows_total = $5
WHERE job_id = $1 AND state = 'running' AND pid = pg_catalog.pg_backend_pid()
