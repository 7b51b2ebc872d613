SELECT d.item_id, d.baskets FROM sgr.cooccurrence_drift AS d WHERE d.kind = $1 AND d.item_id = ANY ($2)
