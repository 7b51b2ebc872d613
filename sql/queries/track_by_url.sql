SELECT t.track_id FROM {tracks} AS t WHERE t.permalink_url = $1 ORDER BY t.track_id LIMIT 1
