SELECT e.playlist_id, e.track_id, e.added_at
FROM {playlist_tracks} AS e
WHERE EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = e.playlist_id AND p.is_public)
