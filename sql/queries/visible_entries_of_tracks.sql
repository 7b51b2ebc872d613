-- (track, playlist) of the entries that the current role may read of tracks $1 in playlists $2 that it may read: in the
-- playlist itself, or in one that it stands for.
WITH tracks AS MATERIALIZED (
    SELECT e.entity_id, e.key::bigint AS track_id FROM sgr.entities AS e WHERE e.entity_id = ANY ($1)
), lists AS MATERIALIZED (
    SELECT e.entity_id, e.key::bigint AS playlist_id FROM sgr.entities AS e WHERE e.entity_id = ANY ($2)
    UNION ALL
    SELECT e.entity_id, a.alias_key::bigint
    FROM sgr.entities AS e
    JOIN sgr.entity_aliases AS a ON a.kind = 'playlist' AND a.canonical_key = e.key AND a.alias_key <> a.canonical_key
    WHERE e.entity_id = ANY ($2)
)
SELECT t.entity_id, l.entity_id
FROM tracks AS t
JOIN {playlist_tracks} AS x ON x.track_id = t.track_id
JOIN lists AS l ON l.playlist_id = x.playlist_id
JOIN {playlists} AS q ON q.playlist_id = x.playlist_id
