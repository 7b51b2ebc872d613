SELECT n.id
FROM unnest($2) AS n (id)
CROSS JOIN LATERAL (
    SELECT b.basket_ids FROM sgr.cooccurrence_baskets AS b
    WHERE b.kind = $1 AND b.first_id <= n.id
    ORDER BY b.first_id DESC LIMIT 1) AS chunk
WHERE n.id = ANY (chunk.basket_ids)
