INSERT INTO sgr.stage_state AS s (stage, run_id, seen, seen_up_to, parameters)
VALUES ($1, $2, $3::pg_catalog.pg_snapshot, $4, $5::pg_catalog.jsonb)
ON CONFLICT (stage) DO UPDATE SET run_id = excluded.run_id, seen = excluded.seen, seen_by = excluded.seen_by,
    seen_up_to = excluded.seen_up_to, parameters = excluded.parameters, finished_at = excluded.finished_at
