-- Those of the playlists $1 whose entries with both tracks the caller may read. One that was fused with others stands
-- under its canonical key, and then that one has to be readable too. With $4 a playlist needs a readable row of its own,
-- without it may be known from its entries alone.
SELECT n.entity_id, coalesce(n.name, n.key)
FROM sgr.entities AS n
WHERE n.entity_id = ANY ($1)
  AND EXISTS (SELECT FROM {playlist_tracks} AS e WHERE e.playlist_id = n.key::bigint)
  AND (NOT $4 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = n.key::bigint))
  AND NOT EXISTS (
      SELECT FROM pg_catalog.unnest(ARRAY[$2, $3]) AS t (id)
      WHERE NOT EXISTS (
          SELECT
          FROM (SELECT n.key::bigint AS id
                UNION ALL
                SELECT a.alias_key::bigint FROM sgr.entity_aliases AS a
                WHERE a.kind = 'playlist' AND a.canonical_key = n.key) AS k
          JOIN {playlist_tracks} AS e ON e.playlist_id = k.id
          WHERE e.track_id = t.id
            AND (NOT $4 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = k.id))))
