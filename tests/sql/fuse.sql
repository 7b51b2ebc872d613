-- What means one thing, who is credited, and what users say about it.
\set SHOW_CONTEXT never
CALL test.reset();
\set aliases 'kind, alias_key, canonical_key, method, similarity, evidence, forced'
INSERT INTO sgr.artists (artist_id, name) VALUES
    (1, 'Beyoncé'), (2, 'BEYONCE'), (3, 'Prince'), (4, 'Princess Nokia'), (5, 'DJ Shadow'), (6, 'Shadow'),
    (7, 'Simon & Garfunkel'), (8, 'Earth, Wind & Fire'), (9, 'Tyler, The Creator'), (10, 'Prince feat. DJ Shadow'),
    (11, 'Calvin Harris & Rihanna'), (12, 'Rihanna'), (13, 'Calvin Harris');
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags, label)
SELECT n, 1 + n % 13, 'Song ' || n, (ARRAY['Hip-Hop', 'hip hop', 'HipHop', 'Jazz'])[1 + n % 4],
       ARRAY[(ARRAY['lo-fi', 'LoFi', 'jazz'])[1 + n % 3], 'dnb'], (ARRAY['Hollow Records', 'Hollow', 'Amber'])[1 + n % 3]
FROM generate_series(1, 60) AS n;
UPDATE sgr.tracks SET title = 'Halo (feat. Rihanna) [DJ Shadow Remix]' WHERE track_id = 13;
UPDATE sgr.tracks SET title = 'With or Without You (Original Mix)' WHERE track_id = 14;

SELECT kind, mode, rows_read, decisions, added, changed, removed FROM sgr_fuse();
SELECT :aliases FROM sgr.entity_aliases ORDER BY kind, alias_key;
SELECT origin, origin_id, ordinal, artist_key, name, role FROM sgr.credits ORDER BY 1, 2, 3;
-- Again: nothing to do, and nothing found to do when it is done all the same.
SELECT DISTINCT mode, added + changed + removed AS written FROM sgr_fuse();
SELECT DISTINCT mode, added + changed + removed AS written FROM sgr_fuse(min_similarity => 1.0);

-- The graph has one node for each.
SELECT count(*) FROM sgr_triples_refresh();
SELECT kind, key, name FROM sgr.entities WHERE kind IN ('artist', 'genre', 'tag', 'label') ORDER BY kind, key COLLATE "C";
SELECT tail, weight, stage FROM sgr.kg_triples WHERE head_id = (SELECT entity_id FROM sgr.entities WHERE kind = 'track' AND key = '13') AND relation = 'by_artist' ORDER BY weight DESC, tail;
SELECT head, tail, weight FROM sgr.kg_triples WHERE relation = 'collab_with' ORDER BY head, tail;

-- A user knows better: undone, forced, and both outlive the next run.
SELECT * FROM sgr_alias_drop('artist', '1');
SELECT * FROM sgr_alias_set('artist', '6', '5');
SELECT * FROM sgr_alias_set('tag', ' Jazz ', 'Blue Notes');
SELECT count(*) FROM sgr_fuse();
SELECT :aliases FROM sgr.entity_aliases WHERE forced ORDER BY kind, alias_key;
SELECT relation, inserted, updated, deleted FROM sgr_triples_refresh() WHERE inserted + updated + deleted > 0;
-- Chains collapse.
SELECT * FROM sgr_alias_set('artist', '5', '3');
SELECT * FROM sgr_alias_set('artist', '13', '6');
SELECT alias_key, canonical_key FROM sgr.entity_aliases WHERE kind = 'artist' AND forced ORDER BY 1;
-- A forced one that is dropped is left to sgr_fuse() again.
SELECT * FROM sgr_alias_drop('artist', '1');
SELECT kind, added, changed, removed FROM sgr_fuse() WHERE added + changed + removed > 0;
SELECT alias_key, canonical_key, method FROM sgr.entity_aliases WHERE kind = 'artist' AND alias_key IN ('1', '2');

-- Words of the user's own.
INSERT INTO sgr.tag_aliases VALUES ('lofi', 'chill');
INSERT INTO sgr.known_artist_names VALUES ('Calvin Harris & Rihanna');
SELECT kind, added, changed, removed FROM sgr_fuse() WHERE added + changed + removed > 0;
SELECT alias_key, canonical_key, method FROM sgr.entity_aliases WHERE kind = 'tag' ORDER BY 1;

-- Refusals.
SELECT sgr_alias_set('track', '1', '2');
SELECT sgr_alias_set('artist', '1', '999');
SELECT sgr_alias_set('artist', '1', NULL);
SELECT sgr_alias_set('tag', 'jazz', 'JAZZ');
SELECT sgr_alias_set('artist', '3', '5');
SELECT sgr_alias_drop('artist', '7');
SELECT sgr_alias_drop(NULL, '7');
SELECT sgr_fuse(min_similarity => 0.1);
SELECT sgr_fuse(threads => -1);
