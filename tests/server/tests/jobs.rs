//! Background jobs: what commits and rollbacks do to them, cancels, crashes, roles, limits.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::database::{connect_to, one, server, sqlstate, until};
use sgr_server_tests::{Database, OwnServer, tell};
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

/// What is asked for of cancels.
const WANTED: Duration = Duration::from_secs(1);
/// What fails a test: machines that run tests are busy.
const BOUND: Duration = Duration::from_secs(5);

/// Tasks that do what tests need: `mark` leaves a row that says who did it with what settings, `doze` takes time.
const TASKS: &str = "
    CREATE TABLE public.marks (number integer, role name, logged_in name, threads text, path text);
    CREATE FUNCTION public.test_mark(number integer DEFAULT 0) RETURNS integer LANGUAGE sql AS $$
        INSERT INTO public.marks VALUES (number, current_user, session_user, current_setting('sgr_graph.threads', true),
                                         current_setting('search_path')) RETURNING number $$;
    CREATE FUNCTION public.test_doze(seconds double precision DEFAULT 60) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO public.marks VALUES (-1); PERFORM pg_sleep(seconds); END $$;
    INSERT INTO sgr.tasks VALUES ('mark', 'test_mark', false), ('doze', 'test_doze', false), ('again', 'test_doze_too', true);
    CREATE FUNCTION public.test_doze_too(seconds double precision DEFAULT 0) RETURNS void LANGUAGE sql AS $$
        SELECT pg_sleep(seconds) $$;
    GRANT SELECT, INSERT ON public.marks TO PUBLIC;";

/// A training that takes for ever.
const TRAINING: &str = r#"SELECT sgr_submit('kge_train', '{"epochs": 1000000, "dim": 16, "threads": 1}')"#;

fn wait(client: &mut Client, job: i64) -> String {
    one(client, &format!("SELECT sgr_job_wait({job}, '60 s')"))
}

fn until_running(client: &mut Client, job: i64, phase: &str) {
    until(
        client,
        &format!(
            "SELECT state = 'running' AND phase IS NOT DISTINCT FROM '{phase}' FROM sgr.job_status WHERE job_id = {job}"
        ),
    );
}

#[test]
fn a_job_is_done_after_the_commit_and_nothing_is_left_of_a_rollback() {
    let database = Database::create("jobs_commit");
    let (mut client, mut other) = (database.connect(), database.connect());
    client.batch_execute("SELECT sgr_demo_load(300, 200, 100, 1)").unwrap();
    client.batch_execute("BEGIN; SELECT sgr_submit('cooccur_refresh'); ROLLBACK").unwrap();
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.jobs"), 0);

    client.batch_execute("BEGIN").unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('cooccur_refresh')");
    assert_eq!(one::<i64>(&mut other, "SELECT count(*) FROM sgr.jobs"), 0);
    assert_eq!(sqlstate(&mut client, &format!("SAVEPOINT s; SELECT sgr_job_wait({job})")), "55000");
    client.batch_execute("ROLLBACK TO s; COMMIT").unwrap();
    assert_eq!(wait(&mut client, job), "succeeded");
    assert!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.cooccurrence_lists") > 0);
    let kinds: i32 =
        one(&mut client, &format!("SELECT jsonb_array_length(result) FROM sgr.job_status WHERE job_id = {job}"));
    assert_eq!(i64::from(kinds), one::<i64>(&mut client, "SELECT count(*) FROM sgr.runs"));

    // A transaction that keeps its first snapshot sees the end all the same.
    let job: i64 = one(&mut other, "SELECT sgr_submit('cooccur_refresh', '{\"mode\": \"full\"}')");
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").unwrap();
    assert_eq!(wait(&mut client, job), "succeeded");
    client.batch_execute("COMMIT").unwrap();
}

#[test]
fn a_training_computes_outside_transactions_and_says_where_it_is() {
    let database = Database::create("jobs_train");
    let mut client = database.connect();
    client.batch_execute("SELECT sgr_demo_load(600, 300, 200, 1); SELECT sgr_build_kg()").unwrap();
    let job: i64 = one(&mut client, r#"SELECT sgr_submit('kge_train', '{"epochs": 5, "dim": 8, "name": "short"}')"#);
    assert_eq!(wait(&mut client, job), "succeeded");
    let same: bool = one(
        &mut client,
        &format!(
            "SELECT (j.result -> 0 ->> 'model_id')::bigint = m.model_id AND j.result -> 0 ->> 'epochs_run' = '5'
             FROM sgr.jobs AS j, sgr.models AS m WHERE j.job_id = {job} AND m.name = 'short'"
        ),
    );
    assert!(same);

    let job: i64 = one(&mut client, TRAINING);
    until_running(&mut client, job, "training");
    until(
        &mut client,
        "SELECT progress > 0 AND rows_done > 0 AND message LIKE 'epoch%' FROM sgr.job_status ORDER BY job_id DESC LIMIT 1",
    );
    assert_idle(&mut client, job, "kge_train");
    cancel(&mut client, job, "kge_train");
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.models"), 1);
}

/// The job's worker holds neither a transaction nor a snapshot.
fn assert_idle(client: &mut Client, job: i64, what: &str) {
    let idle: bool = one(
        client,
        &format!(
            "SELECT a.backend_xmin IS NULL AND a.backend_xid IS NULL AND a.xact_start IS NULL
             FROM sgr.jobs AS j JOIN pg_stat_activity AS a USING (pid) WHERE j.job_id = {job}"
        ),
    );
    assert!(idle, "{what}: the worker holds a transaction while it computes");
}

/// Cancels a job that computes.
fn cancel(client: &mut Client, job: i64, what: &str) {
    let asked = Instant::now();
    client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
    assert_eq!(wait(client, job), "cancelled");
    said(&format!("{what}, cancelled"), asked.elapsed());
}

/// Likes to learn from, two splits of them, and a model of triples.
fn database_to_learn_from(name: &str) -> Database {
    let database = Database::create(name);
    database
        .connect()
        .batch_execute(
            "SELECT sgr_demo_load(600, 300, 200, 1); SELECT sgr_build_kg();
             SELECT sgr_eval_split('likes', negatives => 5, repeats => 2); SELECT sgr_eval_split('other', negatives => 5);
             SELECT sgr_train('ials', split => 'likes', name => 'old', params => '{\"epochs\": 2, \"dim\": 8}');
             SELECT sgr_kge_train(dim => 8, epochs => 2, name => 'vectors', threads => 1)",
        )
        .unwrap();
    database
}

/// Computations that take for ever, by and large: task, arguments, phase.
const LONG: [(&str, &str, &str); 6] = [
    ("train", r#"{"model": "bpr", "params": {"epochs": 1000000}, "threads": 1}"#, "bpr"),
    ("train", r#"{"model": "ials", "split": "likes", "params": {"epochs": 1000000}, "replace": true}"#, "ials"),
    ("train", r#"{"model": "blend", "params": {"rounds": 1000000, "patience": 1000000}}"#, "blend"),
    ("eval", r#"{"split": "likes", "resamples": 1000000}"#, "judging"),
    ("kge_resume", r#"{"model_id": 3, "epochs": 1000000, "threads": 1}"#, "training"),
    ("kge_eval", r#"{"model_id": 3, "triples": "many", "threads": 1}"#, "ranking"),
];

#[test]
fn what_computes_for_long_holds_no_snapshot_and_can_be_cancelled() {
    let database = database_to_learn_from("jobs_long");
    let mut client = database.connect();
    let before: i64 = one(&mut client, "SELECT count(*) FROM sgr.models");
    let model: i64 = one(&mut client, "SELECT model_id FROM sgr.models WHERE name = 'vectors'");
    assert_eq!(model, 3);
    client
        .batch_execute(
            "CREATE TABLE many AS SELECT h.head, (SELECT min(relation) FROM sgr.triples) AS relation, t.tail
             FROM (SELECT DISTINCT head FROM sgr.triples LIMIT 1000) AS h,
                  (SELECT DISTINCT tail FROM sgr.triples LIMIT 150) AS t",
        )
        .unwrap();
    for (task, args, phase) in LONG {
        let job: i64 = one(&mut client, &format!("SELECT sgr_submit('{task}', '{args}')"));
        until_running(&mut client, job, phase);
        until(&mut client, &format!("SELECT coalesce(progress, 0) > 0 FROM sgr.job_status WHERE job_id = {job}"));
        assert_idle(&mut client, job, phase);
        cancel(&mut client, job, phase);
    }
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.models"), before);
}

#[test]
fn the_result_of_a_job_has_the_rows_that_the_function_returns() {
    let database = database_to_learn_from("jobs_rows");
    let mut client = database.connect();
    // (task, arguments, the same in SQL, columns that differ from run to run). A relation of scores may go meanwhile.
    client
        .batch_execute(
            "CREATE TABLE given AS SELECT r.user_id, r.item_id, 1.0 / r.item_id AS score, n AS repeat
             FROM generate_series(1, 2) AS n, sgr_eval_rows('likes', n) AS r",
        )
        .unwrap();
    for (task, args, call, differ) in [
        (
            "eval",
            r#"{"split": "likes", "scores": "given", "baseline": "random", "bands": true, "resamples": 50, "threads": 1}"#,
            "sgr_eval('likes', scores => 'given', baseline => 'random', bands => true, resamples => 50, threads => 1)",
            "{}",
        ),
        (
            "train",
            r#"{"model": "ials", "split": "likes", "name": "new", "params": {"epochs": 3}, "replace": true, "threads": 1}"#,
            "sgr_train('ials', 'likes', 'new', '{\"epochs\": 3}', replace => true, threads => 1)",
            "{model_id,run_id,elapsed_ms}",
        ),
        (
            "train",
            r#"{"model": "blend", "params": {"rounds": 20, "bags": 1}, "replace": true, "threads": 1}"#,
            "sgr_train('blend', params => '{\"rounds\": 20, \"bags\": 1}', replace => true, threads => 1)",
            "{model_id,run_id,elapsed_ms}",
        ),
        (
            "kge_train",
            r#"{"dim": 8, "epochs": 2, "threads": 1}"#,
            "sgr_kge_train(dim => 8, epochs => 2, threads => 1)",
            "{model_id,model_name,run_id,elapsed_ms,triples_per_second}",
        ),
        (
            "kge_eval",
            r#"{"model_id": 3, "graph": "catalogue", "threads": 1}"#,
            "sgr_kge_eval(3, graph => 'catalogue', threads => 1)",
            "{}",
        ),
    ] {
        let rows = |from: &str| {
            format!(
                "SELECT jsonb_agg(e - '{differ}'::text[] || jsonb_build_object('columns', ARRAY(SELECT jsonb_object_keys(e))))::text
                 FROM ({from}) AS t (e)"
            )
        };
        let job: i64 = one(&mut client, &format!("SELECT sgr_submit('{task}', '{args}')"));
        assert_eq!(wait(&mut client, job), "succeeded", "{task}");
        let of_job = format!("SELECT jsonb_array_elements(result) FROM sgr.jobs WHERE job_id = {job}");
        let of_job: String = one(&mut client, &rows(&of_job));
        let of_call: String = one(&mut client, &rows(&format!("SELECT to_jsonb(r) FROM {call} AS r")));
        assert_eq!(of_job, of_call, "{task}");
    }
    // A function of the user's own that calls ours has its rows at once.
    client
        .batch_execute(
            "CREATE FUNCTION trains() RETURNS text LANGUAGE sql AS $$
                 SELECT string_agg(model_name, ' ') FROM (SELECT model_name FROM sgr_train('popularity', name => 'a')
                     UNION ALL SELECT model_name FROM sgr_train('popularity', name => 'b')) AS t $$;
             INSERT INTO sgr.tasks (task, function_name, coalesces) VALUES ('trains', 'trains', false)",
        )
        .unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('trains')");
    assert_eq!(wait(&mut client, job), "succeeded");
    assert_eq!(one::<String>(&mut client, &format!("SELECT result ->> 0 FROM sgr.jobs WHERE job_id = {job}")), "a b");
}

#[test]
fn what_has_changed_while_a_job_computed_is_not_written_over() {
    let database = database_to_learn_from("jobs_changed");
    let mut client = database.connect();
    // (task, arguments, phase, what happens meanwhile, how the job ends)
    let learn = |name: &str, split: &str| {
        format!(r#"{{"model": "bpr", "params": {{"epochs": 500}}, "threads": 1, "name": "{name}"{split}}}"#)
    };
    let of_split = r#", "split": "other""#;
    let again =
        "SELECT sgr_train('ials', split => 'likes', name => 'old', params => '{\"epochs\": 2}', replace => true)";
    for (task, args, phase, meanwhile, state) in [
        (
            "eval",
            r#"{"split": "likes", "models": ["old"], "resamples": 3000, "threads": 1}"#.to_owned(),
            "judging",
            again,
            "55000",
        ),
        (
            "eval",
            r#"{"split": "likes", "models": ["random"], "resamples": 3000, "threads": 1}"#.to_owned(),
            "judging",
            "SELECT sgr_eval_split_drop('likes')",
            "55000",
        ),
        (
            "kge_resume",
            r#"{"model_id": 3, "epochs": 8, "threads": 1}"#.to_owned(),
            "training",
            "SELECT sgr_kge_resume(3, 1)",
            "55000",
        ),
        (
            "kge_resume",
            r#"{"model_id": 3, "epochs": 8, "threads": 1}"#.to_owned(),
            "training",
            "SELECT sgr_model_drop(3)",
            "55000",
        ),
        ("train", learn("taken", ""), "bpr", "SELECT sgr_train('popularity', name => 'taken')", "42710"),
        (
            "train",
            learn("one", of_split),
            "bpr",
            "SELECT sgr_eval_split('other', negatives => 5, replace => true)",
            "55000",
        ),
        ("train", learn("two", of_split), "bpr", "SELECT sgr_forget(8)", "55000"),
        ("train", learn("three", ""), "bpr", "SELECT sgr_forget(7)", "55000"),
    ] {
        let job: i64 = one(&mut client, &format!("SELECT sgr_submit('{task}', '{args}')"));
        until_running(&mut client, job, phase);
        client.batch_execute(meanwhile).unwrap();
        let began = Instant::now();
        assert_eq!(wait(&mut client, job), "failed", "{task}, {meanwhile}");
        let error: String = one(
            &mut client,
            &format!("SELECT concat_ws(' ', sqlstate, error, detail) FROM sgr.jobs WHERE job_id = {job}"),
        );
        tell!("{task}, {meanwhile}: {error} ({} ms later)", began.elapsed().as_millis());
        assert!(error.starts_with(state), "{task}, {meanwhile}: {error}");
    }
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.models WHERE name IN ('one', 'two', 'three')"), 0);
}

fn said(what: &str, took: Duration) {
    tell!("{what}: {} ms{}", took.as_millis(), if took > WANTED { ", late" } else { "" });
    assert!(took < BOUND, "{what} took {took:?}");
}

#[test]
fn a_job_is_cancelled_in_each_phase_and_can_be_tried_again() {
    let database = Database::create("jobs_cancel");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();

    let queued: i64 = one(&mut client, "SELECT sgr_submit('mark', not_before => now() + interval '1 day')");
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_cancel({queued})")), "cancelled");

    let asleep: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    until_running(&mut client, asleep, "running");
    let asked = Instant::now();
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_cancel({asleep})")), "running");
    assert_eq!(wait(&mut client, asleep), "cancelled");
    said("sleeping, cancelled", asked.elapsed());
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM marks"), 0, "a cancelled job leaves nothing");
    assert_eq!(one::<String>(&mut client, &format!("SELECT sqlstate FROM sgr.jobs WHERE job_id = {asleep}")), "57014");

    client.batch_execute(&format!("UPDATE sgr.jobs SET args = '{{\"seconds\": 0}}' WHERE job_id = {asleep}")).unwrap();
    client.batch_execute(&format!("SELECT sgr_job_retry({asleep})")).unwrap();
    assert_eq!(wait(&mut client, asleep), "succeeded");
    assert_eq!(one::<i32>(&mut client, &format!("SELECT attempt FROM sgr.jobs WHERE job_id = {asleep}")), 2);
    assert_eq!(sqlstate(&mut client, &format!("SELECT sgr_job_retry({asleep})")), "55000");

    // Cancelled by hand, without sgr_job_cancel: an error like any other.
    let asleep: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    until_running(&mut client, asleep, "running");
    client.batch_execute(&format!("SELECT pg_cancel_backend(pid) FROM sgr.jobs WHERE job_id = {asleep}")).unwrap();
    assert_eq!(wait(&mut client, asleep), "failed");
}

#[test]
fn jobs_wait_for_their_time_and_the_more_urgent_goes_first() {
    let database = Database::create("jobs_order");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    client.batch_execute(&format!("ALTER DATABASE {} SET sgr_graph.max_jobs = 1", database.name())).unwrap();
    client
        .batch_execute(
            r#"BEGIN; SELECT sgr_submit('mark', '{"number": 1}'), sgr_submit('mark', '{"number": 2}', 10),
                             sgr_submit('mark', '{"number": 3}', not_before => now() + interval '1 s'),
                             sgr_submit('mark', '{"number": 4}', 5); COMMIT"#,
        )
        .unwrap();
    until(&mut client, "SELECT count(*) = 4 FROM marks");
    let order: Vec<i32> =
        client.query("SELECT number FROM marks ORDER BY ctid", &[]).unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(order, [2, 4, 1, 3]);
    until(&mut client, "SELECT bool_and(state = 'succeeded') FROM sgr.jobs");
    let early: bool = one(&mut client, "SELECT bool_or(started_at < not_before) FROM sgr.jobs");
    assert!(!early);
}

#[test]
fn each_of_200_jobs_of_3_roles_is_done_once_and_roles_see_their_own() {
    let database = Database::create("jobs_roles");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    let role = |n: i32| format!("{}_{n}", database.name());
    // The third role may not log in: its worker connects as the session's user.
    client
        .batch_execute(&format!(
            "CREATE ROLE {} LOGIN; CREATE ROLE {} LOGIN; CREATE ROLE {}",
            role(0),
            role(1),
            role(2)
        ))
        .unwrap();
    std::thread::scope(|scope| {
        for n in 0..3 {
            let (database, role) = (&database, role(n));
            scope.spawn(move || {
                let mut client = database.connect();
                client
                    .batch_execute(&format!(
                        "SET ROLE {role}; SET sgr_graph.threads = {}; SET search_path = public, sgr",
                        n + 1
                    ))
                    .unwrap();
                for number in (0..200).filter(|number| number % 3 == n) {
                    client.batch_execute(&format!(r#"SELECT sgr_submit('mark', '{{"number": {number}}}')"#)).unwrap();
                }
            });
        }
    });
    until(&mut client, "SELECT count(*) = 200 AND bool_and(state IN ('succeeded', 'failed')) FROM sgr.jobs");
    let failed: Vec<String> = client
        .query("SELECT concat_ws(' ', job_id, sqlstate, error, detail) FROM sgr.jobs WHERE state = 'failed'", &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
    let once: bool = one(
        &mut client,
        "SELECT count(*) = 200 AND count(DISTINCT number) = 200 AND (SELECT bool_and(attempt = 1) FROM sgr.jobs) FROM marks",
    );
    assert!(once);
    let mut obeyed = BTreeMap::new();
    for row in client
        .query("SELECT number % 3, role::text, logged_in::text, threads, path FROM marks GROUP BY 1, 2, 3, 4, 5", &[])
        .unwrap()
    {
        let n: i32 = row.get(0);
        obeyed.entry(n).or_insert_with(Vec::new).push([row.get::<_, String>(1), row.get(2), row.get(3), row.get(4)]);
    }
    for n in 0..3 {
        let logged_in = if n == 2 { "postgres".to_owned() } else { role(n) };
        assert_eq!(obeyed[&n], [[role(n), logged_in, (n + 1).to_string(), "public, sgr".to_owned()]]);
    }

    let mut one_role = database.connect();
    one_role.batch_execute(&format!("SET ROLE {}", role(1))).unwrap();
    let seen: i64 = one(&mut one_role, "SELECT count(*) FROM sgr.job_status");
    assert_eq!(seen, 67);
    let foreign: i64 =
        one(&mut client, &format!("SELECT min(job_id) FROM sgr.jobs WHERE submitted_by = '{}'::regrole", role(0)));
    for function in ["sgr_job_cancel", "sgr_job_retry", "sgr_job_wait"] {
        assert_eq!(sqlstate(&mut one_role, &format!("SELECT {function}({foreign})")), "42704");
    }
    assert_eq!(sqlstate(&mut one_role, "UPDATE sgr.jobs SET submitted_by = 'postgres'"), "42501");
    // What its role may not do a job cannot do.
    let job: i64 = one(&mut one_role, "SELECT sgr_submit('clean')");
    assert_eq!(wait(&mut one_role, job), "failed");
    assert_eq!(one::<String>(&mut one_role, &format!("SELECT sqlstate FROM sgr.jobs WHERE job_id = {job}")), "42501");
    client.batch_execute("REVOKE EXECUTE ON FUNCTION test_mark FROM PUBLIC").unwrap();
    assert_eq!(sqlstate(&mut one_role, "SELECT sgr_submit('mark')"), "42501");
    drop(one_role);
    until(
        &mut client,
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'sgr_graph job' AND datname = current_database()",
    );
    for n in 0..3 {
        client.batch_execute(&format!("DROP OWNED BY {0}; DROP ROLE {0}", role(n))).unwrap();
    }
}

#[test]
fn no_more_jobs_run_at_once_than_allowed_and_equal_ones_join() {
    let database = Database::create("jobs_limit");
    let (mut client, notices) = database.connect_with_notices();
    client.batch_execute(TASKS).unwrap();
    let jobs: Vec<i64> = (0..4).map(|_| one(&mut client, "SELECT sgr_submit('doze', '{\"seconds\": 0.5}')")).collect();
    let joined: Vec<i64> = (0..3).map(|_| one(&mut client, "SELECT sgr_submit('again')")).collect();
    assert_eq!(joined[0], joined[2], "the same refresh, queued behind others");
    assert!(notices.texts().iter().any(|text| text.contains("joins it")));
    let mut most = 0;
    while one::<bool>(&mut client, "SELECT bool_or(state IN ('queued', 'running')) FROM sgr.jobs") {
        most = most.max(one::<i64>(&mut client, "SELECT count(*) FROM sgr.jobs WHERE state = 'running'"));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(most, 2, "sgr_graph.max_jobs is 2 by default");
    assert!(jobs.iter().all(|&job| wait(&mut client, job) == "succeeded"));
}

#[test]
fn statement_timeout_is_obeyed_and_a_database_can_be_dropped_under_a_job() {
    let database = Database::create("jobs_drop");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    client.batch_execute("SET statement_timeout = '200ms'").unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    client.batch_execute("RESET statement_timeout").unwrap();
    assert_eq!(wait(&mut client, job), "failed");
    let error: String =
        one(&mut client, &format!("SELECT sqlstate || ' ' || error FROM sgr.jobs WHERE job_id = {job}"));
    assert_eq!(error, "57014 canceling statement due to statement timeout");

    let job: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    until_running(&mut client, job, "running");
    drop(client);
    let mut other = connect_to(&server());
    let asked = Instant::now();
    other.batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", database.name())).unwrap();
    said("DROP DATABASE WITH (FORCE)", asked.elapsed());
}

#[test]
fn the_extension_cannot_be_dropped_under_a_job() {
    let database = Database::create("jobs_drop_extension");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    until_running(&mut client, job, "running");
    for sql in ["DROP EXTENSION sgr_graph", "DROP EXTENSION IF EXISTS plpgsql, sgr_graph CASCADE"] {
        assert_eq!(sqlstate(&mut client, sql), "55006", "{sql}");
    }
    // Others are not held up by it.
    client.batch_execute("DROP EXTENSION IF EXISTS no_such_extension").unwrap();
    client.batch_execute("SELECT sgr_job_cancel(job_id) FROM sgr.job_status WHERE state = 'running'").unwrap();
    assert_eq!(wait(&mut client, job), "cancelled");
    // The lock goes after the state.
    until(&mut client, &format!("SELECT NOT sgr.job_is_held({job})"));
    client.batch_execute("DROP EXTENSION sgr_graph").unwrap();
}

#[test]
fn a_worker_outlives_two_cancels_of_its_job() {
    let database = Database::create("jobs_twice");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    client.batch_execute(&format!("ALTER DATABASE {} SET sgr_graph.max_jobs = 1", database.name())).unwrap();
    let mut client = database.connect();
    let job: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    until_running(&mut client, job, "running");
    let next: i64 = one(&mut client, "SELECT sgr_submit('mark')");
    // Both cancels queue up behind this session, so that the second comes while the worker writes down the first.
    client.batch_execute(&format!("BEGIN; SELECT FROM sgr.jobs WHERE job_id = {job} FOR NO KEY UPDATE")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let mut other = database.connect();
            scope.spawn(move || other.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap());
        }
        until(
            &mut database.connect(),
            "SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%job_cancel%' AND datname = current_database()",
        );
        client.batch_execute("COMMIT").unwrap();
    });
    assert_eq!(wait(&mut client, job), "cancelled");
    assert_eq!(wait(&mut client, next), "succeeded");
    // Had its worker ended, another one would have found that.
    assert_eq!(one::<String>(&mut client, &format!("SELECT sqlstate FROM sgr.jobs WHERE job_id = {job}")), "57014");
}

#[test]
fn a_job_for_which_there_was_no_process_starts_while_somebody_waits_for_it() {
    // One of them is the server's own, for logical replication.
    let server = OwnServer::start(&["max_worker_processes=2"]);
    let busy = Database::create_beside("jobs_busy", &server.config());
    let short = Database::create_beside("jobs_short", &server.config());
    let mut first = busy.connect();
    first.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    first.batch_execute(TASKS).unwrap();
    let (mut client, notices) = short.connect_with_notices();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    let blocking: i64 = one(&mut first, "SELECT sgr_submit('doze')");
    until_running(&mut first, blocking, "running");
    let job: i64 = one(&mut client, "SELECT sgr_submit('adjacency_refresh')");
    assert!(notices.texts().iter().any(|text| text.contains("stays queued")), "{:?}", notices.texts());
    first.batch_execute(&format!("SELECT sgr_job_cancel({blocking})")).unwrap();
    assert_eq!(wait(&mut client, job), "succeeded");
}

#[test]
fn without_a_free_process_the_job_stays_queued_and_says_so() {
    let server = OwnServer::start(&["max_worker_processes=0"]);
    let database = Database::create_beside("jobs_slots", &server.config());
    let (mut client, notices) = database.connect_with_notices();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('cooccur_refresh')");
    assert!(notices.texts().iter().any(|text| text.contains("stays queued")), "{:?}", notices.texts());
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_wait({job}, '0 s')")), "queued");
}

#[test]
fn a_job_cannot_become_somebody_else() {
    let database = Database::create("jobs_roles");
    let mut client = database.connect();
    client
        .batch_execute(
            "CREATE ROLE jobs_app NOLOGIN;
             CREATE TABLE became (who name); GRANT ALL ON became TO jobs_app;
             CREATE FUNCTION notes() RETURNS void LANGUAGE sql AS 'INSERT INTO public.became VALUES (current_user)';
             CREATE FUNCTION climbs() RETURNS void LANGUAGE plpgsql AS
                 'BEGIN PERFORM set_config(''role'', ''postgres'', true); INSERT INTO public.became VALUES (current_user); END';
             CREATE FUNCTION climbs_later() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM set_config(''role'', ''postgres'', true); INSERT INTO public.became VALUES (current_user); RETURN NULL; END';
             CREATE TABLE falls (n integer); GRANT ALL ON falls TO jobs_app;
             CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON falls DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION climbs_later();
             CREATE FUNCTION defers() RETURNS void LANGUAGE sql AS 'INSERT INTO public.falls VALUES (1)';
             INSERT INTO sgr.tasks (task, function_name, coalesces)
             VALUES ('notes', 'notes', false), ('climbs', 'climbs', false), ('defers', 'defers', false);
             -- The worker logs in as the superuser whose session this is, and takes the role on.
             SET ROLE jobs_app",
        )
        .unwrap();
    let forged: i64 = one(
        &mut client,
        r#"INSERT INTO sgr.jobs (task, args, priority, submitted_by, settings)
           VALUES ('notes', '{}', 0, 'jobs_app', '{"role": "postgres", "session_authorization": "postgres"}') RETURNING job_id"#,
    );
    for task in ["climbs", "defers"] {
        let climbing: i64 = one(&mut client, &format!("SELECT sgr_submit('{task}')"));
        assert_eq!(wait(&mut client, climbing), "failed", "{task}");
        let error: String =
            one(&mut client, &format!("SELECT sqlstate || ' ' || error FROM sgr.jobs WHERE job_id = {climbing}"));
        assert_eq!(error, "42501 cannot set parameter \"role\" within security-definer function", "{task}");
    }
    assert_eq!(wait(&mut client, forged), "succeeded");
    assert_eq!(one::<String>(&mut client, "SELECT string_agg(who, ' ') FROM became"), "jobs_app");
    client.batch_execute("RESET ROLE; DROP OWNED BY jobs_app; DROP ROLE jobs_app").unwrap();
}

#[test]
fn the_jobs_of_a_role_that_may_not_log_in_can_be_cancelled_and_tried_again_by_others() {
    let database = Database::create("jobs_others");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    client
        .batch_execute(
            "CREATE ROLE jobs_others_app NOLOGIN; CREATE ROLE jobs_others_bob LOGIN; SET ROLE jobs_others_app",
        )
        .unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    // The worker has logged in as a superuser, so its phase is not for the role to see; the job is that of the role all the same.
    until(&mut client, &format!("SELECT state = 'running' FROM sgr.job_status WHERE job_id = {job}"));
    client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
    assert_eq!(wait(&mut client, job), "cancelled");

    client.batch_execute("SET ROLE jobs_others_bob").unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('doze', '{\"seconds\": 0}', not_before => 'infinity')");
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_cancel({job})")), "cancelled");
    client.batch_execute("SET ROLE jobs_others_app").unwrap();
    assert_eq!(sqlstate(&mut client, &format!("SELECT sgr_job_retry({job})")), "42704");
    client.batch_execute("RESET ROLE").unwrap();
    client.batch_execute(&format!("SELECT sgr_job_retry({job})")).unwrap();
    assert_eq!(wait(&mut client, job), "succeeded");
    client
        .batch_execute("DROP OWNED BY jobs_others_app, jobs_others_bob; DROP ROLE jobs_others_app, jobs_others_bob")
        .unwrap();
}

#[test]
fn defaults_of_the_database_do_not_keep_workers_from_their_work() {
    let database = Database::create("jobs_defaults");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    let name = database.name();
    client
        .batch_execute(&format!(
            "ALTER DATABASE {name} SET default_transaction_isolation = 'serializable';
             ALTER DATABASE {name} SET default_transaction_read_only = on;
             ALTER DATABASE {name} SET lock_timeout = '1ms'"
        ))
        .unwrap();
    client.batch_execute("SELECT sgr_submit('mark', not_before => 'infinity')").unwrap();
    for job in (0..3).map(|_| one(&mut client, "SELECT sgr_submit('mark')")).collect::<Vec<i64>>() {
        assert_eq!(wait(&mut client, job), "succeeded");
    }
    let doze: i64 = one(&mut client, "SELECT sgr_submit('doze')");
    until_running(&mut client, doze, "running");
    client.batch_execute(&format!("BEGIN; SELECT sgr_job_cancel({doze}); SELECT pg_sleep(0.2); COMMIT")).unwrap();
    assert_eq!(wait(&mut client, doze), "cancelled");
}

#[test]
fn a_job_whose_worker_was_ended_is_done_again_while_somebody_waits_for_it() {
    let database = Database::create("jobs_ended");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    let job: i64 = one(&mut client, "SELECT sgr_submit('doze', '{\"seconds\": 1}')");
    until_running(&mut client, job, "running");
    client
        .batch_execute(&format!("SELECT pg_terminate_backend(pid, 5000) FROM sgr.jobs WHERE job_id = {job}"))
        .unwrap();
    assert_eq!(wait(&mut client, job), "succeeded");
    assert_eq!(one::<i32>(&mut client, &format!("SELECT attempt FROM sgr.jobs WHERE job_id = {job}")), 2);
}

#[test]
fn a_job_that_is_due_earlier_than_another_does_not_wait_for_it() {
    let database = Database::create("jobs_earlier");
    let mut client = database.connect();
    client.batch_execute(TASKS).unwrap();
    client.batch_execute("SELECT sgr_submit('mark', not_before => now() + interval '1 hour')").unwrap();
    until(&mut client, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 1936159236)");
    let started = Instant::now();
    let soon: i64 = one(&mut client, "SELECT sgr_submit('mark', not_before => now() + interval '300 ms')");
    assert_eq!(wait(&mut client, soon), "succeeded");
    said("a job due in 300 ms", started.elapsed());
}

#[test]
fn with_a_launcher_queued_jobs_are_taken_up_after_a_restart() {
    let server = OwnServer::start(&[
        "shared_preload_libraries=sgr_graph",
        "sgr_graph.launcher_databases='postgres, there_is_no_such_database'",
        "restart_after_crash=on",
    ]);
    let mut client = server.connect();
    assert_eq!(one::<String>(&mut client, "SELECT current_database()::text"), "postgres");
    client.batch_execute("CREATE EXTENSION sgr_graph; CREATE ROLE able LOGIN; CREATE ROLE unable NOLOGIN").unwrap();
    client.batch_execute("GRANT ALL ON ALL TABLES IN SCHEMA sgr TO able, unable").unwrap();
    // Nobody starts a worker for what is only written down.
    client
        .batch_execute(
            "INSERT INTO sgr.jobs (task, args, priority, submitted_by, settings)
             SELECT 'kg_validate', '{}', 0, role::regrole, '{}' FROM unnest('{able, unable}'::text[]) AS role;
             SELECT pg_sleep(0.5)",
        )
        .unwrap();
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.jobs WHERE state = 'queued'"), 2);
    drop(client);
    server.stop("fast");
    server.start_again();
    client = server.reconnect();
    let started = Instant::now();
    while one::<i64>(&mut client, "SELECT count(*) FROM sgr.jobs WHERE state = 'succeeded'") == 0 {
        assert!(started.elapsed() < Duration::from_secs(30), "the job is not taken up");
        std::thread::sleep(Duration::from_millis(20));
    }
    let left: String = one(&mut client, "SELECT submitted_by::text FROM sgr.jobs WHERE state = 'queued'");
    assert_eq!(left, "unable");
    let asked = Instant::now();
    drop(client);
    server.stop("fast");
    said("stop with a launcher", asked.elapsed());
}

#[test]
fn a_killed_worker_is_noticed_and_its_job_done_again() {
    let server = OwnServer::start(&["restart_after_crash=on", "synchronous_commit=on"]);
    let mut client = server.connect();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    client.batch_execute(TASKS).unwrap();
    client.batch_execute("SELECT sgr_demo_load(600, 300, 200, 1); SELECT sgr_build_kg()").unwrap();
    for (submit, phase) in [("SELECT sgr_submit('doze')", "running"), (TRAINING, "training")] {
        let job: i64 = one(&mut client, submit);
        until_running(&mut client, job, phase);
        let pid: i32 = one(&mut client, &format!("SELECT pid FROM sgr.jobs WHERE job_id = {job}"));
        assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
        // The postmaster ends all sessions after that.
        until_gone(client);
        client = server.reconnect();
        let state: String = one(&mut client, &format!("SELECT state FROM sgr_jobs_recover() WHERE job_id = {job}"));
        assert_eq!(state, "queued");
        until_running(&mut client, job, phase);
        assert_eq!(one::<i32>(&mut client, &format!("SELECT attempt FROM sgr.jobs WHERE job_id = {job}")), 2);
        client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
        assert_eq!(wait(&mut client, job), "cancelled");
    }
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM marks"), 0);
}

fn until_gone(mut client: Client) {
    let started = Instant::now();
    while client.batch_execute("SELECT 1").is_ok() {
        assert!(started.elapsed() < Duration::from_secs(60), "the server did not notice the crash");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// pg_cron's word for "as soon as a minute begins", and what that may take on a busy machine.
const CRON_BOUND: Duration = Duration::from_secs(120);

#[test]
fn pg_cron_submits_a_job() {
    if !has_extension("pg_cron") {
        tell!("skipped: pg_cron is not installed (Debian: postgresql-15-cron)");
        return;
    }
    let server = OwnServer::start(&[
        "shared_preload_libraries=pg_cron",
        "cron.database_name=postgres",
        "cron.use_background_workers=on",
    ]);
    let mut client = server.connect();
    client
        .batch_execute("CREATE EXTENSION pg_cron; CREATE EXTENSION sgr_graph; SELECT sgr_demo_load(300, 200, 100, 1)")
        .unwrap();
    client
        .batch_execute("SELECT cron.schedule('often', '* * * * *', $$SELECT sgr_submit('cooccur_refresh')$$)")
        .unwrap();
    let started = Instant::now();
    while one::<i64>(&mut client, "SELECT count(*) FROM sgr.jobs WHERE state = 'succeeded'") == 0 {
        assert!(started.elapsed() < CRON_BOUND, "pg_cron submitted nothing that succeeded");
        std::thread::sleep(Duration::from_millis(200));
    }
    let task: String = one(&mut client, "SELECT task FROM sgr.jobs ORDER BY job_id LIMIT 1");
    assert_eq!(task, "cooccur_refresh");
    assert!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.cooccurrence_lists") > 0);
}

fn has_extension(name: &str) -> bool {
    let database = Database::create_empty("jobs_available");
    one(&mut database.connect(), &format!("SELECT count(*) > 0 FROM pg_available_extensions WHERE name = '{name}'"))
}
