-- sgr_related: neighbours by every measure, filters, refusals.
\set SHOW_CONTEXT never
CALL test.reset();
SELECT * FROM sgr_related(1);
\echo :SQLSTATE
-- A small world: 1 and 2 are in three playlists together; 4 is rare; 5 stands alone; 9 is in no playlist.
INSERT INTO sgr.artists (artist_id, name) VALUES (10, 'Ann'), (20, 'Bob');
INSERT INTO sgr.tracks (track_id, artist_id, title) VALUES (1, 10, 'One'), (2, 10, 'Two'), (3, 20, 'Three'), (4, 20, 'Four'), (9, 20, 'Nine');
INSERT INTO sgr.playlist_tracks VALUES
    (1, 1, 1), (1, 2, 2), (1, 3, 3),
    (2, 1, 1), (2, 2, 2),
    (3, 1, 1), (3, 2, 2), (3, 1, 3),
    (4, 1, 1), (4, 4, 2),
    (5, 2, 1), (5, 3, 2),
    (6, 3, 1),
    (7, 5, 1);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (1, 9), (2, 1), (2, 9), (3, 1), (3, 3);
INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES (4, 1, 'play'), (4, 2, 'play');
SELECT * FROM sgr_related(1);
\echo :SQLSTATE
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();

\set columns 'rank, track_id, title, artist, round(score::numeric, 6) AS score, together, round(cosine::numeric, 6) AS cosine, round(jaccard::numeric, 6) AS jaccard, round(lift::numeric, 6) AS lift'
SELECT :columns FROM sgr_related(1) ORDER BY rank;
SELECT :columns FROM sgr_related(1, measure => 'together') ORDER BY rank;
SELECT :columns FROM sgr_related(1, measure => 'jaccard') ORDER BY rank;
SELECT :columns FROM sgr_related(1, measure => 'lift') ORDER BY rank;
SELECT :columns FROM sgr_related(1, basket => 'like') ORDER BY rank;
SELECT :columns FROM sgr_related(1, k => 1) ORDER BY rank;
SELECT :columns FROM sgr_related(1, min_together => 2) ORDER BY rank;
SELECT :columns FROM sgr_related(1, exclude_same_artist => true) ORDER BY rank;
-- Filters come before the cut.
SELECT :columns FROM sgr_related(1, k => 1, exclude_same_artist => true) ORDER BY rank;
SELECT :columns FROM sgr_related(2, measure => 'together') ORDER BY rank;
-- A track that stands alone, one that is in no playlist, one without metadata.
SELECT :columns FROM sgr_related(5) ORDER BY rank;
SELECT :columns FROM sgr_related(9) ORDER BY rank;
SELECT :columns FROM sgr_related(1, 0) ORDER BY rank;
-- By id as text, by name.
SELECT track_id FROM sgr_related('1', 2) ORDER BY rank;
SELECT track_id FROM sgr_related(track => 1, k => 2, measure => 'together') ORDER BY rank;

SELECT rank_by FROM (SELECT parameters->>'rank_by' AS rank_by FROM sgr.cooccurrence_state WHERE kind = 1) AS s;
SELECT * FROM sgr_related(1, measure => 'weighted_cosine');
\echo :SQLSTATE
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'weighted_cosine');
SELECT :columns FROM sgr_related(1, measure => 'weighted_cosine') ORDER BY rank;
SELECT :columns FROM sgr_related(1) ORDER BY rank;

SELECT * FROM sgr_related(6);
\echo :SQLSTATE
SELECT * FROM sgr_related('6');
\echo :SQLSTATE
SELECT * FROM sgr_related(NULL::bigint);
\echo :SQLSTATE
SELECT * FROM sgr_related(1, -1);
\echo :SQLSTATE
SELECT * FROM sgr_related(1, NULL);
\echo :SQLSTATE
SELECT * FROM sgr_related(1, basket => 'album');
\echo :SQLSTATE
SELECT * FROM sgr_related(1, basket => NULL);
\echo :SQLSTATE
SELECT * FROM sgr_related(1, measure => 'pearson');
\echo :SQLSTATE
SELECT * FROM sgr_related(1, min_together => 0);
\echo :SQLSTATE

-- The views show the same pairs.
SELECT track_id_a, track_id_b, together, round(cosine::numeric, 6) AS cosine FROM sgr.track_cooccurrence ORDER BY 1, together DESC, 2;
SELECT title_a, title_b, together FROM sgr.top_pairs ORDER BY together DESC, cosine DESC, track_id_a, track_id_b;
SELECT item_id_a, item_id_b, together, place FROM sgr.cooccurrence_pairs WHERE basket = 'like' AND item = 'track' ORDER BY 1, place;
CALL test.reset();
