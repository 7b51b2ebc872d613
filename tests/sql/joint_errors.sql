-- Joint training, ablations, searches: what is refused, and how it is said.
SET client_min_messages = warning;
CALL test.reset();
\pset format unaligned
\pset tuples_only on

CREATE TABLE test.rows (user_id integer, item_id integer, label integer, part text);
INSERT INTO test.rows
SELECT u, i, (u + i) % 2, (ARRAY['train', 'train', 'validation', 'test'])[1 + (u + i / 2) % 4] FROM generate_series(1, 8) AS u, generate_series(1, 12) AS i;
SELECT split_id > 0 FROM sgr_eval_split('given', relation => 'test.rows');
CREATE TABLE test.facts (head text, relation text, tail text);

-- No graph.
SELECT test.refusal($$SELECT sgr_ablate('given')$$);
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.facts')$$);
INSERT INTO test.facts VALUES ('a', 'b', 'c');
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.facts')$$);
INSERT INTO test.facts SELECT i::text, 'b', 'x' || i % 3 FROM generate_series(1, 12) AS i;
SELECT test.refusal($$SELECT sgr_ablate('given', graph => 'none')$$);
SELECT test.refusal($$SELECT sgr_ablate('given', graph => 'catalogue', triples => 'test.facts')$$);
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.facts', relations => '{c}')$$);
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.facts', relations => '{NULL}')$$);
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.rows')$$);
SELECT test.refusal($$SELECT sgr_ablate('given', relations => '{nothing}')$$);

-- No split, no labels.
SELECT test.refusal($$SELECT sgr_ablate(NULL)$$);
SELECT test.refusal($$SELECT sgr_ablate('gone')$$);
CREATE VIEW test.positives AS SELECT user_id, item_id FROM test.rows WHERE label = 1;
SELECT split_id > 0 FROM sgr_eval_split('positives', protocol => 'per_user', relation => 'test.positives');
SELECT test.refusal($$SELECT sgr_ablate('positives', triples => 'test.facts')$$);

-- Choices of an ablation.
SELECT test.refusal('SELECT sgr_ablate(''given'', triples => ''test.facts'', ' || choice || ')') FROM unnest(ARRAY[
    $$flags => '{}'$$, $$flags => '{full,no_graph}'$$, $$flags => '{full,full}'$$, $$flags => '{NULL}'$$, $$baseline => 'mkr'$$,
    $$baseline => NULL$$, 'seeds => 0', 'seeds => 101', 'seeds => NULL', $$metrics => '{}'$$, $$metrics => '{f1}'$$, $$part => 'train'$$,
    $$part => 'all'$$, 'resamples => -1', 'resamples => 1000001', 'level => 1', 'threads => -1',
    $$params => '[]'$$, $$params => '{"dim": 8}'$$, $$params => '{"rec_dim": "8"}'$$, $$params => '{"rec_dim": 0}'$$,
    $$params => '{"rec_dim": -1}'$$, $$params => '{"rec_dim": 8, "kge_dim": 16}'$$, $$params => '{"kge_dim": 2000}'$$,
    $$params => '{"cross_depth": 9}'$$, $$params => '{"high_depth": 0}'$$, $$params => '{"epochs": 0}'$$,
    $$params => '{"batch_size": 0}'$$, $$params => '{"lr_rec": 0}'$$, $$params => '{"lr_kge": -1}'$$, $$params => '{"l2": -1}'$$,
    $$params => '{"lr_rec": 1e300}'$$, $$params => '{"kge_weight": -1}'$$, $$params => '{"kge_interval": 0}'$$,
    $$params => '{"kge_interval_unit": "days"}'$$, $$params => '{"kge_negatives": 0}'$$, $$params => '{"init_scale": 0}'$$,
    $$params => '{"selection": "auc"}'$$, $$params => '{"validate_every": 0}'$$, $$params => '{"patience": -1}'$$,
    $$params => '{"no_cross": true}'$$, $$params => '{"no_kge": true}'$$, $$params => '{"random_kg": true}'$$]) AS choice;

-- Choices of a search.
SELECT test.refusal('SELECT sgr_sweep(' || choice || ', triples => ''test.facts'')') FROM unnest(ARRAY[
    $$NULL, '{}', 'given'$$, $$'nonsense', '{}', 'given'$$, $$'mkr', NULL, 'given'$$, $$'mkr', '[]', 'given'$$,
    $$'mkr', '{"rec_dim": 8}', 'given'$$, $$'mkr', '{"rec_dim": []}', 'given'$$, $$'mkr', '{"dim": [8]}', 'given'$$,
    $$'mkr', '{"rec_dim": [0]}', 'given'$$, $$'mkr', '{"no_kge": [true], "random_kg": [true]}', 'given'$$, $$'mkr', '{}', NULL$$,
    $$'mkr', '{}', 'gone'$$, $$'mkr', '{}', 'given', 0$$, $$'mkr', '{}', 'given', 10001$$, $$'mkr', '{}', 'given', NULL$$,
    $$'mkr', '{}', 'given', method => 'grid'$$, $$'mkr', '{}', 'given', metric => 'f1'$$, $$'mkr', '{}', 'given', seed => NULL$$]) AS choice;

-- Memory and rights.
SET sgr_graph.memory_limit = 1;
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.facts', params => '{"rec_dim": 1024}')$$);
RESET sgr_graph.memory_limit;
BEGIN READ ONLY;
SELECT test.refusal($$SELECT sgr_ablate('given', triples => 'test.facts')$$);
SELECT test.refusal($$SELECT sgr_sweep('mkr', '{}', 'given', triples => 'test.facts')$$);
COMMIT;

\pset format aligned
\pset tuples_only off
DROP VIEW test.positives;
DROP TABLE test.rows, test.facts;
