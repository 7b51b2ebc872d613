-- All arguments are NULL: relations that were named need not be there any more.
SELECT statement FROM sgr.job_statement($1, (
    SELECT coalesce(pg_catalog.jsonb_object_agg(name, NULL), '{}') FROM pg_catalog.jsonb_object_keys($2::pg_catalog.jsonb) AS a (name)))
