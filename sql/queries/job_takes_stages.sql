SELECT FROM sgr.tasks AS t
JOIN pg_catalog.pg_proc AS p ON p.proname = t.function_name
JOIN pg_catalog.pg_extension AS e ON e.extnamespace = p.pronamespace AND e.extname = 'sgr_graph'
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
JOIN pg_catalog.pg_depend AS d
    ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
   AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid AND d.deptype = 'e'
WHERE t.task = $1 AND l.lanname = 'c'
