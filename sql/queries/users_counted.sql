SELECT s.total_baskets FROM sgr.cooccurrence_state AS s WHERE s.kind = 2
