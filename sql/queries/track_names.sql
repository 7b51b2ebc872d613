SELECT t.track_id, t.title, a.name
FROM {tracks} AS t
LEFT JOIN {artists} AS a ON a.artist_id = t.artist_id
WHERE t.track_id = ANY ($1)
