SELECT k.track_id, t.artist_id, t.genre, t.tags, p.baskets, l.baskets
FROM pg_catalog.unnest($1) AS k (track_id)
LEFT JOIN {tracks} AS t ON t.track_id = k.track_id
LEFT JOIN sgr.cooccurrence_state AS sp ON sp.kind = 1
LEFT JOIN sgr.cooccurrence_lists AS p ON p.kind = 1 AND p.generation = sp.generation AND p.item_id = k.track_id
LEFT JOIN sgr.cooccurrence_state AS sl ON sl.kind = 2
LEFT JOIN sgr.cooccurrence_lists AS l ON l.kind = 2 AND l.generation = sl.generation AND l.item_id = k.track_id
WHERE t.track_id IS NOT NULL OR p.item_id IS NOT NULL OR l.item_id IS NOT NULL
