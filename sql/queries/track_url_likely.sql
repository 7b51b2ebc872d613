-- Tracks with the same last part of the URL, then tracks of the same artist page.
SELECT t.track_id, t.permalink_url
FROM {tracks} AS t
WHERE pg_catalog.right(pg_catalog.lower(t.permalink_url), pg_catalog.length($1) + 1) = '/' || $1
   OR pg_catalog.strpos(pg_catalog.lower(t.permalink_url), $2 || '/') > 0
ORDER BY pg_catalog.right(pg_catalog.lower(t.permalink_url), pg_catalog.length($1) + 1) = '/' || $1 DESC, t.track_id
LIMIT 3
