-- What sgr_cooccur_refresh(), sgr_cooccur_estimate() and sgr_cooccur_touch() refuse.
\set SHOW_CONTEXT never
CALL test.reset();
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2);
SELECT * FROM sgr_cooccur_refresh('playlists');
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh('playlist', 'tracks');
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh('tag', 'artist');
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(top_k => 0);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(top_k => -1);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(min_together => 0);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(min_together => NULL);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(max_basket_len => 0);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(max_per_owner => 0);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(rank_by => NULL);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(rank_by => 'weighted_cosine', max_per_owner => 1);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(threads => -1);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(threads => 257);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(mode => 'quick');
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_refresh(mode => NULL);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_estimate('track');
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_estimate(top_k => 0);
\echo :SQLSTATE
-- Nothing was done.
SELECT count(*) AS runs FROM sgr.runs;
SELECT count(*) AS rows FROM sgr.cooccurrence;

-- Over the memory limit: the refresh says so, the estimate says how much it would be.
INSERT INTO sgr.playlist_tracks SELECT p, 1 + (p * 37 + i * i) % 20000, i FROM generate_series(2, 1200) AS p, generate_series(1, 50) AS i;
SET sgr_graph.memory_limit = '1MB';
SELECT * FROM sgr_cooccur_refresh('playlist', 'track');
\echo :SQLSTATE
SELECT entries, baskets, memory_bytes > 1048576 AS over_limit FROM sgr_cooccur_estimate('playlist', 'track');
RESET sgr_graph.memory_limit;
SET sgr_graph.memory_limit = 0;
\echo :SQLSTATE
SET sgr_graph.threads = 257;
\echo :SQLSTATE

-- Touching: one's own relations say what changed.
SELECT sgr_cooccur_touch('{1,2}');
SELECT sgr_cooccur_touch('{7}', 'like', '{70,71}');
SELECT sgr_cooccur_touch('{}');
SELECT basket, basket_id, track_id FROM sgr.cooccurrence_changes WHERE basket = 'like' OR basket_id <= 2 ORDER BY 1, 2, 3;
SELECT sgr_cooccur_touch('{1}', 'track');
\echo :SQLSTATE
SELECT sgr_cooccur_touch(NULL);
\echo :SQLSTATE
SELECT sgr_cooccur_touch('{1,NULL}');
\echo :SQLSTATE
SELECT sgr_cooccur_touch('{1}', NULL);
\echo :SQLSTATE
CALL test.reset();
