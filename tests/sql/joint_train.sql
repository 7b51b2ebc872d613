-- The joint model as a recommender: trained on each repeat of a split or on all interactions, stored, judged, asked.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();
SELECT count(*) > 0 AS built FROM sgr_build_kg();
SELECT split_id > 0 AS stored FROM sgr_eval_split('likes', kind => 'like', repeats => 2);

SELECT model_id, model_name, repeat, epochs_run, kept_epoch BETWEEN 1 AND 3 AS kept, stopped, rec_loss > 0 AS loss, kge_loss BETWEEN -1 AND 1 AS kge_loss,
       validation_auc BETWEEN 0 AND 1 AS auc, users, items, interactions > 0 AS interactions, entities > 60 AS entities, triples_learned > 0 AS triples
FROM sgr_joint_train('likes', rec_dim => 4, epochs => 3, threads => 1);
SELECT name, kind, model, repeat, split, dim, epochs, stopped, parameters #>> '{params,rec_dim}' AS rec_dim, parameters #>> '{params,kge_dim}' AS kge_dim,
       validation_metrics ? 'user_auc' AS metrics FROM sgr_models;
SELECT array_name, sum(coalesce(cardinality(ids), cardinality(numbers))) > 0 AS filled FROM sgr.model_arrays WHERE model_id = 1 GROUP BY array_name ORDER BY array_name;

-- It is judged beside the others, and its scores are probabilities.
SELECT model, metric, value BETWEEN 0 AND 1 AS in_range FROM sgr_eval('likes', '{popularity,mkr}', '{auc,user_auc,log_loss,calibration_error,ndcg}', resamples => 0);
-- The numbers of the validation part are those of the training.
SELECT abs(avg((m.validation_metrics ->> 'auc')::float8) - e.value) < 1e-6 AS same
FROM sgr_models AS m CROSS JOIN sgr_eval('likes', '{mkr}', '{auc}', part => 'validation', resamples => 0) AS e GROUP BY e.value;

-- All interactions, without a graph: one model, asked for a user and a track.
SELECT model_name, repeat, interactions > 0 AS interactions, entities, triples_learned, kge_loss FROM sgr_joint_train(no_kge => true, rec_dim => 4, epochs => 2, name => 'all', threads => 1);
SELECT sgr_predict(1, 1, 'all') BETWEEN 0 AND 1 AS probability, sgr_predict(1, -1, 'all') IS NULL AS unknown_track;
SELECT count(*) AS rows, bool_and(score BETWEEN 0 AND 1) AS probabilities FROM sgr_predict_top(1, 'all', 5);

-- The same seed gives the same model, another seed another; a name is taken until it is replaced.
SELECT model_id > 0 AS trained FROM sgr_joint_train(no_kge => true, rec_dim => 4, epochs => 2, name => 'again', threads => 1);
SELECT model_id > 0 AS trained FROM sgr_joint_train(no_kge => true, rec_dim => 4, epochs => 2, name => 'other', seed => 1, threads => 1);
SELECT sgr_predict(1, 1, 'all') = sgr_predict(1, 1, 'again') AS same, sgr_predict(1, 1, 'all') = sgr_predict(1, 1, 'other') AS by_another_seed;
\pset format unaligned
\pset tuples_only on
SELECT test.refusal($$SELECT sgr_joint_train(no_kge => true, name => 'all')$$);
\pset format aligned
\pset tuples_only off
SELECT count(*) AS trained FROM sgr_joint_train(no_kge => true, rec_dim => 8, epochs => 1, name => 'all', replace => true, threads => 1);
SELECT dim FROM sgr_models WHERE name = 'all';
SELECT sgr_model_drop(model_id) FROM sgr_models WHERE name = 'other';
SELECT count(*) AS models, (SELECT count(DISTINCT model_id) FROM sgr.model_arrays) AS with_arrays FROM sgr.models;

-- A search among models of sgr_train.
SELECT count(*) AS trials, max(round) AS rounds FROM sgr_sweep('ials', '{"dim": [2, 4], "epochs": [4], "l2": [0.01, 0.1]}', 'likes', method => 'halving', threads => 1);
SELECT count(*) AS trials, max(rank) FROM sgr_sweep('item_knn', '{"neighbours": [5, 10, 20]}', 'likes', metric => 'ndcg', budget => 2, threads => 1);

-- What is refused.
\pset format unaligned
\pset tuples_only on
SELECT test.refusal('SELECT sgr_joint_train(''likes'', ' || choice || ')') FROM unnest(ARRAY[
    $$name => ''$$, 'rec_dim => 0', 'rec_dim => 4, kge_dim => 8', 'kge_dim => 1025', 'epochs => 0', 'lr_rec => 0', $$l2 => 'NaN'$$, 'seed => NULL',
    'no_kge => true, random_kg => true', $$kge_interval_unit => 'days'$$, 'replace => NULL', 'threads => 300', $$graph => 'none'$$,
    $$relations => '{nothing}'$$, $$relations => '{}'$$]) AS choice;
SELECT test.refusal($$SELECT sgr_joint_train('gone')$$);
SELECT test.refusal($$SELECT sgr_joint_train(validation_share => 0)$$);
SELECT test.refusal($$SELECT sgr_joint_train(validation_share => NULL)$$);
SELECT test.refusal($$SELECT sgr_train('mkr')$$);
SELECT test.refusal($$SELECT sgr_sweep('ease', '{"l2": [1, 2]}', 'likes', method => 'halving')$$);
SELECT test.refusal($$SELECT sgr_predict(-1, 1, 'all')$$);
DELETE FROM sgr.model_arrays WHERE array_name = 'weights' AND model_id = 1;
SELECT test.refusal($$SELECT sgr_predict(1, 1, 'mkr')$$);
BEGIN READ ONLY;
SELECT test.refusal($$SELECT sgr_joint_train('likes')$$);
COMMIT;
TRUNCATE sgr.interactions;
SELECT test.refusal($$SELECT sgr_joint_train(no_kge => true)$$);
\pset format aligned
\pset tuples_only off
