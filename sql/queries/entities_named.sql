SELECT e.entity_id, e.kind, e.key, e.name FROM sgr.entities AS e WHERE e.entity_id = ANY ($1)
