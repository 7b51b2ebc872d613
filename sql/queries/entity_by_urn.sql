SELECT 'track'::text, t.track_id FROM {tracks} AS t WHERE t.urn = $1
UNION ALL
SELECT 'artist'::text, a.artist_id FROM {artists} AS a WHERE a.urn = $1
LIMIT 1
