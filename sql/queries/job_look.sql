-- The state of a job, and whether it lacks a worker that the current role may start.
SELECT j.state,
       NOT pg_catalog.pg_is_in_recovery() AND pg_catalog.pg_has_role(j.submitted_by, 'USAGE') AND sgr.job_lacks_worker(j)
FROM sgr.jobs AS j WHERE j.job_id = $1
