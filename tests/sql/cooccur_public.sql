-- public_only: playlists that are not known to be public do not count, neither in a full refresh nor in an incremental one.
\set SHOW_CONTEXT never
CALL test.reset();
CALL test.load_small();
-- Every third playlist is private; of every eleventh nothing is known but its entries.
UPDATE sgr.playlists SET is_public = false WHERE playlist_id % 3 = 0;
DELETE FROM sgr.playlists WHERE playlist_id % 11 = 0;
\set columns 'basket, item, mode, entries, baskets, rows_written, pairs_written'

-- All that a refresh writes, but for ids and times of its own.
CREATE VIEW test.derived AS
SELECT 'list' AS what, (c.kind, c.item_id, c.baskets, c.neighbours, c.together,
           (SELECT array_agg(coalesce(d.baskets, n.baskets) ORDER BY n.place)
            FROM unnest(c.neighbours, c.neighbour_baskets) WITH ORDINALITY AS n (id, baskets, place)
            LEFT JOIN sgr.cooccurrence_drift AS d ON d.kind = c.kind AND d.item_id = n.id))::text AS line
FROM sgr.cooccurrence AS c
UNION ALL SELECT 'total', (kind, total_baskets)::text FROM sgr.cooccurrence_state
UNION ALL SELECT 'basket', (b.kind, n.id)::text FROM sgr.cooccurrence_baskets AS b CROSS JOIN unnest(b.basket_ids) AS n (id)
UNION ALL SELECT 'count', (c.kind, n.id, n.baskets)::text
FROM sgr.cooccurrence_counts AS c CROSS JOIN unnest(c.item_ids, c.baskets) AS n (id, baskets)
UNION ALL SELECT 'features', (track_id, playlists, likes, popularity)::text FROM sgr.track_features
UNION ALL SELECT 'user', (user_id, likes, like_norm)::text FROM sgr.user_features
UNION ALL SELECT 'tag', (tag, tracks, idf, top_track_ids, track_ids, track_norms)::text FROM sgr.tag_index;
CREATE TABLE test.kept (what text, line text);
-- How what is stored differs from a catalogue in which nobody ever made a private playlist.
CREATE FUNCTION test.traces() RETURNS TABLE (what text, rows bigint, differing bigint) LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE test.kept;
    INSERT INTO test.kept SELECT * FROM test.derived;
    DELETE FROM sgr.playlist_tracks AS e
    WHERE NOT EXISTS (SELECT FROM sgr.playlists AS p WHERE p.playlist_id = e.playlist_id AND p.is_public);
    PERFORM sgr_cooccur_refresh(rank_by => 'together', top_k => 7, mode => 'full');
    RETURN QUERY
    SELECT d.what, count(*), count(*) FILTER (WHERE d.n <> 0)
    FROM (SELECT a.what, a.line, sum(a.n) AS n
          FROM (SELECT k.what, k.line, 1 AS n FROM test.kept AS k UNION ALL SELECT t.what, t.line, -1 FROM test.derived AS t) AS a
          GROUP BY a.what, a.line) AS d
    GROUP BY d.what ORDER BY d.what COLLATE "C";
END
$$;
\set refresh 'sgr_cooccur_refresh(rank_by => ''together'', top_k => 7, public_only => true'

SELECT basket, entries, baskets FROM sgr_cooccur_estimate('playlist', public_only => true);
SELECT :columns FROM :refresh);
SET client_min_messages = warning;
BEGIN;
SELECT * FROM test.traces();
ROLLBACK;
-- The comparison sees a difference: the counts of all playlists.
BEGIN;
SELECT count(*) FROM sgr_cooccur_refresh(rank_by => 'together', top_k => 7);
SELECT * FROM test.traces() WHERE what <> 'tag';
ROLLBACK;
RESET client_min_messages;

-- The argument is one of the stored parameters, of the kinds that it concerns; NULL is false as for other switches.
SELECT kind, parameters->'public_only' AS public_only, parameters->'playlists' AS playlists FROM sgr.cooccurrence_state ORDER BY kind;
SELECT parameters->'public_only' AS public_only, count(*) FROM sgr.runs WHERE parameters->>'item' = 'track' GROUP BY 1 ORDER BY 1;
SELECT basket, item, mode FROM :refresh);
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', top_k => 7, mode => 'incremental');
\echo :SQLSTATE
SELECT basket, item, mode, baskets FROM sgr_cooccur_refresh('playlist', rank_by => 'together', top_k => 7, public_only => NULL);
SELECT * FROM :refresh, mode => 'incremental');
\echo :SQLSTATE
SELECT basket, baskets FROM sgr_cooccur_estimate('playlist', 'track', public_only => NULL);
-- Narrowed, a full count of tracks by playlists writes the features too: they hold counts of playlists.
SELECT basket, item, mode, baskets FROM sgr_cooccur_refresh('playlist', rank_by => 'together', top_k => 7, public_only => true);
SET client_min_messages = warning;
BEGIN;
SELECT sum(differing) AS differing FROM test.traces();
ROLLBACK;
RESET client_min_messages;

-- A playlist turns private, another public, a row goes, one arrives, one that arrives is private: incremental.
UPDATE sgr.playlists SET is_public = false WHERE playlist_id = 1;
UPDATE sgr.playlists SET is_public = true WHERE playlist_id = 3;
DELETE FROM sgr.playlists WHERE playlist_id = 2;
INSERT INTO sgr.playlists (playlist_id) VALUES (11);
INSERT INTO sgr.playlists (playlist_id, is_public) VALUES (22, false);
-- Neither is noted: nothing that matters changed.
UPDATE sgr.playlists SET title = 'Renamed', is_public = is_public WHERE playlist_id > 50;
DELETE FROM sgr.playlists WHERE playlist_id = 6;
SELECT basket, basket_id, track_id, publicity FROM sgr.cooccurrence_changes ORDER BY basket_id;
SELECT :columns FROM :refresh, mode => 'incremental');
SELECT basket, item, mode FROM :refresh);
SELECT kind, total_baskets FROM sgr.cooccurrence_state WHERE kind IN (1, 3) ORDER BY kind;
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT what, differing FROM test.traces() WHERE what NOT IN ('features', 'tag');
ROLLBACK;
-- The features of what changed follow; the scale of popularity and the order under a tag wait for the row tag.
SELECT count(*) AS differing FROM sgr.track_features AS f LEFT JOIN sgr.cooccurrence AS c ON c.kind = 1 AND c.item_id = f.track_id
WHERE f.playlists <> coalesce(c.baskets, 0);
-- Entries of private playlists change: noted, and of no effect.
INSERT INTO sgr.playlist_tracks VALUES (1, 60, 500);
DELETE FROM sgr.playlist_tracks WHERE playlist_id = 9;
SELECT basket, item, mode FROM :refresh, mode => 'incremental');
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT what, differing FROM test.traces() WHERE what NOT IN ('features', 'tag');
ROLLBACK;
-- A playlist turns private in the same transaction as the refresh.
BEGIN;
UPDATE sgr.playlists SET is_public = false WHERE playlist_id = 4;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', top_k => 7, public_only => true);
COMMIT;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', top_k => 7, public_only => true);
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', top_k => 7, public_only => true);
-- More than 10,000 at once, and TRUNCATE, are everything.
INSERT INTO sgr.playlists (playlist_id) SELECT 1000 + p FROM generate_series(1, 10001) AS p;
SELECT basket, basket_id, publicity FROM sgr.cooccurrence_changes WHERE basket_id IS NULL;
SELECT basket, item, mode, baskets FROM :refresh);
DELETE FROM sgr.playlists WHERE playlist_id > 1000;
CREATE TEMP TABLE playlists_before AS TABLE sgr.playlists;
TRUNCATE sgr.playlists;
SELECT * FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', top_k => 7, public_only => true, mode => 'incremental');
\echo :SQLSTATE
SELECT basket, item, mode, baskets, rows_written FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'together', top_k => 7, public_only => true);
SELECT max(playlists) AS playlists FROM sgr.track_features;
INSERT INTO sgr.playlists SELECT * FROM playlists_before;

-- Counts of all playlists do not care who is public, and notes do not pile up.
SELECT count(*) FROM sgr_cooccur_refresh();
UPDATE sgr.playlists SET is_public = NOT is_public;
SELECT count(*) AS notes FROM sgr.cooccurrence_changes WHERE publicity;
SELECT basket, item, mode FROM sgr_cooccur_refresh(mode => 'incremental');
SELECT count(*) AS notes FROM sgr.cooccurrence_changes;
UPDATE sgr.playlists SET is_public = NOT is_public;

-- The triples follow: no pair that only private playlists hold together.
SELECT sum(pairs_written) > 0 AS pairs FROM sgr_cooccur_refresh(top_k => NULL);
SELECT relation, considered > 0 AS any FROM sgr_triples_refresh(co_occurs_limit => 1000) WHERE relation = 'co_occurs_with';
CREATE FUNCTION test.private_pairs() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM sgr.kg_triples AS k
    JOIN sgr.entities AS h ON h.entity_id = k.head_id JOIN sgr.entities AS t ON t.entity_id = k.tail_id
    WHERE k.relation = 'co_occurs_with' AND NOT EXISTS (
        SELECT FROM sgr.playlist_tracks AS x JOIN sgr.playlist_tracks AS y USING (playlist_id) JOIN sgr.playlists AS p USING (playlist_id)
        WHERE p.is_public AND x.track_id = h.key::bigint AND y.track_id = t.key::bigint)
$$;
SELECT test.private_pairs() > 0 AS private_pairs;
SELECT basket, item, mode FROM sgr_cooccur_refresh(top_k => NULL, public_only => true);
SELECT relation, mode, inserted, deleted > 0 AS deleted FROM sgr_triples_refresh(co_occurs_limit => 1000) WHERE relation = 'co_occurs_with';
SELECT test.private_pairs() AS private_pairs;
UPDATE sgr.playlists SET is_public = false WHERE playlist_id IN (10, 13, 14, 16, 17, 31, 34, 67);
SELECT basket, item, mode FROM sgr_cooccur_refresh(top_k => NULL, public_only => true);
SELECT relation, mode, inserted, deleted > 0 AS deleted FROM sgr_triples_refresh(co_occurs_limit => 1000) WHERE relation = 'co_occurs_with';
SELECT test.private_pairs() AS private_pairs;
SELECT outcome, detail FROM sgr_build_kg('{cooccurrence}', public_only => true);
SELECT kind, parameters->'public_only' AS public_only FROM sgr.cooccurrence_state ORDER BY kind;

-- Playlists of one's own: they must say which are public.
CREATE TABLE test.lists (playlist_id integer, name text);
INSERT INTO test.lists SELECT p, 'List ' || p FROM generate_series(1, 80) AS p;
SELECT source_relation FROM sgr_source_set('playlists', 'test.lists');
SELECT * FROM sgr_cooccur_refresh(public_only => true);
\echo :SQLSTATE
SELECT * FROM sgr_cooccur_estimate(public_only => true);
\echo :SQLSTATE
ALTER TABLE test.lists ADD COLUMN is_public boolean;
SELECT * FROM sgr_cooccur_refresh(public_only => true);
\echo :SQLSTATE
SELECT source_relation FROM sgr_source_set('playlists', 'test.lists');
-- NULL is not public.
UPDATE test.lists SET is_public = playlist_id % 2 = 0 WHERE playlist_id % 5 <> 0;
SELECT basket, item, mode, baskets FROM sgr_cooccur_refresh(public_only => true);
-- Nobody notes what changes there: full each time, or incremental after a word.
SELECT item, mode, baskets FROM sgr_cooccur_refresh('playlist', public_only => true);
UPDATE test.lists SET is_public = true WHERE playlist_id = 5;
SELECT sgr_cooccur_touch('{5}');
SELECT item, mode FROM sgr_cooccur_refresh('playlist', public_only => true);
SELECT kind, total_baskets FROM sgr.cooccurrence_state WHERE kind IN (1, 3) ORDER BY kind;
SELECT source_relation FROM sgr_source_set('playlists');

DROP TABLE test.lists, test.kept;
DROP VIEW test.derived;
DROP FUNCTION test.traces, test.private_pairs;
CALL test.reset();
