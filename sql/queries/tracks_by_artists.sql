SELECT f.track_id FROM sgr.track_features AS f
WHERE f.artist_id = ANY ($1)
ORDER BY f.popularity DESC, f.track_id
LIMIT $2
