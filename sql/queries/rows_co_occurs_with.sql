-- Either list may have been cut before the other track: a pair of one list stands both ways.
SELECT pair.a::text AS head_key, NULL::text AS head_name, pair.b::text AS tail_key, NULL::text AS tail_name,
       p.cosine::real AS weight, 'cooccurrence'::text AS stage, $2 AS source
FROM sgr.cooccurrence_pairs AS p
CROSS JOIN LATERAL (VALUES (p.item_id_a, p.item_id_b), (p.item_id_b, p.item_id_a)) AS pair (a, b)
WHERE p.kind = 1 AND p.place <= $7 AND p.cosine > 0
