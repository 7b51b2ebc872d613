//! What a dump takes along: the catalogue and the settings, not what a refresh rebuilds.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::Database;
use sgr_server_tests::database::{one, server};
use std::process::Stdio;

const KEPT: [&str; 21] = [
    "artists",
    "users",
    "tracks",
    "track_artists",
    "playlists",
    "playlist_tracks",
    "interactions",
    "follows",
    "signal_weights",
    "raw_documents",
    "quarantine",
    "tag_aliases",
    "known_artist_names",
    "check_limits",
    "entities",
    "triple_sources",
    "triples",
    "eval_splits",
    "eval_rows",
    "models",
    "model_arrays",
];
/// Kept in part: what a user set, imported or mapped.
const KEPT_IN_PART: [&str; 4] = ["sources", "graphs", "relations", "entity_aliases"];
/// Embeddings: `kge.rs` has a dump with some.
const MODELS: [&str; 3] = ["entity_embeddings", "relation_embeddings", "model_states"];
/// Filled by CREATE EXTENSION itself.
const SHIPPED: [&str; 5] = ["source_columns", "signal_defaults", "tag_alias_defaults", "check_defaults", "tasks"];

/// Every table that is neither the user's nor shipped.
fn derived(client: &mut Client) -> Vec<String> {
    let rows = client
        .query("SELECT relname::text FROM pg_class WHERE relnamespace = 'sgr'::regnamespace AND relkind = 'r'", &[]);
    let names = rows.unwrap().iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>();
    names
        .into_iter()
        .filter(|name| ![&KEPT[..], &SHIPPED, &KEPT_IN_PART, &MODELS].concat().contains(&name.as_str()))
        .collect()
}

fn rows(client: &mut Client, table: &str) -> i64 {
    one(client, &format!("SELECT count(*) FROM sgr.{table}"))
}

/// The same for the same rows, in whatever order. The number of the refresh or
/// transaction that wrote a row is left out.
fn checksum(client: &mut Client, table: &str) -> Option<String> {
    let sql = format!(
        "SELECT md5(string_agg(md5(r), '' ORDER BY md5(r)))
         FROM (SELECT (to_jsonb(t) - 'generation' - 'loaded_by')::text AS r FROM sgr.{table} t) rows"
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
             SELECT sgr_import('{\"kind\":\"track\",\"id\":9000002,\"title\":\"Duet (feat. Ada)\",\"user\":{\"id\":9000003}}'), sgr_import('broken');
             INSERT INTO sgr.tag_aliases VALUES ('a', 'b');
             INSERT INTO sgr.known_artist_names VALUES ('Salt & Pepper');
             INSERT INTO sgr.check_limits VALUES ('missing_genre', 0.5, 0.9);
             CREATE TABLE app.facts AS SELECT 'a' AS head, 'knows' AS relation, 'b' AS tail;
             SELECT sgr_triples_import(relation => 'app.facts', graph => 'facts');
             SELECT sgr_build_kg();
             SELECT sgr_alias_set('artist', '2', '1');
             SELECT sgr_eval_split('likes', repeats => 2);
             SELECT sgr_train('ials', 'likes', 'ials of likes', '{\"dim\": 8}'), sgr_train('item_knn');
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
    for table in ["sources", "graphs", "relations"] {
        assert_eq!(checksum(client, table), checksum(other, table), "{table}");
    }
    assert_eq!(one::<String>(other, "SELECT string_agg(alias_key, ',') FROM sgr.entity_aliases"), "2");
    // Loading the rows notes them as changed; that is not derived from anything dumped.
    for table in derived.iter().filter(|table| !["cooccurrence_changes", "graph_changes"].contains(&table.as_str())) {
        assert_eq!(rows(other, table), 0, "{table} is not empty");
    }
    let error = other.query("SELECT * FROM sgr_recommend(1)", &[]).unwrap_err();
    assert_eq!(error.code().map(postgres::error::SqlState::code), Some("55000"), "{error:?}");

    let asked =
        "SELECT string_agg(concat_ws(' ', u, sgr_predict(u, t, 'item_knn'), sgr_predict(u, t, 'ials of likes')), ',' ORDER BY u, t)
         FROM generate_series(1, 40) AS u, generate_series(1, 5) AS t
         WHERE EXISTS (SELECT FROM sgr.interactions AS i WHERE i.user_id = u)";
    assert_eq!(one::<String>(client, asked), one::<String>(other, asked), "scores of restored recommenders");

    for database in [&mut *client, &mut *other] {
        database.batch_execute("SELECT sgr_build_kg()").unwrap();
    }
    for table in ["tracks", "artists", "entity_aliases", "credits"] {
        let sql = format!(
            "SELECT md5(string_agg(r, '' ORDER BY r)) FROM (SELECT (to_jsonb(t) - 'decided_at')::text AS r FROM sgr.{table} t) s"
        );
        assert_eq!(one::<String>(client, &sql), one::<String>(other, &sql), "{table} after building again");
    }
    let triples = "SELECT md5(string_agg(concat_ws(' ', head, relation, tail, weight), ',' ORDER BY head, relation, tail)) FROM sgr.triples";
    assert_eq!(one::<String>(client, triples), one::<String>(other, triples));

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
