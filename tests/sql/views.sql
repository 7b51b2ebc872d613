-- The views for people and BI tools.
CALL test.reset();
INSERT INTO sgr.artists (artist_id, name, followers_count) VALUES (10, 'Ann', 5), (20, 'Bob', NULL);
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, released_on, playback_count, likes_count) VALUES
    (1, 10, 'One', 'Rock', '2020-01-02', 100, 10), (2, 10, 'Two', NULL, NULL, NULL, NULL), (3, 20, 'Three', NULL, NULL, NULL, NULL), (4, 99, 'Four', NULL, NULL, 1, 1);
INSERT INTO sgr.users (user_id, name) VALUES (1, 'Una');
INSERT INTO sgr.playlists (playlist_id, title, owner_id, is_album) VALUES (1, 'First', 1, false), (2, 'Second', NULL, true), (3, 'Empty', 1, false);
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2), (1, 1, 3), (2, 1, 1), (2, 2, 2), (2, 3, 3), (7, 3, 1), (7, 8, 2);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (1, 3), (2, 1);
-- Before a refresh.
SELECT track_id, title, artist, playlists, likes, popularity FROM sgr.track_stats ORDER BY 1;
SELECT count(*) AS pairs FROM sgr.track_cooccurrence;
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
SET DateStyle = 'ISO';
SELECT track_id, title, artist_id, artist, genre, released_on, playlists, likes, round(popularity::numeric, 4) AS popularity, playback_count, likes_count, reposts_count, comment_count
FROM sgr.track_stats ORDER BY 1;
RESET DateStyle;
SELECT artist_id, name, followers_count, tracks, playlist_entries, likes, round(top_popularity::numeric, 4) AS top_popularity, playback_count FROM sgr.artist_stats ORDER BY 1;
SELECT playlist_id, title, owner_id, is_album, is_public, entries, tracks, artists, round(mean_popularity::numeric, 4) AS mean_popularity FROM sgr.playlist_stats ORDER BY 1;
SELECT what, rows FROM sgr.catalogue_counts ORDER BY 1;
SELECT track_id_a, title_a, track_id_b, title_b, together, round(cosine::numeric, 4) AS cosine, round(jaccard::numeric, 4) AS jaccard, round(lift::numeric, 4) AS lift FROM sgr.top_pairs;
SELECT basket, item, item_id_a, item_id_b, together, place FROM sgr.cooccurrence_pairs WHERE item = 'artist' ORDER BY 1, 2, 3, 6;
-- The most frequent pairs stand first, and a pair is there that only the list of its second track kept.
TRUNCATE sgr.playlist_tracks;
INSERT INTO sgr.playlist_tracks SELECT p, 1, 1 FROM generate_series(1, 4) AS p;
INSERT INTO sgr.playlist_tracks SELECT p, 1 + p, 2 FROM generate_series(1, 4) AS p;
INSERT INTO sgr.playlist_tracks VALUES (5, 1, 1), (5, 2, 2), (6, 3, 1), (6, 4, 2), (7, 3, 1), (7, 4, 2), (8, 3, 1), (8, 4, 2);
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', top_k => 1);
SELECT item_id, neighbours FROM sgr.cooccurrence WHERE kind = 1 ORDER BY 1;
SELECT track_id_a, track_id_b, together FROM sgr.top_pairs;
SELECT profile, ordinal, signal, weight, round(share::numeric, 4) AS share FROM sgr.signals ORDER BY 1, 2;
-- A view reads with its reader's rights, wherever Postgres can do that.
SELECT count(*) AS views, count(*) FILTER (WHERE reloptions @> '{security_invoker=true}' OR current_setting('server_version_num')::integer < 150000) AS by_the_reader
FROM pg_class WHERE relnamespace = 'sgr'::regnamespace AND relkind = 'v';
CALL test.reset();
