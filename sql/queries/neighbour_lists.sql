SELECT c.kind, c.item_id, c.baskets, c.neighbours, c.together, c.neighbour_baskets, s.drifted
FROM sgr.cooccurrence AS c
JOIN sgr.cooccurrence_state AS s ON s.kind = c.kind AND s.generation = c.generation
WHERE s.kind IN (1, 2) AND c.item_id = ANY ($1)
