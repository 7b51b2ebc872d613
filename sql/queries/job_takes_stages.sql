SELECT FROM sgr.tasks AS t
JOIN pg_catalog.pg_proc AS p ON p.proname = t.function_name
JOIN pg_catalog.pg_extension AS e ON e.extnamespace = p.pronamespace AND e.extname = 'sgr_graph'
JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
WHERE t.task = $1 AND l.lanname = 'c'
