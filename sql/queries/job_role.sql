-- Whose job it is, and whether that role may log in.
SELECT j.submitted_by::pg_catalog.oid::pg_catalog.int8, r.rolcanlogin
FROM sgr.jobs AS j JOIN pg_catalog.pg_roles AS r ON r.oid = j.submitted_by::pg_catalog.oid
WHERE j.job_id = $1
