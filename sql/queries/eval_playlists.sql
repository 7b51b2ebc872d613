SELECT p.playlist_id, p.track_id, p.position FROM {playlist_tracks} AS p
