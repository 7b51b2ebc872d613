WITH put AS (
    INSERT INTO sgr.follows (user_id, followed_id)
    SELECT n.user_id, n.followed_id FROM unnest($1, $2) AS n (user_id, followed_id)
    ON CONFLICT (user_id, followed_id) DO NOTHING
    RETURNING true AS is_new
)
SELECT pg_catalog.count(*), 0::bigint FROM put
