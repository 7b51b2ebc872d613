SELECT DISTINCT e.user_id
FROM {interactions} AS e
JOIN {tracks} AS t ON t.track_id = e.track_id
WHERE t.artist_id = ANY ($1) AND e.kind = 'like'
