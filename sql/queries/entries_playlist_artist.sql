SELECT e.playlist_id, t.artist_id
FROM {playlist_tracks} AS e
JOIN {tracks} AS t ON t.track_id = e.track_id
WHERE t.artist_id IS NOT NULL
