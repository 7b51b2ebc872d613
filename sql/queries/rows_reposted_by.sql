SELECT i.track_id::text AS head_key, NULL::text AS head_name, i.user_id::text AS tail_key, NULL::text AS tail_name,
       1::real AS weight, 'interactions'::text AS stage, $2 AS source
FROM {interactions} AS i
WHERE i.kind = 'repost' AND i.track_id IS NOT NULL AND i.user_id IS NOT NULL AND {only i.user_id}
