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

-- Crawls: what can be known before anybody is asked. All that the last two lack are credentials.
SELECT test.refusal(statement) FROM unnest(ARRAY[
    $$SELECT sgr_submit('ingest_crawl')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"url": "https://soundcloud.com/a/b", "urn": "soundcloud:tracks:1"}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"url": "a track"}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"url": "ftp://soundcloud.com/a/b"}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"url": "https://soundcloud.com/a/b/s-AbC123xyz"}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:one"}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1", "depth": -1}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1", "max_tracks": 0}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1", "include": ["likes", "plays"]}')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1", "refresh_after": "-1 day"}')$$,
    $$SELECT sgr_submit('ingest_search')$$,
    $$SELECT sgr_submit('ingest_search', '{"query": " "}')$$,
    $$SELECT sgr_submit('ingest_search', '{"query": "dub", "limit": 0}')$$,
    $$SELECT sgr_submit('ingest_search', '{"query": "dub", "created_from": "last year"}')$$,
    $$SELECT sgr_ingest_search('dub')$$,
    $$SELECT sgr_ingest_crawl(urn => 'soundcloud:tracks:1')$$,
    $$SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1"}')$$,
    $$SELECT sgr_submit('ingest_search', '{"query": "dub", "genres": ["techno"], "created_from": "2024-01-31"}')$$]) AS statement;
SELECT count(*) AS jobs FROM sgr.jobs;
SELECT * FROM sgr_soundcloud_status(false);

-- Whatever runs, an error that only its run can find is in its row.
SELECT sgr_submit('kge_resume', '{"model_id": 7, "epochs": 1}') AS job \gset
SELECT sgr_job_wait(:job);
SELECT state, attempt, sqlstate, error, hint, result FROM sgr.job_status WHERE job_id = :job;
SELECT sgr_submit('cooccur_refresh', '{"top_k": 0}') AS job \gset
SELECT sgr_job_wait(:job);
SELECT state, phase, sqlstate, error FROM sgr.job_status WHERE job_id = :job;
\set SHOW_CONTEXT never
SELECT sgr_submit('kge_resume');
SELECT sgr.job_interrupt(0);
SELECT sgr.job_worker_start(0);
-- Values are looked at where that takes no reading; nothing is queued.
SELECT sgr_submit('kge_train', '{"dim": 0}');
SELECT sgr_submit('kge_eval');
SELECT sgr_submit('train', '{"model": "oracle"}');
SELECT sgr_submit('eval', '{"split": "none", "k": 0}');
SELECT sgr_submit('joint_train', '{"epochs": -1}');
SELECT sgr_submit('ablate', '{"split": "none", "flags": ["no_luck"]}');
SELECT sgr_submit('sweep', '{"model": "mkr", "grid": {"epochs": [1]}, "split": "none", "budget": 0}');
SELECT count(*) FROM sgr.jobs WHERE state = 'queued' AND not_before IS NULL;
