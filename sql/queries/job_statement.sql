SELECT statement FROM sgr.job_statement($1, $2::pg_catalog.jsonb)
