INSERT INTO sgr.quarantine (stage, document_id, source, reason, whole, path, value)
SELECT 'clean', d.document_id, d.source, n.reason, n.whole::boolean, n.path, n.value
FROM unnest($1, $2, $3, $4, $5) AS n (document_id, reason, whole, path, value)
JOIN sgr.raw_documents AS d ON d.document_id = n.document_id::bigint
