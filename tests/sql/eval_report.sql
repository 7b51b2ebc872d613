-- sgr_eval_report: Markdown with the numbers of sgr_eval.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();
SELECT positives FROM sgr_eval_split('pipes | and *stars*', repeats => 2);
SELECT count(*) AS trained FROM sgr_train('item_knn', 'pipes | and *stars*', 'near | by', threads => 1);
\pset format unaligned
\pset tuples_only on
SELECT regexp_replace(sgr_eval_report('pipes | and *stars*', metrics => '{auc,recall,coverage}', k => 5, resamples => 50, threads => 1), '(sgr_graph )\S+', '\1VERSION');
-- The honest rows and the baseline are there whatever is asked for.
SELECT array_to_string((string_to_array(sgr_eval_report('pipes | and *stars*', '{near | by,random}', '{user_auc}', resamples => 0, baseline => 'near | by'), E'\n'))[10:28], E'\n');
-- Every number is that of sgr_eval.
SELECT count(*) AS numbers, bool_and(position(sgr.eval_number(e.value) IN r.report) > 0) AS there
FROM sgr_eval('pipes | and *stars*', bands => true, resamples => 0) AS e
CROSS JOIN (SELECT sgr_eval_report('pipes | and *stars*', resamples => 0, metrics => '{auc,user_auc,accuracy,log_loss,calibration_error,recall,precision,ndcg,mrr,hit,r_precision,coverage,novelty,mean_popularity,popularity_lift}') AS report) AS r
WHERE e.value IS NOT NULL;
-- Without negatives, metrics of rows are left out.
SELECT positives FROM sgr_eval_split('lists', protocol => 'per_user');
SELECT (string_to_array(sgr_eval_report('lists', resamples => 0, baseline => NULL), E'\n'))[10:16];
-- An ablation of the split comes along.
SELECT count(*) > 0 AS triples FROM sgr_triples_refresh();
SELECT count(*) AS lines FROM sgr_ablate('pipes | and *stars*', '{full,no_kge}', params => '{"epochs": 1, "rec_dim": 4}', metrics => '{auc}', resamples => 20, threads => 1);
SELECT regexp_matches(sgr_eval_report('pipes | and *stars*', metrics => '{auc}', resamples => 0), '## Ablation[^#]*\| no_kge[^|]*\| auc');
SELECT test.refusal($$SELECT sgr_eval_report('nothing')$$);
SELECT test.refusal($$SELECT sgr_eval_report(NULL)$$);
SELECT test.refusal($$SELECT sgr_eval_report('lists', '{svd}')$$);
SELECT test.refusal($$SELECT sgr_eval_report('lists', metrics => '{beauty}')$$);
SELECT test.refusal($$SELECT sgr_eval_report('lists', baseline => 'nothing')$$);
SELECT count(sgr_model_drop(model_id)) AS dropped FROM sgr_models;
SELECT sgr_eval_split_drop(name) FROM sgr_eval_splits;
