-- The schema of pgvector, if index $1 can be used.
SELECT pg_catalog.quote_ident(n.nspname)
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
JOIN pg_catalog.pg_index AS i ON i.indexrelid = pg_catalog.to_regclass('sgr.' || $1) AND i.indisvalid
WHERE e.extname = 'vector'
