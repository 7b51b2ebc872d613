-- Jobs that are refused: when they are submitted, not when they would run.
CALL test.reset();

SELECT test.refusal(statement) FROM unnest(ARRAY[
    $$SELECT sgr_submit('refresh')$$,
    $$SELECT sgr_submit(NULL)$$,
    $$SELECT sgr_submit('cooccur_refresh', '{"bask": "like"}')$$,
    $$SELECT sgr_submit('cooccur_refresh', '["like"]')$$,
    $$SELECT sgr_submit('cooccur_refresh', NULL)$$,
    $$SELECT sgr_submit('cooccur_refresh', priority => NULL)$$,
    $$SELECT sgr_submit('kge_train', '{"dim": "wide"}')$$,
    $$SELECT sgr_submit('kge_train', '{"dim": {"of": 3}}')$$,
    $$SELECT sgr_submit('kge_train', '{"triples": "no_such_table"}')$$,
    $$SELECT sgr_submit('build_kg', '{"stages": 3}')$$,
    $$SELECT sgr_job_wait(1)$$,
    $$SELECT sgr_job_wait(NULL)$$,
    $$SELECT sgr_job_wait(1, '-1 s')$$,
    $$SELECT sgr_job_cancel(1)$$,
    $$SELECT sgr_job_retry(1)$$]) AS statement;
SELECT count(*) AS jobs FROM sgr.jobs;

-- Whatever runs, an error that only its run can find is in its row.
SELECT sgr_submit('kge_resume', '{"model_id": 7, "epochs": 1}') AS job \gset
SELECT sgr_job_wait(:job);
SELECT state, attempt, sqlstate, error, hint, result FROM sgr.job_status WHERE job_id = :job;
SELECT sgr_submit('cooccur_refresh', '{"top_k": 0}') AS job \gset
SELECT sgr_job_wait(:job);
SELECT state, phase, sqlstate, error FROM sgr.job_status WHERE job_id = :job;
