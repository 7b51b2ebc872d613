-- sgr_forget and sgr_purge: rows go, and with them all that was made of them.
\set SHOW_CONTEXT never
CALL test.reset();
SET client_min_messages = warning;

-- How many rows of which table name a number.
CREATE FUNCTION test.traces(wanted text) RETURNS TABLE (relation text, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
    FOR relation IN SELECT c.oid::regclass FROM pg_class AS c
                    WHERE c.relnamespace = 'sgr'::regnamespace AND c.relkind = 'r' ORDER BY c.relname LOOP
        EXECUTE format('SELECT count(*) FROM %s AS t WHERE t::text ~ %L', relation, wanted) INTO rows;
        IF rows > 0 THEN RETURN NEXT; END IF;
    END LOOP;
END
$$;

-- Zed, 9876543210: likes, follows, a playlist 9876543211, and he is the artist of one urn with a track 9876543212; the
-- artist with the number of user 7 is somebody else.
CALL test.load_small();
INSERT INTO sgr.interactions (user_id, track_id) SELECT u, 1 + (u * 7 + n * 3) % 60 FROM generate_series(1, 40) AS u, generate_series(1, 8) AS n
    ON CONFLICT DO NOTHING;
CREATE PROCEDURE test.load_zed() LANGUAGE sql BEGIN ATOMIC
    INSERT INTO sgr.users (user_id, urn, name, source, fetched_at) VALUES (9876543210, 'soundcloud:users:9876543210', 'Zed', 'soundcloud', now());
    INSERT INTO sgr.artists (artist_id, urn, name) VALUES (9876543210, 'soundcloud:users:9876543210', 'Zed');
    INSERT INTO sgr.tracks (track_id, artist_id, title) VALUES (9876543212, 9876543210, 'By Zed');
    INSERT INTO sgr.interactions (user_id, track_id) SELECT 9876543210, t FROM generate_series(1, 12) AS t;
    INSERT INTO sgr.interactions (user_id, track_id) VALUES (3, 9876543212);
    INSERT INTO sgr.follows VALUES (9876543210, 3), (4, 9876543210);
    INSERT INTO sgr.playlists (playlist_id, owner_id, title) VALUES (9876543211, 9876543210, 'Zed''s');
    INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) SELECT 9876543211, t, t FROM generate_series(1, 9) AS t;
    INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (1, 9876543212, 90);
END;
CALL test.load_zed();
SELECT sgr_import('{"kind":"user","id":9876543210,"username":"Zed"}', 'by hand');
SELECT sgr_import('{"collection":[]}', 'https://api.soundcloud.com/users/9876543210/likes/tracks?limit=200');
SELECT sgr_import('{"collection":[{"kind":"user","id":98765432101,"username":"Zoe"}]}', 'by hand');
SELECT sgr_import('cut off {"id":9876543210,', 'by hand');
SELECT stage, outcome FROM sgr_build_kg(co_occurs_limit => 5);
SELECT count(*) FROM sgr_cooccur_refresh('playlist', 'track', top_k => 7);
SELECT count(*) FROM sgr_triples_refresh(co_occurs_limit => 5);
SELECT count(*) FROM sgr_kge_train(name => 'vectors', dim => 8, epochs => 1, seed => 1);
SELECT count(*) FROM sgr_eval_split('judged', kind => 'like', seed => 1);
SELECT count(*) FROM sgr_eval_split('lists', protocol => 'playlist', seed => 1);
SELECT count(*) FROM sgr_train('popularity', 'judged');
SELECT count(*) FROM sgr_train('popularity', 'lists', 'of lists');
UPDATE sgr.users SET permalink_url = 'https://soundcloud.com/zed.z' WHERE user_id = 9876543210;
INSERT INTO sgr.jobs (task, args, priority, submitted_by, settings, state, not_before) VALUES
    ('ingest_crawl', '{"url": "https://soundcloud.com/zed.z/likes"}', 0, current_user::regrole, '{}', 'queued', 'infinity'),
    ('ingest_crawl', '{"url": "https://soundcloud.com/zed.zoe"}', 0, current_user::regrole, '{}', 'queued', 'infinity');
INSERT INTO sgr.jobs (task, args, priority, submitted_by, settings, state, checkpoint) VALUES
    ('ingest_crawl', '{"urn": "soundcloud:users:9876543210"}', 0, current_user::regrole, '{}', 'failed', '9876543210'),
    ('ingest_crawl', '{"urn": "soundcloud:users:7"}', 0, current_user::regrole, '{}', 'cancelled', 'knows him'),
    ('ingest_crawl', '{"urn": "soundcloud:users:8"}', 0, current_user::regrole, '{}', 'cancelled', 'knows others'),
    ('kge_train', '{}', 0, current_user::regrole, '{}', 'cancelled', 'has learned');
INSERT INTO sgr.crawl_things (job_id, kind, thing_id, level, mentions, met, flags)
SELECT job_id, 'user', CASE checkpoint WHEN 'knows him' THEN 9876543210 ELSE 5 END, 0, 1, 0, 0
FROM sgr.jobs WHERE task = 'ingest_crawl' AND state = 'cancelled';
SELECT * FROM test.traces('98765432(10|11|12)\M');

SELECT * FROM sgr_forget(9876543210);
-- Nothing is left: neither rows nor what was made of them; Zoe, whose number begins with his, is.
SELECT * FROM test.traces('98765432(10|11|12)\M');
SELECT user_id, name FROM sgr.users WHERE name = 'Zoe';
-- A crawl that has met him begins anew, as every training does; one that has not goes on.
SELECT j.task, j.args, j.checkpoint, (SELECT count(*) FROM sgr.crawl_things AS t WHERE t.job_id = j.job_id) AS things
FROM sgr.jobs AS j WHERE j.state = 'cancelled' ORDER BY j.job_id;
SELECT name FROM sgr_models;
SELECT args FROM sgr.jobs ORDER BY job_id;
-- What remains is what a catalogue without him would have given.
CREATE TABLE test.after AS SELECT p.kind, p.item_id_a, p.item_id_b, p.together FROM sgr.cooccurrence_pairs AS p;
CREATE TABLE test.triples_after AS SELECT head_kind, head, relation, tail_kind, tail, weight FROM sgr.kg_triples;
SELECT (SELECT count(*) FROM test.after) AS pairs, (SELECT count(*) FROM test.triples_after) AS triples;
SELECT count(*) > 0 AS counted FROM sgr_cooccur_refresh(mode => 'full');
SELECT count(*) FROM sgr_cooccur_refresh('playlist', 'track', top_k => 7, mode => 'full');
SELECT count(*) FROM sgr_triples_refresh(co_occurs_limit => 5, mode => 'full');
SELECT count(*) FROM (TABLE test.after EXCEPT SELECT p.kind, p.item_id_a, p.item_id_b, p.together FROM sgr.cooccurrence_pairs AS p) AS differ;
SELECT count(*) FROM (SELECT p.kind, p.item_id_a, p.item_id_b, p.together FROM sgr.cooccurrence_pairs AS p EXCEPT TABLE test.after) AS differ;
SELECT count(*) FROM (TABLE test.triples_after EXCEPT SELECT head_kind, head, relation, tail_kind, tail, weight FROM sgr.kg_triples) AS differ;
SELECT count(*) FROM (SELECT head_kind, head, relation, tail_kind, tail, weight FROM sgr.kg_triples EXCEPT TABLE test.triples_after) AS differ;
-- Again: he is not there. An unknown user is no error, for he is not there either.
SELECT sum(removed) FROM sgr_forget(9876543210);

-- An artist of the same number is not the user.
SELECT what, removed FROM sgr_forget(7) WHERE removed > 0;
SELECT count(*) FROM sgr.artists WHERE artist_id = 7;

-- Whoever has uploaded a track is an artist, with or without a row as a user.
INSERT INTO sgr.artists (artist_id, urn, name, city) VALUES (9876543219, 'soundcloud:users:9876543219', 'Uma', 'Ulm');
INSERT INTO sgr.tracks (track_id, artist_id, title) VALUES (9876543218, 9876543219, 'By Uma');
SELECT what, removed FROM sgr_forget(9876543219) WHERE removed > 0;
SELECT * FROM test.traces('987654321[89]|Uma|Ulm');
-- A role that does not see all jobs cannot know that nothing is left.
CREATE ROLE forgetful;
GRANT ALL ON ALL TABLES IN SCHEMA sgr TO forgetful;
GRANT USAGE ON SCHEMA sgr TO forgetful;
SET ROLE forgetful;
SELECT * FROM sgr_forget(9);
RESET ROLE;
DROP OWNED BY forgetful;
DROP ROLE forgetful;

-- Likes that a relation of the user holds are his to delete: nothing happens.
CREATE TABLE test.my_likes AS SELECT 8::bigint AS user_id, 1::bigint AS track_id;
SELECT count(*) FROM sgr_source_set('interactions', 'test.my_likes');
SELECT * FROM sgr_forget(8);
SELECT count(*) FROM sgr.users WHERE user_id = 8;
DELETE FROM test.my_likes;
SELECT removed FROM sgr_forget(8) WHERE what = 'users';
SELECT count(*) FROM sgr_source_set('interactions');
SELECT * FROM sgr_forget(NULL);

-- Purging takes what is older, of one source.
UPDATE sgr.tracks SET source = 'soundcloud', fetched_at = now() - track_id * interval '1 day';
UPDATE sgr.playlists SET source = 'soundcloud', fetched_at = now() - interval '10 days' WHERE playlist_id <= 20;
UPDATE sgr.raw_documents SET fetched_at = now() - interval '40 days';
SELECT what, removed FROM sgr_purge('elsewhere', '0') WHERE removed > 0;
SELECT what, removed FROM sgr_purge('soundcloud', '30 days') WHERE removed > 0;
SELECT max(track_id) FROM sgr.tracks;
SELECT count(*) FROM sgr.playlist_tracks WHERE track_id > 30;
SELECT what, removed FROM sgr_purge('soundcloud', '0') WHERE removed > 0;
SELECT count(*) FROM sgr.tracks;
SELECT * FROM sgr_purge('soundcloud', '-1 day');
SELECT * FROM sgr_purge(NULL, '1 day');
SELECT * FROM sgr_purge('soundcloud', NULL);
DROP FUNCTION test.traces;
DROP PROCEDURE test.load_zed;
DROP TABLE test.after, test.triples_after, test.my_likes;
RESET client_min_messages;
