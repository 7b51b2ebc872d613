-- Recommenders: trained on all interactions or on a split, stored, listed, asked, judged, dropped.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();
SELECT sgr_cooccur_refresh() IS NOT NULL AS refreshed LIMIT 1;

-- Each model, with what it was told; each pair counts once whatever its kinds.
CREATE TABLE test.trained AS
SELECT m.model, t.* FROM (VALUES ('popularity', '{}'), ('item_knn', '{"neighbours": 20}'), ('rp3beta', '{"alpha": 0.7}'), ('ease', '{"l2": 5}'),
    ('ials', '{"dim": 8, "epochs": 4}'), ('bpr', '{"dim": 8, "epochs": 20}'), ('lightgcn', '{"dim": 8, "epochs": 5, "layers": 2}')) AS m (model, params)
CROSS JOIN LATERAL sgr_train(m.model, params => m.params::jsonb, threads => 1) AS t;
SELECT model, model_id, model_name, repeat, epochs, loss > 0 AS loss, users, items,
       interactions = (SELECT count(DISTINCT (user_id, track_id)) FROM sgr.interactions) AS interactions, elapsed_ms > 0 AS took, run_id
FROM test.trained ORDER BY model_id;
SELECT model_id, name, kind, model, graph, is_active, epochs, stopped, split, repeat, users, items, parameters -> 'params' AS params FROM sgr_models ORDER BY model_id;
SELECT run_id, task, parameters ->> 'model' AS model, result ->> 'model_id' AS model_id FROM sgr.runs WHERE task = 'train' ORDER BY run_id;
SELECT m.name, a.array_name, sum(cardinality(coalesce(a.ids, '{}')) + cardinality(coalesce(a.numbers, '{}'))) AS elements
FROM sgr.models AS m JOIN sgr.model_arrays AS a USING (model_id) WHERE m.name IN ('ials', 'ease', 'popularity') GROUP BY m.name, a.array_name ORDER BY 1, 2;

-- What popularity says can be counted; what item_knn says, too.
SELECT bool_and(sgr_predict(3, t.track_id, 'popularity') = t.n) AS counted
FROM (SELECT track_id, count(DISTINCT user_id) AS n FROM sgr.interactions GROUP BY track_id) AS t;
SELECT count(*) AS trained FROM sgr_train('item_knn', name => 'knn', params => '{"neighbours": 1000}');
WITH pairs AS (SELECT DISTINCT user_id, track_id FROM sgr.interactions),
     lengths AS (SELECT track_id, sqrt(count(*)) AS n FROM pairs GROUP BY track_id),
     cosines AS (
         SELECT a.track_id AS a, b.track_id AS b, count(*) / (x.n * y.n + 10) AS cosine
         FROM pairs AS a JOIN pairs AS b ON b.user_id = a.user_id AND b.track_id <> a.track_id
         JOIN lengths AS x ON x.track_id = a.track_id JOIN lengths AS y ON y.track_id = b.track_id
         GROUP BY a.track_id, b.track_id, x.n, y.n)
SELECT count(*) > 500 AS pairs, bool_and(abs(sgr_predict(p.user_id, i.track_id, 'knn') - coalesce(s.score, 0)) < 1e-5) AS as_by_formula
FROM (SELECT DISTINCT user_id FROM pairs WHERE user_id <= 10) AS p CROSS JOIN (SELECT track_id FROM lengths) AS i
LEFT JOIN LATERAL (SELECT sum(c.cosine) AS score FROM pairs AS m JOIN cosines AS c ON c.a = m.track_id AND c.b = i.track_id
                   WHERE m.user_id = p.user_id) AS s ON true;

-- A second look takes what the session has kept; a model that was trained anew is read anew.
SELECT round(sgr_predict(3, 5, 'ials')::numeric, 3) = round(sgr_predict(3, 5, 'ials')::numeric, 3) AS the_same;
SELECT sgr_predict(3, 5, 'ials') AS before \gset
SELECT replaced.model_id > (SELECT max(model_id) FROM test.trained) AS another FROM sgr_train('ials', params => '{"dim": 4, "epochs": 2}', seed => 5, threads => 1, replace => true) AS replaced;
SELECT sgr_predict(3, 5, 'ials') <> :before AS another_score, count(*) AS models FROM sgr_models WHERE name = 'ials';
BEGIN;
SET LOCAL sgr_graph.model_cache = 0;
SELECT sgr_predict(3, 5, 'ease') AS read_again \gset
COMMIT;
SELECT sgr_predict(3, 5, 'ease') = :read_again AS the_same;

-- The best for a user: none that he has, unless asked for; an order that can be checked.
SELECT model, count(*) AS rows, bool_and(NOT EXISTS (SELECT FROM sgr.interactions AS i WHERE i.user_id = 3 AND i.track_id = p.track_id) AND NOT p.known) AS all_new,
       bool_and(p.title = 'Track ' || p.track_id) AS titles,
       bool_and(p.score = sgr_predict(3, p.track_id, m.model)) AS as_predicted, array_agg(p.score ORDER BY p.rank) = array_agg(p.score ORDER BY p.score DESC, p.track_id) AS in_order
FROM test.trained AS m CROSS JOIN LATERAL sgr_predict_top(3, m.model, 5) AS p GROUP BY model, m.model_id ORDER BY m.model_id;
SELECT count(*) FROM sgr_predict_top(3, 'popularity', 1000, include_known => true);
SELECT count(*) FROM sgr_predict_top(3, 'popularity', 0);

-- A track that no model has seen, and a user who came after the training.
SELECT sgr_predict(3, 9999, 'ials') IS NULL AS unknown_track;
INSERT INTO sgr.interactions (user_id, track_id, kind) SELECT 1000, track_id, kind FROM sgr.interactions WHERE user_id = 9;
SELECT m.model, bool_and(abs(sgr_predict(1000, t, m.model) - sgr_predict(9, t, m.model)) < 1e-4) AS as_the_same_known_user
FROM unnest('{popularity,item_knn,rp3beta,ease}'::text[]) AS m (model), generate_series(1, 60) AS t WHERE sgr_predict(9, t, m.model) IS NOT NULL GROUP BY m.model ORDER BY 1;
SELECT count(*) AS folded_in FROM sgr_predict_top(1000, 'ials', 7);

-- Recommending by a model: k rows, none known, filters before the cut, no terms where there are none.
SELECT rank, track_id = (SELECT p.track_id FROM sgr_predict_top(3, 'ease', 5, include_known => true) AS p WHERE p.rank = r.rank) AS as_ranked, title = 'Track ' || track_id AS title,
       by_playlists, by_popularity, confidence, fallback, because = format('model "ease" scores it %s', round(score::numeric, 4)) AS because
FROM sgr_recommend_user(3, 5, include_known => true, model => 'ease') AS r;
SELECT count(*) AS rows, count(*) FILTER (WHERE t.genre <> 'Genre 1') AS others, count(fallback) > 0 AS filled_up, bool_and(fallback IS NULL = (score <> 0)) AS marked
FROM sgr_recommend_user(3, 15, genres => '{Genre 1}', model => 'item_knn') AS r JOIN sgr.tracks AS t USING (track_id);
SELECT count(*) AS rows, count(DISTINCT track_id) AS tracks FROM sgr_recommend_user(3, 1000, include_known => true, model => 'item_knn');
SELECT count(*) AS known FROM sgr_recommend_user(3, 1000, model => 'ials') AS r
WHERE EXISTS (SELECT FROM sgr.interactions AS i WHERE i.user_id = 3 AND i.track_id = r.track_id)
   OR EXISTS (SELECT FROM sgr.playlists AS p JOIN sgr.playlist_tracks AS e USING (playlist_id) WHERE p.owner_id = 3 AND e.track_id = r.track_id);

-- A model for each repeat of a split, of its training part only, judged by it.
SELECT repeats.positives FROM sgr_eval_split('judged', repeats => 3) AS repeats;
SELECT repeat, users, items, interactions = (SELECT count(*) FROM sgr_eval_rows('judged', t.repeat) AS r WHERE r.label = 1 AND r.part = 'train') AS training_part
FROM sgr_train('item_knn', 'judged', 'near', params => '{"neighbours": 1000}') AS t ORDER BY repeat;
SELECT count(*) FROM sgr_train('popularity', 'judged', 'counted', threads => 1);
SELECT count(*) FROM sgr_train('ease', 'judged', 'judged ease', threads => 1);
SELECT name, split, repeat FROM sgr_models WHERE split IS NOT NULL ORDER BY name, repeat;
-- Popularity by another way comes to the same in every metric, and the nearest items to what SQL makes of the training part.
SELECT a.metric, a.value = b.value AS the_same FROM sgr_eval('judged', '{popularity}', resamples => 0) AS a
JOIN sgr_eval('judged', '{counted}', resamples => 0) AS b USING (metric) ORDER BY 1;
CREATE VIEW test.nearest AS
WITH train AS (SELECT s.repeat, r.user_id, r.item_id FROM generate_series(1, 3) AS s (repeat) CROSS JOIN LATERAL sgr_eval_rows('judged', s.repeat) AS r
               WHERE r.label = 1 AND r.part = 'train'),
     lengths AS (SELECT repeat, item_id, sqrt(count(*)) AS n FROM train GROUP BY repeat, item_id),
     cosines AS (
         SELECT a.repeat, a.item_id AS a, b.item_id AS b, count(*) / (x.n * y.n + 10) AS cosine
         FROM train AS a JOIN train AS b ON (b.repeat, b.user_id) = (a.repeat, a.user_id) AND b.item_id <> a.item_id
         JOIN lengths AS x ON (x.repeat, x.item_id) = (a.repeat, a.item_id) JOIN lengths AS y ON (y.repeat, y.item_id) = (b.repeat, b.item_id)
         GROUP BY a.repeat, a.item_id, b.item_id, x.n, y.n)
SELECT r.repeat, u.user_id, i.item_id, coalesce(s.score, 0) AS score, 'by SQL'::text AS model
FROM generate_series(1, 3) AS r (repeat)
CROSS JOIN (SELECT DISTINCT user_id FROM sgr_eval_rows('judged')) AS u CROSS JOIN (SELECT DISTINCT item_id FROM sgr_eval_rows('judged')) AS i
LEFT JOIN (SELECT m.repeat, m.user_id, c.b AS item_id, sum(c.cosine) AS score FROM train AS m JOIN cosines AS c ON c.repeat = m.repeat AND c.a = m.item_id
           GROUP BY m.repeat, m.user_id, c.b) AS s USING (repeat, user_id, item_id);
SELECT metric, count(*) AS models, max(value) - min(value) < 0.002 AS the_same
FROM sgr_eval('judged', '{near,by SQL}', '{auc,user_auc}', scores => 'test.nearest', resamples => 0) GROUP BY metric ORDER BY 1;
SELECT model, count(*) AS metrics FROM sgr_eval('judged', resamples => 0, metrics => '{auc,ndcg}') GROUP BY model ORDER BY 1;

-- Dropped with everything.
SELECT count(sgr_model_drop(model_id)) > 10 AS dropped FROM sgr_models;
SELECT (SELECT count(*) FROM sgr.models) + (SELECT count(*) FROM sgr.model_arrays) AS left;
DROP VIEW test.nearest;
DROP TABLE test.trained;
