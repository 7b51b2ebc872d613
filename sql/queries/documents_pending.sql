SELECT d.document_id, pg_catalog.octet_length(d.body)
FROM sgr.raw_documents AS d
LEFT JOIN sgr.stage_state AS s ON s.stage = 'clean'
WHERE d.loaded_by >= coalesce(
          (SELECT pg_catalog.pg_snapshot_xmin(w.seen) FROM sgr.stage_state AS w WHERE w.stage = 'clean'), '0')
  AND (s.stage IS NULL
       OR NOT (pg_catalog.pg_visible_in_snapshot(d.loaded_by, s.seen)
               OR d.loaded_by = s.seen_by AND d.document_id <= s.seen_up_to))
ORDER BY d.fetched_at, d.document_id
