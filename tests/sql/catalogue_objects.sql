-- Every object of the extension. A difference here is a change of the public surface: it belongs into CHANGELOG.md and
-- into an upgrade script.

\pset format unaligned

-- Functions, with arguments, volatility (i, s, v) and parallel safety (s, r, u).
SELECT n.nspname || '.' || p.proname AS function, pg_get_function_arguments(p.oid) AS arguments, p.provolatile AS volatile,
       p.proparallel AS parallel, p.prosecdef AS definer
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sgr_graph'
JOIN pg_proc AS p ON p.oid = d.objid
JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
ORDER BY 1, 2;

-- What they return.
SELECT p.proname AS function, pg_get_function_identity_arguments(p.oid) LIKE 'track text%' AS twin, pg_get_function_result(p.oid) AS result
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sgr_graph'
JOIN pg_proc AS p ON p.oid = d.objid
WHERE d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass
ORDER BY 1, 2, 3;

-- Tables (r) and views (v) with their columns.
SELECT c.relkind AS kind, c.oid::regclass::text AS relation,
       string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                  ', ' ORDER BY a.attnum) AS columns
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sgr_graph'
JOIN pg_class AS c ON c.oid = d.objid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass AND c.relkind IN ('r', 'v')
GROUP BY c.relkind, c.oid ORDER BY 1, 2;

-- Indexes, constraints and triggers of its tables.
SELECT indexdef FROM pg_indexes WHERE schemaname = 'sgr' ORDER BY indexname;
SELECT conrelid::regclass::text AS relation, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'sgr'::regnamespace AND contype IN ('c', 'f', 'u', 'x') ORDER BY 1, 2;
SELECT tgrelid::regclass::text AS relation, tgname, tgfoid::regproc FROM pg_trigger
WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'sgr'::regnamespace) ORDER BY 1, 2;

-- Everything else that belongs to it.
SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS object
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sgr_graph'
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
  AND d.classid <> 'pg_proc'::regclass AND pg_describe_object(d.classid, d.objid, d.objsubid) !~ '^(table|view) '
ORDER BY 1;

-- Functions, tables and views without a comment.
SELECT pg_describe_object(d.classid, d.objid, 0) AS without_comment
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sgr_graph'
WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
  AND (d.classid = 'pg_proc'::regclass
       OR d.classid = 'pg_class'::regclass AND (SELECT relkind FROM pg_class WHERE oid = d.objid) IN ('r', 'v'))
  AND obj_description(d.objid, d.classid::regclass::name) IS NULL
ORDER BY 1;

-- Columns of numbers in the views for BI tools, other than ids, that have no comment.
SELECT c.relname AS view, a.attname AS without_comment
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
JOIN pg_type AS t ON t.oid = a.atttypid
WHERE c.relnamespace = 'sgr'::regnamespace
  AND c.relname IN ('track_stats', 'artist_stats', 'playlist_stats', 'catalogue_counts', 'top_pairs', 'track_cooccurrence')
  AND t.typcategory = 'N' AND a.attname !~ '_id(_[ab])?$' AND col_description(c.oid, a.attnum) IS NULL
ORDER BY 1, 2;

-- What PUBLIC may do: use the schema and call the functions, nothing else.
SELECT 'schema ' || n.nspname AS object, x.privilege_type
FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
WHERE n.nspname = 'sgr' AND x.grantee = 0
UNION ALL
SELECT 'relation ' || c.relname, x.privilege_type
FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
WHERE c.relnamespace = 'sgr'::regnamespace AND x.grantee = 0
UNION ALL
SELECT 'columns of ' || c.relname, x.privilege_type
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS x
WHERE c.relnamespace = 'sgr'::regnamespace AND x.grantee = 0
ORDER BY 1, 2;
-- A function whose acl is not null had its default EXECUTE for PUBLIC changed.
SELECT p.oid::regprocedure::text AS function, p.proacl
FROM pg_depend AS d JOIN pg_proc AS p ON p.oid = d.objid
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'sgr_graph'
WHERE d.deptype = 'e' AND d.classid = 'pg_proc'::regclass AND p.proacl IS NOT NULL ORDER BY 1;

-- What pg_dump takes along.
SELECT r.oid::regclass::text AS dumped, nullif(x.filter, '') AS filter
FROM pg_extension AS e CROSS JOIN LATERAL unnest(e.extconfig, e.extcondition) AS x (relation, filter)
JOIN pg_class AS r ON r.oid = x.relation
WHERE e.extname = 'sgr_graph' ORDER BY 1;

-- The library and the SQL objects are of one version.
SELECT sgr_version() = extversion AS same_version FROM pg_extension WHERE extname = 'sgr_graph';
SELECT name, setting, unit, context, vartype, min_val, max_val, boot_val, short_desc, extra_desc
FROM pg_settings WHERE name LIKE 'sgr_graph.%' ORDER BY name;
