SELECT i.track_id, f.likes
FROM {interactions} AS i
LEFT JOIN sgr.track_features AS f ON f.track_id = i.track_id
WHERE i.user_id = $1 AND i.kind = 'like'
