-- Those of the playlists $1 whose entries with both tracks the caller may read. One that was fused with others stands
-- under its canonical key, and then that one has to be readable too. With $4 a playlist needs a readable row of its own,
-- without it may be known from its entries alone. Probes with LIMIT and not EXISTS, which the planner would turn into a
-- join with all entries where row-level security makes a probe look dear.
SELECT n.entity_id, coalesce(n.name, n.key)
FROM sgr.entities AS n
CROSS JOIN LATERAL (
    SELECT FROM {playlist_tracks} AS e
    WHERE e.playlist_id = n.key::bigint
      AND (NOT $4 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = n.key::bigint))
    LIMIT 1) AS canonical
CROSS JOIN LATERAL (
    SELECT FROM (SELECT n.key::bigint AS id
                 UNION ALL
                 SELECT a.alias_key::bigint FROM sgr.entity_aliases AS a
                 WHERE a.kind = 'playlist' AND a.canonical_key = n.key) AS k
    JOIN {playlist_tracks} AS e ON e.playlist_id = k.id
    WHERE e.track_id = $2 AND (NOT $4 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = k.id))
    LIMIT 1) AS one
CROSS JOIN LATERAL (
    SELECT FROM (SELECT n.key::bigint AS id
                 UNION ALL
                 SELECT a.alias_key::bigint FROM sgr.entity_aliases AS a
                 WHERE a.kind = 'playlist' AND a.canonical_key = n.key) AS k
    JOIN {playlist_tracks} AS e ON e.playlist_id = k.id
    WHERE e.track_id = $3 AND (NOT $4 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = k.id))
    LIMIT 1) AS other
WHERE n.entity_id = ANY ($1)
