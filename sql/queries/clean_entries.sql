-- What stays in its place is not written; a track keeps the time that it was added at where the document has none.
WITH known AS (
    SELECT e.playlist_id, e.track_id, pg_catalog.max(e.added_at) AS added_at
    FROM sgr.playlist_tracks AS e
    WHERE e.playlist_id = ANY ($5) AND e.added_at IS NOT NULL
    GROUP BY e.playlist_id, e.track_id
), put AS (
    INSERT INTO sgr.playlist_tracks AS t (playlist_id, position, track_id, added_at)
    SELECT n.playlist_id, n.position, n.track_id,
           coalesce(pg_catalog.to_timestamp(nullif(n.added_at, 'NaN')), known.added_at)
    FROM unnest($1, $2, $3, $4) AS n (playlist_id, position, track_id, added_at)
    LEFT JOIN known ON known.playlist_id = n.playlist_id AND known.track_id = n.track_id
    ON CONFLICT (playlist_id, position) DO UPDATE SET track_id = excluded.track_id, added_at = excluded.added_at
    WHERE (t.track_id, t.added_at) IS DISTINCT FROM (excluded.track_id, excluded.added_at)
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM put
