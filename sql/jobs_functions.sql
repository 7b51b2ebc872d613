-- Submitting, cancelling and repeating jobs; the workers are native.

CREATE FUNCTION sgr.job_settings_kept() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{DateStyle,IntervalStyle,TimeZone,lock_timeout,maintenance_work_mem,row_security,statement_timeout,work_mem}'::text[];
COMMENT ON FUNCTION sgr.job_settings_kept() IS
    'Settings besides sgr_graph.… and search_path that a job takes over from the session that submits it';

-- The statement of a job, its arguments checked against those of the function and written as literals of their types.
CREATE FUNCTION sgr.job_statement(task text, args jsonb, OUT statement text, OUT casts jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    function record;
    given    record;
    place    integer;
    type     regtype;
    value    text;
    listed   text[] := '{}';
BEGIN
    casts := '{}';
    SELECT p.oid, p.proname, p.proargnames[1:p.pronargs] AS names, p.proargtypes::oid[] AS types,
           p.proargnames[1:p.pronargs - p.pronargdefaults] AS required INTO function
    FROM sgr.tasks AS t
    JOIN pg_proc AS p ON p.proname = t.function_name AND p.pronamespace = '@extschema@'::regnamespace
    WHERE t.task = job_statement.task
    -- Others may create functions of the same name where the extension is: they must not run in its place.
    ORDER BY EXISTS (SELECT FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                     WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' AND e.extname = 'sgr_graph') DESC,
             p.pronargs DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown task %s', coalesce('"' || left(task, 100) || '"', 'NULL')),
            HINT = (SELECT 'use one of ' || string_agg(t.task, ', ' ORDER BY t.task) FROM sgr.tasks AS t);
    END IF;
    IF args IS NULL OR jsonb_typeof(args) <> 'object' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('the arguments of task "%s" must be a JSON object', task),
            HINT = 'for example ''{"' || coalesce(function.names[1], 'name') || '": …}''';
    END IF;
    IF NOT has_function_privilege(function.oid, 'EXECUTE') THEN
        RAISE insufficient_privilege USING MESSAGE = format('permission denied for function %s', function.proname);
    END IF;
    IF NOT args ?& function.required THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('task "%s" needs argument "%s"', task,
                             (SELECT r.name FROM unnest(function.required) AS r (name) WHERE NOT args ? r.name LIMIT 1)),
            HINT = 'its arguments are ' || array_to_string(function.names, ', ');
    END IF;
    FOR given IN SELECT e.key, e.value FROM jsonb_each(args) AS e LOOP
        place := array_position(function.names, given.key);
        IF place IS NULL THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('task "%s" has no argument "%s"', task, left(given.key, 100)),
                HINT = 'its arguments are ' || coalesce(array_to_string(function.names, ', '), 'none');
        END IF;
        -- The types of arguments count from 0.
        type := function.types[place - 1];
        value := CASE
            WHEN jsonb_typeof(given.value) = 'null' THEN NULL
            WHEN type IN ('jsonb'::regtype, 'json'::regtype) THEN given.value::text
            WHEN jsonb_typeof(given.value) = 'array' AND (SELECT t.typcategory FROM pg_type AS t WHERE t.oid = type) = 'A'
                THEN (SELECT coalesce(array_agg(e.element), '{}')::text
                      FROM jsonb_array_elements_text(given.value) AS e (element))
            ELSE given.value #>> '{}' END;
        IF jsonb_typeof(given.value) = 'object' AND type NOT IN ('jsonb'::regtype, 'json'::regtype) THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('argument "%s" of task "%s" cannot be an object', given.key, task),
                DETAIL = format('it is of type %s', format_type(type, NULL));
        END IF;
        value := format('CAST(%L AS %s)', value, format_type(type, NULL));
        listed := listed || format('%I => %s', given.key, value);
        casts := casts || jsonb_build_object(given.key, value);
    END LOOP;
    statement := format('SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.to_jsonb(r)), ''[]'')::pg_catalog.text FROM %s.%I(%s) AS r',
                        '@extschema@'::regnamespace, function.proname, array_to_string(listed, ', '));
END
$$;
COMMENT ON FUNCTION sgr.job_statement(text, jsonb) IS
    'The statement that runs a task, and each argument as a literal of its type. Errors: 22023 unknown task or argument, 42501';

CREATE FUNCTION sgr.job_submit(task text, args jsonb, priority integer, not_before timestamptz, search_path text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Beside sgr_graph.…: what decides how values are read, and what a job may take.
    me      CONSTANT regrole := to_regrole(quote_ident(current_user));
    casts   CONSTANT jsonb := (sgr.job_statement(task, args)).casts;
    given   record;
    chosen  jsonb;
    job     bigint;
    message text;
BEGIN
    -- Until the library is loaded, pg_settings does not show what the session has set of ours.
    PERFORM @extschema@.sgr_version();
    IF priority IS NULL THEN
        RAISE invalid_parameter_value USING MESSAGE = 'priority must not be NULL';
    END IF;
    IF NOT (SELECT r.rolcanlogin FROM pg_roles AS r WHERE r.oid = me) AND NOT pg_has_role(
        session_user, me, CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        RAISE insufficient_privilege USING
            MESSAGE = format('no worker can run as role "%s"', current_user),
            DETAIL = format('it may not log in, and "%s" is not a member of it', session_user);
    END IF;
    FOR given IN SELECT e.key, e.value FROM jsonb_each_text(casts) AS e LOOP
        BEGIN
            PERFORM set_config('search_path', job_submit.search_path, true);
            EXECUTE 'SELECT ' || given.value;
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
            RAISE EXCEPTION USING ERRCODE = SQLSTATE,
                MESSAGE = format('argument "%s" of task "%s": %s', given.key, task, message);
        END;
        PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    END LOOP;
    IF (SELECT t.checks FROM sgr.tasks AS t WHERE t.task = job_submit.task) THEN
        PERFORM set_config('search_path', job_submit.search_path, true);
        PERFORM sgr.job_check((sgr.job_statement(task, args)).statement);
        PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    END IF;
    SELECT jsonb_object_agg(s.name, s.setting || coalesce(CASE WHEN s.unit = '8kB' THEN NULL ELSE s.unit END, '')) INTO chosen
    FROM pg_settings AS s
    WHERE s.source IN ('session', 'client') AND (s.name LIKE 'sgr\_graph.%' OR s.name = ANY (sgr.job_settings_kept()));
    chosen := coalesce(chosen, '{}') || jsonb_build_object('search_path', job_submit.search_path);

    IF (SELECT t.coalesces FROM sgr.tasks AS t WHERE t.task = job_submit.task) THEN
        -- Locked, so that it does not start before this transaction commits: it shall see what this transaction wrote.
        SELECT j.job_id INTO job FROM sgr.jobs AS j
        WHERE j.state = 'queued' AND j.submitted_by = me AND j.task = job_submit.task AND j.args = job_submit.args
          AND j.settings = chosen AND j.not_before IS NOT DISTINCT FROM job_submit.not_before AND j.priority >= job_submit.priority
        ORDER BY j.job_id LIMIT 1 FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
            RAISE NOTICE 'job % does the same and is still queued: this submission joins it', job;
        END IF;
    END IF;
    IF job IS NULL THEN
        INSERT INTO sgr.jobs (task, args, priority, not_before, submitted_by, settings)
        VALUES (job_submit.task, job_submit.args, job_submit.priority, job_submit.not_before, me, chosen)
        RETURNING job_id INTO job;
    END IF;
    PERFORM sgr.job_worker_start(job);
    RETURN job;
END
$$;
COMMENT ON FUNCTION sgr.job_submit(text, jsonb, integer, timestamptz, text) IS 'What sgr_submit() does, given the caller''s search_path';

CREATE FUNCTION sgr_submit(
    task text, args jsonb DEFAULT '{}', priority integer DEFAULT 0, not_before timestamptz DEFAULT NULL)
RETURNS bigint
LANGUAGE sql VOLATILE
AS $$ SELECT sgr.job_submit($1, $2, $3, $4, pg_catalog.current_setting('search_path')) $$;
COMMENT ON FUNCTION sgr_submit(text, jsonb, integer, timestamptz) IS
    'Has a task run by a background worker as the calling role, once this transaction has committed; returns its job_id. task: sgr.tasks lists them; args: arguments of its function by name; higher priority first; not_before: not earlier. A refresh that is queued already with the same arguments is joined. docs/JOBS.md. Errors: 22023 unknown task or argument, that of a cast, 42501';

CREATE FUNCTION sgr_job_cancel(job_id bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job sgr.jobs;
BEGIN
    -- While the row is locked its worker cannot finish it and take another: the signal meets this job or none.
    SELECT j.* INTO job FROM sgr.jobs AS j WHERE j.job_id = sgr_job_cancel.job_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('job %s does not exist', coalesce(sgr_job_cancel.job_id::text, 'NULL')),
            HINT = 'SELECT job_id, task, state FROM sgr.job_status lists yours';
    END IF;
    IF job.state = 'running' AND sgr.job_is_held(job.job_id) THEN
        UPDATE sgr.jobs AS j SET cancel_requested = true WHERE j.job_id = job.job_id;
        PERFORM sgr.job_interrupt(job.job_id);
    ELSIF job.state IN ('queued', 'running') THEN
        UPDATE sgr.jobs AS j SET state = 'cancelled', pid = NULL, finished_at = clock_timestamp() WHERE j.job_id = job.job_id;
        job.state := 'cancelled';
    END IF;
    RETURN job.state;
END
$$;
COMMENT ON FUNCTION sgr_job_cancel(bigint) IS
    'Cancels a job that is queued or runs; commit it at once, the worker waits for that. Returns its state: running while the worker stops, which sgr_job_wait() waits for. A job that has ended stays as it is. Errors: 42704';

CREATE FUNCTION sgr_job_retry(job_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    job sgr.jobs;
BEGIN
    SELECT j.* INTO job FROM sgr.jobs AS j WHERE j.job_id = sgr_job_retry.job_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('job %s does not exist', coalesce(sgr_job_retry.job_id::text, 'NULL')),
            HINT = 'SELECT job_id, task, state FROM sgr.job_status lists yours';
    END IF;
    IF job.state NOT IN ('failed', 'cancelled') THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('job %s is %s', job.job_id, job.state),
            HINT = 'only a job that failed or was cancelled is tried again; sgr_submit() makes another';
    END IF;
    PERFORM sgr.job_statement(job.task, job.args);
    UPDATE sgr.jobs AS j
    SET state = 'queued', attempts_in_vain = 0, cancel_requested = false, not_before = NULL, started_at = NULL,
        finished_at = NULL, pid = NULL, phase = NULL, progress = NULL, message = NULL, rows_done = NULL, rows_total = NULL,
        sqlstate = NULL, error = NULL, detail = NULL, hint = NULL
    WHERE j.job_id = job.job_id;
    PERFORM sgr.job_worker_start(job.job_id);
    RETURN job.job_id;
END
$$;
COMMENT ON FUNCTION sgr_job_retry(bigint) IS
    'Queues a job again that failed or was cancelled. Errors: 42704, 55000 it did neither, 42501';

CREATE FUNCTION sgr.jobs_requeue()
RETURNS TABLE (job_id bigint, task text, state text, attempt integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    most integer;
BEGIN
    -- A session that has not called a native function does not know the settings yet.
    PERFORM @extschema@.sgr_version();
    most := current_setting('sgr_graph.job_attempts')::integer;
    RETURN QUERY
        UPDATE sgr.jobs AS j
        SET state = CASE WHEN j.cancel_requested THEN 'cancelled' WHEN j.attempts_in_vain < most THEN 'queued' ELSE 'failed' END,
            pid = NULL, sqlstate = '58000', error = 'the worker of the job ended without finishing it',
            detail = format('worker %s, attempt %s, %s without a checkpoint of at most %s',
                            j.pid, j.attempt, j.attempts_in_vain, most),
            hint = CASE WHEN j.attempts_in_vain >= most THEN 'see the server log; sgr_job_retry() tries again' END,
            finished_at = CASE WHEN j.cancel_requested OR j.attempts_in_vain >= most THEN clock_timestamp() END
        WHERE j.state = 'running' AND pg_has_role(j.submitted_by, 'USAGE') AND NOT sgr.job_is_held(j.job_id)
        RETURNING j.job_id, j.task, j.state, j.attempt;
END
$$;
COMMENT ON FUNCTION sgr.jobs_requeue() IS
    'Finds jobs whose worker is gone: they are queued again, or failed if that happened sgr_graph.job_attempts times without a checkpoint between. Workers call it when they start';

CREATE FUNCTION sgr_jobs_recover()
RETURNS TABLE (job_id bigint, task text, state text, attempt integer)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY SELECT * FROM sgr.jobs_requeue();
    PERFORM sgr.job_worker_start(j.job_id)
    FROM (SELECT min(q.job_id) AS job_id FROM sgr.jobs AS q JOIN pg_roles AS r ON r.oid = q.submitted_by::oid
          WHERE q.state = 'queued' AND pg_has_role(q.submitted_by, 'USAGE') GROUP BY q.submitted_by) AS j;
END
$$;
COMMENT ON FUNCTION sgr_jobs_recover() IS
    'Finds jobs whose worker is gone: they are queued again, or failed if that happened sgr_graph.job_attempts times without a checkpoint between; and starts a worker for each role that has queued jobs, among those whose rights the caller has. Returns the jobs that were found';

COMMENT ON FUNCTION sgr_job_wait(bigint, interval) IS
    'Waits until a job has ended, or so long, and returns its state; NULL waits without a limit. A job that is queued for want of a process gets one as soon as there is one. It sees what is committed meanwhile at every isolation level. Errors: 42704, 22023 negative timeout, 55000 the job was submitted in this transaction';
COMMENT ON FUNCTION sgr.job_worker_start(bigint) IS
    'Has a worker started for the role of a job once this transaction has committed. Errors: 42704';
COMMENT ON FUNCTION sgr.job_interrupt(bigint) IS
    'Cancels what the worker of a job does, for whoever has the rights of the role of the job. Returns whether there is a worker';
COMMENT ON FUNCTION sgr.job_check(text) IS
    'Runs the statement of a task whose function can be called for its errors alone (sgr.tasks.checks)';

-- DROP EXTENSION would wait for the transactions of jobs, and take the graph away under those that compute without one.
CREATE FUNCTION sgr.refuse_drop() RETURNS event_trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    running CONSTANT bigint[] := ARRAY(
        SELECT l.objid::bigint FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid AND a.backend_type = 'sgr_graph job'
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = 1936159235
          AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
        ORDER BY l.objid);
BEGIN
    -- Before the command runs, its text is all that SQL is told.
    IF running <> '{}' AND current_query() ~* '\mdrop\s+extension\M[^;]*\msgr_graph\M' THEN
        RAISE object_in_use USING
            MESSAGE = 'cannot drop extension sgr_graph: jobs are running',
            DETAIL = 'job ' || array_to_string(running, ', '),
            HINT = 'SELECT sgr_job_cancel(job_id) FROM sgr.job_status WHERE state = ''running'' ends them';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.refuse_drop() IS 'Refuses DROP EXTENSION sgr_graph while jobs run. Errors: 55006';

CREATE EVENT TRIGGER sgr_graph_drop ON ddl_command_start WHEN TAG IN ('DROP EXTENSION') EXECUTE FUNCTION sgr.refuse_drop();
COMMENT ON EVENT TRIGGER sgr_graph_drop IS 'DROP EXTENSION sgr_graph is refused while its jobs run, as DROP DATABASE is while sessions do';
