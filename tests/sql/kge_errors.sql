-- Embeddings: what is refused, and how it is said.
SET client_min_messages = warning;
CALL test.reset();
\pset format unaligned
\pset tuples_only on

-- Without triples, models, vectors.
SELECT test.refusal('SELECT sgr_kge_train()');
SELECT test.refusal('SELECT sgr_kge_estimate()');
SELECT test.refusal($$SELECT sgr_kge_score('1', 'has_tag', 'tag:x')$$);
SELECT test.refusal($$SELECT sgr_kge_predict('1', 'has_tag')$$);
SELECT test.refusal($$SELECT sgr_kge_neighbors('1')$$);
SELECT test.refusal($$SELECT sgr_kge_eval(triples => 'sgr.triples')$$);
SELECT test.refusal('SELECT ' || f || '(17)') FROM unnest(ARRAY['sgr_kge_extend', 'sgr_kge_neighbors_refresh', 'sgr_model_drop',
    'sgr_model_activate', 'sgr_kge_index_create']) AS f;
SELECT test.refusal('SELECT sgr_kge_resume(17, 1)');
SELECT test.refusal($$SELECT sgr_kge_train(graph => 'nowhere')$$);

CREATE TABLE test.few (head text, relation text, tail text);
INSERT INTO sgr.graphs (graph) VALUES ('few');
SELECT test.refusal($$SELECT sgr_kge_train(graph => 'few')$$);
-- One triple, loops, duplicates, a relation with one pair: little, and no error.
INSERT INTO test.few VALUES ('a', 'r', 'b');
SELECT test.refusal($$SELECT sgr_kge_train(triples => 'test.few', graph => 'one', dim => 4, threads => 1)$$);
INSERT INTO test.few VALUES ('a', 'r', 'b'), ('a', 'r', 'a'), ('c', 's', 'c'), ('c', 'once', 'd');
SELECT test.refusal(format('SELECT sgr_kge_train(%L, triples => %L, graph => %L, dim => 4, threads => 1)', model, 'test.few', 'little'))
FROM unnest(ARRAY['transe', 'transh', 'transr', 'distmult', 'complex', 'rotate']) AS model;
SELECT triples_learned, entities, relation_count FROM sgr_kge_train(graph => 'little', dim => 4, threads => 1, validation_share => 0, name => 'little');

-- Choices.
SELECT test.refusal('SELECT sgr_kge_train(' || choice || $$, graph => 'little')$$) FROM unnest(ARRAY[
    $$'transf'$$, 'NULL', 'dim => 0', 'dim => -1', 'dim => 100000', $$'complex', dim => 7$$, 'epochs => 0', 'epochs => -1',
    'negatives => 0', 'chunk => 100000', $$learning_rate => 'NaN'$$, $$learning_rate => 'Infinity'$$, 'learning_rate => 0',
    'learning_rate => -1', 'learning_rate => 1e300', $$margin => 'NaN'$$, 'margin => -1', $$regularization => 'Infinity'$$,
    $$adversarial_temperature => 'NaN'$$, 'init_scale => 0', $$'transh', reciprocal => true$$, $$loss => 'hinge'$$, $$norm => 'l3'$$, $$corruption => 'none'$$,
    $$optimizer => 'lbfgs'$$, $$schedule => 'step'$$, $$regularizer => 'l1'$$, $$entity_constraint => 'cube'$$,
    $$activation => 'relu'$$, 'validation_share => 1', 'validation_share => -0.1', $$validation_share => 'NaN'$$,
    'validation_share => NULL', 'validate_every => -1', 'neighbours => -1', 'neighbours => 601', 'neighbours => NULL',
    'threads => -1', 'threads => 1000', $$'transr', epochs => 3, pretrain_epochs => 3$$, $$name => ''$$, $$name => 'little'$$,
    'relations => ARRAY[]::text[]', $$relations => ARRAY['r', 'nothing']$$, 'relations => ARRAY[NULL]::text[]',
    $$validation => 'test.few', validation_graph => 'few'$$, $$validation_graph => 'nowhere'$$, $$validation_graph => 'few'$$,
    'activate => NULL']) AS choice;
SELECT test.refusal($$SELECT sgr_kge_train(triples => 'pg_class')$$);

-- Divergence, at once.
SELECT test.refusal($$SELECT sgr_kge_train(graph => 'little', optimizer => 'sgd', learning_rate => 1e30, dim => 4, threads => 1)$$);

-- More memory than allowed.
SET sgr_graph.memory_limit = '1 MB';
SELECT regexp_replace(test.refusal($$SELECT sgr_kge_train(graph => 'little', dim => 2000)$$), '\d+ MB', 'N MB', 'g');
SELECT memory_bytes > memory_limit AS over FROM sgr_kge_estimate(graph => 'little', dim => 2000);
RESET sgr_graph.memory_limit;

-- Questions.
SELECT model_id AS little FROM sgr_models WHERE name = 'little' \gset
SELECT test.refusal('SELECT ' || question || ', model_id => ' || :little || ')') FROM unnest(ARRAY[
    $$sgr_kge_score('zz', 'r', 'a'$$, $$sgr_kge_score('a', 'nothing', 'b'$$, $$sgr_kge_score('a', 'r', 'b', 'relu'$$,
    $$sgr_kge_score(NULL, 'r', 'b'$$, $$sgr_kge_predict('a', 'r', 'b'$$, $$sgr_kge_predict(relation => 'r'$$,
    $$sgr_kge_predict('a', NULL$$, $$sgr_kge_predict('a', 'r', k => 0$$, $$sgr_kge_predict('a', 'r', k => 10001$$,
    $$sgr_kge_neighbors('a', 0$$, $$sgr_kge_neighbors(NULL::text$$, $$sgr_kge_neighbors('zz'$$,
    $$sgr_kge_eval(threads => 1$$, $$sgr_kge_eval(graph => 'nowhere'$$, $$sgr_kge_eval(graph => 'few'$$,
    $$sgr_kge_eval(triples => 'test.few', graph => 'few'$$, $$sgr_kge_eval(triples => 'pg_class'$$]) AS question;
SELECT test.refusal('SELECT sgr_kge_resume(' || :little || ', 0)');
SELECT test.refusal('SELECT sgr_kge_neighbors_refresh(' || :little || ')');
SELECT test.refusal('SELECT sgr_kge_index_create(' || :little || ')');
SELECT test.refusal('SELECT sgr_model_drop(NULL)');
-- Something new has no vector yet.
INSERT INTO test.few VALUES ('e', 'r', 'a');
SELECT inserted FROM sgr_triples_import(relation => 'test.few', graph => 'little');
SELECT test.refusal($$SELECT sgr_kge_neighbors('e', model_id => $$ || :little || ')');
-- Vectors that are not all there.
DELETE FROM sgr.entity_embeddings WHERE model_id = :little AND entity_id = (SELECT min(entity_id) FROM sgr.entity_embeddings WHERE model_id = :little);
SELECT test.refusal($$SELECT sgr_kge_eval($$ || :little || $$, graph => 'one')$$);

-- Rights: nothing without grants, and with those of a reader the questions.
CREATE ROLE kge_reader;
GRANT USAGE ON SCHEMA test TO kge_reader;
SET ROLE kge_reader;
SELECT test.refusal($$SELECT sgr_kge_train()$$);
SELECT test.refusal($$SELECT sgr_model_drop(1)$$);
SELECT test.refusal($$SELECT sgr_embeddings_export(1, '/tmp')$$);
SELECT test.refusal($$SELECT sgr_embeddings_import('/tmp')$$);
SELECT test.refusal($$SELECT * FROM sgr_models$$);
RESET ROLE;
BEGIN READ ONLY;
SELECT test.refusal($$SELECT sgr_kge_train()$$);
COMMIT;
REVOKE ALL ON SCHEMA test FROM kge_reader;
DROP ROLE kge_reader;
SELECT sgr_graph_drop(graph) >= 0 FROM sgr.graphs WHERE graph_id > 0;
DROP TABLE test.few;
