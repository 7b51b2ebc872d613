-- (track, playlist) of the entries of tracks $1 that the current role may read in playlists that it may read: of the
-- playlist itself, or of one that it stands for.
SELECT t.entity_id, p.entity_id
FROM sgr.entities AS t
JOIN {playlist_tracks} AS x ON x.track_id = t.key::bigint
JOIN {playlists} AS q ON q.playlist_id = x.playlist_id
JOIN sgr.entity_keys AS p ON p.kind = 'playlist' AND p.key = x.playlist_id::text
WHERE t.entity_id = ANY ($1)
