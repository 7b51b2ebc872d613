-- What the current role may read of each catalogue role: whether it may read the relation that stands for it, and
-- whether it is shown all of it: a table without row-level security for this role. Whom a view shows what, nobody knows.
SELECT r.role, pg_catalog.has_any_column_privilege(c.oid, 'SELECT'),
       c.relkind IN ('r', 'p', 'm', 'f') AND NOT pg_catalog.row_security_active(c.oid)
FROM pg_catalog.unnest('{tracks,artists,playlists,users,playlist_tracks,interactions}'::text[]) AS r (role)
LEFT JOIN sgr.sources AS s ON s.role = r.role
JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(coalesce(s.relation, 'sgr.' || r.role))
