-- The process that waits until a job of a role is due.
SELECT l.pid FROM pg_catalog.pg_locks AS l
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = $1::pg_catalog.int8::pg_catalog.oid
  AND l.objid = $2::pg_catalog.int8::pg_catalog.oid
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
