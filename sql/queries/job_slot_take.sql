SELECT s FROM pg_catalog.generate_series(1, $2) AS s WHERE pg_catalog.pg_try_advisory_lock($1, s) LIMIT 1
