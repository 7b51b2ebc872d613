-- The demo catalogue: sizes, determinism, planted scenes, what is refused.
\set SHOW_CONTEXT never
CALL test.reset();
SELECT * FROM sgr_demo_load();
SELECT what, rows FROM sgr.catalogue_counts ORDER BY what;

-- The dirt is there.
SELECT count(*) FILTER (WHERE title IS NULL) > 0 AS without_title, count(*) FILTER (WHERE genre IS NULL) > 0 AS without_genre,
       count(*) FILTER (WHERE playback_count IS NULL) > 0 AS hidden_plays FROM sgr.tracks;
SELECT count(*) > 0 AS duplicate_entries
FROM (SELECT FROM sgr.playlist_tracks GROUP BY playlist_id, track_id HAVING count(*) > 1) AS d;
SELECT max(entries) AS longest, count(*) FILTER (WHERE entries > 1000) AS over_1000
FROM (SELECT count(*) AS entries FROM sgr.playlist_tracks GROUP BY playlist_id) AS p;

-- The planted scenes: scene = (track_id - 1) % 10. Of the top ten of 100 seeds, in percent of rows in the seed's scene.
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
CREATE TEMP TABLE top AS
SELECT s.seed, r.track_id
FROM generate_series(1, 5000, 50) AS s (seed) CROSS JOIN LATERAL sgr_recommend(s.seed::bigint, 10) AS r;
SELECT count(*) AS rows FROM top;
SELECT 100.0 * avg(((track_id - 1) % 10 = (seed - 1) % 10)::integer) >= 90 AS "at least 90% in the scene" FROM top;
DROP TABLE top;

-- The same again for the same seed, something else for another.
CREATE TEMP TABLE first_load AS SELECT md5(string_agg(t::text, '' ORDER BY track_id)) AS tracks,
    (SELECT md5(string_agg(p::text, '' ORDER BY playlist_id, position)) FROM sgr.playlist_tracks AS p) AS entries FROM sgr.tracks AS t;
SELECT count(*) AS tables FROM sgr_demo_load(replace => true);
SELECT f.tracks = n.tracks AS same_tracks, f.entries = n.entries AS same_entries
FROM first_load AS f, (SELECT md5(string_agg(t::text, '' ORDER BY track_id)) AS tracks,
    (SELECT md5(string_agg(p::text, '' ORDER BY playlist_id, position)) FROM sgr.playlist_tracks AS p) AS entries FROM sgr.tracks AS t) AS n;
SELECT count(*) AS tables FROM sgr_demo_load(replace => true, seed => 43);
SELECT f.tracks = md5(string_agg(t::text, '' ORDER BY track_id)) AS same_tracks FROM first_load AS f, sgr.tracks AS t GROUP BY f.tracks;
DROP TABLE first_load;

-- Sizes at the edge.
SELECT * FROM sgr_demo_load(tracks => 1, playlists => 0, users => 0, replace => true);
SELECT * FROM sgr_demo_load(tracks => 50, playlists => 20, users => 10, scenes => 50, replace => true);

-- A catalogue that holds rows is not touched unless told to.
SELECT * FROM sgr_demo_load();
\echo :SQLSTATE
TRUNCATE sgr.tracks, sgr.artists, sgr.users, sgr.track_artists, sgr.playlists, sgr.playlist_tracks, sgr.interactions;
SELECT * FROM sgr_demo_load();
\echo :SQLSTATE
SELECT count(*) AS follows FROM sgr.follows;

-- Bad sizes.
SELECT * FROM sgr_demo_load(tracks => 0, replace => true);
\echo :SQLSTATE
SELECT * FROM sgr_demo_load(tracks => -1, replace => true);
\echo :SQLSTATE
SELECT * FROM sgr_demo_load(tracks => NULL, replace => true);
\echo :SQLSTATE
SELECT * FROM sgr_demo_load(scenes => 501, replace => true);
\echo :SQLSTATE
SELECT * FROM sgr_demo_load(users => 2000000000, replace => true);
\echo :SQLSTATE
SELECT count(*) AS follows FROM sgr.follows;
CALL test.reset();
