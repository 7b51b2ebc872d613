WITH wanted AS MATERIALIZED (
    SELECT n.origin, n.origin_id::bigint, n.ordinal::smallint, n.artist_key, n.name, n.role
    FROM unnest($1, $2, $3, $4, $5, $6) AS n (origin, origin_id, ordinal, artist_key, name, role)
), gone AS (
    DELETE FROM sgr.credits AS c
    WHERE NOT EXISTS (SELECT FROM wanted AS w
                      WHERE w.origin = c.origin AND w.origin_id = c.origin_id AND w.ordinal = c.ordinal)
    RETURNING true
), put AS (
    INSERT INTO sgr.credits AS c (origin, origin_id, ordinal, artist_key, name, role)
    SELECT w.origin, w.origin_id, w.ordinal, w.artist_key, w.name, w.role FROM wanted AS w
    ON CONFLICT (origin, origin_id, ordinal) DO UPDATE SET
        artist_key = excluded.artist_key, name = excluded.name, role = excluded.role
    WHERE (c.artist_key, c.name, c.role) IS DISTINCT FROM (excluded.artist_key, excluded.name, excluded.role)
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new),
       (SELECT pg_catalog.count(*) FROM gone)
FROM put
