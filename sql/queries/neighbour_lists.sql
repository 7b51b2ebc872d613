SELECT c.kind, c.item_id, c.baskets, c.neighbours, c.wide_neighbours, c.together, c.wide_together, c.neighbour_baskets, c.wide_neighbour_baskets, s.drifted
FROM sgr.cooccurrence_lists AS c
JOIN sgr.cooccurrence_state AS s ON s.kind = c.kind AND s.generation = c.generation
WHERE s.kind IN (1, 2) AND c.item_id = ANY ($1)
