SELECT e.user_id, e.track_id FROM {interactions} AS e
WHERE e.kind = 'like' AND e.user_id = ANY ($1) AND ($2 = '' OR e.occurred_at >= nullif($2, '')::timestamptz)
