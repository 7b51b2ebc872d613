-- A playlist of the user's own that holds the track, as triples say it.
WITH holding AS MATERIALIZED (
    SELECT x.tail, x.weight FROM sgr.triples AS x WHERE x.head = $2 AND x.relation = 3
)
SELECT p.tail, u.entity_id
FROM sgr.entities AS u
JOIN sgr.triples AS c ON c.tail = u.entity_id AND c.relation = 8
JOIN holding AS p ON p.tail = c.head
JOIN sgr.entities AS n ON n.entity_id = p.tail
CROSS JOIN LATERAL (
    SELECT FROM {playlist_tracks} AS e
    WHERE e.playlist_id = n.key::bigint
      AND (NOT $3 OR EXISTS (SELECT FROM {playlists} AS l WHERE l.playlist_id = n.key::bigint))
    LIMIT 1) AS readable
WHERE u.graph_id = 0 AND u.kind = 'user' AND u.key = $1::text
ORDER BY p.weight DESC, p.tail
LIMIT 1
