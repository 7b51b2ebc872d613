UPDATE sgr.models
SET epochs = $2, kept_epoch = $3, stopped = $4, loss = nullif($5, 'NaN'), validation = $6[1]::pg_catalog.jsonb,
    checkpoint = $6[2]::pg_catalog.jsonb, triples = $7[1], validation_triples = $7[2],
    parameters = pg_catalog.jsonb_set(parameters, '{epochs}', pg_catalog.to_jsonb($8)), fusion = $9, run_id = $10,
    changed_at = pg_catalog.now()
WHERE model_id = $1
