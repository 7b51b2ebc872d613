INSERT INTO sgr.track_artists (
    track_id, artist_id, role)
SELECT n.track_id::bigint, n.artist_id::bigint, n.role
FROM unnest($1, $2, $3) AS n (
    track_id, artist_id, role)
