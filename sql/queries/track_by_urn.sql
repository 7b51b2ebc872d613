SELECT t.track_id FROM {tracks} AS t WHERE t.urn = $1 ORDER BY t.track_id LIMIT 1
