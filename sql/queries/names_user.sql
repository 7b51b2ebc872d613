WITH wanted AS (
    SELECT 'user'::text AS kind, s.user_id::text AS key, pg_catalog.max(s.name) AS name
    FROM {users} AS s
    WHERE s.user_id IS NOT NULL AND {only s.user_id}
    GROUP BY s.user_id
)
