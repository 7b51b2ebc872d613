-- The blend: what is refused, and how it is said.
SET client_min_messages = warning;
CALL test.reset();
\pset format unaligned
\pset tuples_only on

SELECT test.refusal($$SELECT sgr_train('blend')$$);
CALL test.load_small();
SELECT count(*) FROM sgr_eval_split('a');
SELECT test.refusal($$SELECT sgr_train('blend', 'nothing')$$);

-- Parameters.
SELECT test.refusal(format($$SELECT sgr_train('blend', 'a', params => %L)$$, params)) FROM unnest(ARRAY[
    '[]', '{"dim": 8}', '{"bins": 1}', '{"bins": "many"}', '{"rounds": 0}', '{"learning_rate": 0}', '{"learning_rate": true}', '{"leaves": 1}',
    '{"min_rows": 0}', '{"l2": -1}', '{"bags": 0}', '{"holdout": 0.6}', '{"patience": 0}', '{"pairs": 65}', '{"pair_bins": 1}',
    '{"negatives": 0}', '{"negatives": 1001}', '{"validation_share": 1}', '{"components": "ials16"}', '{"components": []}', '{"components": [1]}',
    '{"components": ["svd"]}', '{"activate": 1}', '{"graph": 7}', '{"graph": "catalogue", "triples": "facts"}', '{"graph": "none", "components": ["graph_walk"]}',
    '{"graph": "nothing"}', '{"graph": "catalogue"}', '{"triples": "nothing"}', '{"triples": "test.facts"}']) AS params;
CREATE TABLE test.facts (head text, relation text, tail text);
SELECT test.refusal($$SELECT sgr_train('blend', 'a', params => '{"triples": "test.facts"}')$$);
INSERT INTO test.facts VALUES ('one', 'in', 'two');
SELECT test.refusal($$SELECT sgr_train('blend', 'a', params => '{"triples": "test.facts"}')$$);

-- Nothing, or not enough, to learn weights from.
SELECT count(*) FROM sgr_eval_split('no validation', '{0.8,0,0.2}');
SELECT test.refusal($$SELECT sgr_train('blend', 'no validation')$$);
SELECT test.refusal($$SELECT sgr_train('blend', 'a', params => '{"min_rows": 1000}')$$);
SELECT count(*) FROM sgr_eval_split('positives', protocol => 'per_user');
SELECT test.refusal($$SELECT sgr_train('blend', 'positives', params => '{"min_rows": 1000}')$$);
SELECT test.refusal($$SELECT sgr_train('blend', params => '{"min_rows": 1000}')$$);
SELECT test.refusal($$SELECT sgr_train('blend', name => 'signals')$$);
SELECT test.refusal($$SELECT sgr_train('ials', name => 'signals')$$);
SELECT test.refusal($$SELECT sgr_sweep('blend', '{"bins": [8]}', 'a')$$);
SELECT (SELECT count(*) FROM sgr.models) + (SELECT count(*) FROM sgr.model_arrays) AS nothing_left;

-- Asking.
SELECT count(*) FROM sgr_train('blend', 'a', params => '{"min_rows": 10, "rounds": 5, "components": ["walk"]}', threads => 1);
SELECT count(*) FROM sgr_train('popularity');
SELECT sgr_cooccur_refresh() IS NOT NULL LIMIT 1;
SELECT test.refusal('SELECT ' || asked) FROM unnest(ARRAY[
    $$sgr_blend_terms(NULL)$$, $$sgr_blend_terms('nothing')$$, $$sgr_blend_terms('popularity')$$, $$sgr_predict(777, 1, 'blend')$$,
    $$sgr_explain_user(1, 999, model => 'blend')$$, $$sgr_explain_user(777, 1, model => 'blend')$$, $$sgr_explain_user(1, 2, model => 'nothing')$$,
    $$sgr_explain_user(1, 2, model => 'popularity')$$, $$sgr_explain_user(1, NULL, model => 'blend')$$, $$sgr_explain_user(1, 2, NULL)$$]) AS asked;
SELECT sgr_predict(1, 999, 'blend') IS NULL AS unknown_track;

-- Only a blend of all interactions can be active.
SELECT test.refusal(format('SELECT sgr_model_activate(%s)', model_id)) FROM sgr_models ORDER BY name;
SELECT test.refusal('SELECT sgr_model_activate(' || asked || ')') FROM unnest('{"NULL",77,"77, false","1, NULL"}'::text[]) AS asked;

-- What was spoilt is noticed.
UPDATE sgr.models SET blend = blend #- '{terms,0,weights,0}', changed_at = clock_timestamp() WHERE model = 'blend';
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'blend')$$);
UPDATE sgr.models SET blend = '{}', changed_at = clock_timestamp() WHERE model = 'blend';
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'blend')$$);
-- A reader without rights on models gets the signals.
SELECT count(*) FROM sgr_train('blend', name => 'all', params => '{"min_rows": 5, "rounds": 5, "components": ["walk"]}', threads => 1);
SELECT bool_and(by_playlists IS NULL) AS the_blend FROM sgr_recommend_user(3, 3);
CREATE ROLE sgr_test_reader;
GRANT USAGE ON SCHEMA sgr, test TO sgr_test_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO sgr_test_reader;
REVOKE SELECT ON sgr.model_arrays FROM sgr_test_reader;
SET ROLE sgr_test_reader;
SELECT test.refusal($$SELECT sgr_train('blend', 'a', 'mine')$$);
SELECT bool_and(by_playlists IS NOT NULL) AS the_signals FROM sgr_recommend_user(3, 3);
RESET ROLE;
-- Who may store models but not change them trains one that is not active.
GRANT INSERT ON sgr.models, sgr.model_arrays, sgr.runs TO sgr_test_reader;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA sgr TO sgr_test_reader;
GRANT SELECT ON sgr.model_arrays TO sgr_test_reader;
GRANT UPDATE ON sgr.runs TO sgr_test_reader;
SET ROLE sgr_test_reader;
SET client_min_messages = notice;
SELECT count(*) FROM sgr_train('blend', name => 'mine', params => '{"min_rows": 5, "rounds": 5, "components": ["walk"]}', threads => 1);
SET client_min_messages = warning;
RESET ROLE;
SELECT name FROM sgr_models WHERE is_active;
REVOKE ALL ON ALL TABLES IN SCHEMA sgr FROM sgr_test_reader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA sgr FROM sgr_test_reader;
REVOKE ALL ON SCHEMA sgr, test FROM sgr_test_reader;
DROP ROLE sgr_test_reader;

-- Of components that take too much memory others are left.
INSERT INTO sgr.interactions (user_id, track_id, kind) SELECT 10000 + n, 10000 + n, 'like' FROM generate_series(1, 700) AS n;
SET sgr_graph.memory_limit = '1MB';
SELECT regexp_replace(test.refusal($$SELECT sgr_train('blend', name => 'large', params => '{"components": ["walk", "ease100"]}', threads => 1)$$), '[0-9.]+ [kM]B', 'N', 'g');
RESET sgr_graph.memory_limit;
DROP TABLE test.facts;
