//! A server stops soon whatever its workers do, and their jobs go on afterwards.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::database::one;
use sgr_server_tests::{OwnServer, tell};
use std::time::{Duration, Instant};

/// What is asked for.
const WANTED: Duration = Duration::from_secs(2);
/// What fails the test: machines that run tests are busy.
const BOUND: Duration = Duration::from_secs(10);
/// Stops of each kind; `SGR_STOPS` says otherwise.
const STOPS: u32 = 1;

/// What a worker does, the statements that have it do so, and the longest time until the stop comes.
const SCENES: [(&str, &str, Duration); 6] = [
    ("sleeps in a query", "SELECT sgr_submit('doze')", Duration::from_millis(300)),
    (
        "waits until a job is due",
        "SELECT sgr_submit('doze', not_before => now() + interval '1 hour')",
        Duration::from_millis(300),
    ),
    (
        "and another one waits for a place",
        "SELECT max(sgr_submit('doze')) FROM generate_series(1, 3)",
        Duration::from_millis(300),
    ),
    (
        "refreshes",
        r#"SELECT sgr_submit('cooccur_refresh', '{"mode": "full", "top_k": null}')"#,
        Duration::from_millis(500),
    ),
    (
        "reads, trains and leaves checkpoints",
        r#"SELECT sgr_submit('kge_train', '{"epochs": 1000000, "dim": 64, "threads": 2}')"#,
        Duration::from_millis(3000),
    ),
    (
        "stores a model",
        r#"SELECT sgr_submit('kge_train', '{"epochs": 1, "dim": 256, "negatives": 1, "threads": 2, "activate": false}')"#,
        Duration::from_millis(2500),
    ),
];

#[test]
fn a_server_stops_soon_whatever_its_workers_do_and_jobs_go_on_afterwards() {
    let server = OwnServer::start(&["sgr_graph.max_jobs=1", "sgr_graph.job_attempts=1000"]);
    let mut client = server.connect();
    client
        .batch_execute(
            "CREATE EXTENSION sgr_graph;
             ALTER DATABASE postgres SET sgr_graph.checkpoint_interval = '200 ms';
             CREATE FUNCTION public.test_doze() RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(3600)';
             INSERT INTO sgr.tasks (task, function_name, coalesces) VALUES ('doze', 'test_doze', false);
             SELECT sgr_demo_load(10000, 4000, 3000, 1); SELECT sgr_build_kg()",
        )
        .unwrap();
    client = server.reconnect();
    let stops = std::env::var("SGR_STOPS").map_or(STOPS, |stops| stops.parse().unwrap());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(13);
    for (what, submit, longest) in SCENES {
        let mut took = Vec::new();
        let mut met: Vec<String> = Vec::new();
        for _ in 0..stops {
            let job: i64 = one(&mut client, submit);
            let started = Instant::now();
            while one::<i64>(&mut client, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'sgr_graph job'")
                == 0
            {
                assert!(started.elapsed() < Duration::from_secs(60), "no worker starts");
            }
            std::thread::sleep(longest.mul_f64(random.random_range(0.0..1.0)));
            met.push(one(
                &mut client,
                &format!("SELECT state || coalesce(' ' || phase, '') FROM sgr.job_status WHERE job_id = {job}"),
            ));
            drop(client);
            took.push(server.stop("fast"));
            server.start_again();
            client = server.reconnect();
            let state: String = one(
                &mut client,
                &format!(
                    "SELECT coalesce((SELECT state FROM sgr.jobs_requeue() WHERE job_id = {job}), (SELECT state FROM sgr.jobs WHERE job_id = {job}))"
                ),
            );
            assert!(matches!(state.as_str(), "queued" | "succeeded"), "{what}: {state} after {}", met[met.len() - 1]);
            client.batch_execute("SELECT sgr_job_cancel(job_id) FROM sgr.job_status WHERE state = 'queued'").unwrap();
        }
        met.sort();
        met.dedup();
        let longest = took.iter().max().unwrap();
        tell!(
            "{} stops while a worker {what} ({}): at most {} ms{}",
            took.len(),
            met.join(", "),
            longest.as_millis(),
            if *longest > WANTED { ", late" } else { "" }
        );
        assert!(*longest < BOUND, "a stop while a worker {what} took {longest:?}");
    }
    // What was stopped is done in the end.
    let job: i64 =
        one(&mut client, "SELECT job_id FROM sgr.jobs WHERE task = 'cooccur_refresh' ORDER BY job_id LIMIT 1");
    client
        .batch_execute(&format!(
            "SELECT sgr_job_retry(job_id) FROM sgr.jobs WHERE job_id = {job} AND state = 'cancelled'"
        ))
        .unwrap();
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_wait({job}, '120 s')")), "succeeded");
    assert!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.cooccurrence_lists") > 0);
}
