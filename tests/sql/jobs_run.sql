-- Jobs, run by workers: their results, settings, order, what a rollback does, and who sees them.
CALL test.reset();
CALL test.load_small();

-- Every task is a function of the extension that can be found by its name.
SELECT t.task FROM sgr.tasks AS t WHERE NOT EXISTS (SELECT FROM pg_proc AS p WHERE p.proname = t.function_name) ORDER BY 1;

SELECT sgr_submit('cooccur_refresh', '{"basket": "playlist", "item": "track", "top_k": null}') AS job \gset
SELECT sgr_job_wait(:job);
SELECT task, args, state, progress, attempt, sqlstate, submitted_by, priority, result #> '{0,mode}' AS mode,
       started_at >= submitted_at AS after, finished_at - started_at = elapsed AS timed
FROM sgr.job_status WHERE job_id = :job;
SELECT count(*) = (SELECT count(*) FROM test.pairs()) AS all_pairs FROM test.stored();

-- Arrays, booleans, numbers.
SELECT sgr_submit('build_kg', '{"stages": ["triples", "validate"], "co_occurs_limit": 5, "public_only": false}') AS job \gset
SELECT sgr_job_wait(:job, '1 min');
SELECT r ->> 'stage' AS stage, r ->> 'outcome' AS outcome
FROM sgr.job_status, jsonb_array_elements(result) AS r WHERE job_id = :job;
SELECT sgr_submit('kge_train', '{"model": "distmult", "dim": 4, "epochs": 2, "threads": 1, "neighbours": 3, "name": "by job"}') AS job \gset
SELECT sgr_job_wait(:job);
SELECT state, sqlstate, error, result #>> '{0,model_name}' AS model, result #>> '{0,epochs_run}' AS epochs FROM sgr.job_status WHERE job_id = :job;
SELECT name, dim FROM sgr.models;

-- Nothing is left of a submission that is rolled back.
BEGIN;
SELECT sgr_submit('clean') > 0 AS submitted;
ROLLBACK;
SELECT count(*) AS cleanings FROM sgr.jobs WHERE task = 'clean';

-- Within the transaction that submits there is nothing to wait for.
BEGIN;
SELECT sgr_submit('clean') AS job \gset
SELECT sgr_job_wait(:job);
ROLLBACK;

-- The same refresh, queued twice, is one job; another argument, setting or time makes another.
SELECT sgr_submit('clean', not_before => '2100-01-01') AS job \gset
SELECT sgr_submit('clean', not_before => '2100-01-01') = :job AS same;
SELECT sgr_submit('clean', '{"threads": 1}', not_before => '2100-01-01') = :job AS same;
SET sgr_graph.threads = 1;
SELECT sgr_submit('clean', not_before => '2100-01-01') = :job AS same;
RESET sgr_graph.threads;
SELECT sgr_submit('clean', not_before => '2101-01-01') = :job AS same;
SELECT sgr_job_wait(:job, '0 s');
SELECT sgr_job_cancel(:job);
SELECT sgr_job_cancel(:job);
SELECT sgr_job_wait(:job);
SELECT count(sgr_job_cancel(job_id)) FROM sgr.jobs WHERE state = 'queued';

-- A role sees its own jobs, and runs them with its rights.
CREATE ROLE regress_jobs;
GRANT USAGE ON SCHEMA test TO regress_jobs;
SET ROLE regress_jobs;
SELECT count(*) AS seen FROM sgr.job_status;
SELECT sgr_submit('cooccur_refresh') AS job \gset
SELECT sgr_job_wait(:job);
SELECT state, sqlstate, error, submitted_by FROM sgr.job_status;
SELECT test.refusal($$INSERT INTO sgr.jobs (task, args, priority, submitted_by, settings) VALUES ('clean', '{}', 0, 10, '{}')$$);
SELECT test.refusal($$UPDATE sgr.jobs SET submitted_by = 10$$);
RESET ROLE;
GRANT pg_read_all_stats TO regress_jobs;
SET ROLE regress_jobs;
SELECT count(*) > 1 AS sees_all FROM sgr.job_status;
RESET ROLE;
DROP OWNED BY regress_jobs;
DELETE FROM sgr.jobs;
DROP ROLE regress_jobs;

SELECT * FROM sgr_jobs_recover();
