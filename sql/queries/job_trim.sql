DELETE FROM sgr.jobs
WHERE submitted_by = $1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regrole
  AND state IN ('succeeded', 'failed', 'cancelled')
  AND finished_at < pg_catalog.clock_timestamp() - $2::double precision * interval '1 day'
