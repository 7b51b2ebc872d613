-- What the other tests use. They share this database, run in the order of their names and begin with CALL test.reset().
CREATE EXTENSION sgr_graph;
CREATE SCHEMA test;

-- Leaves every table of the extension as CREATE EXTENSION left it.
CREATE PROCEDURE test.reset() LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ') || ' RESTART IDENTITY'
             FROM pg_class WHERE relnamespace = 'sgr'::regnamespace AND relkind = 'r'
               AND relname NOT IN ('signal_defaults', 'source_columns', 'tag_alias_defaults', 'check_defaults', 'graphs', 'relations', 'tasks',
                                   'cooccurrence_changes', 'graph_changes'));
    DELETE FROM sgr.relations WHERE graph_id <> 0;
    DELETE FROM sgr.graphs WHERE graph_id <> 0;
    -- Last, because the triggers note the others' going.
    TRUNCATE sgr.cooccurrence_changes, sgr.graph_changes;
END
$$;

-- A small catalogue without chance: 80 playlists of 2 to 18 entries over 60 tracks, tracks repeated within playlists,
-- 40 users with likes, 12 artists.
CREATE PROCEDURE test.load_small() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sgr.artists (artist_id, name) SELECT a, 'Artist ' || a FROM generate_series(1, 12) AS a;
    INSERT INTO sgr.users (user_id, name) SELECT u, 'User ' || u FROM generate_series(1, 40) AS u;
    INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags)
    SELECT t, CASE WHEN t % 20 <> 0 THEN 1 + t * 5 % 12 END, 'Track ' || t, 'Genre ' || t % 3,
           ARRAY['tag ' || t % 7, 'tag ' || t % 11]
    FROM generate_series(1, 60) AS t;
    INSERT INTO sgr.playlists (playlist_id, owner_id, title)
    SELECT p, CASE WHEN p % 10 <> 0 THEN p % 7 + 1 END, 'Playlist ' || p FROM generate_series(1, 80) AS p;
    INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position, added_at)
    SELECT p, 1 + (p * p * 7 + i * i * 13 + p * i * 5) % 60, i, timestamptz '2024-01-01 00:00+00' + (p + i) * interval '1 day'
    FROM generate_series(1, 80) AS p, generate_series(1, 2 + p % 17) AS i;
    INSERT INTO sgr.interactions (user_id, track_id, kind, occurred_at)
    SELECT DISTINCT u, 1 + (u * u * 3 + i * i * 11 + u * i) % 60, 'like', timestamptz '2024-01-01 00:00+00' + u * interval '1 day'
    FROM generate_series(1, 40) AS u, generate_series(1, 1 + u % 9) AS i;
    INSERT INTO sgr.interactions (user_id, track_id, kind) SELECT u, u, 'play' FROM generate_series(1, 40) AS u;
END
$$;

-- Co-occurrence by a plain self-join: what sgr_cooccur_refresh() must come to.
CREATE FUNCTION test.pairs(
    basket text DEFAULT 'playlist', item text DEFAULT 'track', max_basket_len integer DEFAULT 1000,
    min_together integer DEFAULT 1, since timestamptz DEFAULT NULL)
RETURNS TABLE (a bigint, b bigint, together bigint, cosine numeric, jaccard numeric, lift numeric)
LANGUAGE sql STABLE AS $$
    WITH entries AS MATERIALIZED (
        SELECT DISTINCT e.basket_id, CASE WHEN pairs.item = 'track' THEN e.track_id ELSE t.artist_id END AS item_id
        FROM (SELECT playlist_id AS basket_id, track_id, added_at AS at FROM sgr.playlist_tracks
              WHERE pairs.basket = 'playlist'
              UNION ALL
              SELECT user_id, track_id, occurred_at FROM sgr.interactions
              WHERE pairs.basket = 'like' AND kind = 'like') AS e
        LEFT JOIN sgr.tracks AS t ON t.track_id = e.track_id
        WHERE (pairs.item = 'track' OR t.artist_id IS NOT NULL) AND (pairs.since IS NULL OR e.at >= pairs.since)
    ), kept AS MATERIALIZED (
        SELECT basket_id, item_id
        FROM (SELECT basket_id, item_id, count(*) OVER (PARTITION BY basket_id) AS len FROM entries) AS e
        WHERE len <= pairs.max_basket_len
    ), counts AS (
        SELECT item_id, count(*)::double precision AS n FROM kept GROUP BY item_id
    ), total AS (
        SELECT count(DISTINCT basket_id)::double precision AS n FROM kept
    ), both_in AS (
        SELECT x.item_id AS a, y.item_id AS b, count(*) AS t
        FROM kept AS x JOIN kept AS y ON y.basket_id = x.basket_id AND y.item_id <> x.item_id
        GROUP BY x.item_id, y.item_id
    )
    SELECT p.a, p.b, p.t, round((p.t / sqrt(ca.n * cb.n))::numeric, 9), round((p.t / (ca.n + cb.n - p.t))::numeric, 9),
           round((p.t * total.n / (ca.n * cb.n))::numeric, 9)
    FROM both_in AS p
    JOIN counts AS ca ON ca.item_id = p.a
    JOIN counts AS cb ON cb.item_id = p.b
    CROSS JOIN total
    WHERE p.t >= pairs.min_together
$$;

-- The same from the extension's table.
CREATE FUNCTION test.stored(kind smallint DEFAULT 1)
RETURNS TABLE (a bigint, b bigint, together bigint, cosine numeric, jaccard numeric, lift numeric)
LANGUAGE sql STABLE AS $$
    SELECT item_id_a, item_id_b, together, round(cosine::numeric, 9), round(jaccard::numeric, 9), round(lift::numeric, 9)
    FROM sgr.cooccurrence_pairs WHERE cooccurrence_pairs.kind = stored.kind
$$;

-- What a statement is refused with: SQLSTATE, message, DETAIL and HINT.
CREATE FUNCTION test.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text; said text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, said = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN state || ': ' || said || coalesce(E'\n  ' || nullif(detail, ''), '') || coalesce(E'\n  ' || nullif(hint, ''), '');
END
$$;
