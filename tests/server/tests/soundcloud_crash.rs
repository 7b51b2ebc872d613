//! Crawls across kill -9, stops of the server and its crashes; and no secret in any place where one could be read.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::database::{one, until};
use sgr_server_tests::soundcloud::{Mock, SECRET, Size, differences};
use sgr_server_tests::{OwnServer, tell};
use std::process::Command;
use std::time::Duration;

const SMALL: Size = Size { tracks: 120, playlists: 40, users: 25 };

/// Times that a worker is killed; `SGR_KILLS` says otherwise.
const KILLS: u32 = 10;

const STOP_WANTED: Duration = Duration::from_secs(2);
const STOP_BOUND: Duration = Duration::from_secs(6);

fn submit(client: &mut Client, mock: &Mock) -> i64 {
    let args = format!(
        r#"{{"url": "{}", "depth": 100, "max_tracks": 1000000, "max_playlists": 1000000, "max_users": 1000000, "max_requests": 1000000}}"#,
        mock.track_url()
    );
    one(client, &format!("SELECT sgr_submit('ingest_crawl', '{args}')"))
}

#[test]
fn a_crawl_whose_worker_is_killed_at_random_moments_loses_nothing_and_repeats_only_what_was_in_flight() {
    let server = OwnServer::start(&["restart_after_crash=on", "synchronous_commit=on", "sgr_graph.job_attempts=1000"]);
    let mut client = server.connect();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    let hazards = "foreign_host,client_id,dropped_filter,loops,bad_cursor,short_pages,bare_arrays,stubs,drift,server_errors,gzip,slow_bodies";
    let mock = Mock::start(server.data(), SMALL, &["--hazards", hazards, "--page-size", "10"]);
    mock.tell_truth(&mut client);
    mock.configure(&mut client, &[("rate", "1000"), ("burst", "1")]);
    client = server.reconnect();
    let job = submit(&mut client, &mock);
    let kills = std::env::var("SGR_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut by_server = 0;
    for kill in 0..kills {
        let stored: i64 = one(&mut client, "SELECT count(*) FROM sgr.raw_documents");
        let wanted = stored + random.random_range(0..12);
        until(
            &mut client,
            &format!(
                "SELECT state <> 'queued' AND pid IS NOT NULL AND (SELECT count(*) FROM sgr.raw_documents) >= {wanted}
                      FROM sgr.jobs WHERE job_id = {job}"
            ),
        );
        std::thread::sleep(Duration::from_millis(random.random_range(0..25)));
        if kill % 5 == 4 {
            // A crash of the whole machine, as far as a test can have one.
            by_server += 1;
            drop(client);
            server.stop("immediate");
            server.start_again();
            client = server.reconnect();
        } else {
            let pid: i32 = one(&mut client, &format!("SELECT pid FROM sgr.jobs WHERE job_id = {job}"));
            assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
            while client.batch_execute("SELECT 1").is_ok() {
                std::thread::sleep(Duration::from_millis(2));
            }
            client = server.reconnect();
        }
        let state: String = one(&mut client, &format!("SELECT state FROM sgr_jobs_recover() WHERE job_id = {job}"));
        assert_eq!(state, "queued");
    }
    let state: String = one(&mut client, &format!("SELECT sgr_job_wait({job}, '120 s')"));
    let said: String = one(
        &mut client,
        &format!("SELECT concat_ws(' ', sqlstate, error, message) FROM sgr.jobs WHERE job_id = {job}"),
    );
    assert_eq!(state, "succeeded", "{said}");
    assert_eq!(differences(&mut client), Vec::<String>::new());
    assert!(one::<bool>(&mut client, "SELECT count(DISTINCT source) = count(*) FROM sgr.raw_documents"));
    let answered = mock.answered();
    let repeated: u32 = answered.values().map(|times| times - 1).sum();
    tell!(
        "{kills} ends, {by_server} of the whole server; {} pages, {repeated} of them asked for again",
        answered.len()
    );
    assert!(repeated <= kills, "{repeated} pages were asked for again after {kills} kills");
    // What was in flight may have been so twice, never more often than the worker died.
    assert!(one::<bool>(&mut client, &format!("SELECT attempt = {kills} + 1 FROM sgr.jobs WHERE job_id = {job}")));
    let used: i32 = one(&mut client, "SELECT sum(requests)::integer FROM sgr.soundcloud_usage");
    let sent = mock.log().len();
    // Counted before they are sent: a worker that dies in between has counted one that never went out.
    assert!(used as usize >= sent && used as usize <= sent + kills as usize, "{used} counted, {sent} sent");
}

#[test]
fn credentials_may_come_from_the_environment_of_the_server() {
    // The mock's files belong to whom the test's own server runs as; this one has no use for them.
    let first = OwnServer::start(&[]);
    let mock = Mock::start(first.data(), SMALL, &["--hazards", "none"]);
    let mut client = first.connect();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    let status = |client: &mut Client| {
        let row = client.query_one("SELECT credentials, work FROM sgr_soundcloud_status()", &[]).unwrap();
        (row.get::<_, Option<String>>(0), row.get::<_, Option<bool>>(1))
    };
    assert_eq!(status(&mut client), (None, None));
    let server = OwnServer::start_in(&mock.environment(), &[]);
    let mut client = server.connect();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    mock.configure(&mut client, &[("credentials_file", "")]);
    let mut client = server.reconnect();
    assert_eq!(status(&mut client), (Some("environment".to_owned()), Some(true)));
    // Once more: the token is kept by the session.
    assert_eq!(status(&mut client), (Some("environment".to_owned()), Some(true)));
    assert_eq!(mock.log().len(), 1);
    let job = submit(&mut client, &mock);
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_wait({job}, '120 s')")), "succeeded");
}

#[test]
fn a_server_stops_soon_whatever_a_crawl_waits_for_and_no_secret_is_anywhere() {
    let server = OwnServer::start(&[
        "log_statement=all",
        "log_min_messages=debug1",
        "log_min_duration_statement=0",
        "log_error_verbosity=verbose",
        "log_connections=on",
    ]);
    let mut client = server.connect();
    client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    // The client id in next_href, which is stored only as what stands for it.
    let hazards = "client_id,drift,stubs,expired_tokens,stall";
    let mock = Mock::start(server.data(), SMALL, &["--hazards", hazards, "--page-size", "10"]);
    mock.configure(&mut client, &[("timeout", "600s")]);
    let mut seen = String::new();
    let waits = [("for an answer", "1000", "true"), ("for its turn", "0.01", "message LIKE '%for its turn'")];
    let mut job = None;
    for (what, rate, condition) in waits {
        mock.configure(&mut client, &[("timeout", "600s"), ("rate", rate), ("burst", "1")]);
        client = server.reconnect();
        let job = match job {
            None => *job.insert(submit(&mut client, &mock)),
            Some(job) => {
                assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr_jobs_recover()"), 1);
                job
            }
        };
        until(
            &mut client,
            &format!("SELECT state = 'running' AND ({condition}) IS TRUE FROM sgr.job_status WHERE job_id = {job}"),
        );
        if rate == "1000" {
            while !mock.log().iter().any(|line| line.fate == "stall") {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        seen += &one::<String>(&mut client, "SELECT string_agg(a::text, ' ') FROM pg_stat_activity AS a");
        drop(client);
        let took = server.stop("fast");
        tell!(
            "stop while a crawl waits {what}: {} ms{}",
            took.as_millis(),
            if took > STOP_WANTED { ", late" } else { "" }
        );
        assert!(took < STOP_BOUND, "stop while a crawl waits {what} took {took:?}");
        server.start_again();
        client = server.reconnect();
    }
    mock.configure(&mut client, &[("rate", "1000"), ("burst", "1000")]);
    client = server.reconnect();
    let job = job.unwrap();
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr_jobs_recover()"), 1);
    let state: String = one(&mut client, &format!("SELECT sgr_job_wait({job}, '60 s')"));
    assert_eq!(state, "succeeded");

    // Errors, too: a secret that is refused, a file that cannot be used.
    let wrong = mock.write_credentials("wrong", "mock-client-secret-that-is-wrong");
    mock.chown("wrong", server.data());
    mock.configure(&mut client, &[("credentials_file", &wrong)]);
    client = server.reconnect();
    seen += &one::<String>(&mut client, "SELECT s::text FROM sgr_soundcloud_status() AS s");
    let failing = submit(&mut client, &mock);
    assert_eq!(one::<String>(&mut client, &format!("SELECT sgr_job_wait({failing}, '60 s')")), "failed");
    std::fs::write(&wrong, format!("client_secret={SECRET}\nwhat is {SECRET}\n")).unwrap();
    seen += &one::<String>(&mut client, "SELECT s::text FROM sgr_soundcloud_status() AS s");
    let refused = client
        .batch_execute(&format!(r#"SELECT sgr_submit('ingest_crawl', '{{"url": "{}"}}')"#, mock.track_url()))
        .unwrap_err();
    seen += &format!("{refused:?}");

    let tables = client
        .query(
            "SELECT c.oid::regclass::text, c.relnamespace = 'sgr'::regnamespace FROM pg_class AS c
             WHERE c.relkind IN ('r', 'v', 'm') AND c.relnamespace IN ('sgr'::regnamespace, 'pg_catalog'::regnamespace)",
            &[],
        )
        .unwrap();
    for table in tables {
        let (table, is_ours): (String, bool) = (table.get(0), table.get(1));
        // Some of the server's own views cannot be read just so.
        match client.query_one(&format!("SELECT string_agg(t::text, ' ') FROM {table} AS t"), &[]) {
            Ok(row) => seen += &row.get::<_, Option<String>>(0).unwrap_or_default(),
            Err(error) => assert!(!is_ours, "{table}: {error:?}"),
        }
    }
    let dump = server.program("pg_dumpall").output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    seen += &String::from_utf8_lossy(&dump.stdout);
    seen += &server.log();
    // The search itself finds what is there.
    assert!(
        seen.contains("soundcloud_usage")
            && seen.contains("ingest_crawl")
            && seen.contains("client_id=***client-id***")
    );
    let base64 = "bW9jay1jbGllbnQtaWQ6bW9jay1jbGllbnQtc2VjcmV0";
    for secret in [SECRET, "mock-client-id", "mock-access", "mock-refresh", base64] {
        if let Some(at) = seen.find(secret) {
            let from = seen[..at].char_indices().rev().nth(200).map_or(0, |(at, _)| at);
            panic!("{secret} is in: {}", &seen[from..at]);
        }
    }
}
