-- Splits and metrics: what is stored, numbers that can be counted by hand, models from elsewhere.
SET client_min_messages = warning;
CALL test.reset();
CALL test.load_small();

-- By protocol mkr: as many negatives as positives, all of them the user's own lack; rows split whoever's they are.
SELECT users, items, positives, train, validation, test, missing_negatives FROM sgr_eval_split('mkr', repeats => 3);
SELECT s.name, s.protocol, s.source, s.ratios, s.negatives, s.seed, s.repeats, s.single_users > 0 AS single_users FROM sgr_eval_splits AS s;
WITH positives AS (SELECT DISTINCT user_id, track_id FROM sgr.interactions)
SELECT repeat, part, count(*) FILTER (WHERE label = 1) + count(*) FILTER (WHERE label = 0) AS rows,
       bool_and((label = 1) = EXISTS (SELECT FROM positives AS p WHERE (p.user_id, p.track_id) = (r.user_id, r.item_id))) AS labels_true
FROM generate_series(1, 3) AS repeat CROSS JOIN LATERAL sgr_eval_rows('mkr', repeat) AS r
GROUP BY repeat, part ORDER BY repeat, part;
SELECT count(*) AS rows, count(DISTINCT (user_id, item_id)) AS distinct_rows FROM sgr_eval_rows('mkr', 2);

-- The same seed gives the same rows, another seed others.
SELECT a.positives, o.positives AS other_positives FROM sgr_eval_split('again', repeats => 2) AS a, sgr_eval_split('other', seed => 1) AS o;
CREATE FUNCTION test.rows(split text, repeat integer DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(r::text, ' ' ORDER BY r)) FROM sgr_eval_rows(split, repeat) AS r
$$;
SELECT test.rows('again') = test.rows('mkr') AS same, test.rows('again') = test.rows('other') AS by_another_seed,
       test.rows('again', 2) = test.rows('other') AS second_repeat;

-- By protocol per_user each user with two positives has one in the test part. A user with one is only learned from.
SELECT positives, train, validation, test, single_users FROM sgr_eval_split('per_user', '{0.8,0.1,0.1}', 'per_user', kind => 'like');
SELECT bool_and(CASE WHEN p.n >= 2 THEN cardinality(r.test) >= 1 ELSE cardinality(r.test) = 0 END) AS as_promised,
       bool_and(cardinality(r.train) >= 1) AS something_to_learn
FROM sgr.eval_splits AS s JOIN sgr.eval_rows AS r USING (split_id)
JOIN (SELECT user_id, count(*) AS n FROM sgr.interactions WHERE kind = 'like' GROUP BY user_id) AS p USING (user_id)
WHERE s.name = 'per_user';

-- By time, all at two moments: plays have none and count as the first.
SELECT positives, train, validation, test FROM sgr_eval_split('time', protocol => 'temporal_global', kind => 'like');
SELECT part, min(i.occurred_at)::date AS earliest, max(i.occurred_at)::date AS latest
FROM sgr_eval_rows('time') AS r JOIN sgr.interactions AS i ON (i.user_id, i.track_id, i.kind) = (r.user_id, r.item_id, 'like')
GROUP BY part ORDER BY 2;
SET client_min_messages = notice;
SELECT positives, train, validation, test FROM sgr_eval_split('time by user', protocol => 'temporal');
SET client_min_messages = warning;

-- Playlists are to be continued.
SELECT users, positives FROM sgr_eval_split('playlists', protocol => 'playlist');
SELECT bool_and(t.test > ALL (t.train)) AS last_ones FROM (
    SELECT array_agg(first) FILTER (WHERE part = 'train') AS train, min(first) FILTER (WHERE part = 'test') AS test
    FROM sgr_eval_rows('playlists') AS r
    CROSS JOIN LATERAL (SELECT min(p.position) AS first FROM sgr.playlist_tracks AS p
                        WHERE (p.playlist_id, p.track_id) = (r.user_id, r.item_id)) AS p
    GROUP BY user_id) AS t WHERE t.test IS NOT NULL;

-- A split that somebody made, with numbers to be counted by hand. Of the test part: popularity 2 and 0 are positive (items 2
-- and 4), 1 and 0 negative (3 and 5): 2 beats both, 0 ties with one.
CREATE TABLE test.given (user_id integer, item_id integer, label boolean, part text);
INSERT INTO test.given VALUES
    (1, 1, true, 'train'), (2, 1, true, 'train'), (3, 1, true, 'train'), (2, 2, true, 'train'), (3, 2, true, 'train'), (1, 3, true, 'train'),
    (2, 3, true, 'validation'), (2, 4, false, 'validation'),
    (1, 2, true, 'test'), (1, 5, false, 'test'), (3, 4, true, 'test'), (3, 3, false, 'test');
SELECT users, items, positives, train, validation, test FROM sgr_eval_split('given', relation => 'test.given');
SELECT protocol, ratios, negatives, seed FROM sgr_eval_splits WHERE name = 'given';
SELECT metric, at_k, value, users FROM sgr_eval('given', '{popularity}', '{auc,user_auc,accuracy,log_loss,hit,r_precision,mrr}', k => 3, resamples => 0);
SELECT metric, band, value, users FROM sgr_eval('given', '{popularity}', '{recall}', k => 3, bands => true, resamples => 0);

-- Scores of models that are elsewhere. A copy of popularity has the metrics of popularity, to the last digit.
CREATE VIEW test.copied AS
SELECT r.user_id, i.item_id, (SELECT count(*) FROM sgr_eval_rows('mkr', repeat) AS p
                              WHERE p.item_id = i.item_id AND p.label = 1 AND p.part = 'train') AS score, repeat
FROM generate_series(1, 3) AS repeat
CROSS JOIN LATERAL (SELECT DISTINCT user_id FROM sgr_eval_rows('mkr', repeat)) AS r
CROSS JOIN LATERAL (SELECT DISTINCT item_id FROM sgr_eval_rows('mkr', repeat)) AS i;
CREATE TEMPORARY TABLE judged AS
SELECT * FROM sgr_eval('mkr', '{popularity,copied}', scores => 'test.copied', bands => true, baseline => 'popularity', resamples => 50);
SELECT count(*) AS lines, bool_and((p.value, p.spread, p.low, p.high, p.users) IS NOT DISTINCT FROM (c.value, c.spread, c.low, c.high, c.users)) AS same,
       bool_and(c.difference = 0 AND coalesce(c.difference_low, 0) = 0) AS no_difference
FROM judged AS p JOIN judged AS c ON (p.metric, coalesce(p.band, '')) = (c.metric, coalesce(c.band, '')) AND p.model = 'popularity' AND c.model = 'copied';
SELECT metric, at_k, band FROM judged WHERE model = 'copied' AND metric IN ('auc', 'recall', 'coverage') ORDER BY 1, band NULLS FIRST;

-- The value lies in its interval; threads have no influence; what a user's labels tell is nothing within the user.
SELECT bool_and(low <= value AND value <= high) AS within FROM sgr_eval('mkr', '{random,leak_only}', resamples => 200) WHERE low IS NOT NULL AND metric <> 'calibration_error';
SELECT (SELECT string_agg(e::text, ' ') FROM sgr_eval('mkr', threads => 1, resamples => 20) AS e) =
       (SELECT string_agg(e::text, ' ') FROM sgr_eval('mkr', threads => 3, resamples => 20) AS e) AS same_on_threads;
SELECT value, low, high FROM sgr_eval('mkr', '{leak_only}', '{user_auc}');
-- A perfect model is perfect, and a wrong one is wrong.
CREATE VIEW test.oracle AS
SELECT user_id, item_id, CASE model WHEN 'right' THEN label ELSE 1 - label END AS score, repeat, model
FROM generate_series(1, 3) AS repeat CROSS JOIN LATERAL sgr_eval_rows('mkr', repeat), unnest(ARRAY['right', 'wrong']) AS model;
SELECT model, metric, round(value::numeric, 6) AS value FROM sgr_eval('mkr', '{right,wrong}', '{auc,user_auc,accuracy,calibration_error,ndcg}', scores => 'test.oracle', resamples => 0);
-- A list of some items is enough for what is about lists.
CREATE TABLE test.some (user_id bigint, track_id bigint, score real);
INSERT INTO test.some VALUES (1, 2, 0.5), (3, 4, 0.5), (3, 99, 1), (77, 1, 1);
SET client_min_messages = notice;
SELECT model, metric, value FROM sgr_eval('given', '{some}', '{auc,recall}', scores => 'test.some', resamples => 0);
SET client_min_messages = warning;

-- The validation part, for choosing.
SELECT metric, value, users FROM sgr_eval('given', '{popularity}', '{auc,hit}', part => 'validation', resamples => 0);

-- Rows of ratings with labels are split by any protocol, and no negatives are drawn.
CREATE VIEW test.rated AS SELECT user_id, item_id AS track_id, label::integer AS label FROM sgr_eval_rows('mkr');
SELECT positives, train + validation + test AS rows FROM sgr_eval_split('rated', relation => 'test.rated');
SELECT negatives IS NULL AS given FROM sgr_eval_splits WHERE name = 'rated';

-- Replaced, dropped, noted.
SELECT positives FROM sgr_eval_split('given', relation => 'test.rated', replace => true);
SELECT sgr_eval_split_drop('given');
SELECT count(*) AS left_over FROM sgr.eval_rows AS r WHERE NOT EXISTS (SELECT FROM sgr.eval_splits AS s WHERE s.split_id = r.split_id);
SELECT parameters, result FROM sgr.runs WHERE task = 'eval_split' ORDER BY run_id LIMIT 1;

-- A user's own table stands in for interactions.
CREATE TABLE test.likes AS SELECT user_id, track_id FROM sgr.interactions WHERE kind = 'like';
SELECT source_role FROM sgr_source_set('interactions', 'test.likes');
SELECT positives FROM sgr_eval_split('mapped', protocol => 'per_user');
SELECT source FROM sgr_eval_splits WHERE name = 'mapped';
DROP FUNCTION test.rows(text, integer);
DROP VIEW test.copied, test.oracle, test.rated;
DROP TABLE test.given, test.some, test.likes;
CALL test.reset();
