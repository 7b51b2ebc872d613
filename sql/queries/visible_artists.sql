-- Of the artist entities $1, those whose row the current role may read; one known by a credit alone has none.
SELECT e.entity_id
FROM sgr.entities AS e
WHERE e.entity_id = ANY ($1)
  AND (e.key LIKE 'name:%' OR EXISTS (SELECT FROM {artists} AS s WHERE s.artist_id = (CASE WHEN e.key ~ '^-?[0-9]+$' THEN e.key END)::bigint))
