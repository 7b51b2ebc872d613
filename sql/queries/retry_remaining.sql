SELECT pg_catalog.count(*)
FROM sgr.quarantine AS q
WHERE q.stage = 'clean' AND q.document_id = ANY ($2) AND ($1 = '' OR q.reason = $1)
