SELECT DISTINCT e.user_id FROM {interactions} AS e WHERE e.kind = 'like' AND e.track_id = ANY ($1)
