-- Input at the edges.
\set SHOW_CONTEXT never
CALL test.reset();

-- An empty catalogue.
SELECT basket, item, mode, entries, rows_written FROM sgr_cooccur_refresh();
SELECT basket, item, entries, baskets, items, pair_increments, expected_rows, expected_pairs FROM sgr_cooccur_estimate();
SELECT what, rows FROM sgr.catalogue_counts ORDER BY what;
SELECT count(*) AS pairs FROM sgr.top_pairs;

-- A playlist with one track; nothing that matches.
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1);
SELECT mode, entries FROM sgr_cooccur_refresh('like', 'track', mode => 'full');
SELECT mode, entries FROM sgr_cooccur_refresh('playlist', 'track', since => '2024-01-01 00:00+00');
SELECT basket, item, mode, entries, rows_written, pairs_written FROM sgr_cooccur_refresh(mode => 'full');
SELECT count(*) AS rows FROM sgr_recommend(1);
SELECT count(*) AS rows FROM sgr_related(1);

-- Ids at the ends of bigint, and around zero.
CALL test.reset();
INSERT INTO sgr.tracks (track_id, artist_id, title)
SELECT id, id, 'Track ' || id FROM unnest('{-9223372036854775808,-1,0,1,9223372036854775807}'::bigint[]) AS id;
INSERT INTO sgr.playlist_tracks
SELECT p, t, row_number() OVER (PARTITION BY p ORDER BY t) FROM unnest('{-9223372036854775808,0,9223372036854775807}'::bigint[]) AS p
CROSS JOIN unnest('{-9223372036854775808,-1,0,1,9223372036854775807}'::bigint[]) AS t WHERE p <> 0 OR t >= 0;
INSERT INTO sgr.playlists (playlist_id, owner_id) VALUES (-9223372036854775808, 9223372036854775807), (9223372036854775807, -9223372036854775808);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (-9223372036854775808, 9223372036854775807), (-9223372036854775808, 0), (9223372036854775807, 0);
SELECT basket, item, mode, baskets, rows_written FROM sgr_cooccur_refresh();
SELECT track_id_a, track_id_b, together FROM sgr.track_cooccurrence ORDER BY 1, 2;
SELECT track_id, title, because FROM sgr_recommend(9223372036854775807) ORDER BY rank;
SELECT track_id FROM sgr_recommend('-9223372036854775808', 2) ORDER BY rank;
SELECT count(*) AS rows FROM sgr_recommend_user(-9223372036854775808);
INSERT INTO sgr.playlist_tracks VALUES (9223372036854775806, -9223372036854775808, 1), (9223372036854775806, 9223372036854775807, 2);
SELECT basket, item, mode FROM sgr_cooccur_refresh(mode => 'incremental');
SELECT together FROM sgr.track_cooccurrence WHERE track_id_a = -9223372036854775808 AND track_id_b = 9223372036854775807;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', max_per_owner => 1);
SELECT count(*) AS rows FROM sgr_related(1, k => 2147483647);
SELECT count(*) AS rows FROM sgr_recommend(1, 2147483647);

-- NULL in every column that may hold it.
CALL test.reset();
INSERT INTO sgr.artists (artist_id) VALUES (1);
INSERT INTO sgr.users (user_id) VALUES (1);
INSERT INTO sgr.tracks (track_id) VALUES (1), (2), (3);
INSERT INTO sgr.tracks (track_id, artist_id, tags, genre) VALUES (4, 1, '{NULL,"",x}', ''), (5, 1, '{}', '  ');
INSERT INTO sgr.playlists (playlist_id) VALUES (1);
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 4, 2);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (1, 3);
SELECT basket, item, mode, entries, rows_written FROM sgr_cooccur_refresh();
SELECT tag FROM sgr.tag_index ORDER BY tag;
SELECT track_id, title, artist, because FROM sgr_recommend(1) ORDER BY rank;
SELECT track_id, title, because FROM sgr_recommend_user(1) ORDER BY rank;
SELECT track_id, title, artist FROM sgr_related(1) ORDER BY rank;
SELECT count(*) AS rows FROM sgr_related_artists(1);
SELECT length(sgr_unveil(1)) > 0 AS has_report, length(sgr_unveil(4)) > 0 AS has_other_report;
SELECT count(*) AS rows FROM sgr.track_stats;
SELECT count(*) AS rows FROM sgr.artist_stats;
SELECT count(*) AS rows FROM sgr.playlist_stats;

-- Names with quotes, newlines, emoji, other scripts, 10 kB.
CALL test.reset();
INSERT INTO sgr.artists (artist_id, name) VALUES (1, E'O''Neil "&" <b>\\ \t%s'), (2, repeat('long name ', 1000));
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags) VALUES
    (1, 1, E'two\nlines and a\ttab', 'R&B / "soul"', ARRAY['quote "', 'comma,', 'brace }', E'back\\slash', repeat('t', 10000)]),
    (2, 2, '🎧 наушники 耳机', E'new\nline', ARRAY['🎧', 'ÄÖÜ', 'ß', 'İstanbul']),
    (3, 2, repeat('x', 10000), repeat('g', 10000), ARRAY['äöü', ' 🎧 ', 'quote "']);
INSERT INTO sgr.playlists (playlist_id, title) VALUES (1, E'a\r\nb');
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2), (1, 3, 3);
SELECT basket, item, mode, rows_written FROM sgr_cooccur_refresh();
SELECT length(tag) AS length, left(tag, 10) AS tag, tracks FROM sgr.tag_index ORDER BY 1, 2;
SELECT track_id, length(title) AS title, length(artist) AS artist, because FROM sgr_recommend(2) ORDER BY rank;
SELECT track_id, shared_tags FROM sgr_similar_tags(2) ORDER BY rank;
SELECT max(length(line)) <= 600 AS lines_are_short, count(*) < 40 AS few_lines FROM regexp_split_to_table(sgr_unveil(3), '\n') AS line;
SELECT regexp_replace(line, 'x{20,}', 'x...') AS report FROM regexp_split_to_table(sgr_unveil(1), '\n') AS line LIMIT 2;
SELECT length(sgr_profile(3)->'track'->>'title') AS title_in_json;
SELECT count(*) AS rows FROM sgr_recommend(1, 5, tags => ARRAY['🎧']);
SELECT count(*) AS rows FROM sgr_recommend(1, 5, genres => ARRAY[E'NEW LINE']);
SELECT signal_name FROM sgr_signal_set('tags', 1, E'pro''file "x"\n🎧') LIMIT 1;
SELECT count(*) AS rows FROM sgr_recommend(1, 1, profile => E'pro''file "x"\n🎧');

-- A playlist of the same track only; a long one at the limit and one over it.
CALL test.reset();
INSERT INTO sgr.playlist_tracks SELECT 1, 1, i FROM generate_series(1, 500) AS i;
INSERT INTO sgr.playlist_tracks SELECT 2, i, i FROM generate_series(1, 1000) AS i;
INSERT INTO sgr.playlist_tracks SELECT 3, i, i FROM generate_series(1, 1001) AS i;
SELECT basket, item, entries, baskets, baskets_skipped, rows_written, pairs_written FROM sgr_cooccur_refresh('playlist', 'track');
SELECT track_id_b, together FROM sgr.track_cooccurrence WHERE track_id_a = 1 ORDER BY 1 LIMIT 2;

-- What the tables refuse.
INSERT INTO sgr.tracks (track_id, playback_count) VALUES (1, -1);
\echo :SQLSTATE
INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES (1, 1, 'love');
\echo :SQLSTATE

-- Functions from SQL functions, views, prepared statements, cursors, subtransactions.
SELECT count(*) AS rows FROM (SELECT DISTINCT t.track_id FROM generate_series(1, 3) AS s CROSS JOIN LATERAL sgr_recommend(s::bigint, 3) AS t) AS d;
PREPARE ask (bigint, integer) AS SELECT track_id FROM sgr_recommend($1, $2) ORDER BY rank;
EXECUTE ask(1, 2);
EXECUTE ask(2, 2);
DEALLOCATE ask;
BEGIN;
DECLARE c CURSOR FOR SELECT track_id FROM sgr_recommend(1, 100) ORDER BY rank;
FETCH 2 FROM c;
SAVEPOINT s;
SELECT count(*) FROM sgr_recommend(-5);
\echo :SQLSTATE
ROLLBACK TO s;
FETCH 1 FROM c;
COMMIT;
SET default_transaction_read_only = on;
SELECT count(*) AS rows FROM sgr_recommend(1, 3);
SELECT count(*) FROM sgr_cooccur_refresh();
\echo :SQLSTATE
RESET default_transaction_read_only;
SET search_path = '';
SELECT count(*) AS rows FROM public.sgr_recommend('1', 3);
SELECT count(*) AS rows FROM public.sgr_unveil('1');
SELECT mode FROM public.sgr_cooccur_refresh('playlist', 'track', mode => 'full');
RESET search_path;

-- Once more from the start.
CALL test.reset();
SET client_min_messages = warning;
DROP EXTENSION sgr_graph;
SELECT count(*) AS left_behind FROM pg_class WHERE relnamespace = to_regnamespace('sgr');
SELECT to_regnamespace('sgr') IS NULL AS schema_gone, count(*) AS functions_left FROM pg_proc WHERE proname LIKE 'sgr\_%';
CREATE EXTENSION sgr_graph;
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 100, playlists => 50, users => 20);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
SELECT count(*) AS rows FROM sgr_recommend(1);
-- In a schema of its own.
DROP EXTENSION sgr_graph;
CREATE SCHEMA "Music Schema";
CREATE EXTENSION sgr_graph SCHEMA "Music Schema";
SELECT count(*) AS tables FROM "Music Schema".sgr_demo_load(tracks => 100, playlists => 50, users => 20);
SELECT count(*) AS refreshed FROM "Music Schema".sgr_cooccur_refresh();
SELECT count(*) AS rows FROM "Music Schema".sgr_recommend('1', 3);
SELECT length("Music Schema".sgr_unveil('1')) > 0 AS has_report;
SELECT signal_name FROM "Music Schema".sgr_signal_set('tags', 1) LIMIT 1;
SELECT "Music Schema".sgr_cooccur_touch('{1}');
DROP EXTENSION sgr_graph;
DROP SCHEMA "Music Schema";
CREATE EXTENSION sgr_graph;
