SELECT pair.a::text AS head_key, NULL::text AS head_name, pair.b::text AS tail_key, NULL::text AS tail_name,
       p.cosine::real AS weight, 'likes'::text AS stage, $2 AS source
FROM unnest($7, $8, $9) AS p (user_id, other_id, cosine)
CROSS JOIN LATERAL (VALUES (p.user_id, p.other_id), (p.other_id, p.user_id)) AS pair (a, b)
