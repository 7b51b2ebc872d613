SELECT a.artist_id, a.name, NULL::text FROM {artists} AS a WHERE a.artist_id = ANY ($1)
