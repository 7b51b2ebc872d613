DELETE FROM sgr.playlist_tracks AS t
USING unnest($1, $2) AS n (playlist_id, entries)
WHERE t.playlist_id = n.playlist_id AND (t.position > n.entries OR t.position < 1)
