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
const ROUNDS: usize = 4;

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

/// Times that the worker of a training is killed; `SGR_KILLS` says otherwise.
const KILLS: u32 = 4;

/// The vectors of a model by its name, to the last bit.
fn vectors(client: &mut Client, name: &str) -> String {
    one(
        client,
        &format!(
            "SELECT md5(string_agg(v.entity_id || array_to_string(float4_bits(v.vector), ' '), ';' ORDER BY v.entity_id))
                 || (m.validation ->> 'mrr') || ' of ' || m.kept_epoch || ' of ' || m.epochs
             FROM sgr.models m JOIN sgr.entity_embeddings v USING (model_id) WHERE m.name = '{name}' GROUP BY m.model_id"
        ),
    )
}

/// A server with a knowledge graph, and a function that shows the bits of vectors.
fn server_with_graph() -> (OwnServer, Client) {
    let server = OwnServer::start(&["restart_after_crash=on", "synchronous_commit=on", "sgr_graph.job_attempts=1000"]);
    let mut client = server.connect();
    client
        .batch_execute(
            "CREATE EXTENSION sgr_graph; SELECT sgr_demo_load(1000, 300, 300, 1); SELECT sgr_build_kg();
             CREATE FUNCTION float4_bits(real[]) RETURNS text[] LANGUAGE sql
                 RETURN ARRAY(SELECT encode(float4send(n), 'hex') FROM unnest($1) WITH ORDINALITY AS u (n, at) ORDER BY at)",
        )
        .unwrap();
    (server, client)
}

/// Submits a job that saves where it is every second, kills its worker so many times, and waits until it has succeeded. It
/// takes so long without that. Returns after which epochs it went on.
fn kill_again_and_again(
    server: &OwnServer,
    mut client: Client,
    submit: &str,
    takes: Duration,
    kills: u32,
) -> (Client, Vec<i32>) {
    let database: String = one(&mut client, "SELECT current_database()");
    client.batch_execute(&format!("ALTER DATABASE {database} SET sgr_graph.checkpoint_interval = '1 s'")).unwrap();
    client = server.reconnect();
    let job: i64 = one(&mut client, submit);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(12);
    let mut gone_on = Vec::new();
    let mut by_server = 0;
    for kill in 0..kills {
        let waited = Instant::now();
        let pid = loop {
            let pid: Option<i32> = one(&mut client, &format!("SELECT pid FROM sgr.jobs WHERE job_id = {job}"));
            if let Some(pid) = pid {
                break pid;
            }
            assert!(waited.elapsed() < Duration::from_secs(60), "the job does not start");
            std::thread::sleep(Duration::from_millis(5));
        };
        std::thread::sleep(Duration::from_millis(random.random_range(1200..2200)));
        if kill % 5 == 4 {
            // A crash of the whole machine, as far as a test can have one.
            by_server += 1;
            drop(client);
            server.stop("immediate");
            server.start_again();
        } else {
            if !Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success() {
                // It has come to its end meanwhile.
                break;
            }
            while client.batch_execute("SELECT 1").is_ok() {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        client = server.reconnect();
        let (state, epoch): (String, Option<i32>) = {
            let row = client
                .query_one(
                    "SELECT state, (checkpoint::jsonb ->> 'epochs_done')::integer FROM sgr.jobs WHERE job_id = $1",
                    &[&job],
                )
                .unwrap();
            (row.get(0), row.get(1))
        };
        if state == "succeeded" {
            break;
        }
        gone_on.push(epoch.unwrap_or(0));
        assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr_jobs_recover() WHERE state = 'queued'"), 1);
    }
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_wait({job}, '300 s')")), "succeeded");
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.job_numbers"), 0);
    assert!(gone_on.is_sorted() && gone_on.last().is_some_and(|&epoch| epoch > 0), "{gone_on:?}");
    tell!(
        "{} ends of a training of {:.1} s, {by_server} of the whole server; it went on after epochs {gone_on:?}",
        gone_on.len(),
        takes.as_secs_f64()
    );
    (client, gone_on)
}

fn kills(default: u32) -> u32 {
    std::env::var("SGR_KILLS").map_or(default, |kills| kills.parse().unwrap())
}

#[test]
fn a_training_whose_worker_is_killed_again_and_again_ends_as_if_it_had_not_been() {
    let (server, mut client) = server_with_graph();
    let kills = kills(KILLS);
    // Long enough for all of them. The best vectors come long before the end, so they must survive, too.
    let choices = format!(
        "dim => 32, epochs => {}, negatives => 64, threads => 1, validate_every => 5, patience => 0, seed => 4",
        20 * kills
    );
    let started = Instant::now();
    client.batch_execute(&format!("SELECT sgr_kge_train(name => 'whole', {choices})")).unwrap();
    let takes = started.elapsed();
    let arguments = choices.replace(" =>", "\":").replace(", ", ", \"");
    let submit = format!("SELECT sgr_submit('kge_train', '{{\"name\": \"killed\", \"{arguments}}}')");
    let (mut client, _) = kill_again_and_again(&server, client, &submit, takes, kills);
    assert_eq!(vectors(&mut client, "killed"), vectors(&mut client, "whole"));
}

#[test]
fn a_training_that_goes_on_is_killed_and_ends_as_if_it_had_not_been() {
    let (server, mut client) = server_with_graph();
    for name in ["whole", "killed"] {
        client
            .batch_execute(&format!(
                "SELECT sgr_kge_train(name => '{name}', dim => 32, epochs => 2, negatives => 64, threads => 1, seed => 4,
                                      activate => false)"
            ))
            .unwrap();
    }
    assert_eq!(vectors(&mut client, "killed"), vectors(&mut client, "whole"));
    let started = Instant::now();
    let whole: String = one(
        &mut client,
        "SELECT (to_jsonb(r) - 'model' - 'model_name' - 'run_id' - 'elapsed_ms' - 'triples_per_second')::text
         FROM sgr_kge_resume((SELECT model_id FROM sgr.models WHERE name = 'whole'), 40, 1) AS r",
    );
    let takes = started.elapsed();
    let submit = r#"SELECT sgr_submit('kge_resume', jsonb_build_object('model_id', model_id, 'epochs', 40, 'threads', 1))
                    FROM sgr.models WHERE name = 'killed'"#;
    let (mut client, gone_on) = kill_again_and_again(&server, client, submit, takes, kills(2));
    // Not from where the model stood.
    assert!(gone_on.last().is_some_and(|&epoch| epoch > 2), "{gone_on:?}");
    assert_eq!(vectors(&mut client, "killed"), vectors(&mut client, "whole"));
    let result: String = one(
        &mut client,
        "SELECT (result -> 0 #- '{model}' #- '{model_name}' #- '{run_id}' #- '{elapsed_ms}' #- '{triples_per_second}')::text
         FROM sgr.jobs",
    );
    assert_eq!(result, whole);
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
