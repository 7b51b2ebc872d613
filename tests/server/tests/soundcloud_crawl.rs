//! Crawls of the mock through SQL: the rows equal its catalogue, nothing is asked twice, rates and budgets are kept, cancels
//! come through, and what is refused says why.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::database::{one, sqlstate, until};
use sgr_server_tests::soundcloud::{Line, Mock, Size, differences};
use sgr_server_tests::{Database, tell};
use std::time::{Duration, Instant};

/// What is asked for of cancels.
const WANTED: Duration = Duration::from_secs(1);
/// What fails a test: machines that run tests are busy.
const BOUND: Duration = Duration::from_secs(5);

const SMALL: Size = Size { tracks: 120, playlists: 40, users: 25 };

/// Everything that there is.
const EVERYTHING: &str =
    r#""depth": 100, "max_tracks": 1000000, "max_playlists": 1000000, "max_users": 1000000, "max_requests": 1000000"#;

fn mock(options: &[&str]) -> Mock {
    Mock::start(&std::env::var("SGR_SERVER_DATA").unwrap(), SMALL, options)
}

fn crawl(client: &mut Client, mock: &Mock, further: &str) -> i64 {
    let comma = if further.is_empty() { "" } else { ", " };
    let args = format!(r#"{{"url": "{}"{comma}{further}}}"#, mock.track_url());
    one(client, &format!("SELECT sgr_submit('ingest_crawl', '{args}')"))
}

fn wait(client: &mut Client, job: i64) -> String {
    one(client, &format!("SELECT sgr_job_wait({job}, '120 s')"))
}

fn succeeded(client: &mut Client, job: i64) {
    let state = wait(client, job);
    let said: String = one(
        client,
        &format!(
            "SELECT concat_ws(' ', sqlstate, error, detail, hint, message) FROM sgr.job_status WHERE job_id = {job}"
        ),
    );
    assert_eq!(state, "succeeded", "{said}");
}

fn result(client: &mut Client, job: i64, name: &str) -> i64 {
    one(client, &format!("SELECT (result #>> '{{0,{name}}}')::bigint FROM sgr.jobs WHERE job_id = {job}"))
}

fn running(client: &mut Client, job: i64, condition: &str) {
    until(
        client,
        &format!("SELECT state = 'running' AND ({condition}) IS TRUE FROM sgr.job_status WHERE job_id = {job}"),
    );
}

#[test]
fn with_all_hazards_on_the_rows_equal_the_catalogue_and_nothing_is_asked_for_twice() {
    // A rate limit whose time is over is met with the short pause of a failure.
    let mock = mock(&["--hazards", "all", "--page-size", "10", "--rate-limit", "0"]);
    let database = Database::create("soundcloud_all");
    let mut client = database.connect();
    mock.tell_truth(&mut client);
    mock.configure(&mut client, &[("timeout", "1s")]);
    let mut client = database.connect();
    let started = Instant::now();
    let job = crawl(&mut client, &mock, EVERYTHING);
    succeeded(&mut client, job);
    tell!("{} requests in {:.1} s", mock.log().len(), started.elapsed().as_secs_f64());

    assert_eq!(differences(&mut client), Vec::<String>::new());
    let tracks: i64 = one(&mut client, "SELECT count(*) FROM sgr.tracks");
    assert!(tracks > 100, "{tracks}");
    assert_eq!(result(&mut client, job, "tracks"), tracks);
    let answered = mock.answered();
    assert!(answered.values().all(|times| *times == 1), "{answered:?}");
    let log = mock.log();
    for hazard in ["rate limit", "expired token", "server error", "half body", "wrong type", "stall"] {
        assert!(log.iter().any(|line| line.fate == hazard), "{hazard} never struck");
    }
    assert!(one::<bool>(&mut client, "SELECT count(DISTINCT source) = count(*) FROM sgr.raw_documents"));
    // The day's budget counts every request, repeated attempts and tokens included.
    let used: i32 = one(&mut client, "SELECT sum(requests)::integer FROM sgr.soundcloud_usage");
    assert_eq!(used as usize, log.len());

    // Once more: what is young enough is taken from what is stored; the page of the start has no document.
    let before = log.len();
    let job = crawl(&mut client, &mock, EVERYTHING);
    succeeded(&mut client, job);
    let again: Vec<Line> = mock.log().split_off(before);
    // A refused cursor has none either.
    let without = |line: &Line| line.target.starts_with("/resolve") || line.target.contains("cursor=10&");
    assert!(again.iter().all(|line| line.method == "POST" || without(line)), "{again:?}");
    client
        .batch_execute(
            "DELETE FROM sgr.raw_documents WHERE document_id IN
                 (SELECT document_id FROM sgr.raw_documents WHERE source LIKE '%/favoriters?%' ORDER BY 1 LIMIT 3)",
        )
        .unwrap();
    let before = mock.log().len();
    let job = crawl(&mut client, &mock, EVERYTHING);
    succeeded(&mut client, job);
    let again = mock.log().split_off(before);
    let fetched = again.iter().filter(|line| line.fate == "answered" && line.target.contains("/favoriters?")).count();
    assert_eq!(fetched, 3, "{again:?}");
    assert_eq!(differences(&mut client), Vec::<String>::new());
}

#[test]
fn a_search_brings_what_it_finds_and_a_start_that_is_not_there_is_an_error() {
    let mock = mock(&["--hazards", "drift,stubs,short_pages", "--page-size", "10"]);
    let database = Database::create("soundcloud_search");
    let mut client = database.connect();
    mock.tell_truth(&mut client);
    mock.configure(&mut client, &[]);
    let mut client = database.connect();
    let genre: String =
        one(&mut client, "SELECT truth.trimmed(genre) FROM truth.tracks WHERE genre IS NOT NULL LIMIT 1");
    let job: i64 =
        one(&mut client, &format!(r#"SELECT sgr_submit('ingest_search', '{{"genres": ["{genre}"], "limit": 1000}}')"#));
    succeeded(&mut client, job);
    let same: bool = one(
        &mut client,
        &format!(
            "SELECT array_agg(track_id ORDER BY track_id) =
                 (SELECT array_agg(track_id ORDER BY track_id) FROM truth.tracks WHERE lower(truth.trimmed(genre)) = lower('{genre}'))
             FROM sgr.tracks"
        ),
    );
    assert!(same);

    let job: i64 = one(&mut client, r#"SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:999999"}')"#);
    assert_eq!(wait(&mut client, job), "failed");
    let error: String =
        one(&mut client, &format!("SELECT sqlstate || ' ' || error FROM sgr.jobs WHERE job_id = {job}"));
    assert!(error.starts_with("42704 the start of the crawl, soundcloud:tracks:999999, cannot be had: 404"), "{error}");
}

/// In any span of time, however short, no more requests than the bucket gives; they may be late by a moment.
fn assert_polite(log: &[Line], rate: f64, burst: f64) {
    const LATE: f64 = 0.25;
    for (first, from) in log.iter().enumerate() {
        for (last, to) in log.iter().enumerate().skip(first) {
            let seconds = (to.at - from.at) as f64 / 1e6;
            let allowed = burst + rate * (seconds + LATE);
            assert!((last - first + 1) as f64 <= allowed, "{} requests in {seconds:.3} s", last - first + 1);
        }
    }
}

/// No request came before the end that any limit before it had named.
fn assert_limits_kept(log: &[Line]) -> usize {
    let mut reset = 0;
    for line in log {
        assert!(line.at >= reset, "{line:?} came {} us before a limit ended", reset - line.at);
        reset = reset.max(line.reset.unwrap_or(0));
    }
    log.iter().filter(|line| line.reset.is_some()).count()
}

#[test]
fn a_rate_limit_holds_across_a_cancel_and_a_retry_and_for_the_status_too() {
    let mock = mock(&["--hazards", "rate_limits", "--page-size", "10", "--rate-limit", "4"]);
    let database = Database::create("soundcloud_hold");
    mock.configure(&mut database.connect(), &[]);
    let mut client = database.connect();
    let job = crawl(&mut client, &mock, r#""depth": 1, "max_requests": 40"#);
    // A limit that names its end, not one of those without.
    running(&mut client, job, "message LIKE '%waits%rate limit \"%'");
    client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
    assert_eq!(wait(&mut client, job), "cancelled");
    let sent = mock.log().len();
    let status = client.query_one("SELECT * FROM sgr_soundcloud_status()", &[]).unwrap();
    assert_eq!(status.get::<_, Option<bool>>("work"), None);
    assert!(status.get::<_, String>("detail").contains("a rate limit or repeated failures forbid"), "{status:?}");
    assert_eq!(mock.log().len(), sent);
    client.batch_execute(&format!("SELECT sgr_job_retry({job})")).unwrap();
    running(&mut client, job, "message LIKE '%waits%that an earlier crawl met'");
    while mock.log().len() == sent {
        assert_eq!(one::<String>(&mut client, &format!("SELECT state FROM sgr.jobs WHERE job_id = {job}")), "running");
        std::thread::sleep(Duration::from_millis(10));
    }
    client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
    assert_eq!(wait(&mut client, job), "cancelled");
    assert!(assert_limits_kept(&mock.log()) > 0);
}

#[test]
fn crawls_of_two_databases_keep_to_one_rate_and_come_back_when_a_rate_limit_says() {
    let mock = mock(&["--hazards", "rate_limits", "--page-size", "10", "--rate-limit", "1"]);
    let database = Database::create("soundcloud_rate");
    let second = Database::create_beside("soundcloud_rate_too", &database.config());
    second.connect().batch_execute("CREATE EXTENSION sgr_graph").unwrap();
    // The burst is more than what may be late, so a crawl that began with a full bucket would be found out.
    let (rate, burst) = (2.0, 4.0);
    let mut jobs = Vec::new();
    for database in [&database, &second] {
        mock.configure(&mut database.connect(), &[("rate", "2"), ("burst", "4")]);
        let mut client = database.connect();
        let job = crawl(&mut client, &mock, r#""depth": 1, "max_requests": 12"#);
        jobs.push((client, job));
    }
    // A successor that comes at once: it does not know what was sent a moment ago.
    let (client, job) = &mut jobs[0];
    until(client, &format!("SELECT coalesce(rows_done, 0) > 2 FROM sgr.job_status WHERE job_id = {job}"));
    client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
    assert_eq!(wait(client, *job), "cancelled");
    client.batch_execute(&format!("SELECT sgr_job_retry({job})")).unwrap();
    for (client, job) in &mut jobs {
        succeeded(client, *job);
    }
    let log = mock.log();
    assert!(log.len() > 20, "{}", log.len());
    assert_polite(&log, rate, burst);
    // Nothing is sent while a limit holds, whichever call met it.
    assert!(assert_limits_kept(&log) > 0, "no limit named its end");
    let tokens = log.iter().filter(|line| line.method == "POST").count();
    assert!((2..=3).contains(&tokens), "{tokens}: one for each process that crawls");
}

#[test]
fn a_crawl_is_cancelled_in_each_phase_within_a_second_and_goes_on_afterwards() {
    let database = Database::create("soundcloud_cancel");
    // The hazard that strikes once, the settings, and how to tell that the worker is in the phase.
    let phases = [
        ("waiting for an answer", "stall", [("timeout", "600s"), ("burst", "1")], "true"),
        ("waiting for its turn", "none", [("rate", "0.01"), ("burst", "1")], "message LIKE '%waits%for its turn'"),
        (
            "waiting for a rate limit to end",
            "rate_limits",
            [("timeout", "60s"), ("burst", "1")],
            "message LIKE '%waits%rate limit%'",
        ),
        (
            "waiting for the next day",
            "none",
            [("daily_requests", "5"), ("burst", "1")],
            "message LIKE '%waits%for the next day%'",
        ),
    ];
    for (what, hazards, settings, condition) in phases {
        let mock = mock(&["--hazards", hazards, "--page-size", "10", "--rate-limit", "1000"]);
        mock.configure(&mut database.connect(), &settings);
        let mut client = database.connect();
        let job = crawl(&mut client, &mock, r#""depth": 1, "max_requests": 12, "refresh_after": null"#);
        running(&mut client, job, condition);
        if hazards == "stall" {
            stalled(&mock);
        }
        let idle: bool = one(
            &mut client,
            &format!(
                "SELECT a.backend_xmin IS NULL AND a.backend_xid IS NULL AND a.xact_start IS NULL
                 FROM sgr.jobs AS j JOIN pg_stat_activity AS a USING (pid) WHERE j.job_id = {job}"
            ),
        );
        assert!(idle, "{what}: the worker holds a transaction");
        let asked = Instant::now();
        client.batch_execute(&format!("SELECT sgr_job_cancel({job})")).unwrap();
        assert_eq!(wait(&mut client, job), "cancelled");
        said(&format!("{what}, cancelled"), asked.elapsed());
        // What was stored is not asked for again.
        if hazards == "stall" {
            client.batch_execute(&format!("SELECT sgr_job_retry({job})")).unwrap();
            succeeded(&mut client, job);
            let answered = mock.answered();
            assert!(answered.values().all(|times| *times == 1), "{answered:?}");
            assert_eq!(result(&mut client, job, "requests"), 12);
        }
        reset(&mut client, &database);
    }
}

#[test]
fn a_crawl_waits_for_another_of_the_same_application_and_can_be_cancelled_there() {
    let database = Database::create("soundcloud_turn");
    let mock = mock(&["--hazards", "stall", "--page-size", "10"]);
    mock.configure(&mut database.connect(), &[("timeout", "600s")]);
    let mut client = database.connect();
    let first = crawl(&mut client, &mock, r#""depth": 0"#);
    running(&mut client, first, "true");
    stalled(&mock);
    let second = crawl(&mut client, &mock, r#""depth": 0, "max_requests": 3"#);
    running(&mut client, second, "phase = 'waiting for another crawl'");
    let status = client.query_one("SELECT * FROM sgr_soundcloud_status()", &[]).unwrap();
    assert_eq!(status.get::<_, Option<bool>>("work"), None);
    assert!(status.get::<_, String>("detail").contains("just now"));
    let asked = Instant::now();
    client.batch_execute(&format!("SELECT sgr_job_cancel({second})")).unwrap();
    assert_eq!(wait(&mut client, second), "cancelled");
    said("waiting for another crawl, cancelled", asked.elapsed());
    client.batch_execute(&format!("SELECT sgr_job_cancel({first})")).unwrap();
    assert_eq!(wait(&mut client, first), "cancelled");
    client.batch_execute(&format!("SELECT sgr_job_retry({second})")).unwrap();
    succeeded(&mut client, second);
}

fn stalled(mock: &Mock) {
    let started = Instant::now();
    while !mock.log().iter().any(|line| line.fate == "stall") {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing stalled");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn said(what: &str, took: Duration) {
    tell!("{what}: {} ms{}", took.as_millis(), if took > WANTED { ", late" } else { "" });
    assert!(took < BOUND, "{what} took {took:?}");
}

fn reset(client: &mut Client, database: &Database) {
    let name = database.name();
    client
        .batch_execute(&format!("ALTER DATABASE {name} RESET ALL; DELETE FROM sgr.raw_documents; DELETE FROM sgr.jobs"))
        .unwrap();
}

#[test]
fn credentials_are_kept_like_a_key_and_their_state_is_told_without_them() {
    let data = std::env::var("SGR_SERVER_DATA").unwrap();
    let mock = mock(&["--hazards", "none"]);
    let database = Database::create("soundcloud_status");
    mock.configure(&mut database.connect(), &[]);
    let mut client = database.connect();
    let status = |client: &mut Client| {
        let row = client.query_one("SELECT * FROM sgr_soundcloud_status()", &[]).unwrap();
        let (credentials, work): (Option<String>, Option<bool>) = (row.get("credentials"), row.get("work"));
        (credentials, work, row.get::<_, String>("detail"), row.get::<_, i64>("requests_today"))
    };
    let file = Some("file".to_owned());
    assert_eq!(status(&mut client), (file.clone(), Some(true), "a token was given".to_owned(), 1));

    let wrong = mock.write_credentials("wrong", "not-the-secret-83");
    mock.chown("wrong", &data);
    client.batch_execute(&format!("SET sgr_graph.soundcloud_credentials_file = '{wrong}'")).unwrap();
    let (credentials, work, detail, _) = status(&mut client);
    assert_eq!((credentials, work), (file, Some(false)));
    assert!(detail.contains("401") && !detail.contains("not-the-secret"), "{detail}");
    // The session's settings go with its jobs.
    let job = crawl(&mut client, &mock, "");
    assert_eq!(wait(&mut client, job), "failed");
    let sqlstate_of_job: String = one(&mut client, &format!("SELECT sqlstate FROM sgr.jobs WHERE job_id = {job}"));
    assert_eq!(sqlstate_of_job, "28000");

    let open = std::process::Command::new("chmod").args(["0644", &wrong]).status().unwrap();
    assert!(open.success());
    let (credentials, work, detail, _) = status(&mut client);
    assert_eq!((credentials, work), (None, None));
    assert!(detail.contains("not kept like a private key"), "{detail}");
    let submit = format!(r#"SELECT sgr_submit('ingest_crawl', '{{"url": "{}"}}')"#, mock.track_url());
    assert_eq!(sqlstate(&mut client, &submit), "F0000");
    client.batch_execute("SET sgr_graph.soundcloud_credentials_file = '/nowhere/at/all'").unwrap();
    assert_eq!(sqlstate(&mut client, &submit), "58P01");
    client.batch_execute("SET sgr_graph.soundcloud_credentials_file = ''").unwrap();
    assert_eq!(sqlstate(&mut client, &submit), "55000");

    // A role that is no superuser neither sees the file nor says where requests go, nor has the server ask.
    let role = format!("{}_role", database.name());
    client.batch_execute(&format!("CREATE ROLE {role}; SET ROLE {role}")).unwrap();
    assert_eq!(sqlstate(&mut client, "SHOW sgr_graph.soundcloud_credentials_file"), "42501");
    assert_eq!(sqlstate(&mut client, "SET sgr_graph.soundcloud_api_url = 'http://127.0.0.1:1/'"), "42501");
    assert_eq!(sqlstate(&mut client, "SELECT sgr_soundcloud_status()"), "42501");
    assert_eq!(sqlstate(&mut client, &submit), "42501");
    client.batch_execute(&format!("RESET ROLE; DROP ROLE {role}")).unwrap();
}

/// Every right that a crawl needs, as `docs/SOUNDCLOUD.md` has them.
const RIGHTS: [(&str, &[&str]); 14] = [
    ("raw_documents", &["SELECT", "INSERT", "UPDATE"]),
    ("soundcloud_usage", &["SELECT", "INSERT", "UPDATE"]),
    ("quarantine", &["SELECT", "INSERT", "DELETE"]),
    ("runs", &["SELECT", "INSERT"]),
    ("stage_state", &["SELECT", "INSERT", "UPDATE"]),
    ("artists", &["SELECT", "INSERT", "UPDATE"]),
    ("users", &["SELECT", "INSERT", "UPDATE"]),
    ("tracks", &["SELECT", "INSERT", "UPDATE"]),
    ("playlists", &["SELECT", "INSERT", "UPDATE"]),
    ("playlist_tracks", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("interactions", &["SELECT", "INSERT", "UPDATE"]),
    ("follows", &["SELECT", "INSERT"]),
    ("cooccurrence_changes", &["INSERT"]),
    ("graph_changes", &["SELECT", "INSERT", "DELETE"]),
];

#[test]
fn a_role_with_the_rights_that_are_checked_crawls_to_the_end_and_without_any_of_them_it_does_not_begin() {
    let mock = mock(&["--hazards", "all", "--page-size", "10", "--rate-limit", "0"]);
    let database = Database::create("soundcloud_rights");
    let mut client = database.connect();
    mock.tell_truth(&mut client);
    mock.configure(&mut client, &[("timeout", "1s")]);
    let mut client = database.connect();
    let role = format!("{}_crawler", database.name());
    client.batch_execute(&format!("CREATE ROLE {role}")).unwrap();
    for (table, rights) in RIGHTS {
        client.batch_execute(&format!("GRANT {} ON sgr.{table} TO {role}", rights.join(", "))).unwrap();
    }
    let mut tried = 0;
    for (table, rights) in RIGHTS {
        for right in rights {
            // What everybody has cannot be taken from one.
            client.batch_execute(&format!("REVOKE {right} ON sgr.{table} FROM {role}")).unwrap();
            let has_it: bool =
                one(&mut client, &format!("SELECT has_table_privilege('{role}', 'sgr.{table}', '{right}')"));
            client.batch_execute(&format!("SET ROLE {role}")).unwrap();
            if !has_it {
                let error = client
                    .batch_execute(r#"SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1"}')"#)
                    .unwrap_err();
                let error = error.as_db_error().unwrap();
                assert_eq!(error.code().code(), "42501", "{right} on {table}: {error:?}");
                assert_eq!(error.message(), format!("permission denied for table {table}"), "{right}");
                assert_eq!(error.detail(), Some(format!("the role lacks {right}").as_str()), "{table}");
                tried += 1;
            }
            client.batch_execute(&format!("RESET ROLE; GRANT {right} ON sgr.{table} TO {role}")).unwrap();
        }
    }
    assert!(tried >= 30, "{tried} rights could be taken away");
    assert!(mock.log().is_empty());
    // Twice, so that rows are changed and pages are cleaned again.
    client.batch_execute(&format!("SET ROLE {role}")).unwrap();
    for further in ["", r#", "refresh_after": null"#] {
        let job = crawl(&mut client, &mock, &format!("{EVERYTHING}{further}"));
        succeeded(&mut client, job);
    }
    client.batch_execute("RESET ROLE").unwrap();
    assert_eq!(differences(&mut client), Vec::<String>::new());
    assert_eq!(one::<i64>(&mut client, "SELECT count(*) FROM sgr.crawl_things"), 0);
    client.batch_execute(&format!("DROP OWNED BY {role}; DELETE FROM sgr.jobs; DROP ROLE {role}")).unwrap();
}

#[test]
fn requests_stay_out_of_networks_that_no_setting_names() {
    let mock = mock(&["--hazards", "none"]);
    let database = Database::create("soundcloud_inside");
    mock.configure(&mut database.connect(), &[]);
    let mut client = database.connect();
    for (setting, value) in [
        ("api_url", "ftp://api.soundcloud.com/"),
        ("api_url", "https://me:pass@api.soundcloud.com/"),
        ("token_url", "nonsense"),
        ("proxy", "http://me:pass@proxy:3128"),
        ("proxy", "a b"),
        ("user_agent", "caf\u{e9}"),
        ("ca_file", "relative.pem"),
    ] {
        client.batch_execute(&format!("SET sgr_graph.soundcloud_{setting} = '{value}'")).unwrap();
        let error =
            client.batch_execute(r#"SELECT sgr_submit('ingest_crawl', '{"urn": "soundcloud:tracks:1"}')"#).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "22023", "{setting} = {value}: {error:?}");
        assert!(error.message().contains(&format!("sgr_graph.soundcloud_{setting}")), "{error:?}");
        assert!(!format!("{error:?}").contains("pass@"), "{error:?}");
        client.batch_execute(&format!("RESET sgr_graph.soundcloud_{setting}")).unwrap();
    }
    // A name that leads to this machine is no address that was meant.
    let inside = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    let name = inside
        .lines()
        .filter(|line| line.starts_with("127.") || line.starts_with("::1"))
        .flat_map(|line| line.split_whitespace().skip(1))
        .find(|name| *name != "localhost");
    if let Some(name) = name {
        client.batch_execute(&format!("SET sgr_graph.soundcloud_token_url = 'http://{name}:9/oauth/token'")).unwrap();
        let detail: String = one(&mut client, "SELECT detail FROM sgr_soundcloud_status()");
        assert!(detail.contains("not a public one"), "{detail}");
    }
    assert!(mock.log().is_empty());
}

#[test]
fn the_service_must_have_a_certificate_that_is_trusted_and_that_is_its_own() {
    let (mock, certificate) = Mock::start_tls(&std::env::var("SGR_SERVER_DATA").unwrap(), SMALL);
    assert!(mock.urls().iter().all(|url| url.starts_with("https://localhost:")), "{:?}", mock.urls());
    let database = Database::create("soundcloud_tls");
    let [api, token] = mock.urls().map(|url| url.replace("localhost", "127.0.0.1"));
    let trusted = ("ca_file", certificate.as_str());
    for (settings, is_refused) in
        [(vec![], true), (vec![trusted, ("api_url", &api), ("token_url", &token)], true), (vec![trusted], false)]
    {
        let mut client = database.connect();
        mock.configure(&mut client, &[]);
        mock.configure(&mut client, &settings);
        let mut client = database.connect();
        let sent = mock.log().len();
        let job = crawl(&mut client, &mock, r#""depth": 0, "max_requests": 5"#);
        let state = wait(&mut client, job);
        let told: String = one(
            &mut client,
            &format!("SELECT concat_ws(' ', error, detail, message, result) FROM sgr.jobs WHERE job_id = {job}"),
        );
        if is_refused {
            assert!(
                state == "failed" && told.contains("the certificate of the server is not accepted"),
                "{state}: {told}"
            );
            assert_eq!(mock.log().len(), sent, "nothing is asked of a server that is not trusted");
        } else {
            assert!(state == "succeeded" && mock.log().len() > sent + 3, "{state}: {told}");
        }
    }
}
