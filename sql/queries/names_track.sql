WITH wanted AS (
    SELECT 'track'::text AS kind, s.track_id::text AS key, pg_catalog.max(s.title) AS name
    FROM {tracks} AS s
    WHERE s.track_id IS NOT NULL AND {only s.track_id}
    GROUP BY s.track_id
)
