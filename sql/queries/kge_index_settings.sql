-- Sets hnsw.ef_search to $1 and enable_sort to $2 until the transaction ends; what they were. The former is not known, or
-- empty, before pgvector is loaded: then its default.
SELECT coalesce(nullif(pg_catalog.current_setting('hnsw.ef_search', true), ''), '40'),
       pg_catalog.current_setting('enable_sort'),
       pg_catalog.set_config('hnsw.ef_search', $1, true),
       pg_catalog.set_config('enable_sort', $2, true)
