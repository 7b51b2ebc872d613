-- Paths and pictures of the graph.
\set SHOW_CONTEXT never
CALL test.reset();

-- Before there is a graph.
SELECT * FROM sgr_paths(1, 2);
\echo :LAST_ERROR_SQLSTATE
SELECT sgr_graph(1);
\echo :LAST_ERROR_SQLSTATE

INSERT INTO sgr.artists (artist_id, name, urn, permalink_url) VALUES
    (1, 'Nova', 'soundcloud:users:1', 'https://soundcloud.example/nova'), (2, 'Ember', NULL, NULL), (3, 'Twin', NULL, NULL), (4, 'Twin', NULL, NULL);
INSERT INTO sgr.users (user_id, name) VALUES (1, 'Ada'), (2, 'Ben');
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags, label, permalink_url, urn) VALUES
    (1, 1, 'Dawn', 'Jazz', '{calm}', 'Hollow', 'https://soundcloud.example/nova/dawn', 'soundcloud:tracks:1'),
    (2, 1, 'Dusk', 'Jazz', '{calm}', NULL, NULL, NULL),
    (3, 2, 'Noon', NULL, '{loud}', 'Hollow', NULL, NULL),
    (4, 2, NULL, NULL, '{loud}', NULL, NULL, NULL),
    (5, 3, 'Far away', NULL, NULL, NULL, NULL, NULL),
    (6, 4, 'Same artist?', NULL, NULL, NULL, NULL, NULL);
INSERT INTO sgr.playlists (playlist_id, owner_id, title, is_public) VALUES
    (1, 1, 'Study Vibes', true), (2, 2, 'Secret', false), (3, 1, 'Everything', true);
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES
    (1, 1, 1), (1, 3, 2), (2, 1, 1), (2, 4, 2), (3, 1, 1), (3, 2, 2), (3, 3, 3), (3, 4, 4);
INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES (1, 1, 'like'), (1, 4, 'like'), (2, 4, 'repost');
SELECT count(*) FROM sgr_cooccur_refresh();
SELECT count(*) FROM sgr_triples_refresh(co_occurs_limit => 0, similar_taste_limit => 0);
SELECT entities, triples FROM sgr.adjacency_state;

-- The cheapest first; each edge is a triple.
SELECT rank, hops, round(cost::numeric, 6) AS cost, path FROM sgr_paths(1, 3, k => 4);
SELECT n->>'kind' AS kind, n->>'key' AS key, n->>'name' AS name FROM sgr_paths(1, 3, k => 1), jsonb_array_elements(nodes) WITH ORDINALITY AS x (n, i) ORDER BY i;
SELECT x.t - 'head_id' - 'tail_id' AS triple FROM sgr_paths(1, 3, k => 1), jsonb_array_elements(triples) WITH ORDINALITY AS x (t, i) ORDER BY i;
-- (1 - ln w) of both edges and ln 2 of the playlist, w = 1/(1 + ln 2).
SELECT round((2 * (1 + ln(1 + ln(2))) + ln(2))::numeric, 6) AS cost;
SELECT DISTINCT round(cost::numeric, 9) AS same_cost_both_ways FROM (SELECT cost FROM sgr_paths(1, 3, k => 1) UNION ALL SELECT cost FROM sgr_paths(3, 1, k => 1)) AS c;

-- Relations, kinds, weights, hops.
SELECT path FROM sgr_paths(1, 3, relations => '{on_label,has_tag}');
SELECT path FROM sgr_paths(1, 3, kinds => '{label}');
SELECT hops, path FROM sgr_paths(1, 3, k => 1, relation_weights => '{"on_label": 0.5}');
SELECT count(*) FROM sgr_paths(1, 3, 100, relation_weights => '{"in_playlist": 0, "on_label": 0, "liked_by": 0, "reposted_by": 0, "created_by": 0}');
SELECT max(hops) FROM sgr_paths(1, 3, 100, max_hops => 3);

-- Entities by what they are called.
SELECT path FROM sgr_paths('soundcloud:tracks:1', 'artist:Ember', 1);
SELECT path FROM sgr_paths('https://soundcloud.example/nova/dawn', 'https://soundcloud.example/nova', 1);
SELECT path FROM sgr_paths('soundcloud:users:1', 'playlist:1', 1);
SELECT path FROM sgr_paths(' tag: CALM ', 'user:Ben', 1);
SELECT path FROM sgr_paths('track:4', '2', 1);
SELECT path FROM sgr_paths('artist:Twin', '2', 1);
\echo :LAST_ERROR_SQLSTATE

-- No path: no row, and how far the search came.
SELECT count(*) FROM sgr_paths(1, 5);
SELECT count(*) FROM sgr_paths(1, 3, max_hops => 1);
SELECT count(*) FROM sgr_paths('artist:3', 'artist:4');
-- A search that may not look at much.
SET sgr_graph.path_edges = 3;
SELECT count(*) <= 1 AS few FROM sgr_paths(1, 4, k => 9);
RESET sgr_graph.path_edges;

-- What is refused.
SELECT * FROM sgr_paths(1, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths('track:1', '1');
SELECT * FROM sgr_paths(1, 2, k => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths(1, 2, k => 10000);
SELECT * FROM sgr_paths(1, 2, k => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths(1, 2, max_hops => 0);
SELECT * FROM sgr_paths(1, 2, max_hops => 50);
SELECT * FROM sgr_paths(1, NULL);
SELECT * FROM sgr_paths(1, 99);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths('tag:nobody has it', '1');
SELECT * FROM sgr_paths('something', '1');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths('https://soundcloud.example/nova/dwn', '1');
SELECT * FROM sgr_paths(1, 2, relations => '{in_playlist,nope}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths(1, 2, relations => '{}');
SELECT * FROM sgr_paths(1, 2, relations => '{NULL}');
SELECT * FROM sgr_paths(1, 2, kinds => '{planet}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM sgr_paths(1, 2, relation_weights => '3');
SELECT * FROM sgr_paths(1, 2, relation_weights => '{"has_tag": -1}');
SELECT * FROM sgr_paths(1, 2, relation_weights => '{"has_tag": "heavy"}');
SELECT * FROM sgr_paths(1, 2, relation_weights => '{"nope": 1}');
SELECT * FROM sgr_paths('1', '2', graph => 'nope');

-- A picture: hops, a fair share for each relation, what was left out.
SELECT d->>'kind' AS kind, d->>'label' AS label, d->>'hops' AS hops, d->>'edges' AS edges, d->>'hidden_edges' AS hidden
FROM jsonb_array_elements(sgr_graph(1, hops => 1)->'elements'->'nodes') AS n (node), LATERAL (SELECT node->'data' AS d) AS x
ORDER BY 3, 1, 2;
SELECT s.d->>'label' AS source, e->'data'->>'relation' AS relation, t.d->>'label' AS target, e->'data'->>'weight' AS weight
FROM (SELECT sgr_graph('artist:1', hops => 2, relations => '{by_artist,has_tag}')->'elements' AS g) AS g,
     jsonb_array_elements(g->'edges') AS e,
     LATERAL (SELECT n->'data' AS d FROM jsonb_array_elements(g->'nodes') AS n WHERE n->'data'->>'id' = e->'data'->>'source') AS s,
     LATERAL (SELECT n->'data' AS d FROM jsonb_array_elements(g->'nodes') AS n WHERE n->'data'->>'id' = e->'data'->>'target') AS t
ORDER BY 1, 2, 3;
SELECT jsonb_array_length(sgr_graph(1, 2, 4)->'elements'->'nodes') AS nodes;
SELECT sgr_graph('artist:3', 2, 10)->'elements'->'nodes'->0->'data'->>'label' AS center;
SELECT sgr_graph(1, 0);
\echo :LAST_ERROR_SQLSTATE
SELECT sgr_graph(1, 2, 0);
SELECT sgr_graph(1, 9);
SELECT sgr_graph(99);
SELECT sgr_graph(1, relations => '{nope}');
SELECT sgr_graph(NULL::text);

-- Who may not read private playlists sees none, and nothing that hangs on them.
CREATE ROLE sgr_test_guest;
GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO sgr_test_guest;
GRANT USAGE ON SCHEMA test TO sgr_test_guest;
ALTER TABLE sgr.playlists ENABLE ROW LEVEL SECURITY;
CREATE POLICY public_ones ON sgr.playlists USING (is_public);
CREATE FUNCTION test.paths_seen() RETURNS TABLE (what text) LANGUAGE sql AS $$
    SELECT 'path ' || rank || ' ' || round(cost::numeric, 6) || ' ' || path FROM sgr_paths(1, 4, k => 20)
    UNION ALL SELECT 'graph ' || sgr_graph(1, 2)::text
    UNION ALL SELECT 'unveil ' || sgr_unveil(1)
$$;
SELECT count(*) FILTER (WHERE what LIKE '%Secret%') AS secrets FROM test.paths_seen();
SET ROLE sgr_test_guest;
SELECT count(*) FILTER (WHERE what LIKE '%Secret%') AS secrets FROM test.paths_seen();
SELECT * FROM sgr_paths('playlist:2', '1');
SELECT * FROM sgr_paths('playlist:Secret', '1');
RESET ROLE;
-- What the guest sees is what he would see if the private playlist had never been.
CREATE TABLE test.seen (what text);
GRANT INSERT ON test.seen TO sgr_test_guest;
SET ROLE sgr_test_guest;
INSERT INTO test.seen SELECT what FROM test.paths_seen() WHERE what LIKE 'path %' OR what LIKE 'graph %';
RESET ROLE;
BEGIN;
DELETE FROM sgr.playlist_tracks WHERE playlist_id = 2;
DELETE FROM sgr.playlists WHERE playlist_id = 2;
SELECT count(*) FROM sgr_cooccur_refresh();
SELECT count(*) FROM sgr_triples_refresh(co_occurs_limit => 0, similar_taste_limit => 0);
SELECT what AS differs FROM test.paths_seen() WHERE what LIKE 'path %' OR what LIKE 'graph %' EXCEPT SELECT what FROM test.seen;
SELECT count(*) AS same FROM test.seen;
ROLLBACK;
-- Entries may be hidden instead of playlists; likes; whole relations.
DROP POLICY public_ones ON sgr.playlists;
ALTER TABLE sgr.playlists DISABLE ROW LEVEL SECURITY;
ALTER TABLE sgr.playlist_tracks ENABLE ROW LEVEL SECURITY;
CREATE POLICY public_ones ON sgr.playlist_tracks USING (playlist_id <> 2);
ALTER TABLE sgr.interactions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_ones ON sgr.interactions USING (user_id = 2);
SET ROLE sgr_test_guest;
SELECT path FROM sgr_paths(1, 4, k => 20, relations => '{in_playlist,liked_by,reposted_by,created_by}');
SELECT path FROM sgr_paths('4', 'user:2', 1);
RESET ROLE;
REVOKE SELECT ON sgr.interactions FROM sgr_test_guest;
SET ROLE sgr_test_guest;
SELECT count(*) FROM sgr_paths('4', 'user:2', relations => '{liked_by,reposted_by}');
RESET ROLE;
REVOKE SELECT ON sgr.playlists FROM sgr_test_guest;
SET ROLE sgr_test_guest;
SELECT path FROM sgr_paths(1, 3);
SELECT count(*) FROM sgr_paths(1, 3, relations => '{in_playlist,created_by}');
RESET ROLE;
GRANT SELECT ON sgr.playlists TO sgr_test_guest;
REVOKE SELECT ON sgr.playlist_tracks FROM sgr_test_guest;
SET ROLE sgr_test_guest;
SELECT path FROM sgr_paths(1, 3, relations => '{in_playlist,created_by,on_label}');
RESET ROLE;
GRANT SELECT ON sgr.playlist_tracks TO sgr_test_guest;
DROP POLICY public_ones ON sgr.playlist_tracks;
ALTER TABLE sgr.playlist_tracks DISABLE ROW LEVEL SECURITY;
DROP POLICY own_ones ON sgr.interactions;
ALTER TABLE sgr.interactions DISABLE ROW LEVEL SECURITY;
-- Of tracks that stand in the same playlists nothing is told to who may not read all playlists, unless public ones were counted.
SELECT count(*) > 0 AS pairs FROM sgr_triples_refresh() WHERE relation = 'co_occurs_with' AND inserted > 0;
ALTER TABLE sgr.playlists ENABLE ROW LEVEL SECURITY;
CREATE POLICY public_ones ON sgr.playlists USING (is_public);
SET ROLE sgr_test_guest;
SELECT count(*) FROM sgr_paths(1, 3, relations => '{co_occurs_with}');
RESET ROLE;
SELECT count(*) FROM sgr_cooccur_refresh(public_only => true);
SELECT count(*) FROM sgr_triples_refresh();
SET ROLE sgr_test_guest;
SELECT count(*) FROM sgr_paths(1, 3, relations => '{co_occurs_with}', max_hops => 1);
RESET ROLE;
DROP POLICY public_ones ON sgr.playlists;
ALTER TABLE sgr.playlists DISABLE ROW LEVEL SECURITY;
DROP OWNED BY sgr_test_guest;
DROP ROLE sgr_test_guest;

-- Named graphs.
CREATE TABLE test.facts (head text, relation text, tail text);
INSERT INTO test.facts VALUES ('paris', 'capital_of', 'france'), ('lyon', 'in', 'france'), ('france', 'in', 'europe'), ('rome', 'in', 'italy'), ('italy', 'in', 'europe');
SELECT inserted FROM sgr_triples_import(relation => 'test.facts', graph => 'places');
SELECT hops, path FROM sgr_paths('paris', 'rome', 2, graph => 'places');
SELECT path FROM sgr_paths('paris', 'lyon', graph => 'places', relations => '{in}');
SELECT * FROM sgr_paths('paris', 'berlin', graph => 'places');
\echo :LAST_ERROR_SQLSTATE
SELECT jsonb_array_length(sgr_graph('france', 1, graph => 'places')->'elements'->'edges') AS edges;
INSERT INTO test.facts VALUES ('berlin', 'capital_of', 'germany'), ('germany', 'in', 'europe');
SELECT inserted FROM sgr_triples_import(relation => 'test.facts', graph => 'places');
SELECT path FROM sgr_paths('paris', 'berlin', 1, graph => 'places');
SELECT sgr_graph_drop('places') AS triples;
SELECT count(*) FROM sgr.adjacency_state;

-- Triples that were changed by hand.
DELETE FROM sgr.triples WHERE relation = 3;
SELECT graph_name, triples FROM sgr_adjacency_refresh();
SELECT count(*) FROM sgr_paths(1, 3, relations => '{in_playlist}');
SELECT * FROM sgr_adjacency_refresh('nope');
SELECT * FROM sgr_adjacency_refresh(NULL);
DROP TABLE test.facts, test.seen;
DROP FUNCTION test.paths_seen();
