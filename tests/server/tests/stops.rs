//! Stops and cancels come through soon whatever a worker does, and jobs go on after a stop.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::database::one;
use sgr_server_tests::{Database, OwnServer, tell};
use std::time::{Duration, Instant};

/// What is asked for: of a stop of the server, and of a cancel of a job.
const WANTED: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(1)];
/// What fails the test: machines that run tests are busy.
const BOUND: Duration = Duration::from_secs(10);
/// Stops or cancels of each kind; `SGR_STOPS` says otherwise.
const STOPS: u32 = 1;

/// What a worker does, the statement that has it do so, and the longest time until the end comes.
struct Scene {
    what: &'static str,
    submit: &'static str,
    longest: Duration,
}

const fn scene(what: &'static str, submit: &'static str, longest_ms: u64) -> Scene {
    Scene { what, submit, longest: Duration::from_millis(longest_ms) }
}

const WAITING: [Scene; 3] = [
    scene("sleeps in a query", "SELECT sgr_submit('doze')", 300),
    scene("waits until a job is due", "SELECT sgr_submit('doze', not_before => now() + interval '1 hour')", 300),
    scene("and another one waits for a place", "SELECT max(sgr_submit('doze')) FROM generate_series(1, 3)", 300),
];

const WORKING: [Scene; 10] = [
    scene("counts", r#"SELECT sgr_submit('cooccur_refresh', '{"mode": "full", "top_k": null}')"#, 500),
    scene("builds the graph", r#"SELECT sgr_submit('build_kg', '{"mode": "full"}')"#, 1500),
    scene(
        "trains vectors and leaves checkpoints",
        r#"SELECT sgr_submit('kge_train', '{"epochs": 1000000, "dim": 64, "threads": 2}')"#,
        3000,
    ),
    scene(
        "trains vectors and stores them",
        r#"SELECT sgr_submit('kge_train', '{"epochs": 1, "dim": 256, "negatives": 1, "threads": 2, "activate": false}')"#,
        2500,
    ),
    scene(
        "trains jointly",
        r#"SELECT sgr_submit('joint_train', '{"split": "judged", "epochs": 100000, "patience": 0, "name": "joint"}')"#,
        2500,
    ),
    scene(
        "compares",
        r#"SELECT sgr_submit('ablate', '{"split": "judged", "params": {"epochs": 100000, "patience": 0}}')"#,
        2500,
    ),
    scene(
        "searches",
        r#"SELECT sgr_submit('sweep', '{"model": "mkr", "split": "judged", "grid": {"epochs": [100000], "patience": [0]}}')"#,
        2500,
    ),
    scene(
        "trains a recommender",
        r#"SELECT sgr_submit('train', '{"model": "bpr", "params": {"epochs": 100000}}')"#,
        2500,
    ),
    scene("trains a blend", r#"SELECT sgr_submit('train', '{"model": "blend"}')"#, 2500),
    scene("judges", r#"SELECT sgr_submit('eval', '{"split": "judged", "resamples": 1000000}')"#, 1500),
];

const CATALOGUE: &str = "
    CREATE FUNCTION public.test_doze() RETURNS void LANGUAGE sql AS 'SELECT pg_sleep(3600)';
    INSERT INTO sgr.tasks (task, function_name, coalesces) VALUES ('doze', 'test_doze', false);
    SELECT sgr_demo_load(10000, 4000, 3000, 1); SELECT sgr_build_kg();
    SELECT sgr_eval_split('judged', kind => 'like', ratios => '{0.8,0.1,0.1}', seed => 1)";

/// Submits, and waits until the worker is somewhere in it; the job, and where it was.
fn submit(client: &mut Client, scene: &Scene, random: &mut impl Rng) -> (i64, String) {
    let job: i64 = one(client, scene.submit);
    let started = Instant::now();
    while one::<i64>(client, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'sgr_graph job'") == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "no worker starts");
    }
    std::thread::sleep(scene.longest.mul_f64(random.random_range(0.0..1.0)));
    let met = format!("SELECT state || coalesce(' ' || phase, '') FROM sgr.job_status WHERE job_id = {job}");
    (job, one(client, &met))
}

/// Says how long it took at most, and what the ends met.
fn said(what: &str, mut met: Vec<String>, took: &[Duration], wanted: Duration) {
    met.sort();
    met.dedup();
    let (count, longest) = (took.len(), took.iter().max().unwrap());
    let late = if *longest > wanted { ", late" } else { "" };
    tell!("{count} {what} ({}): at most {} ms{late}", met.join(", "), longest.as_millis());
    assert!(*longest < BOUND, "{what} took {longest:?}");
}

fn stops() -> u32 {
    std::env::var("SGR_STOPS").map_or(STOPS, |stops| stops.parse().unwrap())
}

#[test]
fn a_server_stops_soon_whatever_its_workers_do_and_jobs_go_on_afterwards() {
    let server = OwnServer::start(&["sgr_graph.max_jobs=1", "sgr_graph.job_attempts=1000"]);
    let mut client = server.connect();
    client
        .batch_execute(
            "CREATE EXTENSION sgr_graph; ALTER DATABASE postgres SET sgr_graph.checkpoint_interval = '200 ms'",
        )
        .unwrap();
    client.batch_execute(CATALOGUE).unwrap();
    client = server.reconnect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(13);
    for scene in WAITING.iter().chain(&WORKING) {
        let (mut took, mut met) = (Vec::new(), Vec::new());
        for _ in 0..stops() {
            let (job, place) = submit(&mut client, scene, &mut random);
            drop(client);
            took.push(server.stop("fast"));
            server.start_again();
            client = server.reconnect();
            client.batch_execute("SELECT FROM sgr.jobs_requeue()").unwrap();
            let state: String =
                one(&mut client, &format!("SELECT concat_ws(' ', state, error) FROM sgr.jobs WHERE job_id = {job}"));
            assert!(state.starts_with("queued") || state == "succeeded", "{}: {state} after {place}", scene.what);
            met.push(place);
            client.batch_execute("SELECT sgr_job_cancel(job_id) FROM sgr.job_status WHERE state = 'queued'").unwrap();
        }
        said(&format!("stops while a worker {}", scene.what), met, &took, WANTED[0]);
    }
    // What was stopped is done in the end.
    let job: i64 = one(&mut client, r#"SELECT sgr_submit('cooccur_refresh', '{"mode": "full", "top_k": null}')"#);
    drop(client);
    server.stop("fast");
    server.start_again();
    client = server.reconnect();
    client.batch_execute("SELECT sgr_jobs_recover()").unwrap();
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_wait({job}, '120 s')")), "succeeded");
}

#[test]
fn a_job_is_cancelled_soon_whatever_it_does() {
    let database = Database::create("stops_cancel");
    let mut client = database.connect();
    client
        .batch_execute(&format!("ALTER DATABASE {} SET sgr_graph.checkpoint_interval = '200 ms'", database.name()))
        .unwrap();
    client.batch_execute(CATALOGUE).unwrap();
    client = database.connect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(14);
    for scene in &WORKING {
        let (mut took, mut met) = (Vec::new(), Vec::new());
        for _ in 0..stops() {
            let (job, place) = submit(&mut client, scene, &mut random);
            met.push(place);
            let asked = Instant::now();
            client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
            let state: String = one(&mut client, &format!("SELECT sgr_job_wait({job}, '60 s')"));
            took.push(asked.elapsed());
            let error: Option<String> = one(&mut client, &format!("SELECT error FROM sgr.jobs WHERE job_id = {job}"));
            assert!(matches!(state.as_str(), "cancelled" | "succeeded"), "{}: {state}, {error:?}", scene.what);
        }
        said(&format!("cancels of a job that {}", scene.what), met, &took, WANTED[1]);
    }
}
