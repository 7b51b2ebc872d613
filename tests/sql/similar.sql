-- sgr_similar_tags, sgr_similar_users, sgr_related_artists against plain SQL.
\set SHOW_CONTEXT never
CALL test.reset();
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 600, playlists => 300, users => 200);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();

-- Tags: the cosine of IDF vectors, the genre being a tag.
CREATE TEMP TABLE tags AS
SELECT DISTINCT track_id, btrim(regexp_replace(lower(tag), '\s+', ' ', 'g')) AS tag
FROM sgr.tracks CROSS JOIN LATERAL unnest(tags || genre) AS tag WHERE btrim(tag) <> '';
CREATE TEMP TABLE idf AS
SELECT tag, ln((1 + (SELECT count(DISTINCT track_id) FROM tags))::double precision / (1 + count(*))) AS idf FROM tags GROUP BY tag;
CREATE TEMP TABLE norms AS SELECT track_id, sqrt(sum(idf * idf)) AS norm, count(*) AS n FROM tags JOIN idf USING (tag) GROUP BY track_id;
CREATE TEMP TABLE tag_pairs AS
SELECT a.track_id AS a, b.track_id AS b, count(*) AS shared, sum(idf * idf) / nullif(na.norm * nb.norm, 0) AS similarity,
       100.0 * count(*) / (na.n + nb.n - count(*)) AS percent
FROM tags AS a JOIN tags AS b ON b.tag = a.tag AND b.track_id <> a.track_id
JOIN idf ON idf.tag = a.tag JOIN norms AS na ON na.track_id = a.track_id JOIN norms AS nb ON nb.track_id = b.track_id
WHERE a.track_id <= 40 GROUP BY a.track_id, b.track_id, na.norm, nb.norm, na.n, nb.n;
CREATE TEMP TABLE found AS SELECT s.a, r.* FROM generate_series(1, 40) AS s (a) CROSS JOIN LATERAL sgr_similar_tags(s.a::bigint, 1000) AS r;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE p.a IS NULL OR f.a IS NULL) AS unmatched,
       count(*) FILTER (WHERE abs(coalesce(p.similarity, 0) - f.similarity) > 1e-9) AS wrong_similarity,
       count(*) FILTER (WHERE abs(p.percent - f.overlap_percent) > 1e-9) AS wrong_percent,
       count(*) FILTER (WHERE p.shared <> cardinality(f.shared_tags)) AS wrong_tags
FROM tag_pairs AS p FULL JOIN found AS f ON f.a = p.a AND f.track_id = p.b;
SELECT count(*) AS not_descending FROM (SELECT similarity, lag(similarity) OVER (PARTITION BY a ORDER BY rank) AS before FROM found) AS f WHERE similarity > before;
SELECT count(*) AS differing FROM generate_series(1, 40) AS s (a) CROSS JOIN LATERAL sgr_similar_tags(s.a::bigint, 3) AS r
JOIN found AS f ON f.a = s.a AND f.rank = r.rank WHERE f.track_id <> r.track_id;
DROP TABLE tags, idf, norms, tag_pairs, found;

-- Users.
CREATE TEMP TABLE likes AS SELECT DISTINCT user_id, track_id FROM sgr.interactions WHERE kind = 'like';
CREATE TEMP TABLE idf AS
SELECT track_id, ln((1 + (SELECT count(DISTINCT user_id) FROM likes))::double precision / (1 + count(*))) AS idf FROM likes GROUP BY track_id;
CREATE TEMP TABLE norms AS SELECT user_id, sqrt(sum(idf * idf)) AS norm, count(*) AS n FROM likes JOIN idf USING (track_id) GROUP BY user_id;
CREATE TEMP TABLE pairs AS
SELECT a.user_id AS a, b.user_id AS b, count(*) AS shared, count(*)::double precision / (na.n + nb.n - count(*)) AS jaccard,
       count(*)::double precision / least(na.n, nb.n) AS overlap, sum(idf * idf) / nullif(na.norm * nb.norm, 0) AS idf_cosine
FROM likes AS a JOIN likes AS b ON b.track_id = a.track_id AND b.user_id <> a.user_id
JOIN idf ON idf.track_id = a.track_id JOIN norms AS na ON na.user_id = a.user_id JOIN norms AS nb ON nb.user_id = b.user_id
GROUP BY a.user_id, b.user_id, na.norm, nb.norm, na.n, nb.n;
CREATE TEMP TABLE found AS SELECT n.user_id AS a, r.* FROM norms AS n CROSS JOIN LATERAL sgr_similar_users(n.user_id, 1000) AS r;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE p.a IS NULL OR f.a IS NULL) AS unmatched,
       count(*) FILTER (WHERE p.shared <> f.shared_tracks) AS wrong_shared,
       count(*) FILTER (WHERE abs(p.jaccard - f.jaccard) > 1e-9) AS wrong_jaccard,
       count(*) FILTER (WHERE abs(p.overlap - f.overlap) > 1e-9) AS wrong_overlap,
       count(*) FILTER (WHERE abs(coalesce(p.idf_cosine, 0) - f.idf_cosine) > 1e-9) AS wrong_cosine
FROM pairs AS p FULL JOIN found AS f ON f.a = p.a AND f.similar_user_id = p.b;
SELECT count(*) AS not_descending FROM (SELECT idf_cosine, lag(idf_cosine) OVER (PARTITION BY a ORDER BY rank) AS before FROM found) AS f WHERE idf_cosine > before;
DROP TABLE likes, idf, norms, pairs, found;

-- A user with more likes than max_basket_len counts for no track's IDF, but is compared like the others.
INSERT INTO sgr.interactions (user_id, track_id) SELECT 900, t FROM generate_series(1, 1200) AS t;
SELECT baskets_skipped FROM sgr_cooccur_refresh(mode => 'full') WHERE basket = 'like' AND item = 'track';
WITH likes AS (SELECT DISTINCT user_id, track_id FROM sgr.interactions WHERE kind = 'like'),
idf AS (SELECT track_id, ln((1 + (SELECT count(DISTINCT user_id) FROM likes WHERE user_id <> 900))::double precision / (1 + count(*) FILTER (WHERE user_id <> 900))) AS idf
        FROM likes GROUP BY track_id),
norms AS (SELECT user_id, sqrt(sum(idf * idf)) AS norm FROM likes JOIN idf USING (track_id) GROUP BY user_id),
pairs AS (SELECT b.user_id, sum(idf * idf) / (na.norm * nb.norm) AS idf_cosine
          FROM likes AS a JOIN likes AS b USING (track_id) JOIN idf USING (track_id) JOIN norms AS na ON na.user_id = a.user_id JOIN norms AS nb ON nb.user_id = b.user_id
          WHERE a.user_id = 7 AND b.user_id <> 7 GROUP BY b.user_id, na.norm, nb.norm)
SELECT count(*) FILTER (WHERE p.user_id IS NULL OR r.similar_user_id IS NULL) AS unmatched, count(*) FILTER (WHERE abs(p.idf_cosine - r.idf_cosine) > 1e-9) AS wrong_cosine
FROM pairs AS p FULL JOIN sgr_similar_users(7, 1000) AS r ON r.similar_user_id = p.user_id;
DELETE FROM sgr.interactions WHERE user_id = 900;
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh(mode => 'full');

-- Artists: shared playlists, shared fans, collaborations.
CREATE TEMP TABLE plain AS
WITH playlists AS (SELECT * FROM test.pairs('playlist', 'artist')), fans AS (SELECT * FROM test.pairs('like', 'artist')),
collaborations AS (
    SELECT a, b, count(DISTINCT track_id) AS n
    FROM (SELECT t.artist_id AS a, c.artist_id AS b, track_id FROM sgr.tracks AS t JOIN sgr.track_artists AS c USING (track_id)
          UNION ALL SELECT c.artist_id, t.artist_id, track_id FROM sgr.tracks AS t JOIN sgr.track_artists AS c USING (track_id)) AS c
    WHERE a <> b GROUP BY a, b)
SELECT a, b, coalesce(p.together, 0) AS playlists, coalesce(f.together, 0) AS fans, coalesce(c.n, 0) AS collaborations,
       0.5 * coalesce(p.cosine, 0) + 0.3 * coalesce(f.cosine, 0) + 0.2 * coalesce(c.n, 0) / (coalesce(c.n, 0) + 1) AS score
FROM playlists AS p FULL JOIN fans AS f USING (a, b) FULL JOIN collaborations AS c USING (a, b);
SELECT max(n) <= 100 AS none_cut FROM (SELECT count(*) AS n FROM plain GROUP BY a) AS p;
SELECT count(*) > 0 AS some, count(*) FILTER (WHERE p.a IS NULL OR r.artist_id IS NULL) AS unmatched,
       count(*) FILTER (WHERE (p.playlists, p.fans, p.collaborations) <> (r.shared_playlists, r.shared_fans, r.collaborations)) AS wrong_counts,
       count(*) FILTER (WHERE abs(p.score - r.score) > 1e-6) AS wrong_scores
FROM plain AS p
FULL JOIN (SELECT a.artist_id AS seed, r.* FROM sgr.artists AS a CROSS JOIN LATERAL sgr_related_artists(a.artist_id, 1000) AS r) AS r
    ON r.seed = p.a AND r.artist_id = p.b;
DROP TABLE plain;

-- By hand.
CALL test.reset();
INSERT INTO sgr.artists (artist_id, name) VALUES (1, 'Ann'), (2, 'Bob'), (3, NULL);
INSERT INTO sgr.users (user_id, name) VALUES (1, 'Una'), (2, 'Vic');
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags) VALUES
    (1, 1, 'One', 'Rock', '{a,b}'), (2, 2, 'Two', 'rock', '{" A"}'), (3, 3, 'Three', NULL, '{b,b,"  "}'), (4, 1, 'Four', NULL, NULL);
INSERT INTO sgr.track_artists VALUES (1, 2, 'featured'), (3, 1, 'remixer');
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2), (1, 4, 3), (2, 3, 1);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 1), (1, 2), (2, 2), (2, 3), (3, 3);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
SELECT rank, track_id, title, artist, round(similarity::numeric, 4) AS similarity, round(overlap_percent::numeric, 1) AS overlap_percent, shared_tags
FROM sgr_similar_tags(1) ORDER BY rank;
SELECT count(*) AS rows FROM sgr_similar_tags(4);
SELECT rank, similar_user_id, name, shared_tracks, round(jaccard::numeric, 4) AS jaccard, round(overlap::numeric, 4) AS overlap, round(idf_cosine::numeric, 4) AS idf_cosine
FROM sgr_similar_users(2) ORDER BY rank;
SELECT rank, artist_id, name, round(score::numeric, 4) AS score, shared_playlists, shared_fans, collaborations FROM sgr_related_artists(1) ORDER BY rank;
SELECT count(*) AS rows FROM sgr_similar_tags('1', 1);
SELECT count(*) AS rows FROM sgr_similar_users(2, 0);

SELECT * FROM sgr_similar_tags(9);
\echo :SQLSTATE
SELECT * FROM sgr_similar_tags(1, -1);
\echo :SQLSTATE
SELECT * FROM sgr_similar_tags(NULL::bigint);
\echo :SQLSTATE
SELECT * FROM sgr_similar_users(9);
\echo :SQLSTATE
SELECT * FROM sgr_similar_users(1, -1);
\echo :SQLSTATE
SELECT * FROM sgr_similar_users(NULL);
\echo :SQLSTATE
SELECT * FROM sgr_related_artists(9);
\echo :SQLSTATE
SELECT * FROM sgr_related_artists(1, -1);
\echo :SQLSTATE
SELECT * FROM sgr_related_artists(NULL);
\echo :SQLSTATE
CALL test.reset();
SELECT * FROM sgr_related_artists(1);
\echo :SQLSTATE
