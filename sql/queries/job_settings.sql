-- Those that sgr_submit() takes over and no others: whoever may write the row must not become somebody else by it.
SELECT pg_catalog.set_config(s.key, s.value, true)
FROM pg_catalog.jsonb_each_text($1::pg_catalog.jsonb) AS s
WHERE s.key ~ '^sgr_graph\.[a-z_]+$' OR s.key = ANY (sgr.job_settings_kept()) OR s.key = 'search_path'
