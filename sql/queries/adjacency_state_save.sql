INSERT INTO sgr.adjacency_state AS s (graph_id, generation, entities, triples)
VALUES ($1, $2, $3, $4)
ON CONFLICT (graph_id) DO UPDATE SET
    generation = excluded.generation, version = excluded.version, entities = excluded.entities,
    triples = excluded.triples, written_at = excluded.written_at
