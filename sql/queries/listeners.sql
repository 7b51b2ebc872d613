SELECT i.user_id, i.track_id FROM {interactions} AS i WHERE i.track_id = ANY ($1) AND i.kind = 'like'
