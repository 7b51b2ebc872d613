-- Embeddings: scores, answers, neighbours, ranking.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();
INSERT INTO sgr.tracks (track_id, artist_id, title, genre, tags) VALUES (900, 6, 'Cold', 'Genre 1', ARRAY['tag 1', 'tag 4']);
SELECT count(*) > 0 AS built FROM sgr_build_kg();
ANALYZE;
SELECT stopped FROM sgr_kge_train('transe', dim => 32, epochs => 60, threads => 1, chunk => 32, negatives => 64, validation_share => 0);

-- What it learned by heart comes first.
SELECT rank, entity, name, is_known, plausibility BETWEEN 0 AND 1 AS plausible FROM sgr_kge_predict('900', 'has_genre', k => 1);
SELECT count(*) AS answers, count(*) FILTER (WHERE is_known) AS known, bool_and(entity LIKE 'tag:%') AS kind,
       bool_and(score <= 0) AS distances
FROM sgr_kge_predict(head => 'track:900', relation => 'has_tag', k => 4);
SELECT count(*) FILTER (WHERE is_known) AS known, count(*) AS answers FROM sgr_kge_predict('900', 'has_tag', k => 4, include_known => false);
SELECT count(*) AS tracks, count(*) FILTER (WHERE is_known) > 0 AS known, array_agg(rank) = ARRAY[1,2,3,4,5,6] AS ranks
FROM sgr_kge_predict(relation => 'by_artist', tail => 'artist:6', k => 6) WHERE entity LIKE 'track:%';
SELECT bool_and(entity LIKE 'artist:%') AS artists FROM sgr_kge_predict('900', 'has_genre', kind => 'artist');
-- A score is that of the answer, an activation leaves the order.
SELECT bool_and(abs(p.score - sgr_kge_score('900', 'has_tag', p.entity)) < 1e-4) AS scores,
       bool_and(abs(p.plausibility - sgr_kge_score('900', 'has_tag', p.entity, 'sigmoid')) < 1e-4) AS plausibilities
FROM sgr_kge_predict('900', 'has_tag') AS p;
SELECT a.activation, bool_and(a.s BETWEEN 0 AND 1) AS in_range, bool_and(a.s <= a.better) AS ordered
FROM (SELECT a.activation, sgr_kge_score('900', 'has_tag', p.entity, a.activation) AS s,
             lag(sgr_kge_score('900', 'has_tag', p.entity, a.activation)) OVER (PARTITION BY a.activation ORDER BY p.rank) AS better
      FROM sgr_kge_predict('900', 'has_tag') AS p,
           unnest(ARRAY['sigmoid', 'tanh', 'softsign', 'softplus', 'fusion']) AS a (activation)) AS a
GROUP BY a.activation ORDER BY a.activation;

-- Neighbours: the lists, the function and its twin agree; the cold track has some, and they are of its artist, genre and tags.
SELECT array_agg(n.entity_id ORDER BY n.rank) = array_agg(e.entity_id ORDER BY u.rank) AS the_same,
       bool_and(abs(n.cosine - u.cosine) < 1e-5) AS cosines
FROM sgr_kge_neighbors('track:900', 10) AS n
JOIN (SELECT t.track_id, x.neighbour, x.cosine, x.rank FROM sgr.track_neighbours AS t,
             unnest(t.neighbours, t.cosines) WITH ORDINALITY AS x (neighbour, cosine, rank)) AS u ON u.track_id = 900 AND u.rank = n.rank
JOIN sgr.entities AS e ON e.kind = 'track' AND e.key = u.neighbour::text;
SELECT count(*) AS the_same FROM sgr_kge_neighbors(900, 10) AS a JOIN sgr_kge_neighbors('900', 10) AS b USING (rank, neighbor);
SELECT count(*) AS neighbours, count(*) FILTER (WHERE t.artist_id = 6 OR t.tags && ARRAY['tag 1', 'tag 4']) > 5 AS alike
FROM sgr_kge_neighbors(900, 10) AS n JOIN sgr.tracks AS t ON n.neighbor = 'track:' || t.track_id;
SELECT count(*) AS of_tags, bool_and(neighbor LIKE 'tag:%') AS tags FROM sgr_kge_neighbors('tag:tag 1', 3);
SELECT bool_and(neighbor LIKE 'artist:%') AS artists, count(*) FROM sgr_kge_neighbors(900, 3, 'artist');
SELECT count(*) AS any_kind FROM sgr_kge_neighbors(900, 500, 'any') HAVING count(*) > 100;

-- Ranking. All that it was trained on: far better than chance; raw ranks are never better than filtered ones.
CREATE VIEW test.tags AS SELECT x.head, x.relation, x.tail FROM sgr.triples AS x WHERE x.relation IN (2, 5);
CREATE VIEW test.named AS
SELECT h.kind || ':' || h.key AS head, r.relation, t.kind || ':' || t.key AS tail
FROM sgr.triples AS x JOIN sgr.relations AS r ON r.relation_id = x.relation
JOIN sgr.entities AS h ON h.entity_id = x.head JOIN sgr.entities AS t ON t.entity_id = x.tail WHERE x.relation IN (2, 5);
SELECT relation, side, ranks, mrr > 0.3 AS mrr, raw_mrr <= mrr AS raw, mean_rank >= 1 AND raw_mean_rank >= mean_rank AS mean_rank,
       hits_at_1 <= hits_at_3 AND hits_at_3 <= hits_at_10 AS hits
FROM sgr_kge_eval(triples => 'test.tags');
SELECT count(*) AS the_same FROM sgr_kge_eval(triples => 'test.tags') AS a JOIN sgr_kge_eval(triples => 'test.named') AS b
    ON a IS NOT DISTINCT FROM b;
-- The metrics are what a plain query over scores says, here of heads of by_artist.
WITH scored AS (
    SELECT x.head, x.tail, e.entity_id AS candidate,
           -sqrt((SELECT sum((h + r - t) ^ 2) FROM unnest(hv.vector, rv.vector, tv.vector) AS u (h, r, t))) AS score,
           EXISTS (SELECT FROM sgr.triples AS k WHERE k.head = e.entity_id AND k.relation = 2 AND k.tail = x.tail) AS known
    FROM sgr.triples AS x
    JOIN sgr.relation_embeddings AS rv ON rv.relation_id = x.relation
    JOIN sgr.entity_embeddings AS tv ON tv.entity_id = x.tail
    CROSS JOIN sgr.entity_embeddings AS hv JOIN sgr.entities AS e ON e.entity_id = hv.entity_id
    WHERE x.relation = 2
), ranks AS (
    SELECT 1 + count(*) FILTER (WHERE s.score > own.score + 1e-6 AND NOT s.known) AS filtered,
           1 + count(*) FILTER (WHERE s.score > own.score + 1e-6) AS raw
    FROM scored AS s JOIN scored AS own ON own.head = s.head AND own.tail = s.tail AND own.candidate = own.head
    GROUP BY s.head, s.tail
)
SELECT abs(avg(1.0 / filtered) - any_value.mrr) < 1e-2 AS mrr, abs(avg(1.0 / raw) - any_value.raw_mrr) < 1e-2 AS raw_mrr
FROM ranks, (SELECT mrr, raw_mrr FROM sgr_kge_eval(triples => 'test.tags') WHERE relation = 'by_artist' AND side = 'head') AS any_value
GROUP BY any_value.mrr, any_value.raw_mrr;
DROP VIEW test.tags, test.named;

-- A graph of its own, made of a relation of names, duplicates and loops in it; validated by another relation; ranked by a graph.
CREATE TABLE test.ring AS SELECT 'n' || i AS head, 'next' AS relation, 'n' || (i + 1) % 24 AS tail FROM generate_series(0, 23) AS i
UNION ALL SELECT 'n1', 'next', 'n2' UNION ALL SELECT 'n3', 'self', 'n3'
UNION ALL SELECT 'n' || i, 'before', 'n' || (i + 23) % 24 FROM generate_series(0, 23, 2) AS i;
CREATE TABLE test.held_out AS SELECT 'n' || i AS head, 'before' AS relation, 'n' || (i + 23) % 24 AS tail FROM generate_series(1, 23, 2) AS i
UNION ALL SELECT 'n0', 'unheard', 'n1';
SELECT entities, relation_count, triples_learned, stopped, validation_mrr > 0.3 AS mrr
FROM sgr_kge_train('rotate', triples => 'test.ring', validation => 'test.held_out', dim => 16, epochs => 300, threads => 1, chunk => 8, negatives => 16);
SELECT graph, is_active, validation_triples FROM sgr_models WHERE graph = 'ring';
SELECT count(*) AS triples, count(DISTINCT graph) AS graphs FROM sgr.kg_triples WHERE graph = 'ring';
SELECT inserted FROM sgr_triples_import(relation => 'test.held_out', graph => 'held out');
SELECT a.ranks, a.mrr > 0.3 AS mrr, a = b AS the_same
FROM sgr_kge_eval(2, graph => 'held out') AS a, sgr_kge_eval(2, triples => 'test.held_out') AS b
WHERE a.relation IS NULL AND b.relation IS NULL AND a.side = 'both' AND b.side = 'both';
SELECT entity, is_known FROM sgr_kge_predict('n7', 'next', k => 1, model_id => 2);
SELECT count(*) AS next_to FROM sgr_kge_neighbors('n7', 3, model_id => 2);
-- With another relation of triples over the same graph.
CREATE VIEW test.half AS SELECT * FROM test.ring WHERE relation = 'next';
SELECT triples_learned, relation_count, stopped
FROM sgr_kge_train(triples => 'test.half', graph => 'ring', dim => 8, epochs => 2, threads => 1, chunk => 8, negatives => 8, validation_share => 0);
SELECT parameters ->> 'triples' AS triples FROM sgr_models WHERE model_id = 3;
SELECT epochs_run, triples_learned FROM sgr_kge_resume(3, 1);
-- A graph goes with its models.
SELECT sgr_graph_drop('ring') > 0 AS dropped, sgr_graph_drop('held out') > 0 AS dropped_too;
SELECT model_id, graph FROM sgr_models;
DROP VIEW test.half;
DROP TABLE test.ring, test.held_out;
