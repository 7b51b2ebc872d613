-- sgr_unveil, the report for people, and sgr_profile, the same as jsonb.
\set SHOW_CONTEXT never
\pset format unaligned
CALL test.reset();
SELECT sgr_unveil(1);
\echo :SQLSTATE
INSERT INTO sgr.artists (artist_id, name) VALUES (10, 'Ann'), (20, 'Bob & "The" Band');
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags, label, released_on, duration_ms, permalink_url, playback_count, likes_count, reposts_count, comment_count) VALUES
    (1, 10, 'One', 'Rock', '{loud,fast}', 'Small Label', '2020-02-29', 187500, 'https://music.example/ann/one', 12345, 67, 1, 0),
    (2, 20, E'Two\nlines', 'rock', '{fast}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO sgr.track_artists VALUES (1, 20, 'featured');
INSERT INTO sgr.playlists (playlist_id, title) VALUES (1, 'Morning'), (2, 'Evening');
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 2, 2), (2, 7, 3), (3, 1, 1), (4, 7, 1);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (2, 1), (2, 2), (3, 7);
SELECT sgr_unveil(1);
\echo :SQLSTATE
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
SELECT sgr_unveil(1);
SELECT sgr_unveil('https://music.example/ann/one') = sgr_unveil(1) AS by_url;
SELECT jsonb_pretty(jsonb_set(jsonb_set(sgr_profile(1), '{track,engagement,popularity}', '0'), '{related}', '[]'));
SELECT r->>'title' AS title, r->>'together' AS together, round((r->>'cosine')::numeric, 4) AS cosine FROM jsonb_array_elements(sgr_profile(1)->'related') AS r;
SELECT sgr_profile('1') = sgr_profile(1) AS same;
-- A track with a title of two lines, one without anything, one that is only known from playlists and likes.
SELECT sgr_unveil(2);
SELECT sgr_unveil(3);
SELECT sgr_unveil(7);
SELECT sgr_profile(7)->'track'->'engagement' AS engagement;
-- Dates are ISO dates whatever the session prefers.
SET DateStyle = 'German';
SELECT sgr_profile(1)->'track'->>'released_on' AS released_on;
RESET DateStyle;

SELECT sgr_unveil(42);
\echo :SQLSTATE
SELECT sgr_profile(42);
\echo :SQLSTATE
SELECT sgr_unveil(NULL::bigint);
\echo :SQLSTATE
SELECT sgr_profile(NULL::text);
\echo :SQLSTATE
CALL test.reset();
