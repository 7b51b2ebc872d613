INSERT INTO sgr.raw_documents (source, body, fetched_at)
SELECT n.source, n.body, timestamptz 'epoch' + n.fetched_at * interval '1 microsecond'
FROM unnest($1, $2, $3) AS n (source, body, fetched_at)
