-- Of the track entities $1, those whose row the current role may read.
SELECT e.entity_id
FROM sgr.entities AS e
WHERE e.entity_id = ANY ($1)
  AND EXISTS (SELECT FROM {tracks} AS s WHERE s.track_id = (CASE WHEN e.key ~ '^-?[0-9]+$' THEN e.key END)::bigint)
