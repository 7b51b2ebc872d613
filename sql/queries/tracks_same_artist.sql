SELECT o.track_id
FROM {tracks} AS t
JOIN {tracks} AS o ON o.artist_id = t.artist_id
WHERE t.track_id = $2 AND o.track_id = ANY ($1)
