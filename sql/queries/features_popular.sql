-- The most popular tracks that a filter admits, beside those already proposed ($1).
SELECT f.track_id, f.artist_id, f.genre_id, f.tag_ids, f.tag_norm, f.playlists, f.likes, f.popularity
FROM sgr.track_features AS f
WHERE NOT EXISTS (SELECT FROM pg_catalog.unnest($1) AS seen (id) WHERE seen.id = f.track_id)
  AND ($2 IS NULL OR f.artist_id IS DISTINCT FROM $2)
  AND ($3 OR f.genre_id = ANY ($4))
  AND ($5 OR f.tag_ids && $6)
ORDER BY f.popularity DESC, f.track_id
LIMIT $7
