SELECT s.source_id
FROM pg_catalog.unnest($1) WITH ORDINALITY AS n (source, nr)
JOIN sgr.triple_sources AS s ON s.stage = 'import' AND s.source = n.source
ORDER BY n.nr
