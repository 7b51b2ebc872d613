-- Whether the role may SELECT from a relation that is named as in sgr.sources.
SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
FROM (SELECT pg_catalog.parse_ident($1) AS parts) AS i
JOIN pg_catalog.pg_namespace AS n ON n.nspname = i.parts[1]
JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = i.parts[2]
