SELECT pg_catalog.json_build_object('enable_nestloop', pg_catalog.current_setting('enable_nestloop'),
                                    'jit', pg_catalog.current_setting('jit'))::text
