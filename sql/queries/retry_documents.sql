SELECT q.document_id, pg_catalog.count(*)
FROM sgr.quarantine AS q
WHERE q.stage = 'clean' AND q.document_id IS NOT NULL AND ($1 = '' OR q.reason = $1)
GROUP BY q.document_id
