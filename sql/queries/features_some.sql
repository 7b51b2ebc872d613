SELECT k.track_id, t.artist_id, t.genre, t.tags, p.baskets, l.baskets
FROM pg_catalog.unnest($1) AS k (track_id)
LEFT JOIN {tracks} AS t ON t.track_id = k.track_id
LEFT JOIN sgr.cooccurrence AS p ON p.kind = 1 AND p.item_id = k.track_id
LEFT JOIN sgr.cooccurrence AS l ON l.kind = 2 AND l.item_id = k.track_id
WHERE t.track_id IS NOT NULL OR p.item_id IS NOT NULL OR l.item_id IS NOT NULL
