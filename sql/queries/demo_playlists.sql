INSERT INTO sgr.playlists (
    playlist_id, urn, owner_id, title, is_album, tags, permalink_url, created_at, modified_at,
    is_public, track_count, likes_count, source, fetched_at)
SELECT n.playlist_id::bigint, n.urn, n.owner_id::bigint, n.title, n.is_album::boolean, n.tags::text[],
       n.permalink_url, pg_catalog.to_timestamp(n.created_at::double precision),
       pg_catalog.to_timestamp(n.modified_at::double precision), n.is_public::boolean, n.track_count::integer,
       n.likes_count::bigint, n.source, pg_catalog.to_timestamp(n.fetched_at::double precision)
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS n (
    playlist_id, urn, owner_id, title, is_album, tags, permalink_url, created_at, modified_at,
    is_public, track_count, likes_count, source, fetched_at)
