-- A probe per neighbour: the table has no statistics yet when it is read first.
SELECT d.item_id, d.baskets
FROM pg_catalog.unnest($2) AS n (item_id)
CROSS JOIN LATERAL (
    SELECT c.item_id, c.baskets FROM sgr.cooccurrence_drift AS c WHERE c.kind = $1 AND c.item_id = n.item_id LIMIT 1) AS d
