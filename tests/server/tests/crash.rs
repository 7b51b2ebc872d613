//! kill -9 of a backend in the middle of its work. As that ends all sessions of a server, this has a server of its own.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::database::one;
use sgr_server_tests::truth::checksum;
use sgr_server_tests::{OwnServer, tell};
use std::process::Command;
use std::time::{Duration, Instant};

/// Kills.
const ROUNDS: usize = 5;

/// Kills the backend at a share of the time that the statement takes; when that was, and the time.
fn kill_during(mut client: Client, sql: &'static str, share: f64) -> (Duration, Duration) {
    client.batch_execute("BEGIN").unwrap();
    let started = Instant::now();
    client.batch_execute(sql).unwrap();
    let takes = started.elapsed();
    client.batch_execute("ROLLBACK").unwrap();

    let pid: i32 = one(&mut client, "SELECT pg_backend_pid()");
    let moment = takes.mul_f64(share);
    let ended = std::thread::scope(|scope| {
        let statement = scope.spawn(move || client.batch_execute(sql).is_ok());
        std::thread::sleep(moment);
        assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
        statement.join().unwrap()
    });
    assert!(!ended, "{sql} ended within {moment:?}, before it was killed");
    (moment, takes)
}

#[test]
fn a_killed_backend_leaves_the_old_result_and_the_next_refresh_works() {
    // What was committed must survive, though it need not be on the disk: the machine does not crash.
    let server = OwnServer::start(&["synchronous_commit=on", "restart_after_crash=on"]);
    let mut client = server.connect();
    client
        .batch_execute(
            "CREATE EXTENSION sgr_graph; SELECT sgr_demo_load(30000, 10000, 10000, 1);
             SELECT sgr_cooccur_refresh();",
        )
        .unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
    let statements = [
        "SELECT sgr_cooccur_refresh(mode => 'full')",
        "SELECT sgr_cooccur_refresh('playlist', 'track', top_k => NULL, mode => 'full')",
        "SELECT sgr_cooccur_refresh(mode => 'incremental')",
        "SELECT sgr_demo_load(30000, 10000, 10000, 2, replace => true)",
    ];
    let mut killed = 0;
    for round in 0..ROUNDS {
        let sql = statements[round % statements.len()];
        // Changes that the killed refresh would have taken into account must still be noted afterwards.
        client
            .batch_execute(&format!(
                "DELETE FROM sgr.playlist_tracks WHERE playlist_id % 40 = {round} AND position % 2 = 1"
            ))
            .unwrap();
        let before = checksum(&mut client);
        let entries: i64 = one(&mut client, "SELECT count(*) FROM sgr.playlist_tracks");
        let (moment, takes) = kill_during(client, sql, rng.random_range(0.05..0.9));
        killed += 1;
        let asked = Instant::now();
        client = server.reconnect();
        let back = asked.elapsed();
        assert_eq!(checksum(&mut client), before, "round {round}: the old result");
        assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.playlist_tracks"), entries, "round {round}");
        assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr_recommend(1, 10)"), 10);
        tell!(
            "killed {:>4} ms into {:>4} ms of {sql}; the server was back after {} ms",
            moment.as_millis(),
            takes.as_millis(),
            back.as_millis()
        );
        // The next one works, and counts the changes.
        client.batch_execute("SELECT sgr_cooccur_refresh(mode => 'incremental')").unwrap();
        assert_ne!(checksum(&mut client), before, "round {round}: the changes were lost");
    }
    client.batch_execute("SELECT sgr_cooccur_refresh(mode => 'full')").unwrap();
    assert_eq!(killed, ROUNDS);
}

/// Models and their vectors.
fn models(client: &mut Client) -> String {
    one(
        client,
        "SELECT concat_ws(' ', (SELECT md5(string_agg(m::text, ';' ORDER BY model_id)) FROM sgr.models m),
             (SELECT md5(string_agg(v::text, ';' ORDER BY model_id, entity_id)) FROM sgr.entity_embeddings v),
             (SELECT md5(string_agg(s::text, ';' ORDER BY model_id, part, chunk)) FROM sgr.model_states s),
             (SELECT md5(string_agg(n::text, ';' ORDER BY model_id, track_id)) FROM sgr.track_neighbours n))",
    )
}

#[test]
fn a_killed_training_leaves_the_old_model() {
    // What was committed must survive, though it need not be on the disk: the machine does not crash.
    let server = OwnServer::start(&["synchronous_commit=on", "restart_after_crash=on"]);
    let mut client = server.connect();
    client
        .batch_execute(
            "CREATE EXTENSION sgr_graph; SELECT sgr_demo_load(2000, 600, 500, 1); SELECT sgr_build_kg();
             SELECT sgr_kge_train(dim => 32, epochs => 1, negatives => 64)",
        )
        .unwrap();
    let before = models(&mut client);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    for sql in [
        "SELECT sgr_kge_train(dim => 32, epochs => 4, negatives => 64)",
        "SELECT sgr_kge_resume(1, 4)",
        "SELECT sgr_kge_neighbors_refresh(1, 50)",
    ] {
        let (moment, takes) = kill_during(client, sql, rng.random_range(0.1..0.8));
        client = server.reconnect();
        assert_eq!(models(&mut client), before, "{sql}");
        assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr_kge_predict('7', 'has_tag')"), 10);
        tell!("killed {:>4} ms into {:>4} ms of {sql}", moment.as_millis(), takes.as_millis());
    }
    client.batch_execute("SELECT sgr_kge_resume(1, 1)").unwrap();
    assert_ne!(models(&mut client), before);
}
