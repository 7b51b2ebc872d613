INSERT INTO sgr.models (
    kind, name, model, split_id, repeat, dim, seed, epochs, kept_epoch, stopped, loss, users, items, interactions, parameters,
    run_id, version, validation, blend)
VALUES (
    'recommender', $1, $2, nullif($3, 0), $4, nullif($5, 0), $6, $7, $7, 'completed', nullif($8, 'NaN'), $9[1], $9[2], $9[3],
    $10::pg_catalog.jsonb, $11, $12, nullif($13, '')::pg_catalog.jsonb, nullif($14, '')::pg_catalog.jsonb)
RETURNING model_id
