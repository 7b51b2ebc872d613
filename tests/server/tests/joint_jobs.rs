//! Joint trainings, ablations and searches as background jobs: no transaction while they compute, cancels, checkpoints.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::database::{one, until};
use sgr_server_tests::{Database, OwnServer, tell};
use std::process::Command;
use std::time::{Duration, Instant};

/// What is asked for of cancels.
const WANTED: Duration = Duration::from_secs(1);
/// What fails a test: machines that run tests are busy.
const BOUND: Duration = Duration::from_secs(5);
/// Times that the worker of a training is killed; `SGR_KILLS` says otherwise.
const KILLS: u32 = 3;

/// Users like the items of one of three tastes, which a graph tells; two repeats with seeds of their own.
const TASTES: &str = "
    CREATE TABLE public.likes (user_id integer, item_id integer, label integer);
    INSERT INTO public.likes
    SELECT u, i, CASE WHEN u % 3 = i % 3 THEN 1 ELSE 0 END
    FROM generate_series(1, 60) AS u, generate_series(1, 90) AS i WHERE u % 3 = i % 3 OR (u + i / 3) % 3 = i % 3;
    CREATE TABLE public.facts (head text, relation text, tail text);
    INSERT INTO public.facts SELECT i::text, 'has_taste', 'taste ' || i % 3 FROM generate_series(1, 90) AS i;
    SELECT sgr_eval_split('tastes', relation => 'public.likes', repeats => 2);";

/// Tasks with arguments that make them short, and the same in a session.
const SHORT: [(&str, &str, &str); 4] = [
    (
        "joint_train",
        r#"{"split": "tastes", "triples": "public.facts", "rec_dim": 8, "epochs": 3, "threads": 1, "name": "NAME"}"#,
        "sgr_joint_train('tastes', 'public.facts', rec_dim => 8, epochs => 3, threads => 1, name => 'session')",
    ),
    (
        "ablate",
        r#"{"split": "tastes", "triples": "public.facts", "flags": ["no_kge", "random_kg"], "metrics": ["auc", "ndcg"],
            "params": {"rec_dim": 4, "epochs": 2}, "resamples": 50, "threads": 1}"#,
        r#"sgr_ablate('tastes', '{no_kge,random_kg}', 'public.facts', metrics => '{auc,ndcg}',
                      params => '{"rec_dim": 4, "epochs": 2}', resamples => 50, threads => 1)"#,
    ),
    (
        "sweep",
        r#"{"model": "mkr", "grid": {"rec_dim": [4, 8], "epochs": [2, 4]}, "split": "tastes", "method": "halving",
            "triples": "public.facts", "threads": 1}"#,
        r#"sgr_sweep('mkr', '{"rec_dim": [4, 8], "epochs": [2, 4]}', 'tastes', method => 'halving', triples => 'public.facts',
                     threads => 1)"#,
    ),
    (
        "sweep",
        r#"{"model": "ials", "grid": {"dim": [4, 8], "epochs": [2]}, "split": "tastes", "threads": 1}"#,
        r#"sgr_sweep('ials', '{"dim": [4, 8], "epochs": [2]}', 'tastes', threads => 1)"#,
    ),
];

fn submit(client: &mut Client, task: &str, args: &str) -> i64 {
    client.query_one("SELECT sgr_submit($1, $2::text::jsonb)", &[&task, &args]).unwrap().get(0)
}

fn wait(client: &mut Client, job: i64) -> String {
    one(client, &format!("SELECT sgr_job_wait({job}, '120 s')"))
}

fn cancel(client: &mut Client, job: i64) -> Duration {
    let asked = Instant::now();
    client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
    assert_eq!(wait(client, job), "cancelled");
    asked.elapsed()
}

#[test]
fn they_compute_outside_transactions_say_where_they_are_and_can_be_cancelled() {
    let database = Database::create("joint_jobs");
    let mut client = database.connect();
    client.batch_execute(TASTES).unwrap();
    for (task, args) in [
        ("joint_train", r#"{"split": "tastes", "triples": "facts", "epochs": 1000000, "patience": 0, "threads": 1}"#),
        (
            "ablate",
            r#"{"split": "tastes", "triples": "facts", "params": {"epochs": 1000000, "patience": 0}, "threads": 1}"#,
        ),
        (
            "sweep",
            r#"{"model": "mkr", "grid": {"epochs": [1000000], "patience": [0]}, "split": "tastes", "triples": "facts", "threads": 1}"#,
        ),
    ] {
        let job = submit(&mut client, task, args);
        until(
            &mut client,
            &format!(
                "SELECT coalesce(bool_and(phase = 'training' AND progress > 0 AND rows_done > 0 AND message LIKE '%epoch%'), false)
                 FROM sgr.job_status WHERE job_id = {job} AND state = 'running'"
            ),
        );
        let idle: bool = one(
            &mut client,
            &format!(
                "SELECT a.backend_xmin IS NULL AND a.backend_xid IS NULL AND a.xact_start IS NULL
                 FROM sgr.jobs AS j JOIN pg_stat_activity AS a USING (pid) WHERE j.job_id = {job}"
            ),
        );
        assert!(idle, "the worker of {task} holds a transaction while it computes");
        let took = cancel(&mut client, job);
        tell!("{task}, cancelled: {} ms{}", took.as_millis(), if took > WANTED { ", late" } else { "" });
        assert!(took < BOUND, "{task} took {took:?}");
    }
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.models"), 0);
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.runs WHERE task IN ('ablate', 'sweep')"), 0);
}

#[test]
fn a_job_returns_the_rows_of_its_function() {
    let database = Database::create("joint_results");
    let mut client = database.connect();
    client.batch_execute(TASTES).unwrap();
    for (task, args, call) in SHORT {
        let job = submit(&mut client, task, &args.replace("NAME", "job"));
        assert_eq!(wait(&mut client, job), "succeeded", "{task}");
        let columns: bool = one(
            &mut client,
            &format!(
                "SELECT bool_and(ARRAY(SELECT jsonb_object_keys(r) ORDER BY 1) = ARRAY(
                     SELECT a.name FROM pg_proc AS p, unnest(p.proargnames, p.proargmodes) AS a (name, mode)
                     WHERE p.proname = 'sgr_{task}' AND a.mode = 't' ORDER BY 1))
                 FROM sgr.jobs, jsonb_array_elements(result) AS r WHERE job_id = {job}"
            ),
        );
        assert!(columns, "{task}");
        // All but times, numbers of rows, and the name.
        let of = |rows: &str| {
            format!(
                "SELECT jsonb_agg(r - '{{elapsed_ms,run_id,model_id,model_name}}'::text[])::text FROM {rows} AS t (r)"
            )
        };
        let in_job: String =
            one(&mut client, &of(&format!("(SELECT jsonb_array_elements(result) FROM sgr.jobs WHERE job_id = {job})")));
        let in_session: String = one(&mut client, &of(&format!("(SELECT to_jsonb(f) FROM {call} AS f)")));
        assert_eq!(in_job, in_session, "{task}");
    }
    let same: bool = one(
        &mut client,
        "SELECT count(DISTINCT (m.name, m.repeat)) = 4 AND count(DISTINCT (m.repeat, a.array_name, a.start, a.ids, a.numbers)) * 2 = count(*)
         FROM sgr.models AS m JOIN sgr.model_arrays AS a USING (model_id)",
    );
    assert!(same, "the job's models are not those of the session");
}

#[test]
fn what_changes_while_a_job_computes_is_seen_when_it_stores() {
    let database = Database::create("joint_changes");
    let mut client = database.connect();
    client.batch_execute(TASTES).unwrap();
    let training = |name: &str| {
        format!(
            r#"{{"split": "tastes", "no_kge": true, "epochs": 400, "patience": 0, "threads": 1, "name": "{name}"}}"#
        )
    };
    let ablation = r#"{"split": "tastes", "flags": ["no_kge"], "baseline": "no_kge", "metrics": ["auc"], "threads": 1,
                       "params": {"epochs": 800, "patience": 0}}"#;
    let taken = "SELECT sgr_joint_train('tastes', no_kge => true, epochs => 1, threads => 1, name => 'taken')";
    for (task, args, change, sqlstate) in [
        ("joint_train", training("taken"), taken, "42710"),
        ("joint_train", training("a"), "DELETE FROM sgr.eval_rows WHERE user_id = 7", "55000"),
        ("joint_train", training("b"), "SELECT sgr_eval_split_drop('tastes')", "55000"),
        ("ablate", ablation.to_owned(), "SELECT sgr_eval_split_drop('tastes')", "55000"),
    ] {
        let job = submit(&mut client, task, &args);
        until(
            &mut client,
            &format!("SELECT coalesce(bool_and(phase = 'training'), false) FROM sgr.job_status WHERE job_id = {job}"),
        );
        client.batch_execute(change).unwrap();
        assert_eq!(wait(&mut client, job), "failed", "{task} after {change}");
        let found: String = one(&mut client, &format!("SELECT sqlstate FROM sgr.jobs WHERE job_id = {job}"));
        assert_eq!(found, sqlstate, "{task} after {change}");
        client.batch_execute("DELETE FROM sgr.eval_rows; DELETE FROM sgr.eval_splits").unwrap();
        client.batch_execute("SELECT sgr_eval_split('tastes', relation => 'public.likes', repeats => 2)").unwrap();
    }
    client.batch_execute("SELECT sgr_demo_load(400, 150, 100, 1)").unwrap();
    let job = submit(
        &mut client,
        "joint_train",
        r#"{"no_kge": true, "epochs": 600, "patience": 0, "threads": 1, "name": "c"}"#,
    );
    until(
        &mut client,
        &format!("SELECT coalesce(bool_and(phase = 'training'), false) FROM sgr.job_status WHERE job_id = {job}"),
    );
    client.batch_execute("SELECT sgr_forget(min(user_id)) FROM sgr.interactions").unwrap();
    assert_eq!(wait(&mut client, job), "failed");
    let error: String =
        one(&mut client, &format!("SELECT concat_ws(' ', sqlstate, error, detail) FROM sgr.jobs WHERE job_id = {job}"));
    assert!(error.starts_with("55000") && error.contains("1 users"), "{error}");
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.models WHERE name <> 'taken'"), 0);
}

/// The checkpoint is told a lie about the first training: if it comes out, that training was not made again.
#[test]
fn trainings_that_have_finished_are_not_made_again() {
    let database = Database::create("joint_checkpoints");
    let mut client = database.connect();
    client.batch_execute(TASTES).unwrap();
    let eighth = 0.125_f64.to_bits();
    for (task, args, list, lie, told) in [
        (
            "ablate",
            r#"{"split": "tastes", "triples": "facts", "flags": ["full"], "metrics": ["auc"], "resamples": 0, "seeds": 2,
                "threads": 1, "params": {"epochs": 60, "patience": 0, "rec_dim": 16}}"#,
            "finished",
            "{finished,0,kept_epoch}', '4000".to_owned(),
            "SELECT (result -> 0 ->> 'mean_epoch')::float8 BETWEEN 1000 AND 1060 FROM sgr.jobs WHERE job_id =",
        ),
        (
            "sweep",
            r#"{"model": "mkr", "split": "tastes", "triples": "facts", "threads": 1,
                "grid": {"epochs": [60], "patience": [0], "rec_dim": [14, 16]}}"#,
            "found",
            format!("{{found,0,value}}', '{eighth}"),
            "SELECT (SELECT count(*) FILTER (WHERE (r ->> 'value')::float8 < 0.6) FROM jsonb_array_elements(result) AS r) = 1
             FROM sgr.jobs WHERE job_id =",
        ),
    ] {
        let job = submit(&mut client, task, args);
        until(
            &mut client,
            &format!(
                "SELECT coalesce(jsonb_array_length(checkpoint::jsonb -> '{list}') > 0, false) FROM sgr.jobs WHERE job_id = {job}"
            ),
        );
        cancel(&mut client, job);
        client
            .batch_execute(&format!(
                "UPDATE sgr.jobs SET checkpoint = jsonb_set(checkpoint::jsonb, '{lie}')::text WHERE job_id = {job};
                 SELECT sgr_job_retry({job})"
            ))
            .unwrap();
        assert_eq!(wait(&mut client, job), "succeeded", "{task}");
        let result: String = one(&mut client, &format!("SELECT result::text FROM sgr.jobs WHERE job_id = {job}"));
        assert!(one::<bool>(&mut client, &format!("{told} {job}")), "{task}: {result}");
        assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.job_numbers"), 0);
    }
}

/// The models of a name, to the last bit.
fn models(client: &mut Client, name: &str) -> String {
    one(
        client,
        &format!(
            "SELECT string_agg(m.repeat || ' ' || m.epochs || ' ' || m.kept_epoch || ' ' || m.validation::text || ' ' || (
                        SELECT md5(string_agg(a.array_name || ' ' || a.start || ' ' || coalesce(encode(array_send(a.ids), 'hex'), '')
                                              || coalesce(encode(array_send(a.numbers), 'hex'), ''), ';' ORDER BY a.array_name, a.start))
                        FROM sgr.model_arrays AS a WHERE a.model_id = m.model_id), E'\\n' ORDER BY m.repeat)
             FROM sgr.models AS m WHERE m.name = '{name}'"
        ),
    )
}

#[test]
fn a_training_whose_worker_is_killed_ends_as_if_it_had_not_been() {
    let server = OwnServer::start(&["restart_after_crash=on", "synchronous_commit=on", "sgr_graph.job_attempts=1000"]);
    let mut client = server.connect();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    client.batch_execute(TASTES).unwrap();
    // The best epoch comes long before the last, so it must survive, too.
    let started = Instant::now();
    client
        .batch_execute(
            "SELECT sgr_joint_train('tastes', 'facts', rec_dim => 32, high_depth => 2, epochs => 250, lr_rec => 0.005, patience => 0,
                                    kge_interval => 1, threads => 1, seed => 4, name => 'whole')",
        )
        .unwrap();
    let takes = started.elapsed();
    let database: String = one(&mut client, "SELECT current_database()");
    client.batch_execute(&format!("ALTER DATABASE {database} SET sgr_graph.checkpoint_interval = '1 s'")).unwrap();
    client = server.reconnect();
    let job = submit(
        &mut client,
        "joint_train",
        r#"{"split": "tastes", "triples": "facts", "rec_dim": 32, "high_depth": 2, "epochs": 250, "lr_rec": 0.005, "patience": 0,
            "kge_interval": 1, "threads": 1, "seed": 4, "name": "killed"}"#,
    );
    let kills = std::env::var("SGR_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(21);
    let (mut gone_on, mut left) = (Vec::new(), String::new());
    for _ in 0..kills {
        let waited = Instant::now();
        let pid = loop {
            if let Some(pid) =
                one::<Option<i32>>(&mut client, &format!("SELECT pid FROM sgr.jobs WHERE job_id = {job}"))
            {
                break pid;
            }
            assert!(waited.elapsed() < Duration::from_secs(60), "the job does not start");
            std::thread::sleep(Duration::from_millis(5));
        };
        // Until there is a checkpoint of this attempt, or the job has ended, and some more.
        until(
            &mut client,
            &format!(
                "SELECT state <> 'running' OR coalesce(md5(checkpoint), '') <> '{left}' FROM sgr.jobs WHERE job_id = {job}"
            ),
        );
        std::thread::sleep(Duration::from_millis(random.random_range(0..400)));
        if !Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success() {
            // It has come to its end meanwhile.
            break;
        }
        while client.batch_execute("SELECT 1").is_ok() {
            std::thread::sleep(Duration::from_millis(2));
        }
        client = server.reconnect();
        let row = client
            .query_one(
                "SELECT state, jsonb_array_length(checkpoint::jsonb -> 'finished'), (checkpoint::jsonb #>> '{current,epochs_done}')::integer
                 FROM sgr.jobs WHERE job_id = $1",
                &[&job],
            )
            .unwrap();
        if row.get::<_, String>(0) == "succeeded" {
            break;
        }
        gone_on.push((row.get::<_, Option<i32>>(1).unwrap_or(0), row.get::<_, Option<i32>>(2).unwrap_or(0)));
        left = one(&mut client, &format!("SELECT coalesce(md5(checkpoint), '') FROM sgr.jobs WHERE job_id = {job}"));
        assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr_jobs_recover() WHERE state = 'queued'"), 1);
    }
    assert_eq!(wait(&mut client, job), "succeeded");
    assert_eq!(models(&mut client, "killed"), models(&mut client, "whole"));
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.job_numbers"), 0);
    assert!(gone_on.is_sorted() && gone_on.last().is_some_and(|&last| last > (0, 0)), "{gone_on:?}");
    tell!(
        "{} ends of a training of {:.1} s, which went on after (models, epochs) {gone_on:?}",
        gone_on.len(),
        takes.as_secs_f64()
    );
}
