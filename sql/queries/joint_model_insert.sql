INSERT INTO sgr.models (
    kind, name, model, split_id, repeat, dim, seed, epochs, kept_epoch, stopped, loss, validation, users, items, interactions,
    entities, relations, triples, parameters, run_id, version)
VALUES (
    'recommender', $1, 'mkr', nullif($2, 0), $3, $4, $5, $6, $7, $8, nullif($9, 'NaN'), nullif($10, '')::pg_catalog.jsonb,
    $11[1], $11[2], $11[3], $11[4], $11[5], $11[6], $12::pg_catalog.jsonb, $13, $14)
RETURNING model_id
