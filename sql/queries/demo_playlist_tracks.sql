INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position, added_at)
SELECT n.playlist_id, n.track_id, n.position, pg_catalog.to_timestamp(nullif(n.added_at, 'NaN'))
FROM unnest($1, $2, $3, $4) AS n (playlist_id, track_id, position, added_at)
