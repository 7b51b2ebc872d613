UPDATE sgr.jobs SET checkpoint = $2, attempts_in_vain = 0
WHERE job_id = $1 AND state = 'running' AND pid = pg_catalog.pg_backend_pid()
