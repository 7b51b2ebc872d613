-- Recommenders: what is refused, and how it is said.
SET client_min_messages = warning;
CALL test.reset();
\pset format unaligned
\pset tuples_only on

-- Nothing there.
SELECT test.refusal($$SELECT sgr_train('ials')$$);
SELECT test.refusal($$SELECT sgr_train('ials', 'a')$$);
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'ials')$$);
SELECT test.refusal($$SELECT sgr_predict(1, 1, '7')$$);

-- Choices of a training.
CALL test.load_small();
SELECT test.refusal('SELECT sgr_train(' || choice || ')') FROM unnest(ARRAY[
    'NULL', $$''$$, $$'svd'$$, $$'ials', kind => 'dislike'$$, $$'ials', name => ''$$, $$'ials', seed => NULL$$,
    $$'ials', threads => -1$$, $$'ials', replace => NULL$$, $$'ials', params => NULL$$, $$'ials', params => '[]'$$, $$'ials', params => '7'$$,
    $$'ials', params => '{"dims": 8}'$$, $$'popularity', params => '{"dim": 8}'$$, $$'ials', params => '{"dim": "8"}'$$, $$'ials', params => '{"dim": 8.5}'$$,
    $$'ials', params => '{"dim": -1}'$$, $$'ials', params => '{"dim": 0}'$$, $$'ials', params => '{"dim": 2049}'$$, $$'ials', params => '{"dim": null}'$$,
    $$'ials', params => '{"l2": true}'$$, $$'ials', params => '{"l2": 0}'$$, $$'ials', params => '{"l2": 1e300}'$$,
    $$'ials', params => '{"frequency_exponent": 2}'$$, $$'ials', params => '{"epochs": 0}'$$, $$'item_knn', params => '{"neighbours": 0}'$$,
    $$'item_knn', params => '{"shrinkage": -1}'$$, $$'rp3beta', params => '{"alpha": 0}'$$, $$'ease', params => '{"l2": -5}'$$,
    $$'bpr', params => '{"learning_rate": 0}'$$, $$'lightgcn', params => '{"layers": 17}'$$, $$'lightgcn', params => '{"batch": 0}'$$]) AS choice;
SELECT test.refusal($$SELECT sgr_train('bpr', params => '{"learning_rate": 1e30}', threads => 1)$$);
SELECT (SELECT count(*) FROM sgr.models) + (SELECT count(*) FROM sgr.model_arrays) + (SELECT count(*) FROM sgr.runs WHERE task = 'train') AS nothing_left;

-- Names.
SELECT count(*) FROM sgr_train('popularity');
SELECT test.refusal($$SELECT sgr_train('popularity')$$);
SELECT test.refusal($$SELECT sgr_train('ials', name => 'popularity')$$);
SELECT count(*) FROM sgr_eval_split('a') AS a, sgr_eval_split('b', repeats => 2) AS b;
SELECT count(*) FROM sgr_train('popularity', 'a', 'counted');
SELECT test.refusal($$SELECT sgr_train('popularity', 'a', 'counted')$$);
SELECT test.refusal($$SELECT sgr_train('ials', 'a', kind => 'like')$$);

-- Asking.
SELECT test.refusal('SELECT ' || asked) FROM unnest(ARRAY[
    $$sgr_predict(NULL, 1, 'popularity')$$, $$sgr_predict(1, NULL, 'popularity')$$, $$sgr_predict(1, 1, NULL)$$,
    $$sgr_predict(1, 1, '')$$, $$sgr_predict(777, 1, 'popularity')$$, $$sgr_predict_top(1, 'popularity', -1)$$, $$sgr_predict_top(1, 'popularity', NULL)$$,
    $$sgr_predict_top(1, 'popularity', 5, NULL)$$]) AS asked;
SELECT count(*) FROM sgr_train('bpr', params => '{"dim": 2, "epochs": 1}', threads => 1);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (1000, 1);
SELECT test.refusal($$SELECT sgr_predict(1000, 1, 'bpr')$$);
SELECT sgr_cooccur_refresh() IS NOT NULL LIMIT 1;
SELECT test.refusal($$SELECT sgr_recommend_user(1, model => 'nothing')$$);
SELECT test.refusal($$SELECT sgr_recommend_user(777, model => 'popularity')$$);
-- Playlists are no users.
SELECT count(*) FROM sgr_eval_split('of playlists', protocol => 'playlist', seed => 1);
SELECT count(*) FROM sgr_train('popularity', 'of playlists', 'of playlists');
SELECT test.refusal($$SELECT sgr_recommend_user(1, model => 'of playlists')$$);

-- Judging what has seen the answers.
SELECT test.refusal($$SELECT sgr_eval('a', '{bpr}')$$);
SELECT test.refusal($$SELECT sgr_eval('b', '{counted}')$$);
SELECT count(*) FROM sgr_train('popularity', 'b', 'halved');
SELECT sgr_model_drop(model_id) FROM sgr_models WHERE name = 'halved' AND repeat = 2;
SELECT test.refusal($$SELECT sgr_eval('b', '{halved}')$$);
CREATE VIEW test.twin AS SELECT 1 AS user_id, 1 AS item_id, 1.0 AS score, 'counted'::text AS model;
SELECT test.refusal($$SELECT sgr_eval('a', scores => 'test.twin')$$);
SELECT sgr_eval_split_drop('b');
SELECT test.refusal($$SELECT sgr_eval('a', '{halved}')$$);

-- Kinds of models.
SELECT test.refusal(replace(asked, 'ID', (SELECT model_id::text FROM sgr_models WHERE name = 'bpr'))) FROM unnest(ARRAY[
    'SELECT sgr_kge_resume(ID, 1)', 'SELECT sgr_kge_extend(ID)', 'SELECT sgr_kge_neighbors_refresh(ID)', $$SELECT sgr_kge_score('1', 'has_tag', '2', model_id => ID)$$,
    $$SELECT sgr_embeddings_export(ID, '/')$$, 'SELECT sgr_kge_index_create(ID)', 'SELECT sgr_model_activate(ID)']) AS asked;

-- Arrays that somebody has spoilt.
SELECT count(*) FROM sgr_train('ials', params => '{"dim": 2, "epochs": 1}', threads => 1);
UPDATE sgr.model_arrays SET numbers = numbers[1:cardinality(numbers) - 1] WHERE array_name = 'user_vectors';
UPDATE sgr.models SET changed_at = clock_timestamp();
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'ials')$$);
DELETE FROM sgr.model_arrays WHERE array_name = 'items';
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'popularity')$$);

-- Memory and rights.
SET sgr_graph.memory_limit = '1MB';
SELECT test.refusal($$SELECT sgr_train('ials', name => 'large', params => '{"dim": 2048}', threads => 1)$$);
RESET sgr_graph.memory_limit;
CREATE ROLE sgr_test_reader;
GRANT USAGE ON SCHEMA sgr, test TO sgr_test_reader;
SET ROLE sgr_test_reader;
SELECT test.refusal($$SELECT sgr_train('ials')$$);
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'ials')$$);
RESET ROLE;
REVOKE ALL ON SCHEMA sgr, test FROM sgr_test_reader;
DROP ROLE sgr_test_reader;
DROP VIEW test.twin;
