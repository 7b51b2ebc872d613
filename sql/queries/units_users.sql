-- Users but $3 who like the candidate and some of the seeds: those with the most seeds first, then the fewest likes.
SELECT h.user_id, n.name
FROM (SELECT i.user_id, pg_catalog.count(DISTINCT i.track_id) AS seeds
      FROM {interactions} AS i
      WHERE i.kind = 'like' AND i.track_id = ANY ($1)
        AND i.user_id IN (SELECT c.user_id FROM {interactions} AS c WHERE c.track_id = $2 AND c.kind = 'like')
      GROUP BY i.user_id) AS h
LEFT JOIN sgr.user_features AS f ON f.user_id = h.user_id
LEFT JOIN sgr.entities AS n ON n.graph_id = 0 AND n.kind = 'user' AND n.key = h.user_id::text
WHERE h.user_id IS DISTINCT FROM $3
ORDER BY h.seeds DESC, f.likes, h.user_id
