-- sgr_recommend_user: from likes and playlists, without what the user has, naming the track that weighed most.
\set SHOW_CONTEXT never
CALL test.reset();
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1);
SELECT * FROM sgr_recommend_user(1);
\echo :SQLSTATE
CALL test.reset();
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 1200, playlists => 500, users => 300);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
CREATE FUNCTION pg_temp.has(u bigint) RETURNS SETOF bigint LANGUAGE sql AS $$
    SELECT track_id FROM sgr.interactions WHERE user_id = u AND kind = 'like'
    UNION SELECT e.track_id FROM sgr.playlists AS p JOIN sgr.playlist_tracks AS e USING (playlist_id) WHERE p.owner_id = u
$$;
CREATE TEMP TABLE answers AS
SELECT u.id AS user_id, r.* FROM generate_series(1, 300, 30) AS u (id) CROSS JOIN LATERAL sgr_recommend_user(u.id, 30) AS r;
SELECT count(*) AS rows, count(DISTINCT (user_id, track_id)) AS tracks,
       count(*) FILTER (WHERE track_id IN (SELECT pg_temp.has(user_id))) AS known FROM answers;
SELECT count(*) AS wrong_sums FROM answers WHERE score <> by_playlists + by_likes + by_tags + by_artist + by_popularity;
SELECT count(*) AS out_of_range
FROM answers CROSS JOIN (SELECT jsonb_object_agg(signal, share) AS share FROM sgr.signals WHERE profile = 'default') AS s
WHERE NOT (by_playlists BETWEEN 0 AND (share->>'playlists')::float + 1e-12 AND by_likes BETWEEN 0 AND (share->>'likes')::float + 1e-12
           AND by_tags BETWEEN 0 AND (share->>'tags')::float + 1e-12 AND by_artist BETWEEN 0 AND (share->>'artist')::float + 1e-12
           AND by_popularity BETWEEN 0 AND (share->>'popularity')::float + 1e-12 AND confidence >= 0 AND confidence < 1);
SELECT count(*) AS differing
FROM generate_series(1, 300, 30) AS u (id) CROSS JOIN LATERAL sgr_recommend_user(u.id, 7) AS r
JOIN answers AS a ON a.user_id = u.id AND a.rank = r.rank
WHERE (a.track_id, a.score) IS DISTINCT FROM (r.track_id, r.score);
-- include_known admits them; then the strongest of one's own come up.
SELECT count(*) > 0 AS known FROM sgr_recommend_user(1, 50, include_known => true) WHERE track_id IN (SELECT pg_temp.has(1));
-- Everything the user does not have, and not more.
SELECT (SELECT count(*) FROM sgr_recommend_user(1, 100000)) = (SELECT count(*) FROM sgr.tracks) - (SELECT count(*) FROM pg_temp.has(1)) AS all_others;

-- By hand: user 1 likes track 1 and owns a playlist with track 2.
CALL test.reset();
INSERT INTO sgr.artists (artist_id, name) VALUES (10, 'Ann'), (20, 'Bob');
INSERT INTO sgr.tracks (track_id, artist_id, title, tags) VALUES
    (1, 10, 'Liked', '{calm}'), (2, 20, 'In a "playlist"', '{loud}'), (3, 10, 'By likes', '{calm}'), (4, 20, 'By playlists', NULL), (5, 30, 'Other', '{odd}');
INSERT INTO sgr.playlists (playlist_id, owner_id) VALUES (1, 1), (2, 2), (3, 3);
INSERT INTO sgr.playlist_tracks VALUES (1, 2, 1), (2, 2, 1), (2, 4, 2), (3, 5, 1);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (2, 1), (2, 3), (3, 1), (3, 3), (4, 5);
INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES (9, 1, 'play');
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
\set columns 'rank, track_id, title, artist, round(score::numeric, 4) AS score, round(by_playlists::numeric, 4) AS by_playlists, round(by_likes::numeric, 4) AS by_likes, round(by_tags::numeric, 4) AS by_tags, round(by_artist::numeric, 4) AS by_artist, round(by_popularity::numeric, 4) AS by_popularity, round(confidence::numeric, 4) AS confidence, fallback, because'
SELECT :columns FROM sgr_recommend_user(1) ORDER BY rank;
SELECT :columns FROM sgr_recommend_user(1, include_known => true) ORDER BY rank;
SELECT :columns FROM sgr_recommend_user(1, tags => '{ODD}') ORDER BY rank;
SELECT track_id FROM sgr_recommend_user(4) ORDER BY rank;
-- A like after the refresh counts at once.
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 3);
SELECT track_id FROM sgr_recommend_user(1) ORDER BY rank;

SELECT * FROM sgr_recommend_user(77);
\echo :SQLSTATE
-- Plays alone say too little.
SELECT * FROM sgr_recommend_user(9);
\echo :SQLSTATE
SELECT * FROM sgr_recommend_user(1, -1);
\echo :SQLSTATE
SELECT * FROM sgr_recommend_user(1, NULL);
\echo :SQLSTATE
SELECT * FROM sgr_recommend_user(NULL);
\echo :SQLSTATE
SELECT * FROM sgr_recommend_user(1, profile => 'none');
\echo :SQLSTATE
CALL test.reset();
