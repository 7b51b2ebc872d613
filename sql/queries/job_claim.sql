-- One worker at a time has the row; the lock says that it lives.
WITH next AS MATERIALIZED (
    SELECT j.job_id FROM sgr.jobs AS j
    WHERE j.state = 'queued' AND j.submitted_by = $1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regrole
      AND (j.not_before IS NULL OR j.not_before <= pg_catalog.clock_timestamp())
    ORDER BY j.priority DESC, j.job_id LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE sgr.jobs AS j
SET state = 'running', attempt = j.attempt + 1, attempts_in_vain = j.attempts_in_vain + 1, pid = pg_catalog.pg_backend_pid(), started_at = pg_catalog.clock_timestamp(),
    finished_at = NULL, sqlstate = NULL, error = NULL, detail = NULL, hint = NULL
FROM next
WHERE j.job_id = next.job_id
  AND pg_catalog.pg_try_advisory_lock($2, (next.job_id % 2147483648)::pg_catalog.int4)
RETURNING j.job_id, j.task, j.args::text, j.settings::text
