INSERT INTO sgr.cooccurrence_drift (kind, item_id, baskets)
SELECT $1, n.item_id, n.baskets FROM unnest($2, $3) AS n (item_id, baskets)
