SELECT array_name, numbers FROM sgr.job_numbers WHERE job_id = $1 ORDER BY array_name, start
