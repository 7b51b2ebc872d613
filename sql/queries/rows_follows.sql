SELECT f.user_id::text AS head_key, NULL::text AS head_name, f.followed_id::text AS tail_key, NULL::text AS tail_name,
       1::real AS weight, 'follows'::text AS stage, $2 AS source
FROM sgr.follows AS f
WHERE {only f.user_id}
