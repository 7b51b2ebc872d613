-- What a user would write instead of sgr_clean() for these documents: no quarantine, no field-by-field merging across
-- time beyond "the last document wins", no tags in quotes, no drift of names.
WITH d AS MATERIALIZED (
    SELECT document_id, fetched_at, source, body::jsonb AS j FROM sgr.raw_documents
), t AS (
    SELECT DISTINCT ON (r.id) r.*, d.j->'user' AS account, d.fetched_at, d.source
    FROM d, jsonb_to_record(d.j) AS r (
        id bigint, urn text, title text, genre text, tag_list text, permalink_url text, duration integer, label_name text,
        isrc text, bpm real, release_year integer, release_month integer, release_day integer, created_at timestamptz,
        playback_count bigint, favoritings_count bigint, reposts_count bigint, comment_count bigint)
    WHERE d.j->>'kind' = 'track'
    ORDER BY r.id, d.fetched_at DESC, d.document_id DESC
), put_tracks AS (
    INSERT INTO sgr.tracks AS o (
        track_id, urn, artist_id, title, genre, tags, permalink_url, duration_ms, label, isrc, bpm, released_on, created_at,
        playback_count, likes_count, reposts_count, comment_count, source, fetched_at)
    SELECT id, urn, (account->>'id')::bigint, title, genre, string_to_array(tag_list, ' '), permalink_url, duration,
           label_name, isrc, bpm, make_date(release_year, release_month, release_day), created_at, playback_count,
           favoritings_count, reposts_count, comment_count, source, fetched_at
    FROM t
    ON CONFLICT (track_id) DO UPDATE SET title = coalesce(excluded.title, o.title),
        genre = coalesce(excluded.genre, o.genre), tags = coalesce(excluded.tags, o.tags),
        playback_count = coalesce(excluded.playback_count, o.playback_count),
        likes_count = coalesce(excluded.likes_count, o.likes_count),
        reposts_count = coalesce(excluded.reposts_count, o.reposts_count),
        comment_count = coalesce(excluded.comment_count, o.comment_count), fetched_at = excluded.fetched_at
), put_artists AS (
    INSERT INTO sgr.artists AS o (artist_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
    SELECT DISTINCT ON ((account->>'id')::bigint) (account->>'id')::bigint, account->>'urn', account->>'username',
           account->>'permalink_url', account->>'city', account->>'country_code',
           (account->>'followers_count')::bigint, source, fetched_at
    FROM t ORDER BY (account->>'id')::bigint, fetched_at DESC
    ON CONFLICT (artist_id) DO UPDATE SET name = coalesce(excluded.name, o.name), city = coalesce(excluded.city, o.city),
        followers_count = coalesce(excluded.followers_count, o.followers_count), fetched_at = excluded.fetched_at
), p AS (
    SELECT DISTINCT ON (r.id) r.*, d.j->'user' AS account, d.j->'tracks' AS entries, d.fetched_at, d.source
    FROM d, jsonb_to_record(d.j) AS r (
        id bigint, urn text, title text, tag_list text, created_at timestamptz, last_modified timestamptz, track_count integer)
    WHERE d.j->>'kind' = 'playlist'
    ORDER BY r.id, d.fetched_at DESC, d.document_id DESC
), put_playlists AS (
    INSERT INTO sgr.playlists AS o (
        playlist_id, urn, owner_id, title, tags, created_at, modified_at, track_count, source, fetched_at)
    SELECT id, urn, (account->>'id')::bigint, title, string_to_array(tag_list, ' '), created_at, last_modified,
           track_count, source, fetched_at
    FROM p
    ON CONFLICT (playlist_id) DO UPDATE SET title = coalesce(excluded.title, o.title), fetched_at = excluded.fetched_at
), put_users AS (
    INSERT INTO sgr.users AS o (user_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
    SELECT DISTINCT ON ((account->>'id')::bigint) (account->>'id')::bigint, account->>'urn', account->>'username',
           account->>'permalink_url', account->>'city', account->>'country_code',
           (account->>'followers_count')::bigint, source, fetched_at
    FROM p ORDER BY (account->>'id')::bigint, fetched_at DESC
    ON CONFLICT (user_id) DO UPDATE SET name = coalesce(excluded.name, o.name), fetched_at = excluded.fetched_at
)
INSERT INTO sgr.playlist_tracks AS o (playlist_id, position, track_id)
SELECT p.id, e.position, (e.entry->>'id')::bigint
FROM p, jsonb_array_elements(p.entries) WITH ORDINALITY AS e (entry, position)
ON CONFLICT (playlist_id, position) DO UPDATE SET track_id = excluded.track_id
