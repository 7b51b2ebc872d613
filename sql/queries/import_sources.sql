INSERT INTO sgr.triple_sources (stage, source)
SELECT 'import', n.source FROM pg_catalog.unnest($1) AS n (source)
ON CONFLICT (stage, source) DO NOTHING
