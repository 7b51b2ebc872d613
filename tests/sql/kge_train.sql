-- Embeddings: trained, stored, resumed, extended, dropped. No figure that depends on the processor is printed.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();
-- A track that nobody listed or liked: its artist and tags are all that is known.
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags) VALUES (900, 6, 'Cold', 'Genre 1', ARRAY['tag 1', 'tag 4']);
SELECT count(*) > 0 AS counted FROM sgr_cooccur_refresh();
SELECT count(*) > 0 AS built FROM sgr_build_kg();
ANALYZE;

SELECT entities = (SELECT count(DISTINCT e) FROM (SELECT head AS e FROM sgr.triples UNION SELECT tail FROM sgr.triples) AS x) AS entities,
       triples_learned + validation_triples < (SELECT count(*) FROM sgr.triples) AS mirrors_learned_only,
       validation_triples BETWEEN 1 AND 0.05 * (SELECT count(*) FROM sgr.triples) AS validation,
       memory_bytes = vectors_bytes + optimizer_bytes + copy_bytes + triples_bytes + threads_bytes AS sum,
       vectors_bytes = 4 * (entities * 16 + relation_count * 16) AS vectors
FROM sgr_kge_estimate(dim => 16);

SELECT model_id, model_name, epochs_run, kept_epoch, stopped, final_loss > 0 AS loss, validation_mrr BETWEEN 0.05 AND 1 AS mrr,
       validation_hits_at_1 <= validation_hits_at_3 AND validation_hits_at_3 <= validation_hits_at_10 AS hits,
       triples_per_second > 0 AS speed, neighbour_lists, elapsed_ms > 0 AS elapsed
FROM sgr_kge_train('transe', dim => 16, epochs => 30, threads => 1, seed => 7, chunk => 32, negatives => 32, neighbours => 20);

SELECT name, model, graph, is_active, dim, epochs, kept_epoch, stopped, neighbours, seed, version = sgr_version() AS version,
       parameters ->> 'loss' AS loss, parameters ->> 'learning_rate' AS learning_rate, parameters ->> 'chunk' AS chunk
FROM sgr_models;
SELECT task, parameters ->> 'model' AS model, result ->> 'epochs' AS epochs, elapsed_ms > 0 AS elapsed
FROM sgr.runs WHERE task LIKE 'kge%';

-- Every entity and relation of the triples has a vector, finite and of the right length; the state of the optimiser is whole.
SELECT (SELECT count(*) FROM sgr.entity_embeddings) = (SELECT entities FROM sgr_models) AS entities,
       (SELECT count(*) FROM sgr.relation_embeddings) = (SELECT relations FROM sgr_models) AS relations,
       (SELECT bool_and(cardinality(vector) = 16 AND abs(x) < 'Infinity') FROM sgr.entity_embeddings, unnest(vector) AS x) AS vectors,
       (SELECT sum(cardinality(ids)) FROM sgr.model_states WHERE part = 'entity') = (SELECT entities FROM sgr_models) AS states;

-- The lists are what a plain query over the vectors says.
WITH t AS (
    SELECT e.key::bigint AS track_id, v.vector, sqrt((SELECT sum(x::float8 * x) FROM unnest(v.vector) AS x)) AS length
    FROM sgr.entity_embeddings AS v JOIN sgr.entities AS e USING (entity_id) WHERE e.kind = 'track'
), pairs AS (
    SELECT a.track_id, b.track_id AS neighbour,
           (SELECT sum(x::float8 * y) FROM unnest(a.vector, b.vector) AS u (x, y)) / (a.length * b.length) AS cosine
    FROM t AS a JOIN t AS b ON b.track_id <> a.track_id
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY track_id ORDER BY cosine DESC) AS rank FROM pairs
), stored AS (
    SELECT n.track_id, u.neighbour, u.cosine, u.rank
    FROM sgr.track_neighbours AS n, unnest(n.neighbours, n.cosines) WITH ORDINALITY AS u (neighbour, cosine, rank)
)
SELECT count(*) AS neighbours, count(*) FILTER (WHERE abs(r.cosine - s.cosine) > 1e-5) AS wrong
FROM ranked AS r FULL JOIN stored AS s USING (track_id, rank) WHERE r.rank <= 20 OR s.rank IS NOT NULL;

-- One thread and one seed: the same vectors to the last bit. Another seed: others. The first stays active.
CREATE TEMP TABLE again AS
SELECT model_id FROM sgr_kge_train('transe', dim => 16, epochs => 30, threads => 1, seed => 7, chunk => 32, negatives => 32,
                                   activate => false, name => 'again', neighbours => 0);
SELECT count(*) = (SELECT entities FROM sgr_models WHERE model_id = 1) AS the_same
FROM sgr.entity_embeddings AS a JOIN sgr.entity_embeddings AS b USING (entity_id, vector)
WHERE a.model_id = 1 AND b.model_id = (SELECT model_id FROM again);
SELECT count(*) FROM sgr_kge_train('transe', dim => 16, epochs => 1, threads => 1, seed => 8, chunk => 32, negatives => 32, name => 'third', neighbours => 0);
SELECT count(*) AS the_same FROM sgr.entity_embeddings AS a JOIN sgr.entity_embeddings AS b USING (entity_id, vector)
WHERE a.model_id = 1 AND b.model_id = 3;
SELECT model_id, name, is_active, neighbours FROM sgr_models ORDER BY model_id;

-- 10 epochs and 20 more on one thread are 30, if the schedule is constant.
SELECT count(*) FROM sgr_kge_train('transe', dim => 16, epochs => 30, threads => 1, schedule => 'constant', chunk => 32, negatives => 32,
                                   validation_share => 0, activate => false, name => 'thirty', neighbours => 0);
SELECT count(*) FROM sgr_kge_train('transe', dim => 16, epochs => 10, threads => 1, schedule => 'constant', chunk => 32, negatives => 32,
                                   validation_share => 0, activate => false, name => 'ten', neighbours => 0);
SELECT epochs_run, kept_epoch, stopped, validation_mrr
FROM sgr_kge_resume((SELECT model_id FROM sgr_models WHERE name = 'ten'), 20, threads => 1);
SELECT count(*) FILTER (WHERE a.vector = b.vector) = count(*) AS the_same
FROM sgr.entity_embeddings AS a JOIN sgr.entity_embeddings AS b USING (entity_id)
WHERE a.model_id = (SELECT model_id FROM sgr_models WHERE name = 'thirty') AND b.model_id = (SELECT model_id FROM sgr_models WHERE name = 'ten');
SELECT epochs, parameters ->> 'epochs' AS parameter FROM sgr_models WHERE name = 'ten';

-- The other models, and every other choice.
SELECT m.model, t.epochs_run, t.stopped
FROM unnest(ARRAY['transh', 'transr', 'distmult', 'complex', 'rotate']) AS m (model)
CROSS JOIN LATERAL sgr_kge_train(m.model, dim => 8, epochs => 2, threads => 1, chunk => 32, negatives => 16, neighbours => 0) AS t;
SELECT m.model, array_agg(DISTINCT cardinality(r.vector)) AS relation_width, count(*) = m.relations AS relations
FROM sgr_models AS m JOIN sgr.relation_embeddings AS r USING (model_id) WHERE m.dim = 8 GROUP BY m.model_id, m.model, m.relations ORDER BY m.model_id;
SELECT epochs_run BETWEEN 2 AND 3 AS epochs, stopped IN ('completed', 'no_improvement') AS stopped
FROM sgr_kge_train('transe', dim => 8, epochs => 3, threads => 1, norm => 'l1', loss => 'margin', margin => 2,
    negatives => 8, corruption => 'bernoulli', filter_negatives => false, type_constrained => true, reciprocal => true, adversarial_temperature => 0.5,
    activation => 'fusion', optimizer => 'adam', learning_rate => 0.01, schedule => 'cosine', regularizer => 'n3',
    regularization => 0.001, entity_constraint => 'ball', init_scale => 0.5, chunk => 16, keep_copy => false, validate_every => 1,
    patience => 1, validation_sample => 10, relations => ARRAY['has_tag', 'by_artist'], neighbours => 5, name => 'choices');
SELECT parameters - 'threads' AS parameters, relations FROM sgr_models WHERE name = 'choices';
SELECT sum(x) <> 0 AS fusion_was_learned FROM sgr.models, unnest(fusion) AS x WHERE name = 'choices';
SELECT count(sgr_model_drop(model_id)) AS dropped FROM sgr_models WHERE name IS NULL AND model_id > 1 OR name IN ('choices', 'third', 'ten', 'thirty');
SELECT model_id, name, is_active FROM sgr_models ORDER BY model_id;
SELECT sgr_model_activate(1);
SELECT model_id, is_active FROM sgr_models ORDER BY model_id;

-- What is new gets vectors; what had some keeps them, bit by bit.
CREATE TEMP TABLE before AS SELECT entity_id, vector FROM sgr.entity_embeddings WHERE model_id = 1;
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags) VALUES (901, 3, 'New', 'Genre 2', ARRAY['tag 2', 'tag new']);
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (1, 901, 100), (2, 901, 100);
SELECT count(*) > 0 AS refreshed FROM sgr_triples_refresh();
SELECT new_entities, triples_learned > 5 AS learned, neighbour_lists, run_id IS NOT NULL AS noted FROM sgr_kge_extend(1);
SELECT count(*) = (SELECT count(*) FROM before) AS unmoved FROM before JOIN sgr.entity_embeddings USING (entity_id, vector) WHERE model_id = 1;
SELECT e.kind, e.key FROM sgr.entity_embeddings AS v JOIN sgr.entities AS e USING (entity_id)
WHERE v.model_id = 1 AND NOT EXISTS (SELECT FROM before AS b WHERE b.entity_id = v.entity_id) ORDER BY 1, 2;
SELECT entities = (SELECT count(*) FROM sgr.entity_embeddings WHERE model_id = 1) AS counted FROM sgr_models WHERE model_id = 1;
SELECT count(*) > 0 AS in_lists_of_others FROM sgr.track_neighbours WHERE 901 = ANY (neighbours);
SELECT new_entities, run_id FROM sgr_kge_extend(1);
-- And can be trained on.
SELECT epochs_run, stopped FROM sgr_kge_resume(1, 1, threads => 1);

-- Without vectors there is nothing left.
SELECT count(sgr_model_drop(model_id)) AS dropped FROM sgr_models;
SELECT (SELECT count(*) FROM sgr.models) + (SELECT count(*) FROM sgr.entity_embeddings) + (SELECT count(*) FROM sgr.relation_embeddings)
       + (SELECT count(*) FROM sgr.model_states) + (SELECT count(*) FROM sgr.track_neighbours) AS left_over;
