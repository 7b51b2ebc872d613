SELECT DISTINCT e.playlist_id
FROM {playlist_tracks} AS e
JOIN {tracks} AS t ON t.track_id = e.track_id
WHERE t.artist_id = ANY ($1)
