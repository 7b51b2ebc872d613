DELETE FROM sgr.job_numbers WHERE job_id = $1 AND pg_catalog.starts_with(array_name, $2)
