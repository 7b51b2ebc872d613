SELECT e.user_id, e.track_id FROM {interactions} AS e WHERE e.kind = 'like' AND e.user_id = ANY ($1)
