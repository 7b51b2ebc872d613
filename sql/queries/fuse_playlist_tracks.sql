SELECT DISTINCT e.playlist_id, e.track_id FROM {playlist_tracks} AS e WHERE e.playlist_id = ANY ($1)
