-- Incremental refresh: only what changed is counted again, and with rank_by together it comes to the same as a full one.
\set SHOW_CONTEXT never
CALL test.reset();
CALL test.load_small();
-- Says how much of what incremental refreshes left a full one changes.
CREATE TEMP TABLE kept_lists AS SELECT kind, item_id, baskets, neighbours, together FROM sgr.cooccurrence;
CREATE TEMP TABLE kept_pairs AS SELECT kind, item_id_a, item_id_b, together, cosine, jaccard, lift FROM sgr.cooccurrence_pairs;
CREATE TEMP TABLE kept_state AS SELECT kind, total_baskets FROM sgr.cooccurrence_state;
CREATE TEMP TABLE kept_features AS SELECT track_id, playlists, likes FROM sgr.track_features;
CREATE PROCEDURE pg_temp.compare(rank_by text) LANGUAGE plpgsql AS $$
DECLARE
    lists bigint;
    pairs bigint;
    totals bigint;
    counts bigint;
BEGIN
    TRUNCATE kept_lists, kept_pairs, kept_state, kept_features;
    INSERT INTO kept_lists SELECT kind, item_id, baskets, neighbours, together FROM sgr.cooccurrence;
    INSERT INTO kept_pairs SELECT kind, item_id_a, item_id_b, together, cosine, jaccard, lift FROM sgr.cooccurrence_pairs;
    INSERT INTO kept_state SELECT kind, total_baskets FROM sgr.cooccurrence_state;
    INSERT INTO kept_features SELECT track_id, playlists, likes FROM sgr.track_features;
    PERFORM sgr_cooccur_refresh(rank_by => compare.rank_by, mode => 'full');
    SELECT count(*) INTO lists FROM (
        (TABLE kept_lists EXCEPT ALL SELECT kind, item_id, baskets, neighbours, together FROM sgr.cooccurrence)
        UNION ALL (SELECT kind, item_id, baskets, neighbours, together FROM sgr.cooccurrence EXCEPT ALL TABLE kept_lists)) AS d;
    SELECT count(*) INTO pairs FROM (
        (TABLE kept_pairs EXCEPT ALL SELECT kind, item_id_a, item_id_b, together, cosine, jaccard, lift FROM sgr.cooccurrence_pairs)
        UNION ALL (SELECT kind, item_id_a, item_id_b, together, cosine, jaccard, lift FROM sgr.cooccurrence_pairs EXCEPT ALL TABLE kept_pairs)) AS d;
    SELECT count(*) INTO totals FROM kept_state AS k JOIN sgr.cooccurrence_state AS s USING (kind) WHERE s.total_baskets <> k.total_baskets;
    SELECT count(*) INTO counts FROM kept_features AS k FULL JOIN sgr.track_features AS f USING (track_id)
    WHERE (f.playlists, f.likes) IS DISTINCT FROM (k.playlists, k.likes);
    RAISE INFO 'differing lists %, pairs %, totals %, features %', lists, pairs, totals, counts;
END
$$;
\set columns 'basket, item, mode, entries, baskets, rows_written, pairs_written'

SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together');
-- Nothing changed.
SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together');
SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together', mode => 'incremental');

-- A new playlist with a track that nobody knows; one entry more; one entry changed; a playlist gone; a like more, one less.
INSERT INTO sgr.playlist_tracks VALUES (100, 1, 1), (100, 2, 2), (100, 777, 3), (100, 1, 4);
SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together', mode => 'incremental');
CALL pg_temp.compare('together');
INSERT INTO sgr.playlist_tracks VALUES (3, 59, 100);
UPDATE sgr.playlist_tracks SET track_id = 44 WHERE playlist_id = 5 AND position = 1;
DELETE FROM sgr.playlist_tracks WHERE playlist_id = 100;
INSERT INTO sgr.interactions (user_id, track_id) VALUES (7, 60), (99, 1), (99, 2);
DELETE FROM sgr.interactions WHERE user_id = 8 AND kind = 'like';
SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together', mode => 'incremental');
CALL pg_temp.compare('together');
-- An entry moves to another playlist.
UPDATE sgr.playlist_tracks SET playlist_id = 12, position = 500 WHERE playlist_id = 11 AND position = 1;
SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together', mode => 'incremental');
CALL pg_temp.compare('together');
-- Plays are not counted, so nothing has to be done.
INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES (1, 50, 'play');
SELECT :columns FROM sgr_cooccur_refresh(rank_by => 'together', mode => 'incremental');

-- A playlist grows over max_basket_len and shrinks again.
SELECT mode, baskets, baskets_skipped FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', max_basket_len => 20);
INSERT INTO sgr.playlist_tracks SELECT 9, t, 100 + t FROM generate_series(1, 30) AS t;
SELECT mode, baskets_skipped FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', max_basket_len => 20, mode => 'incremental');
SELECT total_baskets FROM sgr.cooccurrence_state WHERE kind = 1;
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs(max_basket_len => 20) EXCEPT ALL SELECT * FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored() EXCEPT ALL SELECT * FROM test.pairs(max_basket_len => 20)) AS d) AS wrong;
DELETE FROM sgr.playlist_tracks WHERE playlist_id = 9 AND position > 105;
SELECT mode, baskets_skipped FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', max_basket_len => 20, mode => 'incremental');
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs(max_basket_len => 20) EXCEPT ALL SELECT * FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored() EXCEPT ALL SELECT * FROM test.pairs(max_basket_len => 20)) AS d) AS wrong;

-- By cosine the lists of untouched rows may lag; the scores do not. With all pairs kept nothing can lag but the order.
SELECT count(*) AS kinds FROM sgr_cooccur_refresh(top_k => NULL, mode => 'full');
INSERT INTO sgr.playlist_tracks VALUES (101, 1, 1), (101, 2, 2), (102, 1, 1), (102, 40, 2);
DELETE FROM sgr.playlist_tracks WHERE playlist_id = 20;
SELECT :columns FROM sgr_cooccur_refresh(top_k => NULL, mode => 'incremental');
SELECT s.kind, s.drifted > 0 AS drifted,
       (SELECT count(*) FROM (SELECT * FROM test.pairs(s.basket, s.item) EXCEPT ALL SELECT * FROM test.stored(s.kind)) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored(s.kind) EXCEPT ALL SELECT * FROM test.pairs(s.basket, s.item)) AS d) AS wrong
FROM sgr.cooccurrence_state AS s ORDER BY s.kind;
-- A full refresh clears the drift.
SELECT count(*) AS kinds FROM sgr_cooccur_refresh(top_k => NULL, mode => 'full');
SELECT kind, drifted FROM sgr.cooccurrence_state ORDER BY kind;
SELECT count(*) AS drift FROM sgr.cooccurrence_drift;

-- auto: full when the parameters differ, or when more than a tenth of the playlists changed (and more than ten).
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
UPDATE sgr.playlist_tracks SET added_at = now() WHERE playlist_id <= 10;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
UPDATE sgr.playlist_tracks SET added_at = now() WHERE playlist_id <= 11;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
-- TRUNCATE is a change like any other.
SET client_min_messages = warning;
TRUNCATE sgr.playlist_tracks;
SELECT mode, rows_written FROM sgr_cooccur_refresh('playlist', 'track');
SELECT count(*) AS pairs FROM sgr.track_cooccurrence;

-- Changes of the same transaction are seen, and once more by the next refresh: nobody knows yet whether they will stay.
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 3, 2);
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
BEGIN;
INSERT INTO sgr.playlist_tracks VALUES (3, 1, 1), (3, 4, 2);
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
COMMIT;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
SELECT track_id_a, track_id_b, together FROM sgr.track_cooccurrence ORDER BY 1, 2;
-- A refresh that is rolled back leaves the old rows.
BEGIN;
DELETE FROM sgr.playlist_tracks;
SELECT mode, rows_written FROM sgr_cooccur_refresh('playlist', 'track', mode => 'full');
SELECT count(*) AS pairs FROM sgr.track_cooccurrence;
ROLLBACK;
SELECT count(*) AS pairs FROM sgr.track_cooccurrence;
-- Notes of changes do not pile up once every kind has seen them.
SELECT count(*) AS kinds FROM sgr_cooccur_refresh();
SELECT count(*) AS kinds FROM sgr_cooccur_refresh();
SELECT count(*) AS notes FROM sgr.cooccurrence_changes;

-- When it cannot be had.
CALL test.reset();
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2);
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', mode => 'incremental');
\echo :SQLSTATE
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', top_k => 50, min_together => 2, mode => 'incremental');
\echo :SQLSTATE
TRUNCATE sgr.playlist_tracks;
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', mode => 'incremental');
\echo :SQLSTATE
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2);
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'weighted_cosine');
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'weighted_cosine', mode => 'incremental');
\echo :SQLSTATE
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', since => '2020-01-01 00:00+00');
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', since => '2020-01-01 00:00+00', mode => 'incremental');
\echo :SQLSTATE

-- More than 10,000 playlists in one statement count as everything.
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
INSERT INTO sgr.playlist_tracks SELECT p, p % 50, 1 FROM generate_series(1000, 11000) AS p;
SELECT basket, basket_id, track_id FROM sgr.cooccurrence_changes;
SELECT mode, baskets FROM sgr_cooccur_refresh('playlist', 'track');
CALL test.reset();

-- Tracks that arrive after their entries bring their artists along; a track that changes hands makes the refresh full.
CALL test.reset();
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (1, 10, 1), (1, 20, 2), (2, 10, 1), (2, 20, 2), (3, 30, 1);
SELECT item, mode, rows_written FROM sgr_cooccur_refresh('playlist');
INSERT INTO sgr.tracks (track_id, artist_id) VALUES (10, 1), (20, 2);
SELECT item, mode, rows_written FROM sgr_cooccur_refresh('playlist', 'artist');
SELECT item_id_a, item_id_b, together FROM sgr.cooccurrence_pairs WHERE kind = 3 ORDER BY 1, 2;
INSERT INTO sgr.tracks (track_id, artist_id) VALUES (40, 4);
UPDATE sgr.tracks SET title = 'Same hands' WHERE track_id = 10;
SELECT item, mode FROM sgr_cooccur_refresh('playlist', 'artist');
UPDATE sgr.tracks SET artist_id = 5 WHERE track_id = 20;
SELECT item, mode FROM sgr_cooccur_refresh('playlist', 'artist');
SELECT item_id_a, item_id_b, together FROM sgr.cooccurrence_pairs WHERE kind = 3 ORDER BY 1, 2;
