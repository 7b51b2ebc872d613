-- Playlists that hold both tracks, as far as the caller may read them, the shortest first. One that was fused with
-- others stands under its canonical key, and then that one has to be readable too. With $3 a playlist needs a readable
-- row of its own, without it may be known from its entries alone.
WITH held AS (
    SELECT coalesce(k.canonical_key, m.playlist_id::text) AS key, m.track_id
    FROM (SELECT DISTINCT e.playlist_id, e.track_id FROM {playlist_tracks} AS e WHERE e.track_id IN ($1, $2)) AS m
    LEFT JOIN sgr.entity_aliases AS k ON k.kind = 'playlist' AND k.alias_key = m.playlist_id::text
    WHERE NOT $3 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = m.playlist_id)
), shared AS (
    SELECT h.key FROM held AS h GROUP BY h.key HAVING pg_catalog.count(DISTINCT h.track_id) = 2
), sized AS (
    SELECT s.key, (SELECT pg_catalog.count(DISTINCT e.track_id) FROM {playlist_tracks} AS e
                   WHERE e.playlist_id = s.key::bigint) AS tracks
    FROM shared AS s
    WHERE NOT $3 OR EXISTS (SELECT FROM {playlists} AS p WHERE p.playlist_id = s.key::bigint)
)
SELECT n.entity_id, coalesce(n.name, n.key), s.tracks
FROM sized AS s
JOIN sgr.entities AS n ON n.graph_id = 0 AND n.kind = 'playlist' AND n.key = s.key
WHERE s.tracks > 0
ORDER BY s.tracks, n.entity_id
LIMIT $4
