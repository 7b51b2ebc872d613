-- Whom the name of artist $1 credits, where it is no single artist's.
SELECT pg_catalog.string_agg('artist:' || c.artist_key, ', ' ORDER BY c.ordinal)
FROM sgr.credits AS c
WHERE c.origin = 'artist' AND c.origin_id = $1
