//! The knowledge graph from real data, documents from files of the server, and what goes wrong on the way.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::catalogue::{load_classic_rock, load_freemusi_cc};
use sgr_server_tests::database::{one, sqlstate};
use sgr_server_tests::files::Folder;
use sgr_server_tests::{Database, data, tell};
use std::time::Instant;

/// (stage, outcome, rows out) of a build.
fn build(client: &mut Client) -> Vec<(String, String, i64)> {
    let rows = client.query("SELECT stage, outcome, rows_out FROM sgr_build_kg()", &[]).unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// One text over all triples, to compare graphs by.
fn graph(client: &mut Client) -> String {
    one(
        client,
        "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(
             concat_ws('|', h.kind, h.key, x.relation, t.kind, t.key, x.weight, x.source), 0)::numeric), 0)
         FROM sgr.triples x JOIN sgr.entities h ON h.entity_id = x.head JOIN sgr.entities t ON t.entity_id = x.tail",
    )
}

/// Builds, builds again without a change, changes one playlist, and compares with a graph made anew.
fn build_twice_then_change(client: &mut Client, label: &str) {
    let started = Instant::now();
    let first = build(client);
    let seconds = started.elapsed().as_secs_f64();
    for stage in ["cooccurrence", "triples"] {
        assert!(first.iter().any(|(name, outcome, _)| name == stage && outcome == "changed"), "{stage}: {first:?}");
    }
    let before = graph(client);
    let second = build(client);
    for (stage, outcome, rows) in &second {
        if stage != "validate" {
            assert_eq!((outcome.as_str(), *rows), ("unchanged", 0), "{label}: {stage} of the second build");
        }
    }
    assert_eq!(graph(client), before);

    let playlist: i64 = one(client, "SELECT playlist_id FROM sgr.playlist_tracks ORDER BY random() LIMIT 1");
    client
        .execute("DELETE FROM sgr.playlist_tracks WHERE playlist_id = $1 AND position % 2 = 0", &[&playlist])
        .unwrap();
    let changed: Vec<(String, String)> = client
        .query("SELECT relation, mode FROM sgr_triples_refresh() WHERE mode <> 'unchanged'", &[])
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    assert_eq!(changed, [("in_playlist".to_owned(), "incremental".to_owned())], "{label}");
    build(client);
    let incremental = graph(client);
    let written: i64 =
        one(client, "SELECT sum(inserted + updated + deleted)::bigint FROM sgr_triples_refresh(mode => 'full')");
    assert_eq!(written, 0, "{label}: the incremental graph differs from a full one");
    assert_eq!(graph(client), incremental);
    let triples: i64 = one(client, "SELECT count(*) FROM sgr.triples");
    let aliases: i64 = one(client, "SELECT count(*) FROM sgr.entity_aliases");
    let credits: i64 = one(client, "SELECT count(*) FROM sgr.credits");
    tell!("{label}: {triples} triples, {aliases} aliases, {credits} credits, first build {seconds:.1} s");
}

#[test]
fn freemusi_cc_twice() {
    let Some(folder) = data::folder("freemusicc") else { return };
    let database = Database::create("kg_freemusicc");
    let client = &mut database.connect();
    load_freemusi_cc(client, &folder);
    build_twice_then_change(client, "freemusi.cc");
}

#[test]
fn classic_rock_twice() {
    let Some(folder) = data::folder("demo_classic_rock") else { return };
    let database = Database::create("kg_classic_rock");
    let client = &mut database.connect();
    load_classic_rock(client, &folder);
    build_twice_then_change(client, "classic rock");
}

/// Loaded and quarantined documents and objects, as sgr_clean() says: (found, rejected).
fn clean(client: &mut Client, what: &str) -> (i64, i64) {
    let row = client.query_one("SELECT found, rejected FROM sgr_clean_result WHERE what = $1", &[&what]).unwrap();
    (row.get(0), row.get(1))
}

#[test]
fn official_examples_are_loaded_or_quarantined() {
    let Some(folder) = data::folder("soundcloud") else { return };
    let database = Database::create("kg_openapi");
    let client = &mut database.connect();
    let (mut files, mut stored) = (0, 0);
    for part in ["openapi", "errors"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let body = std::fs::read_to_string(&path).unwrap();
                let row = client.query_one("SELECT * FROM sgr_import($1, $2)", &[&body, &path.to_str()]).unwrap();
                let counts: [i64; 3] = [row.get(0), row.get(1), row.get(2)];
                assert_eq!(counts.iter().sum::<i64>(), 1, "{}", path.display());
                files += 1;
                stored += counts[0];
            }
        }
    }
    client.batch_execute("CREATE TEMP TABLE sgr_clean_result AS SELECT * FROM sgr_clean()").unwrap();
    let (found, rejected) = clean(client, "documents");
    assert_eq!(found, stored);
    // Every document has either brought an object or a row of the quarantine that is about all of it or of its parts.
    let silent: i64 = one(
        client,
        "SELECT count(*) FROM sgr.raw_documents d WHERE kind IS NULL OR kind IN ('error', 'unknown')
         AND NOT EXISTS (SELECT FROM sgr.quarantine q WHERE q.document_id = d.document_id AND q.whole)",
    );
    assert_eq!(silent, 0);
    let tracks: i64 = one(client, "SELECT count(*) FROM sgr.tracks");
    assert!(tracks > 0 && rejected < found, "{tracks} tracks, {rejected} of {found} rejected");
    tell!(
        "openapi: {files} files, {found} documents, {} loaded, {rejected} rejected, {tracks} tracks",
        found - rejected
    );
}

#[test]
fn lines_of_a_file() {
    let database = Database::create("kg_lines");
    let client = &mut database.connect();
    let folder = Folder::create("kg_lines");
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let long =
        format!("{{\"kind\":\"track\",\"id\":8,\"title\":\"long\",\"description\":\"{}\"}}", "x".repeat(50 << 20));
    let mut bytes = b"\xEF\xBB\xBF{\"kind\":\"track\",\"id\":1,\"title\":\"first\"}\r\n\r\n".to_vec();
    bytes.extend_from_slice(b"{\"kind\":\"track\",\"id\":2,\"title\":\"broken\n");
    bytes.extend_from_slice(b"{\"kind\":\"track\",\"id\":3,\"title\":\"latin \xE9\"}\n");
    bytes.extend_from_slice(b"{\"kind\":\"track\",\"id\":4,\"title\":\"nul \0\"}\n");
    bytes.extend_from_slice(b"{\"kind\":\"track\",\"id\":5,\"title\":\"escaped \\u0000 nul\"}\n");
    bytes.extend_from_slice(deep.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(long.as_bytes());
    let path = folder.write("lines.jsonl", &bytes);
    let row = client.query_one("SELECT * FROM sgr_import_jsonl($1)", &[&path]).unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (4, 0, 3));
    let quarantined: String =
        one(client, "SELECT string_agg(line_number || ' ' || reason, ', ' ORDER BY line_number) FROM sgr.quarantine");
    assert_eq!(quarantined, "3 bad_json, 4 not_utf8, 5 nul_character");
    client.batch_execute("CREATE TEMP TABLE sgr_clean_result AS SELECT * FROM sgr_clean()").unwrap();
    assert_eq!(clean(client, "documents"), (4, 1));
    let titles: String = one(
        client,
        "SELECT string_agg(track_id || ' ' || coalesce(title, '?'), ', ' ORDER BY track_id) FROM sgr.tracks",
    );
    assert_eq!(titles, "1 first, 8 long");
    let reasons: String =
        one(client, "SELECT string_agg(reason, ', ' ORDER BY reason) FROM sgr.quarantine WHERE stage = 'clean'");
    assert_eq!(reasons, "nul_character, too_deep");

    // The same file again brings nothing; an empty one neither.
    let row = client.query_one("SELECT * FROM sgr_import_jsonl($1)", &[&path]).unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 4));
    let row = client.query_one("SELECT * FROM sgr_import_jsonl($1)", &[&folder.write("empty.jsonl", "")]).unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(2)), (0, 0));
    // One value over several lines is one document.
    let pretty = folder.write("pretty.json", "{\n  \"kind\": \"user\",\n  \"id\": 77,\n  \"username\": \"Ada\"\n}\n");
    let row = client.query_one("SELECT * FROM sgr_import_jsonl($1, 'pretty')", &[&pretty]).unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(2)), (1, 0));
    assert_eq!(sqlstate(client, "SELECT sgr_import_jsonl('/no/such/folder/file')"), "58P01");
}

#[test]
fn the_same_document_from_two_sessions() {
    let database = Database::create("kg_two_sessions");
    let (one_session, other) = (&mut database.connect(), &mut database.connect());
    let mut transaction = one_session.transaction().unwrap();
    transaction.execute("SELECT sgr_import('{\"kind\":\"track\",\"id\":1,\"title\":\"a\"}')", &[]).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let row = other
                .query_one("SELECT * FROM sgr_import('{\"kind\":\"track\",\"id\":1,\"title\":\"a\"}')", &[])
                .unwrap();
            (row.get::<_, i64>(0), row.get::<_, i64>(1))
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        transaction.commit().unwrap();
        assert_eq!(waiting.join().unwrap(), (0, 1));
    });
}

#[test]
fn documents_of_a_transaction_that_commits_later_are_not_missed() {
    let database = Database::create("kg_late_commit");
    let (early, late) = (&mut database.connect(), &mut database.connect());
    let mut transaction = late.transaction().unwrap();
    // Not by sgr_import, whose lock would make the sessions wait for each other: its number is taken, its row unseen.
    transaction.execute("SELECT pg_current_xact_id()", &[]).unwrap();
    early.execute("SELECT sgr_import('{\"kind\":\"track\",\"id\":1,\"title\":\"early\"}')", &[]).unwrap();
    early.execute("SELECT sgr_clean()", &[]).unwrap();
    transaction.execute("SELECT sgr_import('{\"kind\":\"track\",\"id\":2,\"title\":\"late\"}')", &[]).unwrap();
    transaction.commit().unwrap();
    early.execute("SELECT sgr_clean()", &[]).unwrap();
    assert_eq!(one::<i64>(early, "SELECT count(*) FROM sgr.tracks"), 2);
}
