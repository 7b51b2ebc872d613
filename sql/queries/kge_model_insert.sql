INSERT INTO sgr.models (
    name, model, graph_id, is_active, dim, seed, epochs, kept_epoch, stopped, loss, validation, entities, relations, triples,
    validation_triples, neighbours, parameters, fusion, checkpoint, run_id, version)
VALUES (
    $1[1], $2, $3, $4, $5, $6, $7, $8, $9, nullif($10, 'NaN'), $1[2]::pg_catalog.jsonb, $11[1], $11[2], $11[3],
    $11[4], $12, $13::pg_catalog.jsonb, $14, nullif($15::pg_catalog.jsonb, 'null'), $16, $17)
RETURNING model_id
