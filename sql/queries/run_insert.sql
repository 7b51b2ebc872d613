INSERT INTO sgr.runs (task, parameters, result, started_at, elapsed_ms, version)
VALUES ($1, $2::pg_catalog.jsonb, $3::pg_catalog.jsonb,
        pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $4 / 1000), $4, $5)
RETURNING run_id
