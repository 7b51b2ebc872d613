-- Milliseconds until the role's next job may start; no row if there is none.
-- Times may be infinite, differences of them before Postgres 17 not.
SELECT greatest(0, (extract(epoch FROM j.not_before) - extract(epoch FROM pg_catalog.clock_timestamp())) * 1000)::double precision
FROM sgr.jobs AS j
WHERE j.state = 'queued' AND j.submitted_by = $1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regrole
  AND j.not_before IS DISTINCT FROM 'infinity'
ORDER BY j.not_before NULLS FIRST LIMIT 1
