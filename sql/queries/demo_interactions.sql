INSERT INTO sgr.interactions (user_id, track_id, kind, weight, occurred_at)
SELECT n.user_id, n.track_id,
       CASE WHEN n.kind = 0 THEN 'like' WHEN n.kind = 1 THEN 'repost' ELSE 'play' END,
       nullif(n.weight, 'NaN'), pg_catalog.to_timestamp(nullif(n.occurred_at, 'NaN'))
FROM unnest($1, $2, $3, $4, $5) AS n (user_id, track_id, kind, weight, occurred_at)
