SELECT e.playlist_id, e.track_id FROM {playlist_tracks} AS e
WHERE e.playlist_id = ANY ($1) AND ($2 = '' OR e.added_at >= nullif($2, '')::timestamptz)
