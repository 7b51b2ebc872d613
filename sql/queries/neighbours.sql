SELECT c.baskets, c.neighbours, c.wide_neighbours, c.together, c.wide_together, c.neighbour_baskets, c.wide_neighbour_baskets, c.weighted, s.total_baskets, s.drifted,
       EXISTS (SELECT FROM sgr.sources)
FROM sgr.cooccurrence_lists AS c
JOIN sgr.cooccurrence_state AS s ON s.kind = c.kind AND s.generation = c.generation
WHERE s.kind = $1 AND c.item_id = $2
