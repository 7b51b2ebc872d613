-- Of the edges (head, relation, tail) = ($1, $2, $3) from tracks to playlists, those that a readable entry of a readable
-- playlist says: of the playlist itself, or of one that it stands for.
SELECT w.head, w.relation, w.tail
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS w (head, relation, tail)
JOIN sgr.entities AS t ON t.entity_id = w.head
JOIN sgr.entities AS p ON p.entity_id = w.tail
WHERE EXISTS (
    SELECT
    FROM {playlist_tracks} AS x
    JOIN {playlists} AS q ON q.playlist_id = x.playlist_id
    WHERE x.track_id = t.key::bigint
      AND (x.playlist_id = p.key::bigint
           OR x.playlist_id = ANY (ARRAY(SELECT a.alias_key::bigint FROM sgr.entity_aliases AS a
                                         WHERE a.kind = 'playlist' AND a.canonical_key = p.key))))
