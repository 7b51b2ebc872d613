//! Ctrl-C, pg_cancel_backend and statement_timeout during long functions: back within 250 ms, nothing changed.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::Database;
use sgr_server_tests::database::one;
use sgr_server_tests::tell;
use sgr_server_tests::truth::checksum;
use std::time::{Duration, Instant};

/// What is asked for.
const WANTED: Duration = Duration::from_millis(250);
/// What fails the test: machines that run tests are busy.
const BOUND: Duration = Duration::from_millis(1000);
/// Cancels per statement.
const TIMES: usize = 2;

/// (what, statement): those that take long. None of them may leave a trace when cancelled.
const STATEMENTS: [(&str, &str); 7] = [
    ("all kinds, full", "SELECT sgr_cooccur_refresh(mode => 'full')"),
    ("one thread", "SELECT sgr_cooccur_refresh('playlist', 'track', threads => 1, mode => 'full')"),
    (
        "every pair",
        "SELECT sgr_cooccur_refresh('playlist', 'track', top_k => NULL, max_basket_len => NULL, mode => 'full')",
    ),
    ("tags", "SELECT sgr_cooccur_refresh('tag')"),
    ("incremental", "SELECT sgr_cooccur_refresh('playlist', mode => 'incremental')"),
    ("estimate", "SELECT sgr_cooccur_estimate(max_basket_len => NULL)"),
    ("demo_load", "SELECT sgr_demo_load(40000, 12000, 20000, 2, 80, replace => true)"),
];

/// The same of the knowledge graph.
const GRAPH_STATEMENTS: [(&str, &str); 5] = [
    ("clean", "SELECT sgr_clean()"),
    ("fuse", "SELECT sgr_fuse()"),
    ("triples", "SELECT sgr_triples_refresh(mode => 'full')"),
    ("validate", "SELECT sgr_kg_validate()"),
    ("build_kg", "SELECT sgr_build_kg(mode => 'full')"),
];

/// The same of embeddings.
const KGE_STATEMENTS: [(&str, &str); 7] = [
    ("train", "SELECT sgr_kge_train(epochs => 2)"),
    (
        "train, validated",
        "SELECT sgr_kge_train('complex', dim => 32, epochs => 2, validate_every => 1, validation_sample => 0)",
    ),
    ("resume", "SELECT sgr_kge_resume(1, 1)"),
    ("extend", "SELECT sgr_kge_extend(1, 20)"),
    ("neighbours", "SELECT sgr_kge_neighbors_refresh(1)"),
    ("eval", "SELECT count(*) FROM sgr_kge_eval(1, graph => 'catalogue')"),
    ("predict", "SELECT count(*) FROM generate_series(1, 60) AS t, sgr_kge_predict(t::text, 'has_tag')"),
];

/// The same of evaluation.
const EVALUATION_STATEMENTS: [(&str, &str); 4] = [
    ("split", "SELECT sgr_eval_split('new', repeats => 3)"),
    ("split, replaced", "SELECT sgr_eval_split('playlists', protocol => 'playlist', repeats => 3, replace => true)"),
    ("judge", "SELECT count(*) FROM sgr_eval('likes', metrics => '{auc,user_auc,ndcg,recall}')"),
    ("judge playlists", "SELECT count(*) FROM sgr_eval('playlists', resamples => 0)"),
];

/// Cheap to compare, and different after any refresh or load.
fn trace(client: &mut Client) -> String {
    one(
        client,
        "SELECT concat_ws(' ', (SELECT string_agg(s::text, ';' ORDER BY kind) FROM sgr.cooccurrence_state s),
             (SELECT max(run_id) FROM sgr.runs), (SELECT count(*) FROM sgr.cooccurrence_drift),
             (SELECT count(*) FROM sgr.cooccurrence_changes), (SELECT count(*) FROM sgr.tracks),
             (SELECT string_agg(t.title, ';') FROM sgr.tracks t WHERE track_id IN (1, 20000)))",
    )
}

/// Runs a statement that is cancelled somehow. Returns when it came back, or `None` if it had ended by itself.
fn cancelled(client: &mut Client, sql: &str) -> Option<Instant> {
    let result = client.batch_execute(sql);
    let back = Instant::now();
    match result {
        Ok(()) => None,
        Err(error) => {
            assert_eq!(error.code().map(postgres::error::SqlState::code), Some("57014"), "{sql}: {error:?}");
            Some(back)
        }
    }
}

/// Cancels each statement some times, by a request or a time-out, and looks at what it leaves. `loading`: what a statement
/// named demo_load takes.
fn cancel_each(database: &Database, statements: &[(&str, &str)], loading: Duration, trace: fn(&mut Client) -> String) {
    let (mut client, mut other) = (database.connect(), database.connect());
    let before = trace(&mut client);
    let pid: i32 = one(&mut client, "SELECT pg_backend_pid()");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut worst = Duration::ZERO;
    let mut late = Vec::new();
    for &(what, sql) in statements {
        // Each in a transaction that is rolled back, should it end before the cancel comes.
        let mut takes = loading;
        if what != "demo_load" {
            client.batch_execute("BEGIN").unwrap();
            let started = Instant::now();
            client.batch_execute(sql).unwrap();
            takes = started.elapsed();
            client.batch_execute("ROLLBACK").unwrap();
        }
        let (mut delays, mut number) = (Vec::new(), 0);
        while delays.len() < TIMES && number < 5 * TIMES {
            number += 1;
            let moment = takes.mul_f64(rng.random_range(0.02..0.95));
            client.batch_execute("BEGIN").unwrap();
            let came_back = if number % 3 == 0 {
                let timeout = moment.as_millis().max(1) as u64;
                client.batch_execute(&format!("SET LOCAL statement_timeout = {timeout}")).unwrap();
                let asked = Instant::now() + Duration::from_millis(timeout);
                cancelled(&mut client, sql).map(|back| back.saturating_duration_since(asked))
            } else {
                std::thread::scope(|scope| {
                    let statement = scope.spawn(|| cancelled(&mut client, sql));
                    std::thread::sleep(moment);
                    let asked = Instant::now();
                    let _: bool = one(&mut other, &format!("SELECT pg_cancel_backend({pid})"));
                    statement.join().unwrap().map(|back| back.saturating_duration_since(asked))
                })
            };
            if let Some(delay) = came_back {
                delays.push(delay);
                if delay > WANTED {
                    late.push(format!("{what}: {delay:?} after a cancel at {moment:?} of {takes:?}"));
                }
            } else {
                // The machine is quicker now than when it was measured. The cancel must not hit the next statement.
                takes = takes.mul_f64(0.8);
                std::thread::sleep(Duration::from_millis(50));
                let _ = client.batch_execute("SELECT 1");
            }
            client.batch_execute("ROLLBACK").unwrap();
            assert_eq!(trace(&mut client), before, "{what}, cancelled at {moment:?} of {takes:?}");
        }
        assert_eq!(delays.len(), TIMES, "{what} ends too soon to be cancelled: choose a longer statement");
        let most = delays.iter().max().copied().unwrap_or_default();
        worst = worst.max(most);
        tell!(
            "{what:<16} takes {:>5} ms; {} of {number} were cancelled, back after at most {} ms",
            takes.as_millis(),
            delays.len(),
            most.as_millis(),
        );
    }
    tell!("the slowest cancel took {} ms (wanted: under {})", worst.as_millis(), WANTED.as_millis());
    for line in &late {
        tell!("    late: {line}");
    }
    assert!(worst < BOUND, "{late:?}");
}

#[test]
fn long_functions_return_in_time_when_cancelled_and_leave_the_old_result() {
    let database = Database::create("cancel");
    let mut client = database.connect();
    let started = Instant::now();
    client.batch_execute("SELECT sgr_demo_load(40000, 12000, 20000, 1, 80)").unwrap();
    let loading = started.elapsed();
    client.batch_execute("SELECT sgr_cooccur_refresh()").unwrap();
    // Something to do for the incremental refresh, just under what it takes.
    client
        .batch_execute("DELETE FROM sgr.playlist_tracks WHERE playlist_id % 12 = 5 AND position % 2 = 0; ANALYZE")
        .unwrap();
    tell!("catalogue and first refresh: {:.1} s", started.elapsed().as_secs_f64());
    let whole = checksum(&mut client);

    cancel_each(&database, &STATEMENTS, loading, trace);
    assert_eq!(checksum(&mut client), whole, "the old result");
    for mode in ["incremental", "full"] {
        let started = Instant::now();
        client.batch_execute(&format!("SELECT sgr_cooccur_refresh(mode => '{mode}')")).unwrap();
        tell!("the next {mode} refresh works: {:.1} s", started.elapsed().as_secs_f64());
        assert_ne!(checksum(&mut client), whole, "the next refresh counts what changed");
    }
}

/// What the stages of the graph write.
fn graph_trace(client: &mut Client) -> String {
    one(
        client,
        "SELECT concat_ws(' ', (SELECT max(run_id) FROM sgr.runs), (SELECT count(*) FROM sgr.tracks),
             (SELECT count(*) FROM sgr.triples), (SELECT count(*) FROM sgr.entities),
             (SELECT count(*) FROM sgr.entity_aliases), (SELECT count(*) FROM sgr.quarantine),
             (SELECT string_agg(s::text, ';' ORDER BY stage) FROM sgr.stage_state s))",
    )
}

#[test]
fn stages_of_the_graph_return_in_time_when_cancelled_and_leave_the_old_graph() {
    let database = Database::create("cancel_graph");
    let mut client = database.connect();
    client
        .batch_execute(
            "SELECT sgr_demo_load(10000, 3000, 3000, 1);
             SELECT sgr_cooccur_refresh();
             SELECT sgr_build_kg();
             -- Something to do for each stage.
             UPDATE sgr.tracks SET genre = 'Other' WHERE track_id % 3 = 0;
             INSERT INTO sgr.artists (artist_id, name)
             SELECT 100000 + n, 'Artist ' || md5(n::text) FROM generate_series(1, 60000) AS n;
             INSERT INTO sgr.raw_documents (body)
             SELECT json_build_object('kind', 'track', 'id', n, 'title', 'Track ' || n, 'description', repeat('words ', 200),
                 'user', json_build_object('id', n % 5000, 'username', 'Artist ' || n % 5000))
             FROM generate_series(100000, 130000) AS n",
        )
        .unwrap();
    cancel_each(&database, &GRAPH_STATEMENTS, Duration::ZERO, graph_trace);
    client.batch_execute("SELECT sgr_build_kg()").unwrap();
}

/// What embeddings write.
fn kge_trace(client: &mut Client) -> String {
    one(
        client,
        "SELECT concat_ws(' ', (SELECT max(run_id) FROM sgr.runs), (SELECT string_agg(m::text, ';' ORDER BY model_id) FROM sgr.models m),
             (SELECT count(*) FROM sgr.entity_embeddings), (SELECT count(*) FROM sgr.model_states),
             (SELECT sum(cardinality(neighbours)) FROM sgr.track_neighbours),
             (SELECT vector[1] FROM sgr.entity_embeddings ORDER BY entity_id LIMIT 1))",
    )
}

#[test]
fn training_and_asking_return_in_time_when_cancelled_and_leave_the_old_models() {
    let database = Database::create("cancel_kge");
    let mut client = database.connect();
    client
        .batch_execute(
            "SELECT sgr_demo_load(12000, 3000, 3000, 1);
             SELECT sgr_build_kg();
             SELECT sgr_kge_train(dim => 128, epochs => 1, neighbours => 50);
             -- Something to do for sgr_kge_extend().
             INSERT INTO sgr.tracks (track_id, title, genre, tags)
             SELECT 500000 + n, 'New ' || n, 'Techno', ARRAY['tag ' || n % 50] FROM generate_series(1, 3000) AS n;
             SELECT sgr_triples_refresh(); ANALYZE",
        )
        .unwrap();
    cancel_each(&database, &KGE_STATEMENTS, Duration::ZERO, kge_trace);
    client.batch_execute("SELECT sgr_kge_extend(1, 1)").unwrap();
}

/// What splits write.
fn evaluation_trace(client: &mut Client) -> String {
    one(
        client,
        "SELECT concat_ws(' ', (SELECT max(run_id) FROM sgr.runs), (SELECT string_agg(s::text, ';' ORDER BY split_id) FROM sgr.eval_splits s),
             (SELECT count(*) FROM sgr.eval_rows))",
    )
}

#[test]
fn splitting_and_judging_return_in_time_when_cancelled_and_leave_the_old_splits() {
    let database = Database::create("cancel_evaluation");
    let mut client = database.connect();
    client
        .batch_execute(
            "SELECT sgr_demo_load(12000, 6000, 6000, 1);
             SELECT sgr_eval_split('likes', kind => 'like');
             SELECT sgr_eval_split('playlists', protocol => 'playlist'); ANALYZE",
        )
        .unwrap();
    cancel_each(&database, &EVALUATION_STATEMENTS, Duration::ZERO, evaluation_trace);
    client.batch_execute("SELECT sgr_eval_split('new')").unwrap();
}
