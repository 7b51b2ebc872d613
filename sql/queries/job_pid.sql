-- The process that runs a job: not what its row says, which its owner can change.
SELECT l.pid FROM sgr.jobs AS j JOIN pg_catalog.pg_locks AS l ON l.objid = (j.job_id % 2147483648)::pg_catalog.oid
WHERE j.job_id = $1 AND pg_catalog.pg_has_role(j.submitted_by, 'USAGE')
  AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = $2::pg_catalog.int8::pg_catalog.oid
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
