SELECT WHERE EXISTS (SELECT FROM {tracks} AS t WHERE t.track_id = $1)
    OR EXISTS (SELECT FROM {playlist_tracks} AS e WHERE e.track_id = $1)
    OR EXISTS (SELECT FROM {interactions} AS i WHERE i.track_id = $1)
