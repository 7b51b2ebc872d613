SELECT 'track'::text, t.track_id FROM {tracks} AS t WHERE t.permalink_url = ANY ($1)
UNION ALL
SELECT 'artist'::text, a.artist_id FROM {artists} AS a WHERE a.permalink_url = ANY ($1)
LIMIT 1
