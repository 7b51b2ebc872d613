UPDATE sgr.jobs SET checkpoint = $2
WHERE job_id = $1 AND state = 'running' AND pid = pg_catalog.pg_backend_pid()
