-- sgr_source_set: tables and views of one's own.
\set SHOW_CONTEXT never
CALL test.reset();
CREATE SCHEMA app;
-- Other names, other types, repeated tracks, NULL ids.
CREATE TABLE app.items (list integer, song smallint, added timestamp);
INSERT INTO app.items VALUES (1, 1, '2024-01-01'), (1, 2, '2024-01-01'), (2, 1, '2024-02-01'), (2, 2, '2024-02-01'), (2, 2, '2024-02-01'),
    (3, 1, NULL), (3, 3, NULL), (NULL, 9, NULL), (4, NULL, NULL);
SELECT * FROM sgr_source_set('playlist_tracks', 'app.items');
\echo :SQLSTATE
CREATE VIEW app.entries AS SELECT list AS playlist_id, song AS track_id, added AS added_at FROM app.items;
SELECT * FROM sgr_source_set('playlist_tracks', 'app.entries');
CREATE TABLE app.song (track_id integer PRIMARY KEY, title varchar(50), artist_id integer, genre text, tags varchar[], playback_count integer, released_on timestamp);
INSERT INTO app.song VALUES (1, 'Uno', 7, 'Rock', '{a}', 100, '2020-01-02'), (2, 'Dos', 7, 'Jazz', '{a,b}', NULL, NULL), (3, 'Tres', 8, NULL, NULL, 5, NULL);
SELECT * FROM sgr_source_set('tracks', 'app.song');
CREATE MATERIALIZED VIEW app.act AS SELECT * FROM (VALUES (7, 'Siete'), (8, 'Ocho')) AS v (artist_id, name);
SELECT * FROM sgr_source_set('artists', 'app.act');
CREATE TABLE app.fav (user_id integer, track_id integer);
INSERT INTO app.fav VALUES (1, 1), (1, 3), (2, 3), (2, 3);
SELECT * FROM sgr_source_set('interactions', 'app.fav');
CREATE TABLE app.list (playlist_id integer, title text, owner_id integer) PARTITION BY HASH (playlist_id);
CREATE TABLE app.list_0 PARTITION OF app.list FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO app.list VALUES (1, 'First', 1), (2, 'Second', 2);
SELECT * FROM sgr_source_set('playlists', 'app.list');
CREATE TABLE app."User ""x""" (user_id bigint, name text);
INSERT INTO app."User ""x""" VALUES (1, 'Eins'), (2, 'Zwei');
SELECT * FROM sgr_source_set('users', 'app."User ""x"""');
SELECT role, relation FROM sgr.sources ORDER BY role;

SELECT basket, item, mode, entries, baskets, rows_written FROM sgr_cooccur_refresh();
SELECT parameters->>'source' AS source FROM sgr.runs WHERE run_id = 1;
SELECT * FROM sgr.track_cooccurrence ORDER BY 1, 2;
SELECT rank, track_id, title, artist, round(score::numeric, 4) AS score, fallback, because FROM sgr_recommend(1) ORDER BY rank;
SELECT rank, track_id, title, because FROM sgr_recommend_user(1) ORDER BY rank;
SELECT similar_user_id, name, shared_tracks FROM sgr_similar_users(1);
SELECT track_id, title, shared_tags FROM sgr_similar_tags(1);
SELECT artist_id, name, shared_playlists, shared_fans FROM sgr_related_artists(7);
\pset format unaligned
SELECT sgr_unveil(1);
\pset format aligned
SELECT what, rows FROM sgr.catalogue_counts ORDER BY what;
SELECT track_id, title, artist, genre, released_on, playlists, likes, playback_count FROM sgr.track_stats ORDER BY track_id;
SELECT playlist_id, title, entries, tracks FROM sgr.playlist_stats WHERE playlist_id IS NOT NULL ORDER BY playlist_id;
SELECT artist_id, name, tracks FROM sgr.artist_stats ORDER BY artist_id;
-- Refreshing since a time works on them too.
SELECT entries FROM sgr_cooccur_refresh('playlist', 'track', since => '2024-01-15 00:00+00');

-- Nobody notes changes of them: auto counts everything, unless baskets were touched.
SELECT basket, item, mode FROM sgr_cooccur_refresh();
INSERT INTO app.items VALUES (5, 2, NULL), (5, 3, NULL);
DELETE FROM app.items WHERE list = 3 AND song = 3;
SELECT basket, item, mode FROM sgr_cooccur_refresh(mode => 'incremental');
SELECT sgr_cooccur_touch('{5}'), sgr_cooccur_touch('{3}', tracks_left => '{3}');
SELECT basket, item, mode FROM sgr_cooccur_refresh(mode => 'incremental');
SELECT track_id_a, track_id_b, together FROM sgr.track_cooccurrence ORDER BY 1, 2;

-- Another relation for the tracks: the artists and the features are counted anew.
CREATE VIEW app.song2 AS SELECT track_id, title, 9 AS artist_id, '{z}'::text[] AS tags FROM app.song;
SELECT source_relation FROM sgr_source_set('tracks', 'app.song2');
INSERT INTO app.items VALUES (6, 3, NULL);
SELECT count(*) > 0 AS refreshed FROM sgr_cooccur_refresh();
SELECT tag FROM sgr.tag_index ORDER BY tag;
SELECT count(*) AS artists FROM sgr.cooccurrence WHERE kind = 4;

-- Back to the catalogue.
SELECT source_relation FROM sgr_source_set('tracks');
SELECT source_relation FROM sgr_source_set('tracks', NULL);
SELECT role FROM sgr.sources ORDER BY role;

-- Refused.
SELECT * FROM sgr_source_set('track', 'app.song');
\echo :SQLSTATE
SELECT * FROM sgr_source_set(NULL, 'app.song');
\echo :SQLSTATE
SELECT * FROM sgr_source_set('tracks', 'app.nothing');
\echo :SQLSTATE
CREATE SEQUENCE app.counter;
SELECT * FROM sgr_source_set('tracks', 'app.counter');
\echo :SQLSTATE
CREATE TABLE app.wrong (track_id uuid, title integer, tags text, released_on text, artist_id numeric);
SELECT * FROM sgr_source_set('tracks', 'app.wrong');
\echo :SQLSTATE
CREATE TEMP TABLE entries (playlist_id bigint, track_id bigint);
SELECT * FROM sgr_source_set('playlist_tracks', 'entries');
\echo :SQLSTATE
SELECT * FROM sgr_source_set('playlist_tracks', 'sgr.source_playlist_tracks');
\echo :SQLSTATE
-- The catalogue's own table is the same as none.
SELECT source_relation FROM sgr_source_set('artists', 'sgr.artists');
SELECT count(*) AS mapped FROM sgr.sources WHERE role = 'artists';

-- A relation that went away.
SELECT source_relation FROM sgr_source_set('playlist_tracks', 'app.entries');
DROP VIEW app.entries;
SELECT * FROM sgr_cooccur_refresh('playlist', 'track');
\echo :SQLSTATE
-- A column that went away.
SELECT source_relation FROM sgr_source_set('tracks', 'app.song');
ALTER TABLE app.song RENAME COLUMN title TO name;
SELECT count(*) FROM sgr.track_stats;
\echo :SQLSTATE
-- A relation that names tracks twice, some of them since the refresh: each comes once all the same.
CALL test.reset();
CREATE TABLE app.twice (track_id bigint, title text);
INSERT INTO app.twice VALUES (1, 'Uno'), (2, 'Dos'), (2, 'Dos');
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2);
SELECT source_relation FROM sgr_source_set('tracks', 'app.twice');
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
INSERT INTO app.twice VALUES (3, 'Tres'), (3, 'Tres'), (4, 'Cuatro');
SELECT rank, track_id, title FROM sgr_recommend(1) ORDER BY rank;
SELECT count(*) AS rows FROM sgr_recommend(1, 2);
CALL test.reset();
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
