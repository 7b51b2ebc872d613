SELECT e.playlist_id, e.track_id FROM {playlist_tracks} AS e
