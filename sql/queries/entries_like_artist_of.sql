SELECT e.user_id, t.artist_id
FROM {interactions} AS e
JOIN {tracks} AS t ON t.track_id = e.track_id
WHERE t.artist_id IS NOT NULL AND e.kind = 'like' AND e.user_id = ANY ($1)
