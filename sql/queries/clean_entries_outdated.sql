-- Playlists whose stored entries come from a newer document.
SELECT n.playlist_id
FROM unnest($1, $2) AS n (playlist_id, fetched_at)
JOIN sgr.playlists AS p ON p.playlist_id = n.playlist_id
WHERE p.fetched_at > pg_catalog.to_timestamp(n.fetched_at::double precision / 1000000)
  AND EXISTS (SELECT FROM sgr.playlist_tracks AS e WHERE e.playlist_id = n.playlist_id)
