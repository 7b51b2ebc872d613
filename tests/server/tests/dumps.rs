//! What a dump takes along: the catalogue and the settings, not what a refresh rebuilds.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::Database;
use sgr_server_tests::database::{one, server};
use std::process::Stdio;

const KEPT: [&str; 9] = [
    "artists",
    "users",
    "tracks",
    "track_artists",
    "playlists",
    "playlist_tracks",
    "interactions",
    "follows",
    "signal_weights",
];
/// Filled by CREATE EXTENSION itself.
const SHIPPED: [&str; 2] = ["source_columns", "signal_defaults"];

/// Every table that is neither the user's nor shipped.
fn derived(client: &mut Client) -> Vec<String> {
    let rows = client
        .query("SELECT relname::text FROM pg_class WHERE relnamespace = 'sgr'::regnamespace AND relkind = 'r'", &[]);
    let names = rows.unwrap().iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>();
    names.into_iter().filter(|name| ![&KEPT[..], &SHIPPED, &["sources"]].concat().contains(&name.as_str())).collect()
}

fn rows(client: &mut Client, table: &str) -> i64 {
    one(client, &format!("SELECT count(*) FROM sgr.{table}"))
}

/// The same for the same rows, in whatever order. The number of the refresh that wrote a row is left out.
fn checksum(client: &mut Client, table: &str) -> Option<String> {
    let sql = format!(
        "SELECT md5(string_agg(md5(r), '' ORDER BY md5(r)))
         FROM (SELECT (to_jsonb(t) - 'generation')::text AS r FROM sgr.{table} t) rows"
    );
    one(client, &sql)
}

#[test]
fn a_restored_dump_has_the_catalogue_and_the_settings_and_refreshes_to_the_same() {
    let database = Database::create("dumped");
    let client = &mut database.connect();
    client
        .batch_execute(
            "SELECT sgr_demo_load(600, 200, 150, 3);
             INSERT INTO sgr.tracks (track_id, title) VALUES (9000001, E'quoted \"title\" \\\\ with\\nnewline and 🎵');
             CREATE SCHEMA app;
             CREATE TABLE app.\"My Lists\" AS SELECT playlist_id, track_id FROM sgr.playlist_tracks WHERE playlist_id <= 150;
             SELECT sgr_source_set('playlist_tracks', 'app.\"My Lists\"');
             SELECT sgr_signal_set('tags', 0.5);
             SELECT sgr_signal_set('popularity', 0, 'quiet');
             SELECT sgr_cooccur_refresh();
             INSERT INTO sgr.interactions (user_id, track_id) VALUES (1, 9000001);",
        )
        .unwrap();
    let restored = Database::create_beside("restored", &server());
    let dump = std::env::temp_dir().join(format!("{}.sql", restored.name()));
    let status = database.program("pg_dump").arg("--file").arg(&dump).status().unwrap();
    assert!(status.success(), "pg_dump: {status}");
    let output = restored
        .program("psql")
        .args(["-X", "--quiet", "--set", "ON_ERROR_STOP=1", "--file"])
        .arg(&dump)
        .stdout(Stdio::null())
        .output()
        .unwrap();
    let text = std::fs::read_to_string(&dump).unwrap();
    std::fs::remove_file(&dump).unwrap();
    assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    let derived = derived(client);
    assert!(derived.iter().any(|table| table == "cooccurrence_lists"), "{derived:?}");
    for table in &derived {
        assert!(!text.contains(&format!("COPY sgr.{table} ")), "{table} is in the dump");
    }

    let other = &mut restored.connect();
    for table in KEPT {
        assert!(rows(client, table) > 0, "{table} has rows to lose");
        assert_eq!(checksum(client, table), checksum(other, table), "{table}");
    }
    assert_eq!(checksum(client, "sources"), checksum(other, "sources"));
    // Loading the rows notes them as changed; that is not derived from anything dumped.
    for table in derived.iter().filter(|table| *table != "cooccurrence_changes") {
        assert_eq!(rows(other, table), 0, "{table} is not empty");
    }
    let error = other.query("SELECT * FROM sgr_recommend(1)", &[]).unwrap_err();
    assert_eq!(error.code().map(postgres::error::SqlState::code), Some("55000"), "{error:?}");

    let refresh = "SELECT sgr_cooccur_refresh(mode => 'full')";
    client.batch_execute(refresh).unwrap();
    other.batch_execute(refresh).unwrap();
    for table in ["cooccurrence", "cooccurrence_baskets", "track_features", "user_features", "tag_index"] {
        assert!(rows(client, table) > 0, "{table}");
        assert_eq!(checksum(client, table), checksum(other, table), "{table}");
    }
    let lists =
        "SELECT string_agg(r::text, E'\\n') FROM generate_series(1, 40) s, sgr_recommend(s, 10, profile => 'quiet') r";
    assert_eq!(one::<String>(client, lists), one::<String>(other, lists));
}
