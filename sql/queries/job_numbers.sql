SELECT pg_catalog.substr(array_name, 1 + pg_catalog.length($2)), numbers FROM sgr.job_numbers
WHERE job_id = $1 AND pg_catalog.starts_with(array_name, $2) ORDER BY array_name, start
