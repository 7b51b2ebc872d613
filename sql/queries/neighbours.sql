SELECT c.baskets, c.neighbours, c.together, c.neighbour_baskets, c.weighted, s.total_baskets, s.drifted
FROM sgr.cooccurrence AS c
JOIN sgr.cooccurrence_state AS s ON s.kind = c.kind AND s.generation = c.generation
WHERE s.kind = $1 AND c.item_id = $2
