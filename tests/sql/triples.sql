-- The catalogue as a graph: all relations, names, provenance; then what changed and nothing else.
\set SHOW_CONTEXT never
CALL test.reset();
\set columns 'relation, mode, considered, inserted, updated, deleted'
INSERT INTO sgr.artists (artist_id, name, source) VALUES (1, 'Nova', 'test'), (2, 'Ember', 'test'), (3, 'Nobody yet', 'test');
INSERT INTO sgr.users (user_id, name) VALUES (1, 'Ada'), (2, 'Ben'), (3, 'Cleo');
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags, label, released_on, source) VALUES
    (1, 1, 'Dawn', 'Jazz', '{Deep Focus,calm}', 'Hollow', '2020-02-03', 'test'),
    (2, 1, 'Dusk', ' jazz ', '{calm,"",NULL}', NULL, NULL, 'test'),
    (3, 2, NULL, NULL, NULL, 'HOLLOW', '2020-02-03', NULL);
INSERT INTO sgr.track_artists (track_id, artist_id, role) VALUES (1, 2, 'featured');
INSERT INTO sgr.playlists (playlist_id, owner_id, title) VALUES (1, 1, 'Morning'), (2, 2, 'Evening');
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (1, 1, 1), (1, 2, 2), (1, 2, 3), (2, 1, 1), (2, 99, 2);
INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES (1, 1, 'like'), (2, 1, 'like'), (1, 2, 'like'), (2, 2, 'like'), (3, 3, 'repost'), (3, 1, 'play');
INSERT INTO sgr.follows (user_id, followed_id) VALUES (1, 2), (3, 3);
SELECT count(*) FROM sgr_cooccur_refresh();

SELECT :columns FROM sgr_triples_refresh();
SELECT head_kind, head, relation, tail_kind, tail, weight, stage, source FROM sgr.kg_triples
ORDER BY relation, head_id, tail_id;
SELECT kind, key, name FROM sgr.entities ORDER BY kind COLLATE "C", key COLLATE "C";
SELECT task, parameters - 'sources' - 'cooccurrence' AS parameters, result FROM sgr.runs WHERE task = 'triples_refresh';

-- The second run changes nothing and says so.
SELECT DISTINCT mode, inserted + updated + deleted AS written FROM sgr_triples_refresh();
-- In full neither.
SELECT DISTINCT mode, inserted + updated + deleted AS written FROM sgr_triples_refresh(mode => 'full');

-- Each change is worked on alone.
DELETE FROM sgr.playlist_tracks WHERE playlist_id = 1 AND position = 3;
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (2, 2, 3);
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
UPDATE sgr.tracks SET genre = 'Ambient', title = 'Dawn (again)' WHERE track_id = 1;
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
SELECT name FROM sgr.entities WHERE kind = 'track' AND key = '1';
DELETE FROM sgr.interactions WHERE user_id = 1;
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
DELETE FROM sgr.tracks WHERE track_id = 3;
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
UPDATE sgr.users SET name = 'Benjamin' WHERE user_id = 2;
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
-- All of it comes to what a full run comes to.
SELECT :columns FROM sgr_triples_refresh(mode => 'full') WHERE inserted + updated + deleted > 0;

-- A playlist changed and looked at in the same transaction, twice.
BEGIN;
UPDATE sgr.playlist_tracks SET track_id = 1 WHERE playlist_id = 2 AND position = 2;
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
SELECT count(*) FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
UPDATE sgr.playlist_tracks SET track_id = 2 WHERE playlist_id = 2 AND position = 2;
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
ROLLBACK;

-- Co-occurrence is refreshed: its triples follow. Limits.
SELECT count(*) FROM sgr_cooccur_refresh(mode => 'full');
SELECT :columns FROM sgr_triples_refresh() WHERE mode <> 'unchanged';
SELECT :columns FROM sgr_triples_refresh(co_occurs_limit => 0, similar_taste_limit => 0) WHERE deleted > 0;

-- A relation of the user's own has no triggers: it is compared whole.
CREATE TABLE test.items (playlist_id integer, track_id integer);
INSERT INTO test.items VALUES (1, 1), (1, 2), (5, 2);
SELECT source_relation FROM sgr_source_set('playlist_tracks', 'test.items');
SELECT relation, inserted, updated, deleted FROM sgr_triples_refresh() WHERE relation = 'in_playlist';
SELECT head, tail, source FROM sgr.kg_triples WHERE relation = 'in_playlist' ORDER BY head_id, tail_id;
INSERT INTO test.items VALUES (5, 1);
SELECT relation, inserted, updated, deleted FROM sgr_triples_refresh() WHERE relation = 'in_playlist';
SELECT source_relation FROM sgr_source_set('playlist_tracks');
DROP TABLE test.items;

-- Refusals.
SELECT sgr_triples_refresh(mode => 'fast');
SELECT sgr_triples_refresh(co_occurs_limit => -1);
SELECT sgr_triples_refresh(similar_taste_limit => 1001);
SELECT sgr_triples_refresh(mode => NULL);
CALL test.reset();
SELECT sgr_triples_refresh(mode => 'incremental');
-- An empty catalogue is an empty graph.
SELECT sum(considered) FROM sgr_triples_refresh();
