-- Users who like both tracks, those with the fewest likes first.
SELECT n.entity_id, coalesce(n.name, n.key)
FROM (SELECT s.user_id, f.likes
      FROM (SELECT DISTINCT a.user_id
            FROM {interactions} AS a
            JOIN {interactions} AS b ON b.user_id = a.user_id AND b.track_id = $2 AND b.kind = 'like'
            WHERE a.track_id = $1 AND a.kind = 'like') AS s
      LEFT JOIN sgr.user_features AS f ON f.user_id = s.user_id
      ORDER BY f.likes, s.user_id
      LIMIT $3) AS u
JOIN sgr.entities AS n ON n.graph_id = 0 AND n.kind = 'user' AND n.key = u.user_id::text
ORDER BY u.likes, u.user_id
