UPDATE sgr.cooccurrence_baskets AS b
SET basket_ids = pg_catalog.array_append(b.basket_ids, $2)
WHERE b.kind = $1
  AND b.first_id = (SELECT pg_catalog.max(c.first_id) FROM sgr.cooccurrence_baskets AS c
                    WHERE c.kind = $1 AND c.first_id <= $2)
