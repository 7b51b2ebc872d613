-- sgr_source_set() put the default in for a column that the relation did not have.
SELECT
FROM sgr.sources AS s
JOIN sgr.source_columns AS c ON c.role = s.role AND c.column_name = 'is_public'
WHERE s.role = 'playlists'
  AND pg_catalog.strpos(s.query, pg_catalog.format('%s::%s AS %I', c.if_missing, c.type, c.column_name)) > 0
