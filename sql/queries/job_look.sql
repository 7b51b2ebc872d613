-- The state of a job, and whether it is one of the current role that could start but has no worker that waits for a place.
SELECT j.state,
       j.state = 'queued' AND coalesce(j.not_before <= pg_catalog.clock_timestamp(), true)
       AND j.submitted_by = pg_catalog.to_regrole(pg_catalog.quote_ident(current_user))
       AND NOT pg_catalog.pg_is_in_recovery()
       AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_locks AS l
           WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
             AND l.classid = $2::pg_catalog.int8::pg_catalog.oid
             AND l.objid = j.submitted_by::pg_catalog.oid
             AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()))
FROM sgr.jobs AS j WHERE j.job_id = $1
