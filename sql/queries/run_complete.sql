UPDATE sgr.runs SET result = $2::pg_catalog.jsonb, elapsed_ms = $3 WHERE run_id = $1
