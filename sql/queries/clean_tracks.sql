WITH put AS (
    INSERT INTO sgr.tracks AS t (track_id, urn, artist_id, title, genre, tags, machine_tags, permalink_url, duration_ms, label, isrc, bpm,
        key_signature, released_on, created_at, playback_count, likes_count, reposts_count, comment_count, source,
        fetched_at)
    SELECT n.track_id::bigint, n.urn, n.artist_id::bigint, n.title, n.genre, n.tags::text[], n.machine_tags::text[],
           n.permalink_url, n.duration_ms::integer, n.label, n.isrc, n.bpm::real, n.key_signature,
           date '1970-01-01' + n.released_on::integer, pg_catalog.to_timestamp(n.created_at::double precision / 1000000),
           n.playback_count::bigint, n.likes_count::bigint, n.reposts_count::bigint, n.comment_count::bigint,
           n.source, pg_catalog.to_timestamp(n.fetched_at::double precision / 1000000)
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        AS n (track_id, urn, artist_id, title, genre, tags, machine_tags, permalink_url, duration_ms, label, isrc,
              bpm, key_signature, released_on, created_at, playback_count, likes_count, reposts_count,
              comment_count, source, fetched_at)
    ON CONFLICT (track_id) DO UPDATE SET
        urn = sgr.merged(t.urn, excluded.urn, t.fetched_at, excluded.fetched_at),
        artist_id = sgr.merged(t.artist_id, excluded.artist_id, t.fetched_at, excluded.fetched_at),
        title = sgr.merged(t.title, excluded.title, t.fetched_at, excluded.fetched_at),
        genre = sgr.merged(t.genre, excluded.genre, t.fetched_at, excluded.fetched_at),
        tags = sgr.merged(t.tags, excluded.tags, t.fetched_at, excluded.fetched_at),
        machine_tags = sgr.merged(t.machine_tags, excluded.machine_tags, t.fetched_at, excluded.fetched_at),
        permalink_url = sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
        duration_ms = sgr.merged(t.duration_ms, excluded.duration_ms, t.fetched_at, excluded.fetched_at),
        label = sgr.merged(t.label, excluded.label, t.fetched_at, excluded.fetched_at),
        isrc = sgr.merged(t.isrc, excluded.isrc, t.fetched_at, excluded.fetched_at),
        bpm = sgr.merged(t.bpm, excluded.bpm, t.fetched_at, excluded.fetched_at),
        key_signature = sgr.merged(t.key_signature, excluded.key_signature, t.fetched_at, excluded.fetched_at),
        released_on = sgr.merged(t.released_on, excluded.released_on, t.fetched_at, excluded.fetched_at),
        created_at = sgr.merged(t.created_at, excluded.created_at, t.fetched_at, excluded.fetched_at),
        playback_count = sgr.merged(t.playback_count, excluded.playback_count, t.fetched_at, excluded.fetched_at),
        likes_count = sgr.merged(t.likes_count, excluded.likes_count, t.fetched_at, excluded.fetched_at),
        reposts_count = sgr.merged(t.reposts_count, excluded.reposts_count, t.fetched_at, excluded.fetched_at),
        comment_count = sgr.merged(t.comment_count, excluded.comment_count, t.fetched_at, excluded.fetched_at),
        source = sgr.merged(t.source, excluded.source, t.fetched_at, excluded.fetched_at),
        fetched_at = sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at)
    WHERE (t.urn, t.artist_id, t.title, t.genre, t.tags, t.machine_tags, t.permalink_url, t.duration_ms, t.label,
           t.isrc, t.bpm, t.key_signature, t.released_on, t.created_at, t.playback_count, t.likes_count,
           t.reposts_count, t.comment_count, t.source, t.fetched_at)
        IS DISTINCT FROM (
           sgr.merged(t.urn, excluded.urn, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.artist_id, excluded.artist_id, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.title, excluded.title, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.genre, excluded.genre, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.tags, excluded.tags, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.machine_tags, excluded.machine_tags, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.duration_ms, excluded.duration_ms, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.label, excluded.label, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.isrc, excluded.isrc, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.bpm, excluded.bpm, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.key_signature, excluded.key_signature, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.released_on, excluded.released_on, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.created_at, excluded.created_at, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.playback_count, excluded.playback_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.likes_count, excluded.likes_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.reposts_count, excluded.reposts_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.comment_count, excluded.comment_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.source, excluded.source, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at))
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM put
