-- As visible_entries_of_tracks.sql, of all tracks in playlists $1.
SELECT t.entity_id, p.entity_id
FROM sgr.entities AS p
CROSS JOIN LATERAL (
    SELECT p.key::bigint AS playlist_id
    UNION ALL
    SELECT a.alias_key::bigint FROM sgr.entity_aliases AS a
    WHERE a.kind = 'playlist' AND a.canonical_key = p.key AND a.alias_key <> a.canonical_key) AS k
JOIN {playlists} AS q ON q.playlist_id = k.playlist_id
JOIN {playlist_tracks} AS x ON x.playlist_id = k.playlist_id
JOIN sgr.entities AS t ON t.graph_id = 0 AND t.kind = 'track' AND t.key = x.track_id::text
WHERE p.entity_id = ANY ($1)
