UPDATE sgr.raw_documents AS d SET kind = n.kind, external_id = n.external_id
FROM unnest($1, $2, $3) AS n (document_id, kind, external_id)
WHERE d.document_id = n.document_id AND (d.kind, d.external_id) IS DISTINCT FROM (n.kind, n.external_id)
