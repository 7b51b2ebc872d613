INSERT INTO sgr.cooccurrence_state AS s (
    kind, basket, item, run_id, generation, total_baskets, seen, parameters, drifted)
SELECT $1, $2, $3, $4, $5, $6, $7::pg_catalog.pg_snapshot, $8::pg_catalog.jsonb,
       (SELECT pg_catalog.count(*) FROM sgr.cooccurrence_drift AS d WHERE d.kind = $1)
ON CONFLICT (kind) DO UPDATE SET
    -- A run that found nothing to do wrote nothing: what is made from the lists need not be made again.
    run_id = CASE WHEN $9 THEN s.run_id ELSE excluded.run_id END,
    generation = excluded.generation,
    total_baskets = excluded.total_baskets,
    seen = excluded.seen,
    seen_by = excluded.seen_by,
    parameters = excluded.parameters,
    drifted = excluded.drifted,
    refreshed_at = excluded.refreshed_at
