SELECT pg_catalog.set_config(s.key, s.value, true) FROM pg_catalog.json_each_text($1::json) AS s (key, value)
