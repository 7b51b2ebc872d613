SELECT p.playlist_id, p.title, p.owner_id FROM {playlists} AS p
WHERE p.playlist_id IS NOT NULL AND pg_catalog.btrim(p.title) <> ''
ORDER BY p.playlist_id
