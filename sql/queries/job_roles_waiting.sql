-- The database and the roles with a job that is due. A role that may not log in has no member here in whose session its jobs
-- could run.
SELECT DISTINCT d.oid::pg_catalog.int8, j.submitted_by::pg_catalog.oid::pg_catalog.int8
FROM sgr.jobs AS j
JOIN pg_catalog.pg_roles AS r ON r.oid = j.submitted_by::pg_catalog.oid AND r.rolcanlogin
JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database()
WHERE j.state = 'queued' AND pg_catalog.pg_has_role(j.submitted_by, 'USAGE') AND (j.not_before IS NULL OR j.not_before <= pg_catalog.clock_timestamp())
