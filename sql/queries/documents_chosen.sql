SELECT d.document_id, pg_catalog.octet_length(d.body)
FROM sgr.raw_documents AS d
WHERE d.document_id = ANY ($1)
ORDER BY d.fetched_at, d.document_id
