-- Every track of the catalogue, and every track that is only met in baskets.
SELECT k.track_id, t.artist_id, t.genre, t.tags, p.baskets, l.baskets
FROM (SELECT track_id::bigint FROM {tracks} AS c WHERE c.track_id IS NOT NULL
      UNION
      SELECT item_id FROM sgr.cooccurrence_lists WHERE kind IN (1, 2)) AS k
LEFT JOIN {tracks} AS t ON t.track_id = k.track_id
LEFT JOIN sgr.cooccurrence_lists AS p ON p.kind = 1 AND p.item_id = k.track_id
LEFT JOIN sgr.cooccurrence_lists AS l ON l.kind = 2 AND l.item_id = k.track_id
