-- The newest document of a call, if it is not older than that. The hash is what the index has.
SELECT d.body FROM sgr.raw_documents AS d
WHERE pg_catalog.hashtextextended(d.source, 0) = pg_catalog.hashtextextended($1, 0) AND d.source ~ '^https?://'
  AND d.source = $1 AND d.fetched_at >= timestamptz 'epoch' + $2 * interval '1 microsecond'
ORDER BY d.fetched_at DESC, d.document_id DESC LIMIT 1
