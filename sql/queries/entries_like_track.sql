SELECT e.user_id, e.track_id FROM {interactions} AS e WHERE e.kind = 'like'
