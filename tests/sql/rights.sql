-- Who may do what. The GRANTs are those of docs/OPERATIONS.md.
\set SHOW_CONTEXT never
CALL test.reset();
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 200, playlists => 100, users => 50);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
CREATE ROLE sgr_test_nobody;
CREATE ROLE sgr_test_reader;
CREATE ROLE sgr_test_analyst;
CREATE ROLE sgr_test_ingester;

-- A reader asks.
GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO sgr_test_reader;
-- An analyst also refreshes and sets weights.
GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO sgr_test_analyst;
GRANT INSERT, UPDATE, DELETE ON sgr.cooccurrence_lists, sgr.cooccurrence_state, sgr.cooccurrence_drift,
    sgr.cooccurrence_baskets, sgr.cooccurrence_counts, sgr.cooccurrence_changes, sgr.track_features,
    sgr.user_features, sgr.tag_index, sgr.feature_state, sgr.runs, sgr.signal_weights TO sgr_test_analyst;
-- An ingester fills the catalogue.
GRANT SELECT, INSERT, UPDATE, DELETE ON sgr.artists, sgr.users, sgr.tracks, sgr.track_artists, sgr.playlists,
    sgr.playlist_tracks, sgr.interactions, sgr.follows TO sgr_test_ingester;
GRANT INSERT ON sgr.cooccurrence_changes TO sgr_test_ingester;

-- Without any grant.
SET ROLE sgr_test_nobody;
SELECT sgr_version() IS NOT NULL AS version;
SELECT count(*) FROM sgr_recommend(1);
\echo :SQLSTATE
SELECT count(*) FROM sgr_related(1);
\echo :SQLSTATE
SELECT sgr_unveil(1);
\echo :SQLSTATE
SELECT sgr_track_id('1');
\echo :SQLSTATE
SELECT count(*) FROM sgr.track_stats;
\echo :SQLSTATE
SELECT count(*) FROM sgr_cooccur_refresh();
\echo :SQLSTATE
SELECT count(*) FROM sgr_demo_load();
\echo :SQLSTATE
SELECT count(*) FROM sgr_demo_load(replace => true);
\echo :SQLSTATE
SELECT count(*) FROM sgr_source_set('tracks', 'pg_class');
\echo :SQLSTATE
SELECT count(*) FROM sgr_signal_set('tags', 1);
\echo :SQLSTATE
SELECT sgr_cooccur_touch('{1}');
\echo :SQLSTATE
RESET ROLE;

-- The reader.
SET ROLE sgr_test_reader;
SELECT (SELECT count(*) FROM sgr_recommend(1)) AS recommend, (SELECT count(*) FROM sgr_recommend_user(1)) AS recommend_user,
       (SELECT count(*) FROM sgr_related(1, 5)) AS related, (SELECT count(*) FROM sgr_similar_tags(1, 5)) AS similar_tags,
       (SELECT count(*) FROM sgr_similar_users(1, 5)) AS similar_users, (SELECT count(*) FROM sgr_related_artists(1, 5)) AS related_artists,
       length(sgr_unveil(1)) > 0 AS unveil, sgr_profile(1) IS NOT NULL AS profile, sgr_track_id('1') AS track_id;
SELECT (SELECT count(*) FROM sgr.track_stats) AS track_stats, (SELECT count(*) > 0 FROM sgr.artist_stats) AS artist_stats,
       (SELECT count(*) > 0 FROM sgr.playlist_stats) AS playlist_stats, (SELECT count(*) FROM sgr.catalogue_counts) > 0 AS counts,
       (SELECT count(*) > 0 FROM sgr.top_pairs) AS top_pairs, (SELECT count(*) FROM sgr_cooccur_estimate()) AS estimate;
SELECT count(*) FROM sgr_cooccur_refresh();
\echo :SQLSTATE
SELECT count(*) FROM sgr_signal_set('tags', 1);
\echo :SQLSTATE
INSERT INTO sgr.tracks (track_id) VALUES (-1);
\echo :SQLSTATE
SET sgr_graph.memory_limit = '1GB';
\echo :SQLSTATE
SET sgr_graph.threads = 1;
RESET sgr_graph.threads;
RESET ROLE;

-- The analyst.
SET ROLE sgr_test_analyst;
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh(mode => 'full');
SELECT count(*) AS signals FROM sgr_signal_set('tags', 1, 'mine');
SELECT sgr_cooccur_touch('{1}');
SELECT basket, item, mode FROM sgr_cooccur_refresh();
SELECT DISTINCT run_by FROM sgr.runs ORDER BY 1;
DELETE FROM sgr.tracks;
\echo :SQLSTATE
SELECT count(*) FROM sgr_source_set('tracks');
\echo :SQLSTATE
RESET ROLE;

-- The ingester: the triggers note what he changes.
SET ROLE sgr_test_ingester;
INSERT INTO sgr.tracks (track_id, title) VALUES (9001, 'New');
INSERT INTO sgr.playlist_tracks VALUES (9001, 9001, 1), (9001, 1, 2);
UPDATE sgr.playlist_tracks SET position = 3 WHERE playlist_id = 9001 AND track_id = 1;
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 9001) ON CONFLICT DO NOTHING;
DELETE FROM sgr.interactions WHERE user_id = 1 AND track_id = 9001;
SELECT count(*) FROM sgr.runs;
\echo :SQLSTATE
RESET ROLE;
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track');
SELECT track_id FROM sgr_related(9001);

-- Row-level security: a reader sees in reports and views what his role may see. Counts were made by who refreshed.
ALTER TABLE sgr.playlists ENABLE ROW LEVEL SECURITY;
ALTER TABLE sgr.playlist_tracks ENABLE ROW LEVEL SECURITY;
CREATE POLICY public_only ON sgr.playlists USING (is_public);
CREATE POLICY public_only ON sgr.playlist_tracks
    USING (EXISTS (SELECT FROM sgr.playlists AS p WHERE p.playlist_id = playlist_tracks.playlist_id));
UPDATE sgr.playlists SET is_public = playlist_id % 2 = 0;
SELECT count(*) AS all_entries, count(*) FILTER (WHERE playlist_id % 2 = 0) AS public_entries FROM sgr.playlist_tracks WHERE playlist_id <= 100 \gset
SET ROLE sgr_test_reader;
SELECT bool_and(playlist_id % 2 = 0) AS only_public, sum(entries) = :public_entries AS all_public FROM sgr.playlist_stats;
SELECT bool_and((p->>'playlist_id')::bigint % 2 = 0) AS only_public, count(*) > 0 AS some
FROM generate_series(1, 20) AS t CROSS JOIN LATERAL jsonb_array_elements(sgr_profile(t::bigint)->'playlists'->'top') AS p;
SELECT count(*) AS rows FROM sgr_recommend(1);
SELECT entries < :all_entries AS estimate_of_visible FROM sgr_cooccur_estimate('playlist', 'track');
RESET ROLE;
-- Row-level security on a derived table stops the refresh of those that it binds.
ALTER TABLE sgr.cooccurrence_lists ENABLE ROW LEVEL SECURITY;
CREATE POLICY everything ON sgr.cooccurrence_lists USING (true);
SET ROLE sgr_test_analyst;
SELECT count(*) FROM sgr_cooccur_refresh('playlist', 'track', mode => 'full');
\echo :SQLSTATE
RESET ROLE;
DROP POLICY everything ON sgr.cooccurrence_lists;
ALTER TABLE sgr.cooccurrence_lists DISABLE ROW LEVEL SECURITY;
DROP POLICY public_only ON sgr.playlist_tracks;
DROP POLICY public_only ON sgr.playlists;
ALTER TABLE sgr.playlist_tracks DISABLE ROW LEVEL SECURITY;
ALTER TABLE sgr.playlists DISABLE ROW LEVEL SECURITY;

-- A mapped relation is read with the caller's rights.
CREATE TABLE secret_tracks (track_id bigint, title text);
INSERT INTO secret_tracks VALUES (1, 'Secret');
SELECT source_relation FROM sgr_source_set('tracks', 'secret_tracks');
SET ROLE sgr_test_reader;
SELECT count(*) FROM sgr.track_stats;
\echo :SQLSTATE
SELECT sgr_unveil(1);
\echo :SQLSTATE
RESET ROLE;

CALL test.reset();
DROP TABLE secret_tracks;
DROP OWNED BY sgr_test_nobody, sgr_test_reader, sgr_test_analyst, sgr_test_ingester;
DROP ROLE sgr_test_nobody, sgr_test_reader, sgr_test_analyst, sgr_test_ingester;
