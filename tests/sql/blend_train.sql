-- The blend: learned on a split or on all interactions, stored, read as a table, asked, judged, explained to the last term.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();
SELECT sgr_cooccur_refresh() IS NOT NULL AS refreshed LIMIT 1;
SELECT count(*) > 0 AS triples FROM sgr_triples_refresh();

-- On a split: a model per repeat. It learned from the graph, too.
SELECT positives, validation FROM sgr_eval_split('judged', repeats => 2);
CREATE TABLE test.blends AS SELECT * FROM sgr_train('blend', 'judged', params => '{"min_rows": 10, "rounds": 60}', threads => 1);
SELECT model_name, repeat, epochs, loss > 0 AS loss, users, items,
       interactions = (SELECT count(*) FROM sgr_eval_rows('judged', b.repeat) AS r WHERE r.label = 1 AND r.part = 'train') AS training_part
FROM test.blends AS b ORDER BY repeat;
SELECT name, model, is_active, split, repeat, validation_auc BETWEEN 0 AND 1 AS auc, validation_calibration_error BETWEEN 0 AND 1 AS calibration,
       validation_metrics - '{auc,user_auc,calibration_error,log_loss}'::text[] AS of_rows
FROM sgr_models ORDER BY repeat;
SELECT parameters -> 'params' AS params FROM sgr_models WHERE repeat = 1;
SELECT c.component ->> 'name' AS component, c.component ->> 'model' AS model, c.component -> 'scales' AS scales
FROM sgr.models AS m CROSS JOIN LATERAL jsonb_array_elements(m.blend -> 'components') WITH ORDINALITY AS c (component, place) WHERE m.repeat = 1 ORDER BY place;

-- The table: bins of a term follow each other from end to end, shares add up to 1, and the mean weight of a term is 0.
CREATE TABLE test.terms AS SELECT * FROM sgr_blend_terms('blend');
SELECT repeat, count(DISTINCT ordinal) AS terms, count(DISTINCT term) FILTER (WHERE term LIKE '% & %') AS pairs, bool_or(term = 'graph_walk rank') AS over_graph
FROM test.terms GROUP BY repeat ORDER BY repeat;
SELECT count(*) AS single_bins, bool_and(CASE WHEN before IS NULL THEN lower_bound = '-Infinity' ELSE lower_bound = before END) AS one_after_the_other,
       bool_and(upper_bound > lower_bound) AS ascending, bool_and(CASE WHEN place = last THEN upper_bound = 'Infinity' ELSE upper_bound < 'Infinity' END) AS to_the_end
FROM (SELECT t.*, lag(upper_bound) OVER w AS before, row_number() OVER w AS place, count(*) OVER (PARTITION BY model_id, ordinal) AS last
      FROM test.terms AS t WHERE other_lower IS NULL AND ordinal > 0 WINDOW w AS (PARTITION BY model_id, ordinal ORDER BY lower_bound)) AS t
HAVING count(*) > 50;
SELECT bool_and(abs(share - 1) < 1e-9) AS whole, bool_and(abs(mean) < 1e-9) AS centred
FROM (SELECT sum(share) AS share, sum(share * weight) AS mean FROM test.terms WHERE ordinal > 0 GROUP BY model_id, ordinal) AS t;
SELECT count(*) = count(DISTINCT (lower_bound, other_lower)) AS every_pair_of_bins, bool_and(other_upper > other_lower) AS ascending
FROM test.terms WHERE repeat = 1 AND ordinal = (SELECT max(ordinal) FROM test.terms WHERE repeat = 1 AND other_lower IS NOT NULL);

-- A probability, and the same terms as the table has, added up.
SELECT bool_and(sgr_predict(u, t, 'blend') BETWEEN 0 AND 1) AS probabilities FROM generate_series(1, 10) AS u, generate_series(1, 60) AS t;
CREATE TABLE test.explained AS
SELECT u, t, e.* FROM generate_series(1, 5) AS u, (SELECT DISTINCT item_id FROM sgr_eval_rows('judged') WHERE item_id % 7 = 1) AS i (t)
CROSS JOIN LATERAL sgr_explain_user(u, t, model => 'blend') AS e;
SELECT count(*) > 30 AS pairs, max(abs(total - score)) < 1e-6 AS adds_up, max(abs(1 / (1 + exp(-score)) - sgr_predict(u, t, 'blend'))) < 1e-6 AS is_the_probability
FROM (SELECT u, t, sum(contribution) AS total, max(value) FILTER (WHERE part = 'score') AS score FROM test.explained GROUP BY u, t) AS s;
SELECT count(*) > 500 AS terms, bool_and(b.weight IS NOT NULL) AS in_the_table, max(abs(b.weight - e.contribution)) < 1e-6 AS the_same
FROM test.explained AS e
LEFT JOIN test.terms AS b ON b.repeat = 1 AND b.term = e.reason AND b.lower_bound <= e.value::real AND e.value::real < b.upper_bound
WHERE e.part = 'term' AND e.value IS NOT NULL;
SELECT part, count(*) > 0 AS rows, bool_and(contribution IS NOT NULL) AS contributions, bool_and(value IS NOT NULL) AS "values", bool_and(detail IS NOT NULL) AS details
FROM test.explained WHERE reason NOT LIKE '% & %' GROUP BY part ORDER BY part;

-- Judged as any other model, by probabilities.
SELECT metric, value BETWEEN 0 AND 1 AS judged, spread IS NOT NULL AS spread
FROM sgr_eval('judged', '{blend}', '{auc,user_auc,log_loss,calibration_error,ndcg}', resamples => 10, threads => 1) ORDER BY 1;
-- The same seed gives the same blend; other components another one.
SELECT count(*) AS models FROM sgr_train('blend', 'judged', 'again', params => '{"min_rows": 10, "rounds": 60}');
SELECT count(*) > 100 AS rows, bool_and(t.weight = a.weight) AS the_same
FROM test.terms AS t JOIN sgr_blend_terms('again') AS a ON (a.repeat, a.ordinal, a.lower_bound, coalesce(a.other_lower, 0)) = (t.repeat, t.ordinal, t.lower_bound, coalesce(t.other_lower, 0));
SELECT count(*) AS models FROM sgr_train('blend', 'judged', 'small', params => '{"min_rows": 10, "rounds": 60, "pairs": 0, "components": ["walk", "ials16"], "graph": "none"}');
SELECT DISTINCT ordinal, term FROM sgr_blend_terms('small') ORDER BY 1;
-- A graph of one's own: items are its entities by their ids.
CREATE TABLE test.facts AS SELECT t AS head, 'in' AS relation, 'g' || t % 4 AS tail FROM generate_series(1, 60) AS t;
SELECT count(*) AS models FROM sgr_train('blend', 'judged', 'of facts', params => '{"min_rows": 10, "rounds": 20, "components": ["graph_walk"], "triples": "test.facts"}');
SELECT DISTINCT term FROM sgr_blend_terms('of facts') WHERE other_lower IS NULL ORDER BY 1;

-- On all interactions: it answers from now on where no model is named, by log-odds with its terms.
SELECT is_active FROM sgr_models WHERE is_active;
CREATE TABLE test.before AS SELECT * FROM sgr_recommend_user(3, 5);
SELECT repeat, interactions = (SELECT count(DISTINCT (user_id, track_id)) FROM sgr.interactions) AS all_of_them
FROM sgr_train('blend', name => 'all', params => '{"min_rows": 5, "rounds": 60}', threads => 1);
SELECT name, is_active, (validation_metrics ->> 'positives')::integer < interactions / 3 AS held_out FROM sgr_models WHERE is_active;
SELECT count(*) AS rows, bool_and(by_playlists IS NULL AND confidence IS NULL AND fallback IS NULL) AS no_signals, bool_and(because LIKE 'probability 0.%: %, %, %') AS reasons,
       bool_and(NOT EXISTS (SELECT FROM sgr.interactions AS i WHERE i.user_id = 3 AND i.track_id = r.track_id)) AS all_new
FROM sgr_recommend_user(3, 5) AS r;
SELECT bool_and(abs(r.score - s.total) < 1e-6) AS adds_up, bool_and(r.score = s.score) AS exact, bool_and(r.rank = s.rank) AS ranks, bool_and(abs(p.predicted - 1 / (1 + exp(-r.score))) < 1e-6) AS probability
FROM sgr_recommend_user(3, 5) AS r
CROSS JOIN LATERAL (SELECT sum(e.contribution) AS total, max(e.value) FILTER (WHERE e.part = 'score') AS score, max(e.rank) FILTER (WHERE e.part = 'score') AS rank
                    FROM sgr_explain_user(3, r.track_id) AS e) AS s
CROSS JOIN LATERAL (SELECT sgr_predict(3, r.track_id, 'all') AS predicted) AS p;
SELECT array_agg(score ORDER BY rank) = array_agg(score ORDER BY score DESC) AS in_order, count(*) AS rows FROM sgr_recommend_user(3, 20, genres => '{Genre 1}') WHERE fallback IS NULL;
SELECT count(*) AS parts FROM sgr_explain_user(3, '5') WHERE part IN ('intercept', 'score');

-- A model, a profile or "signals" says otherwise; so does a user of whom it knows nothing.
SELECT bool_and(r IS NOT DISTINCT FROM b) AS the_signals FROM sgr_recommend_user(3, 5, model => 'signals') AS r JOIN test.before AS b USING (rank);
SELECT count(*) AS weights FROM sgr_signal_set('tags', 0.18, 'mine');
SELECT bool_and(r.by_playlists IS NOT NULL) AS the_signals FROM sgr_recommend_user(3, 5, profile => 'mine') AS r;
SELECT bool_and(because LIKE 'model "small" scores%') AS no_blend_of_all, bool_or(because LIKE 'probability%') AS a_blend FROM sgr_recommend_user(3, 5, model => 'small');
SELECT count(*) FILTER (WHERE part = 'signal') AS signals FROM sgr_explain_user(3, 5, model => 'signals');
INSERT INTO sgr.users (user_id) VALUES (900), (901);
INSERT INTO sgr.playlists (playlist_id, owner_id) VALUES (900, 900);
INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (900, 5, 1), (900, 6, 2);
SELECT bool_and(by_playlists IS NOT NULL) AS the_signals FROM sgr_recommend_user(900, 5);
-- Somebody new with the likes of user 9 gets what user 9 gets, by and large: vectors are solved for, not learned.
INSERT INTO sgr.interactions (user_id, track_id, kind) SELECT 901, track_id, kind FROM sgr.interactions WHERE user_id = 9;
SELECT max(abs(sgr_predict(901, t, 'all') - sgr_predict(9, t, 'all'))) < 0.3 AS near FROM generate_series(1, 60) AS t WHERE sgr_predict(9, t, 'all') IS NOT NULL;
SELECT max(abs(total - score)) < 1e-6 AS adds_up
FROM (SELECT t, sum(contribution) AS total, max(value) FILTER (WHERE part = 'score') AS score
      FROM (SELECT DISTINCT track_id FROM sgr.interactions WHERE track_id % 9 = 1) AS i (t) CROSS JOIN LATERAL sgr_explain_user(901, t) GROUP BY t) AS s;

-- Read again by another session it is the same.
SELECT sgr_predict(3, 5, 'all') AS kept \gset
\c -
SELECT sgr_predict(3, 5, 'all') = :kept AS the_same;
SET client_min_messages = warning;
-- Switched off and on, one at a time.
SELECT sgr_model_activate(model_id, false) FROM sgr_models WHERE name = 'all';
SELECT bool_and(r IS NOT DISTINCT FROM b) AS the_signals FROM sgr_recommend_user(3, 5) AS r JOIN test.before AS b USING (rank);
SELECT count(*) AS trained FROM sgr_train('blend', name => 'quiet', params => '{"min_rows": 5, "rounds": 20, "activate": false}');
SELECT count(*) AS active FROM sgr_models WHERE is_active;
SELECT sgr_model_activate(model_id) FROM sgr_models WHERE name IN ('all', 'quiet') ORDER BY name;
SELECT name FROM sgr_models WHERE is_active;
SELECT sgr_model_activate(model_id, false) FROM sgr_models WHERE name = 'all';
SELECT name FROM sgr_models WHERE is_active;

-- Dropped with everything.
SELECT count(sgr_model_drop(model_id)) > 5 AS dropped FROM sgr_models;
SELECT (SELECT count(*) FROM sgr.models) + (SELECT count(*) FROM sgr.model_arrays) AS left;
SELECT bool_and(r IS NOT DISTINCT FROM b) AS the_signals FROM sgr_recommend_user(3, 5) AS r JOIN test.before AS b USING (rank);
DROP TABLE test.blends, test.terms, test.explained, test.facts, test.before;
