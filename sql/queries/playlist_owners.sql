SELECT p.playlist_id, p.owner_id FROM {playlists} AS p WHERE p.owner_id IS NOT NULL
