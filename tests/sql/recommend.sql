-- sgr_recommend: exactly k rows, a prefix of any longer answer, and a score that is the sum of what it shows.
\set SHOW_CONTEXT never
CALL test.reset();
SELECT * FROM sgr_recommend(1);
\echo :SQLSTATE
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 1200, playlists => 500, users => 300);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
-- A track that nobody heard, with tags; one with nothing at all; one after the refresh.
INSERT INTO sgr.tracks (track_id, title, genre, tags, artist_id)
SELECT 5001, 'New with tags', genre, tags, NULL FROM sgr.tracks WHERE track_id = 1;
INSERT INTO sgr.tracks (track_id) VALUES (5002);
INSERT INTO sgr.tracks (track_id, title, artist_id) SELECT 5003, 'New by a known artist', artist_id FROM sgr.tracks WHERE track_id = 1;
SELECT mode FROM sgr_cooccur_refresh('tag');
INSERT INTO sgr.tracks (track_id, title) VALUES (5004, 'After the refresh');

CREATE TEMP TABLE answers AS
SELECT s.seed, r.* FROM unnest('{1,2,3,77,400,1200,5001,5002,5003,5004}'::bigint[]) AS s (seed) CROSS JOIN LATERAL sgr_recommend(s.seed, 50) AS r;
SELECT seed, count(*) AS rows, count(DISTINCT track_id) AS tracks, min(rank), max(rank), bool_or(track_id = seed) AS has_seed
FROM answers GROUP BY seed ORDER BY seed;
-- The score is the sum, in this order, to the last bit; every part is a share of its weight.
SELECT count(*) AS wrong_sums FROM answers WHERE score <> by_playlists + by_likes + by_tags + by_artist + by_popularity;
SELECT count(*) AS out_of_range
FROM answers CROSS JOIN (SELECT jsonb_object_agg(signal, share) AS share FROM sgr.signals WHERE profile = 'default') AS s
WHERE NOT (by_playlists BETWEEN 0 AND (share->>'playlists')::float + 1e-12 AND by_likes BETWEEN 0 AND (share->>'likes')::float + 1e-12
           AND by_tags BETWEEN 0 AND (share->>'tags')::float + 1e-12 AND by_artist BETWEEN 0 AND (share->>'artist')::float + 1e-12
           AND by_popularity BETWEEN 0 AND (share->>'popularity')::float + 1e-12 AND confidence >= 0 AND confidence < 1);
SELECT count(*) AS without_reason FROM answers WHERE because IS NULL OR because = '';
-- Rows that were proposed come first, by score; rows that fill up come after, by popularity.
SELECT count(*) AS not_descending
FROM (SELECT score, fallback, lag(score) OVER w AS before, lag(fallback) OVER w AS fallback_before FROM answers WINDOW w AS (PARTITION BY seed ORDER BY rank)) AS a
WHERE score > before AND NOT (fallback = 'popularity');
SELECT fallback, count(*) > 0 AS some FROM answers GROUP BY fallback ORDER BY fallback;
-- Shorter answers are prefixes of longer ones.
SELECT count(*) AS differing
FROM unnest('{1,2,400,5001,5002,5004}'::bigint[]) AS s (seed) CROSS JOIN unnest('{1,5,10,33}'::integer[]) AS n (k)
CROSS JOIN LATERAL sgr_recommend(s.seed, n.k) AS r
LEFT JOIN answers AS a ON a.seed = s.seed AND a.rank = r.rank
WHERE (a.track_id, a.score, a.because) IS DISTINCT FROM (r.track_id, r.score, r.because);
-- k over everything there is gives everything but the seed; k = 0 nothing.
SELECT count(*) AS rows, count(DISTINCT track_id) AS tracks FROM sgr_recommend(1, 100000);
SELECT count(*) AS tracks FROM sgr.tracks;
SELECT count(*) AS rows FROM sgr_recommend(1, 0);

-- Not the same artist.
SELECT count(*) AS rows, count(*) FILTER (WHERE t.artist_id = (SELECT artist_id FROM sgr.tracks WHERE track_id = 1)) AS same_artist
FROM sgr_recommend(1, 500, exclude_same_artist => true) AS r JOIN sgr.tracks AS t USING (track_id);
SELECT count(*) AS rows FROM sgr_recommend(5002, 20, exclude_same_artist => true);
-- Genres and tags: filters come before the cut, spelling does not matter.
SELECT genre AS g, tags[1] AS t FROM sgr.tracks WHERE track_id = 1 \gset
SELECT count(*) AS rows, bool_and(lower(t.genre) = lower(:'g')) AS all_of_genre
FROM sgr_recommend(2, 60, genres => ARRAY[upper(:'g')]) AS r JOIN sgr.tracks AS t USING (track_id);
SELECT count(*) AS of_genre FROM sgr.tracks WHERE lower(genre) = lower(:'g');
SELECT (SELECT count(*) FROM sgr_recommend(2, 10000, genres => ARRAY[:'g'])) = (SELECT count(*) FROM sgr.tracks WHERE lower(genre) = lower(:'g')) AS all_of_them;
SELECT bool_and(EXISTS (SELECT FROM unnest(t.tags || t.genre) AS tag WHERE lower(btrim(tag)) = lower(btrim(:'t')))) AS all_have_tag, count(*) AS rows
FROM sgr_recommend(2, 20, tags => ARRAY['  ' || upper(:'t')]) AS r JOIN sgr.tracks AS t USING (track_id);
SELECT count(*) AS rows FROM sgr_recommend(2, 5, genres => '{"no such genre"}');
SELECT count(*) AS rows FROM sgr_recommend(2, 5, tags => '{}');
SELECT count(*) AS rows FROM sgr_recommend(2, 5, tags => ARRAY[NULL, :'t']);

-- A hand-made catalogue, with every number to be checked by hand.
CALL test.reset();
INSERT INTO sgr.artists (artist_id, name) VALUES (10, 'Ann'), (20, 'Bob'), (30, 'Cid');
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags) VALUES
    (1, 10, 'Seed', 'Rock', '{loud, fast}'), (2, 10, 'Same artist', NULL, NULL), (3, 20, 'Two playlists', 'rock', '{" LOUD ", fast}'),
    (4, 30, 'Collaborator', NULL, NULL), (5, 20, 'One like', NULL, '{slow}'), (6, 20, 'Tags only', 'Rock', '{quiet}'),
    (7, 20, 'Nothing', 'Jazz', NULL);
INSERT INTO sgr.track_artists VALUES (4, 10, 'featured');
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 3, 2), (2, 1, 1), (2, 3, 2), (3, 3, 1), (3, 7, 2);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (1, 5), (2, 5);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
\set columns 'rank, track_id, title, artist, round(score::numeric, 4) AS score, round(by_playlists::numeric, 4) AS by_playlists, round(by_likes::numeric, 4) AS by_likes, round(by_tags::numeric, 4) AS by_tags, round(by_artist::numeric, 4) AS by_artist, round(by_popularity::numeric, 4) AS by_popularity, round(confidence::numeric, 4) AS confidence, fallback, because'
SELECT :columns FROM sgr_recommend(1) ORDER BY rank;
-- Track 3: together 2, in 3 playlists, the seed in 2; the most popular track. Track 5: together 1, likes 2 and 1.
SELECT signal, weight, CASE signal WHEN 'playlists' THEN round((weight * 2 / sqrt(2 * 3) * 2 / 3)::numeric, 4) WHEN 'popularity' THEN weight END AS track_3,
       CASE signal WHEN 'likes' THEN round((weight * 1 / sqrt(1 * 2) * 1 / 2)::numeric, 4) END AS track_5
FROM sgr.signals WHERE profile = 'default' ORDER BY ordinal;
-- idf(rock) = ln(6/4), idf(loud) = idf(fast) = ln(6/3) with 5 tagged tracks; 1 and 3 have all three.
SELECT tag, tracks, round(idf::numeric, 6) AS idf FROM sgr.tag_index ORDER BY tag;
SELECT :columns FROM sgr_recommend('1', 3, profile => 'default') ORDER BY rank;

-- A tag that all tagged tracks have says nothing: it neither ranks nor counts as evidence.
CREATE TABLE kept_tags AS SELECT track_id, tags, genre FROM sgr.tracks;
UPDATE sgr.tracks SET genre = NULL, tags = CASE WHEN track_id IN (6, 7) THEN '{everywhere}'::text[] END;
SELECT mode FROM sgr_cooccur_refresh('tag');
SELECT track_id, round(score::numeric, 4) AS score, round(confidence::numeric, 4) AS confidence, fallback, because FROM sgr_recommend(6, 3) ORDER BY rank;
UPDATE sgr.tracks AS t SET genre = k.genre, tags = k.tags FROM kept_tags AS k WHERE k.track_id = t.track_id;
DROP TABLE kept_tags;
SELECT mode FROM sgr_cooccur_refresh('tag');

-- Weights and profiles.
SELECT signal_name, signal_weight, round(share::numeric, 4) AS share FROM sgr_signal_set('tags', 1, 'by tags');
SELECT signal_name, signal_weight FROM sgr_signal_set('playlists', 0, 'by tags') LIMIT 2;
-- A signal of weight 0 is no reason.
SELECT track_id, round(score::numeric, 4) AS score, because FROM sgr_recommend(1, 3, profile => 'by tags') ORDER BY rank;
SELECT bool_and(abs(score - (by_playlists + by_likes + by_tags + by_artist + by_popularity)) = 0) AS sums FROM sgr_recommend(1, 10, profile => 'by tags');
SELECT profile, signal, weight, round(share::numeric, 4) AS share FROM sgr.signals ORDER BY profile, ordinal;
SELECT profile, round(sum(share)::numeric, 9) AS sum_of_shares FROM sgr.signals GROUP BY profile ORDER BY profile;
SELECT track_id FROM sgr_recommend(1, 3) ORDER BY rank;
-- The default profile can be changed too, and back.
SELECT signal_name, signal_weight FROM sgr_signal_set('playlists', 0);
SELECT track_id FROM sgr_recommend(1, 3) ORDER BY rank;
SELECT signal_name, signal_weight FROM sgr_signal_set('playlists', NULL);
SELECT count(*) AS rows_left FROM sgr.signal_weights WHERE profile = 'default';
-- All weights 0 is no profile; the transaction is as before.
SELECT count(*) AS rows FROM unnest('{playlists,likes,tags,artist}'::text[]) AS s CROSS JOIN LATERAL sgr_signal_set(s, 0, 'zero');
SELECT * FROM sgr_signal_set('popularity', 0, 'zero');
\echo :SQLSTATE
SELECT signal, weight FROM sgr.signals WHERE profile = 'zero' ORDER BY ordinal;
SELECT * FROM sgr_signal_set('tag', 1);
\echo :SQLSTATE
SELECT * FROM sgr_signal_set(NULL, 1);
\echo :SQLSTATE
SELECT * FROM sgr_signal_set('tags', -0.1);
\echo :SQLSTATE
SELECT * FROM sgr_signal_set('tags', 'NaN');
\echo :SQLSTATE
SELECT * FROM sgr_signal_set('tags', 'Infinity');
\echo :SQLSTATE
SELECT * FROM sgr_signal_set('tags', 1, '');
\echo :SQLSTATE

SELECT * FROM sgr_recommend(42);
\echo :SQLSTATE
SELECT * FROM sgr_recommend('42');
\echo :SQLSTATE
SELECT * FROM sgr_recommend('Seed');
\echo :SQLSTATE
SELECT * FROM sgr_recommend(1, -1);
\echo :SQLSTATE
SELECT * FROM sgr_recommend(1, NULL);
\echo :SQLSTATE
SELECT * FROM sgr_recommend(NULL::bigint);
\echo :SQLSTATE
SELECT * FROM sgr_recommend(1, profile => 'nobody''s');
\echo :SQLSTATE
SELECT * FROM sgr_recommend(1, profile => NULL);
\echo :SQLSTATE
CALL test.reset();
