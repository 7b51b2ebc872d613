SELECT a.entity_id, a.kind, a.relations, a.edges, a.neighbours, a.wide_neighbours, a.weights
FROM sgr.adjacency AS a
WHERE a.generation = $1 AND a.entity_id = ANY ($2)
