SELECT t.track_id, t.title FROM {tracks} AS t
WHERE t.track_id IS NOT NULL AND pg_catalog.btrim(t.title) <> ''
ORDER BY t.track_id
