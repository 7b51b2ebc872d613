SELECT t.artist_id, t.title, t.isrc FROM {tracks} AS t WHERE t.artist_id IS NOT NULL
