-- sgr_kg_validate, sgr_kg_report: every planted error is caught by the check that is named, and is gone when repaired.
\set SHOW_CONTEXT never
CALL test.reset();
SET timezone = 'UTC';

-- An empty database: nothing to measure, nothing wrong.
SELECT status, count(*) FROM sgr_kg_validate() GROUP BY status ORDER BY status;
SELECT name, value FROM sgr_kg_validate() WHERE value <> 0 ORDER BY name;
SELECT length(sgr_kg_report()) > 1000 AS report;
-- Every check is described, and every description is of a check.
SELECT d.name AS not_computed FROM sgr.check_defaults AS d LEFT JOIN sgr_kg_validate() AS v ON v.name = d.name
WHERE v.name IS NULL AND d.name NOT LIKE '%*';
SELECT v.name AS not_described FROM sgr_kg_validate() AS v LEFT JOIN sgr.check_defaults AS d ON d.name = v.name
WHERE d.name IS NULL AND v.name !~ '^(entities|triples)_';

-- A small catalogue without errors: 4 artists, 20 tracks, 5 users, 6 playlists of 5 tracks, documents, and its graph by hand.
CREATE PROCEDURE test.load_clean() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sgr.artists (artist_id, name, fetched_at) SELECT a, 'Artist ' || a, now() - interval '3 days' FROM generate_series(1, 4) AS a;
    INSERT INTO sgr.users (user_id, name) SELECT u, 'User ' || u FROM generate_series(1, 5) AS u;
    INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags, released_on)
    SELECT t, 1 + t % 4, 'Track ' || t, 'Genre ' || t % 2, ARRAY['tag ' || t % 3], date '2024-01-01' + t % 5 FROM generate_series(1, 20) AS t;
    INSERT INTO sgr.track_artists (track_id, artist_id) SELECT t, 1 + (t + 1) % 4 FROM generate_series(1, 4) AS t;
    INSERT INTO sgr.playlists (playlist_id, owner_id, title, track_count) SELECT p, 1 + p % 5, 'Playlist ' || p, 5 FROM generate_series(1, 6) AS p;
    INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position)
    SELECT p, 1 + (p * 5 + i) % 20, i FROM generate_series(1, 6) AS p, generate_series(1, 5) AS i;
    INSERT INTO sgr.interactions (user_id, track_id) SELECT 1 + i % 5, i FROM generate_series(1, 20) AS i;
    INSERT INTO sgr.follows (user_id, followed_id) SELECT u, u % 5 + 1 FROM generate_series(1, 5) AS u;
    INSERT INTO sgr.raw_documents (body, fetched_at) SELECT format('{"id": %s}', d), now() - interval '4 days' FROM generate_series(1, 10) AS d;

    INSERT INTO sgr.graphs (graph_id, graph) VALUES (0, 'catalogue') ON CONFLICT DO NOTHING;
    INSERT INTO sgr.entities (kind, key, name)
    SELECT 'track', track_id::text, title FROM sgr.tracks UNION ALL SELECT 'artist', artist_id::text, name FROM sgr.artists
    UNION ALL SELECT 'user', user_id::text, name FROM sgr.users UNION ALL SELECT 'playlist', playlist_id::text, title FROM sgr.playlists
    UNION ALL SELECT DISTINCT 'genre', lower(genre), genre FROM sgr.tracks UNION ALL SELECT DISTINCT 'tag', tag, tag FROM sgr.tracks, unnest(tags) AS tag;
    INSERT INTO sgr.triple_sources (stage, source) VALUES ('by hand', 'test');
    INSERT INTO sgr.triples (head, relation, tail, weight, source, run_id)
    SELECT h.entity_id, r.relation_id, t.entity_id, x.weight, 1, 1
    FROM (SELECT 'has_genre' AS relation, track_id::text AS head, lower(genre) AS tail, 1 AS weight FROM sgr.tracks
          UNION ALL SELECT 'by_artist', track_id::text, artist_id::text, 1 FROM sgr.tracks
          UNION ALL SELECT 'has_tag', track_id::text, tag, 1 FROM sgr.tracks, unnest(tags) AS tag
          UNION ALL SELECT 'in_playlist', track_id::text, playlist_id::text, 0.4 FROM sgr.playlist_tracks
          UNION ALL SELECT 'created_by', playlist_id::text, owner_id::text, 1 FROM sgr.playlists
          UNION ALL SELECT 'liked_by', track_id::text, user_id::text, 1 FROM sgr.interactions
          UNION ALL SELECT 'follows', user_id::text, followed_id::text, 1 FROM sgr.follows
          UNION ALL SELECT 'collab_with', '1', '2', 0.5 UNION ALL SELECT 'collab_with', '2', '1', 0.5) AS x
    JOIN sgr.relations AS r ON r.graph_id = 0 AND r.relation = x.relation
    JOIN sgr.entities AS h ON h.graph_id = 0 AND h.kind = r.head_kind AND h.key = x.head
    JOIN sgr.entities AS t ON t.graph_id = 0 AND t.kind = r.tail_kind AND t.key = x.tail;
    INSERT INTO sgr.entity_aliases (kind, alias_key, canonical_key, method, similarity, evidence)
    VALUES ('genre', 'genre one', 'genre 1', 'synonym', 1, 'test'), ('artist', '3', '3', 'separate', 1, 'test');
END
$$;
CALL test.load_clean();
DELETE FROM sgr.graph_changes;
INSERT INTO sgr.stage_state (stage, run_id, seen, seen_up_to, parameters) VALUES ('triples', 1, pg_current_snapshot(), 0, '{}');

SELECT name, round(value::numeric, 3) AS value, warn_at, fail_at, status, CASE WHEN name <> 'newest_source_days' THEN detail END AS detail
FROM sgr_kg_validate();
-- The same by other means.
WITH RECURSIVE edge AS (SELECT head AS a, tail AS b FROM sgr.triples UNION SELECT tail, head FROM sgr.triples),
reached AS (SELECT entity_id AS a, entity_id AS b FROM sgr.entities UNION SELECT r.a, e.b FROM reached AS r JOIN edge AS e ON e.a = r.b),
component AS (SELECT least_member, count(*) AS n FROM (SELECT b, min(a) AS least_member FROM reached GROUP BY b) AS m GROUP BY least_member)
SELECT (SELECT count(*) FROM component) = c.components AS components, (SELECT max(n) FROM component) = c.largest AS largest,
       c.isolated, c.entities
FROM sgr_kg_components(0) AS c;
WITH degree AS (
    SELECT e.entity_id, (SELECT count(*) FROM sgr.triples AS t WHERE t.head = e.entity_id)
        + (SELECT count(*) FROM sgr.triples AS t WHERE t.tail = e.entity_id AND t.relation <> 4) AS n
    FROM sgr.entities AS e)
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY n) AS median, percentile_disc(0.9) WITHIN GROUP (ORDER BY n) AS p90,
       percentile_disc(0.99) WITHIN GROUP (ORDER BY n) AS p99, max(n) AS most FROM degree;

-- Plants an error, looks, takes it back, looks again. also: other checks whose status changed.
CREATE TABLE test.before AS SELECT name, status FROM sgr_kg_validate();
CREATE FUNCTION test.plant(check_name text, error text)
RETURNS TABLE (before text, planted text, repaired text, value numeric, also text)
LANGUAGE plpgsql AS $$
BEGIN
    SELECT b.status INTO before FROM test.before AS b WHERE b.name = check_name;
    BEGIN
        EXECUTE error;
        SELECT max(v.status) FILTER (WHERE v.name = check_name), round((max(v.value) FILTER (WHERE v.name = check_name))::numeric, 3),
               string_agg(v.name || ' ' || v.status, ', ' ORDER BY v.name)
                   FILTER (WHERE v.name <> check_name AND v.status IS DISTINCT FROM b.status)
        INTO planted, value, also
        FROM sgr_kg_validate() AS v LEFT JOIN test.before AS b ON b.name = v.name;
        RAISE EXCEPTION 'taken back' USING ERRCODE = 'TB001';
    EXCEPTION WHEN SQLSTATE 'TB001' THEN NULL;
    END;
    SELECT v.status INTO repaired FROM sgr_kg_validate() AS v WHERE v.name = check_name;
    RETURN NEXT;
END
$$;

SELECT p.check_name, r.*
FROM (VALUES
    ('graph_built', 'DELETE FROM sgr.stage_state'),
    ('pending_changes', 'UPDATE sgr.tracks SET title = ''Other'' WHERE track_id = 7'),
    ('newest_source_days', 'INSERT INTO sgr.check_limits VALUES (''newest_source_days'', 2, 5)'),
    ('quarantine_rate', 'INSERT INTO sgr.quarantine (stage, reason, whole, document_id, path) VALUES (''clean'', ''bad_json'', true, 1, '''')'),
    ('quarantine_rate', 'INSERT INTO sgr.quarantine (stage, reason, whole, line_number) SELECT ''import'', ''bad_json'', true, n FROM generate_series(1, 3) AS n'),
    ('quarantined_parts', 'INSERT INTO sgr.check_limits VALUES (''quarantined_parts'', 0, 1);
        INSERT INTO sgr.quarantine (stage, reason, whole, document_id, path)
        VALUES (''clean'', ''bad_date'', false, 1, ''created_at''), (''clean'', ''missing_id'', true, 1, ''tracks[3]'')'),
    ('duplicate_entries', 'UPDATE sgr.playlist_tracks SET track_id = 1 WHERE playlist_id = 1 AND position IN (1, 2, 3)'),
    ('duplicate_tracks', 'UPDATE sgr.tracks SET title = '' TRACK 1'' WHERE track_id = 5; UPDATE sgr.tracks SET title = ''track 1'' WHERE track_id = 9'),
    ('entries_unknown_track', 'UPDATE sgr.playlist_tracks SET track_id = 900 + position WHERE playlist_id = 1'),
    ('entries_unknown_playlist', 'UPDATE sgr.playlist_tracks SET playlist_id = 900 WHERE playlist_id = 1'),
    ('interactions_unknown_track', 'UPDATE sgr.interactions SET track_id = 900 + track_id WHERE track_id < 3'),
    ('interactions_unknown_user', 'UPDATE sgr.interactions SET user_id = 900 + track_id WHERE track_id < 3'),
    ('tracks_unknown_artist', 'UPDATE sgr.tracks SET artist_id = 900 WHERE track_id < 3'),
    ('playlists_unknown_owner', 'UPDATE sgr.playlists SET owner_id = 900 WHERE playlist_id = 1'),
    ('credits_unknown', 'UPDATE sgr.track_artists SET artist_id = 900 WHERE track_id = 1'),
    ('follows_unknown_user', 'UPDATE sgr.follows SET followed_id = 900 WHERE user_id = 1'),
    ('track_count_disagreement', 'UPDATE sgr.playlists SET track_count = 6 WHERE playlist_id = 1'),
    ('track_count_disagreement', 'UPDATE sgr.playlists SET track_count = 0'),
    ('missing_title', 'UPDATE sgr.tracks SET title = NULL WHERE track_id = 1'),
    ('missing_title', 'UPDATE sgr.tracks SET title = ''  '''),
    ('missing_artist', 'UPDATE sgr.tracks SET artist_id = NULL WHERE track_id < 3'),
    ('missing_genre', 'UPDATE sgr.tracks SET genre = '''' WHERE track_id < 10'),
    ('missing_tags', 'UPDATE sgr.tracks SET tags = ''{}'' WHERE track_id < 13'),
    ('missing_release_date', 'UPDATE sgr.tracks SET released_on = NULL WHERE track_id < 13'),
    ('dangling_aliases', 'UPDATE sgr.entity_aliases SET canonical_key = ''no such genre'' WHERE kind = ''genre'''),
    ('dangling_aliases', 'INSERT INTO sgr.entity_aliases VALUES (''genre'', ''g1'', ''genre one'', ''synonym'', 1, ''test'')'),
    ('dangling_aliases', 'INSERT INTO sgr.entity_aliases VALUES (''genre'', ''genre 0'', ''genre 1'', ''synonym'', 1, ''test'')'),
    ('entities_artist', 'INSERT INTO sgr.check_limits VALUES (''entities_artist'', NULL, 5)'),
    ('triples_collab_with', 'INSERT INTO sgr.check_limits VALUES (''triples_collab_with'', 3, NULL)'),
    ('dangling_heads', 'UPDATE sgr.triples SET head = 900 WHERE ctid = (SELECT min(ctid) FROM sgr.triples)'),
    ('dangling_tails', 'DELETE FROM sgr.entities WHERE kind = ''genre'' AND key = ''genre 0'''),
    ('dangling_relations', 'UPDATE sgr.triples SET relation = 99 WHERE relation = 11'),
    ('dangling_sources', 'UPDATE sgr.triples SET source = 99 WHERE relation = 1'),
    ('foreign_ends', 'INSERT INTO sgr.graphs VALUES (7, ''other''); UPDATE sgr.entities SET graph_id = 7 WHERE kind = ''genre'' AND key = ''genre 0'''),
    ('wrong_kinds', 'UPDATE sgr.entities SET kind = ''tag'' WHERE kind = ''genre'' AND key = ''genre 0'''),
    ('self_loops', 'INSERT INTO sgr.triples SELECT entity_id, entity_id, 11, 1, 1, 1 FROM sgr.entities WHERE kind = ''user'' AND key = ''1'''),
    ('weight_range', 'UPDATE sgr.triples SET weight = ''NaN'' WHERE relation = 8'),
    ('weight_range', 'UPDATE sgr.triples SET weight = 0 WHERE relation = 8'),
    ('weight_range', 'UPDATE sgr.triples SET weight = 1.5 WHERE relation = 8'),
    ('broken_symmetry', 'DELETE FROM sgr.triples WHERE relation = 4 AND head < tail'),
    ('broken_symmetry', 'UPDATE sgr.triples SET weight = 0.9 WHERE relation = 4 AND head < tail'),
    ('mirrored_triples', 'INSERT INTO sgr.check_limits VALUES (''mirrored_triples'', 0, NULL);
        INSERT INTO sgr.triples SELECT tail, head, relation, weight, source, run_id FROM sgr.triples WHERE relation = 11'),
    ('duplicate_entities', 'UPDATE sgr.entities SET name = '' ARTIST 1'' WHERE kind = ''artist'' AND key = ''2'''),
    ('nameless_entities', 'UPDATE sgr.entities SET name = NULL WHERE kind = ''user'' AND key = ''1'''),
    ('nameless_entities', 'UPDATE sgr.entities SET name = E'' \t'' WHERE kind IN (''track'', ''artist'')'),
    ('suspicious_names', 'UPDATE sgr.entities SET name = ''Unknown'' WHERE kind = ''artist'' AND key = ''1'''),
    ('suspicious_names', 'UPDATE sgr.entities SET name = repeat(''x'', 301) WHERE kind = ''track'''),
    ('degree_max', 'INSERT INTO sgr.check_limits VALUES (''degree_max'', 9, NULL)'),
    ('isolated_entities', 'DELETE FROM sgr.triples WHERE relation = 4; INSERT INTO sgr.entities (kind, key, name) SELECT ''label'', n, ''Label '' || n FROM unnest(''{a,b,c}''::text[]) AS n'),
    ('components', 'INSERT INTO sgr.check_limits VALUES (''components'', 1, NULL); INSERT INTO sgr.entities (kind, key, name) VALUES (''label'', ''a'', ''Label'')'),
    ('largest_component', 'DELETE FROM sgr.triples WHERE relation <> 8'),
    ('unused_limits', 'INSERT INTO sgr.check_limits VALUES (''entries_unknown_trakc'', 0, 0)')
) AS p (check_name, error)
CROSS JOIN LATERAL test.plant(p.check_name, p.error) AS r;
-- Nothing is left of them.
SELECT count(*) AS changed FROM sgr_kg_validate() AS v FULL JOIN test.before AS b USING (name) WHERE v.status IS DISTINCT FROM b.status;

-- Names that look broken, and names that only look odd.
BEGIN;
INSERT INTO sgr.entities (graph_id, kind, key, name)
SELECT 0, 'user', 'name ' || n.ordinality, n.name FROM unnest(ARRAY[
    -- broken
    E'tab\there', E'bell\u0007', E'next line\u0085', 'Caf\ufffd', '?!', E'\u2026', E'\u200b\u00a0', 'Ã©clair', 'BjÃ¶rk', 'itâ€™s', 'Ä°stanbul', 'Ð¡ÐµÐ²ÐµÑ€', 'unknown',
    '[Unknown Artist]', 'N/A', 'VARIOUS ARTISTS', ' untitled ', 'null', repeat('y', 301),
    -- good
    'Björk', 'SÃO PAULO', 'São Paulo', 'España', 'Sigur Rós', 'Кино', '椎名林檎', '♥', '¥€$', 'µ-Ziq', 'A', '1', 'Unknown Mortal Orchestra', 'Various Cruelties',
    'L''Âme', 'âge', 'Ñu', repeat('z', 300)]) WITH ORDINALITY AS n (name, ordinality);
UPDATE sgr.entities SET name = 'Caf' || chr(65533) WHERE name = 'Caf\ufffd';
SELECT reason, entities, (SELECT array_agg(left(e.name, 20) ORDER BY e.entity_id) FROM sgr.entities AS e WHERE e.entity_id = ANY (examples)) AS examples
FROM sgr.kg_name_measures(0) ORDER BY reason;
-- How wide these are depends on the version of psql.
\pset format unaligned
SELECT value, detail FROM sgr_kg_validate() WHERE name = 'suspicious_names';
\pset format aligned
ROLLBACK;

-- Limits of one's own: a row replaces both limits, NULL takes one away.
BEGIN;
INSERT INTO sgr.check_limits VALUES ('self_loops', NULL, NULL), ('weight_range', 1e9, NULL), ('largest_component', 2, 1.5), ('power_law_alpha', 0, 0);
SELECT name, warn_at, fail_at, status FROM sgr_kg_validate() WHERE name IN ('self_loops', 'weight_range', 'largest_component', 'power_law_alpha');
ROLLBACK;

-- A named graph: the catalogue is left out, relations and kinds are its own.
INSERT INTO sgr.graphs (graph_id, graph) VALUES (5, 'bench|mark');
INSERT INTO sgr.relations (relation_id, graph_id, relation) VALUES (500, 5, '/people/knows'), (501, 5, '*bold*');
INSERT INTO sgr.entities (entity_id, graph_id, kind, key) SELECT 1000000 + n, 5, 'entity', 'E' || n FROM generate_series(0, 99) AS n;
INSERT INTO sgr.triples SELECT 1000000, 1000000 + n, 500, 1, 1, 1 FROM generate_series(1, 50) AS n;
INSERT INTO sgr.triples SELECT 1000000 + n, 1000000, 500, 1, 1, 1 FROM generate_series(1, 5) AS n;
INSERT INTO sgr.triples SELECT 1000060 + n, 1000061 + n, 501, 0.5, 1, 1 FROM generate_series(0, 9) AS n;
SELECT name, round(value::numeric, 4) AS value, status, detail FROM sgr_kg_validate('bench|mark');
SELECT * FROM sgr_kg_components(5);
\pset format unaligned
\pset tuples_only on
SELECT sgr_kg_report('bench|mark');
\pset format aligned
\pset tuples_only off
INSERT INTO sgr.triples SELECT 1000001, entity_id, 501, 1, 1, 1 FROM sgr.entities WHERE graph_id = 0 AND kind = 'user' AND key = '1';
SELECT name, value, status, detail FROM sgr_kg_validate('bench|mark') WHERE name IN ('foreign_ends', 'dangling_tails');
-- It does not show in the catalogue's report.
SELECT count(*) AS changed FROM sgr_kg_validate() AS v FULL JOIN test.before AS b USING (name) WHERE v.status IS DISTINCT FROM b.status;

-- Power laws: the exponent that was put in; and degrees that follow none.
SELECT round(alpha::numeric, 1) AS alpha, distance < 0.02 AS close, covered > 0.001 AS covered
FROM (VALUES (2.2), (2.5), (3.0)) AS planted (exponent)
CROSS JOIN LATERAL sgr.kg_power_law((SELECT jsonb_agg(jsonb_build_object('degree', x, 'entities', round(1e7 * x ^ -exponent)))
                                     FROM generate_series(1, 1000) AS x WHERE round(1e7 * x ^ -exponent) > 0));
SELECT alpha BETWEEN 1.5 AND 4 AND distance <= 0.1 AS plausible
FROM sgr.kg_power_law((SELECT jsonb_agg(jsonb_build_object('degree', x, 'entities', 1000)) FROM generate_series(90, 110) AS x));
SELECT count(*) FROM sgr.kg_power_law('[]');
SELECT count(*) FROM sgr.kg_power_law('[{"degree": 3, "entities": 1000}, {"degree": 0, "entities": 7}]');

-- Tables of the user's own are what is checked; two rows of one id and entries of unknown tracks are found there.
CREATE TABLE own_tracks (track_id bigint, title text, tags text[]);
INSERT INTO own_tracks VALUES (1, 'One', '{a}'), (1, 'One again', '{}'), (2, NULL, NULL), (3, 'Three', NULL);
CREATE TABLE own_playlists (playlist_id integer, owner_id integer, title text);
INSERT INTO own_playlists VALUES (1, 1, 'Mine'), (2, 77, 'Whose?');
BEGIN;
SELECT source_relation FROM sgr_source_set('tracks', 'own_tracks');
SELECT source_relation FROM sgr_source_set('playlists', 'own_playlists');
SELECT v.name, round(v.value::numeric, 3) AS value, v.status, v.detail FROM sgr_kg_validate() AS v LEFT JOIN test.before AS b ON b.name = v.name
WHERE v.status <> b.status OR v.name IN ('duplicate_ids', 'pending_changes') OR v.name LIKE 'missing_%';
ROLLBACK;
DROP TABLE own_tracks, own_playlists;

-- Errors.
SELECT count(*) FROM sgr_kg_validate('no such graph');
\echo :SQLSTATE
SELECT count(*) FROM sgr_kg_validate(NULL);
\echo :SQLSTATE
SELECT sgr_kg_report('');
\echo :SQLSTATE
SELECT sgr_kg_report(NULL);
\echo :SQLSTATE
SELECT count(*) FROM sgr_kg_components(NULL);
\echo :SQLSTATE
BEGIN;
SET LOCAL sgr_graph.memory_limit = '1MB';
INSERT INTO sgr.entities (graph_id, kind, key) SELECT 5, 'entity', 'F' || n FROM generate_series(1, 40000) AS n;
SELECT count(*) FROM sgr_kg_validate('bench|mark');
\echo :SQLSTATE
ROLLBACK;

-- Rights: a reader of the tables may ask, nobody else.
CREATE ROLE sgr_test_reader;
CREATE ROLE sgr_test_nobody;
GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO sgr_test_reader;
SET ROLE sgr_test_reader;
SELECT count(*) > 50 AS checks FROM sgr_kg_validate();
SET ROLE sgr_test_nobody;
SELECT count(*) FROM sgr_kg_validate();
\echo :SQLSTATE
SELECT sgr_kg_report();
\echo :SQLSTATE
RESET ROLE;
DROP OWNED BY sgr_test_reader, sgr_test_nobody;
DROP ROLE sgr_test_reader, sgr_test_nobody;

-- The demo catalogue and the graph that the extension makes of it.
CALL test.reset();
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 500, playlists => 200, users => 100);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
SELECT name, status FROM sgr_kg_validate() WHERE name IN ('graph_built', 'pending_changes');
SELECT count(*) AS relations FROM sgr_triples_refresh();
SELECT name, round(value::numeric, 3) AS value, status, detail FROM sgr_kg_validate() WHERE status IN ('warn', 'fail');
DROP TABLE test.before;
CREATE TABLE test.before AS SELECT name, status FROM sgr_kg_validate();
SELECT p.check_name, r.before, r.planted, r.repaired, r.also
FROM (VALUES
    ('pending_changes', 'DELETE FROM sgr.playlist_tracks WHERE playlist_id = (SELECT min(playlist_id) FROM sgr.playlists)'),
    ('quarantine_rate', 'INSERT INTO sgr.raw_documents (body) SELECT format(''{"id": %s}'', n) FROM generate_series(1, 40) AS n;
        INSERT INTO sgr.quarantine (stage, reason, whole, document_id, path) SELECT ''clean'', ''missing_id'', true, d, '''' FROM generate_series(1, 2) AS d'),
    ('duplicate_entries', 'INSERT INTO sgr.playlist_tracks SELECT playlist_id, track_id, position + 1000000 FROM sgr.playlist_tracks'),
    ('duplicate_tracks', 'INSERT INTO sgr.tracks (track_id, artist_id, title) SELECT 900000 + track_id, artist_id, upper(title) FROM sgr.tracks WHERE track_id <= 50'),
    ('entries_unknown_track', 'DELETE FROM sgr.tracks WHERE track_id % 5 = 0'),
    ('entries_unknown_playlist', 'DELETE FROM sgr.playlists WHERE playlist_id % 3 = 0'),
    ('tracks_unknown_artist', 'DELETE FROM sgr.artists WHERE artist_id % 2 = 0'),
    ('playlists_unknown_owner', 'DELETE FROM sgr.users WHERE user_id % 2 = 0'),
    ('track_count_disagreement', 'DELETE FROM sgr.playlist_tracks WHERE position = 1'),
    ('missing_genre', 'UPDATE sgr.tracks SET genre = NULL WHERE track_id % 2 = 0'),
    ('dangling_aliases', 'INSERT INTO sgr.entity_aliases (kind, alias_key, canonical_key, method, similarity, evidence, forced)
        SELECT ''artist'', min(key), max(key), ''forced'', 1, ''test'', true FROM sgr.entities WHERE graph_id = 0 AND kind = ''artist'''),
    ('dangling_tails', 'DELETE FROM sgr.entities WHERE graph_id = 0 AND kind = ''genre'''),
    ('dangling_heads', 'DELETE FROM sgr.entities WHERE graph_id = 0 AND kind = ''track'' AND key = (SELECT min(track_id) FROM sgr.tracks)::text'),
    ('dangling_relations', 'UPDATE sgr.triples SET relation = 77 WHERE relation = 1'),
    ('dangling_sources', 'DELETE FROM sgr.triple_sources WHERE source_id = (SELECT min(source_id) FROM sgr.triple_sources)'),
    ('foreign_ends', 'INSERT INTO sgr.graphs VALUES (9, ''other''); UPDATE sgr.entities SET graph_id = 9 WHERE kind = ''genre'''),
    ('wrong_kinds', 'UPDATE sgr.entities SET kind = ''mood'' WHERE kind = ''genre'''),
    ('self_loops', 'INSERT INTO sgr.triples SELECT DISTINCT head, head, 11, 1::real, source, run_id FROM sgr.triples WHERE relation = 11'),
    ('weight_range', 'UPDATE sgr.triples SET weight = -weight WHERE relation = 3'),
    ('broken_symmetry', 'UPDATE sgr.triples SET weight = weight / 2 WHERE relation = 12 AND head < tail'),
    ('broken_symmetry', 'DELETE FROM sgr.triples WHERE relation = 13 AND head < tail'),
    ('duplicate_entities', 'UPDATE sgr.entities SET name = ''Same'' WHERE kind = ''artist'' AND entity_id % 2 = 0'),
    ('nameless_entities', 'UPDATE sgr.entities SET name = NULL WHERE kind = ''user'''),
    ('suspicious_names', 'UPDATE sgr.entities SET name = ''BjÃ¶rk '' || key WHERE kind = ''user'''),
    ('isolated_entities', 'DELETE FROM sgr.triples AS t USING sgr.entities AS e WHERE e.kind = ''date'' AND t.tail = e.entity_id'),
    ('largest_component', 'DELETE FROM sgr.triples WHERE relation NOT IN (8, 10)')
) AS p (check_name, error)
CROSS JOIN LATERAL test.plant(p.check_name, p.error) AS r;
-- What a user would do: make the graph anew.
UPDATE sgr.triples SET weight = 7 WHERE relation = 2;
DELETE FROM sgr.triples WHERE relation = 12 AND head < tail;
SELECT name, status FROM sgr_kg_validate() WHERE status = 'fail';
SELECT sum(inserted + updated) > 0 AS repaired FROM sgr_triples_refresh(mode => 'full');
SELECT count(*) AS failed FROM sgr_kg_validate() WHERE status = 'fail';
SELECT sgr_kg_report() LIKE E'# Knowledge graph: catalogue\n\n%0 fail%' AS report;

CALL test.reset();
DROP TABLE test.before;
DROP FUNCTION test.plant(text, text);
DROP PROCEDURE test.load_clean();
