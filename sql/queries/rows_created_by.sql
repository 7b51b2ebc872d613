SELECT p.playlist_id::text AS head_key, NULL::text AS head_name, p.owner_id::text AS tail_key, NULL::text AS tail_name,
       1::real AS weight, 'playlists.owner_id'::text AS stage, $2 AS source
FROM {playlists} AS p
WHERE p.owner_id IS NOT NULL AND {only p.playlist_id}
