-- Playlists with both tracks that the caller may read.
SELECT DISTINCT a.playlist_id
FROM {playlist_tracks} AS a
JOIN {playlist_tracks} AS b ON b.playlist_id = a.playlist_id AND b.track_id = $2
WHERE a.track_id = $1
  AND (NOT $3 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = a.playlist_id))
