SELECT
FROM {tracks} AS t
LEFT JOIN sgr.track_features AS f ON f.track_id = t.track_id
WHERE f.track_id IS NULL AND t.track_id IS NOT NULL
LIMIT 1
