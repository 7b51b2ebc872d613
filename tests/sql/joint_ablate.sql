-- Ablations and searches of the joint model: what comes out, that it repeats, what is noted.
SET client_min_messages = warning;
CALL test.reset();

-- Thirty users like the items of one of three tastes, which the graph tells; for every positive there is a negative.
CREATE TABLE test.rows (user_id integer, item_id integer, label integer, part text);
INSERT INTO test.rows
SELECT u, i, CASE WHEN u % 3 = i % 3 THEN 1 ELSE 0 END,
       (ARRAY['train', 'train', 'train', 'validation', 'test'])[1 + (u * 7 + i) % 5]
FROM generate_series(1, 30) AS u, generate_series(1, 90) AS i WHERE u % 3 = i % 3 OR (u + 1) % 3 = i % 3;
CREATE TABLE test.facts (head text, relation text, tail text);
INSERT INTO test.facts SELECT i::text, 'has_taste', 'taste ' || i % 3 FROM generate_series(1, 90) AS i;
SELECT users, items, train, validation, test FROM sgr_eval_split('tastes', relation => 'test.rows');

CREATE TABLE test.ablation AS
SELECT * FROM sgr_ablate('tastes', triples => 'test.facts', metrics => '{auc,user_auc,ndcg}', seeds => 2, resamples => 200, threads => 1,
                         params => '{"rec_dim": 8, "epochs": 30, "batch_size": 64, "lr_rec": 0.01, "lr_kge": 0.01, "kge_interval": 1, "patience": 0}');
SELECT variant, metric, trainings, value BETWEEN 0 AND 1 AS is_share, spread IS NOT NULL AS has_spread, low <= value AND value <= high AS in_interval,
       difference IS NULL AS is_baseline, difference_low <= difference_high AS has_difference
FROM test.ablation;
-- Differences are those of the values.
SELECT bool_and(abs(a.difference - (a.value - b.value)) < 1e-12) AS exact
FROM test.ablation AS a JOIN test.ablation AS b ON b.variant = 'full' AND b.metric = a.metric WHERE a.variant <> 'full';
-- The same seed, the same numbers.
SELECT count(*) AS different FROM test.ablation AS a
JOIN sgr_ablate('tastes', '{no_kge}', triples => 'test.facts', metrics => '{auc,user_auc,ndcg}', seeds => 2, resamples => 200, threads => 1,
                params => '{"rec_dim": 8, "epochs": 30, "batch_size": 64, "lr_rec": 0.01, "lr_kge": 0.01, "kge_interval": 1, "patience": 0}') AS b
    USING (variant, metric)
WHERE a.value <> b.value OR a.difference_low <> b.difference_low;

-- Without a graph none is read.
SELECT variant, metric, value IS NOT NULL AS measured FROM sgr_ablate('tastes', '{no_kge}', baseline => 'no_kge', metrics => '{auc}', params => '{"epochs": 2, "rec_dim": 4}', resamples => 0);
-- By the validation part.
SELECT count(*) AS rows FROM sgr_ablate('tastes', '{single_pred}', triples => 'test.facts', part => 'validation', params => '{"epochs": 2, "rec_dim": 4}', resamples => 0);

-- A search: each combination once, ranks by value, halvings.
CREATE TABLE test.sweep AS
SELECT * FROM sgr_sweep('mkr', '{"rec_dim": [4, 8], "lr_rec": [0.001, 0.01], "epochs": [8], "no_kge": [true]}', 'tastes', threads => 1);
SELECT count(*) AS trials, count(DISTINCT params) AS combinations, max(rank), max(round) FROM test.sweep;
SELECT bool_and(value >= next) AS ordered FROM (SELECT value, lead(value) OVER (ORDER BY rank) AS next FROM test.sweep) AS s WHERE next IS NOT NULL;
SELECT round, count(*) AS trials, bool_and(kept_epoch <= 2 * 2 ^ (round - 1)) AS within_epochs
FROM sgr_sweep('mkr', '{"rec_dim": [4, 8], "lr_rec": [0.001, 0.01], "epochs": [8], "no_kge": [true]}', 'tastes', method => 'halving', threads => 1)
GROUP BY round ORDER BY round;
SELECT count(*) AS trials, bool_and(s.params = t.params) AS first_ones
FROM sgr_sweep('mkr', '{"rec_dim": [4, 8], "lr_rec": [0.001, 0.01], "epochs": [8], "no_kge": [true]}', 'tastes', budget => 2, threads => 1) AS s
JOIN test.sweep AS t USING (trial);

-- What was done is noted, and models are not stored.
SELECT task, parameters ->> 'split' AS split, jsonb_array_length(result) AS rows FROM sgr.runs WHERE task IN ('ablate', 'sweep') ORDER BY run_id;
SELECT count(*) AS models FROM sgr.models;

-- The catalogue's graph: relations that are made of interactions are left out unless they are named.
CALL test.load_small();
SELECT count(*) > 0 AS built FROM sgr_build_kg();
SELECT split_id > 0 AS stored FROM sgr_eval_split('likes', kind => 'like');
SELECT count(*) AS rows FROM sgr_ablate('likes', '{full}', metrics => '{auc}', params => '{"epochs": 1, "rec_dim": 4}', resamples => 0);
SELECT parameters #> '{graph,relations}' ? 'has_tag' AS tags, parameters #> '{graph,relations}' ?| '{liked_by,reposted_by,co_occurs_with,similar_taste}' AS answers
FROM sgr.runs WHERE task = 'ablate' ORDER BY run_id DESC LIMIT 1;
SELECT count(*) AS rows FROM sgr_ablate('likes', '{full}', relations => '{has_tag,liked_by}', metrics => '{auc}', params => '{"epochs": 1, "rec_dim": 4}', resamples => 0);

DROP TABLE test.rows, test.facts, test.ablation, test.sweep;
