-- Evaluation: what is refused, and how it is said.
SET client_min_messages = warning;
CALL test.reset();
\pset format unaligned
\pset tuples_only on

-- Nothing there.
SELECT test.refusal($$SELECT sgr_eval_split('a')$$);
SELECT test.refusal($$SELECT sgr_eval_split('a', protocol => 'playlist')$$);
SELECT test.refusal($$SELECT sgr_eval('a')$$);
SELECT test.refusal($$SELECT sgr_eval_split_drop('a')$$);
SELECT test.refusal($$SELECT sgr_eval_split_drop(NULL)$$);
SELECT count(*) FROM sgr_eval_rows('a');

-- Choices of a split.
CALL test.load_small();
SELECT test.refusal('SELECT sgr_eval_split(' || choice || ')') FROM unnest(ARRAY[
    'NULL', '''''', $$'a', '{0.5,0.2,0.2}'$$, $$'a', '{0.8,0.2}'$$, $$'a', '{0.8,NULL,0.2}'$$, $$'a', '{1.4,-0.2,-0.2}'$$,
    $$'a', '{NaN,0.5,0.5}'$$, $$'a', '{0.8,0.2,0}'$$, $$'a', NULL$$, $$'a', protocol => 'random'$$, $$'a', protocol => NULL$$,
    $$'a', negatives => -1$$, $$'a', negatives => 1001$$, $$'a', repeats => 0$$, $$'a', repeats => 1001$$, $$'a', seed => NULL$$,
    $$'a', kind => 'dislike'$$, $$'a', kind => 'like', protocol => 'playlist'$$, $$'a', relation => 'pg_class'$$,
    $$'a', relation => 'models_active_idx'$$, $$'a', replace => NULL$$]) AS choice;
SELECT test.refusal($$SELECT sgr_eval_split('a')$$), test.refusal($$SELECT sgr_eval_split('a')$$);

-- Rows of others.
CREATE TABLE test.bad (user_id integer, item_id integer, label real, part text);
CREATE FUNCTION test.with_rows(rows text, options text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE test.bad;
    EXECUTE 'INSERT INTO test.bad VALUES ' || rows;
    RETURN test.refusal(format('SELECT sgr_eval_split(%L, relation => %L %s)', 'bad', 'test.bad', options));
END
$$;
SELECT test.with_rows($$(1, 1, 0.5, 'train')$$);
SELECT test.with_rows($$(1, 1, NULL, 'train')$$);
SELECT test.with_rows($$(1, 1, 'NaN', 'train')$$);
SELECT test.with_rows($$(1, 1, 1, 'training')$$);
SELECT test.with_rows($$(1, 1, 1, NULL)$$);
SELECT test.with_rows($$(1, 1, 0, 'train'), (1, 2, 0, 'test')$$);
SELECT test.with_rows($$(1, 1, 1, 'train'), (1, 2, 0, 'test')$$);
SELECT test.with_rows($$(1, 1, 0, 'train'), (1, 2, 1, 'test')$$);
SELECT test.with_rows($$(1, 1, 1, 'train'), (1, 1, 1, 'test')$$);
SELECT test.with_rows($$(NULL, 1, 1, 'train'), (1, NULL, 1, 'test')$$);
SELECT test.with_rows($$(1, 1, 1, 'train'), (1, 2, 1, 'test')$$, ', repeats => 2');
SELECT test.with_rows($$(1, 1, 1, 'train'), (1, 2, 1, 'test')$$);
ALTER TABLE test.bad DROP COLUMN part;
SELECT test.with_rows('(1, 1, 1), (1, 1, 0), (1, 2, 1)', ', replace => true');
SELECT test.with_rows('(1, 1, 1), (2, 1, 1)', $$, replace => true, protocol => 'per_user'$$);
SELECT test.with_rows('(1, 1, 1), (1, 2, 1)', $$, replace => true, protocol => 'temporal'$$);
SELECT test.with_rows('(1, 1, 1), (1, 2, 1)', $$, replace => true, protocol => 'playlist'$$);
-- What was there is still there.
SELECT name, protocol, positives FROM sgr_eval_splits;
-- One time for all.
UPDATE sgr.interactions SET occurred_at = '2024-01-01';
SELECT test.refusal($$SELECT sgr_eval_split('b', protocol => 'temporal_global')$$);

-- Choices of an evaluation.
SELECT test.refusal('SELECT sgr_eval(' || choice || ')') FROM unnest(ARRAY[
    'NULL', $$'nothing'$$, $$'a', '{nothing}'$$, $$'a', '{}'$$, $$'a', '{NULL}'$$, $$'a', metrics => '{nothing}'$$, $$'a', metrics => '{}'$$,
    $$'a', metrics => '{auc,NULL}'$$, $$'a', k => 0$$, $$'a', k => 10001$$, $$'a', k => NULL$$, $$'a', baseline => 'nothing'$$,
    $$'a', '{random}', baseline => 'popularity'$$, $$'a', bands => NULL$$, $$'a', part => 'train'$$, $$'a', part => 'nothing'$$,
    $$'a', resamples => -1$$, $$'a', resamples => 1000001$$, $$'a', level => 1$$, $$'a', level => 'NaN'$$, $$'a', bins => 0$$, $$'a', seed => NULL$$,
    $$'a', threads => -1$$, $$'a', scores => 'pg_class'$$, $$'bad', part => 'validation'$$]) AS choice;

-- Scores of others.
CREATE TABLE test.scores (user_id integer, item_id integer, score double precision, model text);
CREATE FUNCTION test.with_scores(rows text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    TRUNCATE test.scores;
    EXECUTE 'INSERT INTO test.scores VALUES ' || rows;
    RETURN test.refusal('SELECT sgr_eval(''a'', scores => ''test.scores'')');
END
$$;
SELECT test.with_scores($$(1, 1, 'NaN', 'm')$$);
SELECT test.with_scores($$(1, 1, 'Infinity', 'm')$$);
SELECT test.with_scores($$(1, 1, '-Infinity', 'm')$$);
SELECT test.with_scores($$(1, 1, 0, 'm'), (1, 1, 1, 'm')$$);
SELECT test.with_scores($$(1, 1, 0, 'random')$$);
SELECT test.with_scores($$(1, 1, NULL, 'm')$$);
SELECT test.with_scores($$(1, 1, 0, 'm'), (1, 1, 0, 'n')$$);
SELECT test.refusal($$SELECT sgr_eval_split('two', repeats => 2)$$);
SELECT test.refusal($$SELECT sgr_eval('two', scores => 'test.scores')$$);
-- Rows that were taken away.
DELETE FROM sgr.eval_rows WHERE repeat = 2;
SELECT test.refusal($$SELECT sgr_eval('two')$$);
BEGIN READ ONLY;
SELECT test.refusal($$SELECT sgr_eval_split('c')$$);
SELECT count(*) FROM sgr_eval('a', '{popularity}', resamples => 0);
COMMIT;

DROP TABLE test.bad, test.scores;
DROP FUNCTION test.with_rows(text, text), test.with_scores(text);
CALL test.reset();
