INSERT INTO sgr.tracks (
    track_id, urn, artist_id, title, genre, tags, permalink_url, duration_ms, label, isrc, bpm,
    key_signature, released_on, created_at, playback_count, likes_count, reposts_count, comment_count,
    source, fetched_at)
SELECT n.track_id::bigint, n.urn, n.artist_id::bigint, n.title, n.genre, n.tags::text[], n.permalink_url,
       n.duration_ms::integer, n.label, n.isrc, n.bpm::real, n.key_signature, date '1970-01-01' +
       n.released_on::integer, pg_catalog.to_timestamp(n.created_at::double precision),
       n.playback_count::bigint, n.likes_count::bigint, n.reposts_count::bigint, n.comment_count::bigint,
       n.source, pg_catalog.to_timestamp(n.fetched_at::double precision)
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) AS n (
    track_id, urn, artist_id, title, genre, tags, permalink_url, duration_ms, label, isrc, bpm,
    key_signature, released_on, created_at, playback_count, likes_count, reposts_count, comment_count,
    source, fetched_at)
