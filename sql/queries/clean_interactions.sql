WITH put AS (
    INSERT INTO sgr.interactions AS t (user_id, track_id, kind, occurred_at)
    SELECT n.user_id, n.track_id, n.kind, pg_catalog.to_timestamp(nullif(n.occurred_at, 'NaN'))
    FROM unnest($1, $2, $3, $4) AS n (user_id, track_id, kind, occurred_at)
    ON CONFLICT (user_id, track_id, kind) DO UPDATE SET occurred_at = excluded.occurred_at
    WHERE t.occurred_at IS NULL AND excluded.occurred_at IS NOT NULL
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM put
