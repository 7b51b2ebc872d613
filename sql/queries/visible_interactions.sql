-- Of the edges (head, relation, tail) = ($1, $2, $3) from tracks to users, those whose like or repost may be read.
SELECT w.head, w.relation, w.tail
FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) AS w (head, relation, tail)
JOIN sgr.entities AS t ON t.entity_id = w.head
JOIN sgr.entities AS u ON u.entity_id = w.tail
WHERE EXISTS (
    SELECT
    FROM {interactions} AS x
    WHERE x.track_id = t.key::bigint AND x.user_id = u.key::bigint
      AND x.kind = CASE WHEN w.relation = 9 THEN 'like' ELSE 'repost' END)
