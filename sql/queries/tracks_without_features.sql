SELECT DISTINCT t.track_id
FROM {tracks} AS t
WHERE NOT EXISTS (SELECT FROM sgr.track_features AS f WHERE f.track_id = t.track_id)
ORDER BY t.track_id
