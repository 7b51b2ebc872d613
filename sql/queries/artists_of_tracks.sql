SELECT DISTINCT t.artist_id FROM {tracks} AS t WHERE t.track_id = ANY ($1) AND t.artist_id IS NOT NULL
