SELECT q.quarantine_id, q.source, q.body
FROM sgr.quarantine AS q
WHERE q.stage = 'import' AND q.body IS NOT NULL
  AND CASE WHEN $1 = '' THEN q.reason = 'bad_json' ELSE q.reason = $1 END
ORDER BY q.quarantine_id
