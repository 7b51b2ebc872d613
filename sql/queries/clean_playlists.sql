WITH put AS (
    INSERT INTO sgr.playlists AS t (playlist_id, urn, owner_id, title, is_album, tags, permalink_url, created_at, modified_at, is_public,
        track_count, likes_count, source, fetched_at)
    SELECT n.playlist_id::bigint, n.urn, n.owner_id::bigint, n.title, n.is_album::boolean, n.tags::text[], n.permalink_url,
           pg_catalog.to_timestamp(n.created_at::double precision / 1000000),
           pg_catalog.to_timestamp(n.modified_at::double precision / 1000000), coalesce(n.is_public::boolean,
           (SELECT p.is_public FROM sgr.playlists AS p WHERE p.playlist_id = n.playlist_id::bigint), true),
           n.track_count::integer, n.likes_count::bigint, n.source, pg_catalog.to_timestamp(n.fetched_at::double
           precision / 1000000)
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        AS n (playlist_id, urn, owner_id, title, is_album, tags, permalink_url, created_at, modified_at, is_public,
              track_count, likes_count, source, fetched_at)
    ON CONFLICT (playlist_id) DO UPDATE SET
        urn = sgr.merged(t.urn, excluded.urn, t.fetched_at, excluded.fetched_at),
        owner_id = sgr.merged(t.owner_id, excluded.owner_id, t.fetched_at, excluded.fetched_at),
        title = sgr.merged(t.title, excluded.title, t.fetched_at, excluded.fetched_at),
        is_album = sgr.merged(t.is_album, excluded.is_album, t.fetched_at, excluded.fetched_at),
        tags = sgr.merged(t.tags, excluded.tags, t.fetched_at, excluded.fetched_at),
        permalink_url = sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
        created_at = sgr.merged(t.created_at, excluded.created_at, t.fetched_at, excluded.fetched_at),
        modified_at = sgr.merged(t.modified_at, excluded.modified_at, t.fetched_at, excluded.fetched_at),
        is_public = sgr.merged(t.is_public, excluded.is_public, t.fetched_at, excluded.fetched_at),
        track_count = sgr.merged(t.track_count, excluded.track_count, t.fetched_at, excluded.fetched_at),
        likes_count = sgr.merged(t.likes_count, excluded.likes_count, t.fetched_at, excluded.fetched_at),
        source = sgr.merged(t.source, excluded.source, t.fetched_at, excluded.fetched_at),
        fetched_at = sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at)
    WHERE (t.urn, t.owner_id, t.title, t.is_album, t.tags, t.permalink_url, t.created_at, t.modified_at,
           t.is_public, t.track_count, t.likes_count, t.source, t.fetched_at)
        IS DISTINCT FROM (
           sgr.merged(t.urn, excluded.urn, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.owner_id, excluded.owner_id, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.title, excluded.title, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.is_album, excluded.is_album, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.tags, excluded.tags, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.created_at, excluded.created_at, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.modified_at, excluded.modified_at, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.is_public, excluded.is_public, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.track_count, excluded.track_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.likes_count, excluded.likes_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.source, excluded.source, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at))
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM put
