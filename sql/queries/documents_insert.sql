INSERT INTO sgr.raw_documents (source, body, fetched_at)
SELECT $1, n.body, coalesce($3, pg_catalog.now()) FROM unnest($2) AS n (body)
