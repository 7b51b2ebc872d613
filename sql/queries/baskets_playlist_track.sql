SELECT DISTINCT e.playlist_id FROM {playlist_tracks} AS e WHERE e.track_id = ANY ($1)
