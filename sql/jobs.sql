-- Background jobs. Which tasks there are, what was submitted, and how it stands. Not in pg_dump: a restored database starts
-- without jobs.

CREATE TABLE sgr.tasks (
    task          text PRIMARY KEY,
    function_name name NOT NULL UNIQUE,
    coalesces     boolean NOT NULL,
    checks        boolean NOT NULL DEFAULT false,
    step_argument name,
    steps         text[],
    CHECK ((step_argument IS NULL) = (steps IS NULL))
);
COMMENT ON TABLE sgr.tasks IS 'What sgr_submit() runs; the arguments of a task are those of its function';
COMMENT ON COLUMN sgr.tasks.coalesces IS 'A second submission with the same arguments joins the first while that is queued';
COMMENT ON COLUMN sgr.tasks.steps IS
    'What the argument step_argument may list: a job runs each in a transaction of its own, in this order';
COMMENT ON COLUMN sgr.tasks.checks IS
    'The function can be called for its errors alone, so that sgr_submit() finds more of them than those of types';

INSERT INTO sgr.tasks (task, function_name, coalesces) VALUES
    ('build_kg', 'sgr_build_kg', true),
    ('clean', 'sgr_clean', true),
    ('fuse', 'sgr_fuse', true),
    ('cooccur_refresh', 'sgr_cooccur_refresh', true),
    ('triples_refresh', 'sgr_triples_refresh', true),
    ('adjacency_refresh', 'sgr_adjacency_refresh', true),
    ('kg_validate', 'sgr_kg_validate', true),
    ('quarantine_retry', 'sgr_quarantine_retry', false),
    ('demo_load', 'sgr_demo_load', false),
    ('import', 'sgr_import', false),
    ('import_jsonl', 'sgr_import_jsonl', false),
    ('triples_export', 'sgr_triples_export', false),
    ('triples_import', 'sgr_triples_import', false),
    ('kge_train', 'sgr_kge_train', false),
    ('kge_resume', 'sgr_kge_resume', false),
    ('kge_extend', 'sgr_kge_extend', false),
    ('kge_eval', 'sgr_kge_eval', false),
    ('kge_neighbors_refresh', 'sgr_kge_neighbors_refresh', true),
    ('embeddings_export', 'sgr_embeddings_export', false),
    ('embeddings_import', 'sgr_embeddings_import', false),
    ('eval_split', 'sgr_eval_split', false),
    ('eval', 'sgr_eval', false),
    ('train', 'sgr_train', false),
    ('joint_train', 'sgr_joint_train', false),
    ('ablate', 'sgr_ablate', false),
    ('sweep', 'sgr_sweep', false),
    ('purge', 'sgr_purge', true),
    ('ingest_search', 'sgr_ingest_search', false),
    ('ingest_crawl', 'sgr_ingest_crawl', false);
UPDATE sgr.tasks SET step_argument = 'stages', steps = '{clean,fuse,cooccurrence,triples,validate}' WHERE task = 'build_kg';
UPDATE sgr.tasks SET checks = true
WHERE task IN ('ingest_search', 'ingest_crawl', 'kge_train', 'kge_resume', 'kge_eval', 'train', 'eval', 'joint_train', 'ablate', 'sweep');
GRANT SELECT ON sgr.tasks TO PUBLIC;

CREATE TABLE sgr.jobs (
    job_id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task             text NOT NULL,
    args             jsonb NOT NULL CHECK (jsonb_typeof(args) = 'object'),
    priority         integer NOT NULL,
    not_before       timestamptz,
    submitted_by     regrole NOT NULL,
    settings         jsonb NOT NULL,
    state            text NOT NULL DEFAULT 'queued'
                     CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    attempt          integer NOT NULL DEFAULT 0,
    attempts_in_vain integer NOT NULL DEFAULT 0,
    pid              integer,
    cancel_requested boolean NOT NULL DEFAULT false,
    phase            text,
    progress         double precision CHECK (progress BETWEEN 0 AND 1),
    message          text,
    rows_done        bigint,
    rows_total       bigint,
    sqlstate         text,
    error            text,
    detail           text,
    hint             text,
    result           jsonb,
    checkpoint       text,
    submitted_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at       timestamptz,
    finished_at      timestamptz
);
CREATE INDEX jobs_queued_idx ON sgr.jobs (submitted_by, priority DESC, job_id) WHERE state = 'queued';
CREATE INDEX jobs_running_idx ON sgr.jobs (job_id) WHERE state = 'running';
COMMENT ON TABLE sgr.jobs IS 'Background jobs, written by sgr_submit() and the workers; sgr.job_status shows how they stand';
COMMENT ON COLUMN sgr.jobs.settings IS 'Settings of the submitting session that the job runs with';
COMMENT ON COLUMN sgr.jobs.pid IS 'Of the worker that runs it';
COMMENT ON COLUMN sgr.jobs.attempt IS 'How often it was started';
COMMENT ON COLUMN sgr.jobs.attempts_in_vain IS
    'How often it was started since it last left a checkpoint; when workers have died sgr_graph.job_attempts times so, it fails';
COMMENT ON COLUMN sgr.jobs.phase IS 'The last one that was reported, once the job has ended; while it runs, sgr.job_status knows';
COMMENT ON COLUMN sgr.jobs.checkpoint IS 'From what the next attempt goes on; NULL: from the beginning';
COMMENT ON COLUMN sgr.jobs.result IS 'The rows that the function returned';

-- As pg_stat_activity does it: a role sees the jobs of roles whose rights it has, pg_read_all_stats sees all. It submits
-- in its own name only.
ALTER TABLE sgr.jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY jobs_seen ON sgr.jobs FOR SELECT
    USING (pg_catalog.pg_has_role(submitted_by, 'USAGE') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'));
CREATE POLICY jobs_submitted ON sgr.jobs FOR INSERT
    WITH CHECK (submitted_by = pg_catalog.to_regrole(pg_catalog.quote_ident(current_user)));
CREATE POLICY jobs_changed ON sgr.jobs FOR UPDATE USING (pg_catalog.pg_has_role(submitted_by, 'USAGE'));
CREATE POLICY jobs_trimmed ON sgr.jobs FOR DELETE USING (pg_catalog.pg_has_role(submitted_by, 'USAGE'));
GRANT SELECT, INSERT, UPDATE, DELETE ON sgr.jobs TO PUBLIC;

-- Numbers that a checkpoint has besides its text: vectors of a training. An array is some rows.
CREATE TABLE sgr.job_numbers (
    job_id     bigint NOT NULL REFERENCES sgr.jobs ON DELETE CASCADE,
    array_name text NOT NULL,
    start      bigint NOT NULL,
    numbers    real[] NOT NULL,
    PRIMARY KEY (job_id, array_name, start)
);
COMMENT ON TABLE sgr.job_numbers IS 'Arrays of the checkpoints of jobs, some of their elements per row; they go when the job succeeds';
COMMENT ON COLUMN sgr.job_numbers.start IS 'The place of the row''s first element, from 0';
ALTER TABLE sgr.job_numbers ALTER COLUMN numbers SET STORAGE EXTERNAL;
ALTER TABLE sgr.job_numbers ENABLE ROW LEVEL SECURITY;
CREATE POLICY job_numbers_own ON sgr.job_numbers
    USING (EXISTS (SELECT FROM sgr.jobs AS j
                   WHERE j.job_id = job_numbers.job_id AND pg_catalog.pg_has_role(j.submitted_by, 'USAGE')));
GRANT SELECT, INSERT, DELETE ON sgr.job_numbers TO PUBLIC;

CREATE FUNCTION sgr.job_is_held(job_id bigint) RETURNS boolean
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
    -- 1936159235: the lock of a job, which dies with its worker.
    SELECT EXISTS (SELECT FROM pg_locks AS l
                   WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 1936159235
                     AND l.objid = (job_id % 2147483648)::oid
                     AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
$$;
COMMENT ON FUNCTION sgr.job_is_held(bigint) IS 'Whether a worker that lives runs this job';

CREATE FUNCTION sgr.job_lacks_worker(job sgr.jobs) RETURNS boolean
LANGUAGE sql STABLE PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp
AS $$
    -- 1936159234: a worker waits for a place on behalf of a role.
    SELECT CASE job.state
        WHEN 'running' THEN NOT sgr.job_is_held(job.job_id)
        WHEN 'queued' THEN
            coalesce(job.not_before <= clock_timestamp(), true)
            AND NOT EXISTS (SELECT FROM pg_locks AS l
                            WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 1936159234
                              AND l.objid = job.submitted_by::oid
                              AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()))
            AND NOT EXISTS (SELECT FROM sgr.jobs AS other
                            WHERE other.submitted_by = job.submitted_by AND other.state = 'running'
                              AND sgr.job_is_held(other.job_id))
        ELSE false END
$$;
COMMENT ON FUNCTION sgr.job_lacks_worker(sgr.jobs) IS
    'Whether nobody runs a job that is running, or will come to one that is due: its worker was ended, or found no process';

-- A worker says where it is in pg_stat_activity, which other sessions see at once, while its transaction is open.
CREATE VIEW sgr.job_status AS
SELECT j.job_id, j.task, j.args, j.state,
       CASE WHEN j.state = 'queued' THEN NULL WHEN live.said IS NULL THEN j.phase ELSE live.said[1] END AS phase,
       CASE WHEN j.state = 'succeeded' THEN 1 WHEN live.said IS NULL THEN j.progress
            ELSE nullif(live.said[2], '')::double precision END AS progress,
       CASE WHEN live.said IS NULL THEN j.message ELSE live.said[7] END AS message,
       CASE WHEN live.said IS NULL THEN j.rows_done ELSE nullif(live.said[3], '')::bigint END AS rows_done,
       CASE WHEN live.said IS NULL THEN j.rows_total ELSE nullif(live.said[4], '')::bigint END AS rows_total,
       nullif(live.said[5], '')::double precision AS rows_per_second,
       nullif(live.said[6], '')::double precision * interval '1 second' AS time_left,
       j.attempt, j.sqlstate, j.error, j.detail,
       CASE WHEN j.state IN ('queued', 'running') AND j.submitted_at < pg_catalog.clock_timestamp() - interval '5 s'
                 AND sgr.job_lacks_worker(j)
            THEN 'it has no worker: sgr_jobs_recover() starts one, if max_worker_processes leaves room' ELSE j.hint END AS hint,
       j.result, j.submitted_by, j.priority, j.not_before, j.submitted_at,
       j.started_at, j.finished_at,
       CASE WHEN j.state <> 'queued' THEN coalesce(j.finished_at, pg_catalog.clock_timestamp()) - j.started_at END AS elapsed,
       j.pid
FROM sgr.jobs AS j
LEFT JOIN LATERAL (
    SELECT pg_catalog.regexp_match(a.query, '^sgr_graph job ' || j.job_id
        || ': ([^|]*)\|([0-9.]*)\|([0-9]*)\|([0-9]*)\|([0-9.]*)\|([0-9.]*)\|(.*)$') AS said
    FROM pg_catalog.pg_stat_activity AS a
    WHERE a.pid = j.pid AND a.backend_type = 'sgr_graph job') AS live ON j.state = 'running'
WHERE pg_catalog.pg_has_role(j.submitted_by, 'USAGE') OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE');
COMMENT ON VIEW sgr.job_status IS 'How each job stands; a role sees its own and those of roles whose rights it has';
COMMENT ON COLUMN sgr.job_status.progress IS 'In [0,1]; NULL where it is not known how much there is to do';
COMMENT ON COLUMN sgr.job_status.rows_done IS 'Rows, triples or pairs, whatever the phase works on';
COMMENT ON COLUMN sgr.job_status.time_left IS 'Extrapolated from what is done';
GRANT SELECT ON sgr.job_status TO PUBLIC;
