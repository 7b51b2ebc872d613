SELECT d.document_id, (extract(epoch FROM d.fetched_at) * 1000000)::bigint, coalesce(d.source, ''), d.body
FROM sgr.raw_documents AS d
WHERE d.document_id = ANY ($1)
