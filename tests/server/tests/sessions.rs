//! Sessions that live on while the extension, its sources or their rights change; and what readers may do.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::Database;
use sgr_server_tests::database::{connect_to, one, sqlstate};
use sgr_server_tests::truth::checksum;

/// Every reading function once, in this session.
const READERS: [&str; 8] = [
    "SELECT count(*) FROM sgr_recommend(1)",
    "SELECT count(*) FROM sgr_recommend_user(1)",
    "SELECT count(*) FROM sgr_related(1)",
    "SELECT count(*) FROM sgr_similar_tags(1)",
    "SELECT count(*) FROM sgr_related_artists(1)",
    "SELECT count(*) FROM sgr_similar_users(1)",
    "SELECT length(sgr_unveil(1))::bigint",
    "SELECT count(*) FROM jsonb_object_keys(sgr_profile(1))",
];

fn read_everything(client: &mut Client) -> Vec<i64> {
    READERS.iter().map(|sql| one(client, sql)).collect()
}

#[test]
fn the_extension_is_dropped_and_made_again_under_a_live_session() {
    let database = Database::create("again");
    let client = &mut database.connect();
    let load = "SELECT sgr_demo_load(400, 200, 100, 5); SELECT sgr_cooccur_refresh()";
    client.batch_execute(load).unwrap();
    let first = read_everything(client);
    assert!(first.iter().all(|&n| n > 0), "{first:?}");
    let prepared = client.prepare("SELECT track_id FROM sgr_recommend($1::bigint, 5)").unwrap();
    client.query(&prepared, &[&1_i64]).unwrap();
    for round in 0..3 {
        // By the session itself and by another one.
        if round == 1 {
            database
                .connect()
                .batch_execute("DROP EXTENSION sgr_graph CASCADE; DROP SCHEMA IF EXISTS sgr CASCADE")
                .unwrap();
        } else {
            client.batch_execute("DROP EXTENSION sgr_graph CASCADE; DROP SCHEMA IF EXISTS sgr CASCADE").unwrap();
        }
        assert_eq!(sqlstate(client, "SELECT sgr_recommend(1)"), "42883");
        client.batch_execute("CREATE EXTENSION sgr_graph").unwrap();
        assert_eq!(sqlstate(client, "SELECT sgr_recommend(1)"), "55000", "nothing counted yet");
        client.batch_execute(load).unwrap();
        assert_eq!(read_everything(client), first, "round {round}");
        assert_eq!(client.query(&prepared, &[&1_i64]).unwrap().len(), 5, "the client's own prepared statement");
        client.batch_execute("DELETE FROM sgr.playlist_tracks WHERE playlist_id = 5").unwrap();
        client.batch_execute("SELECT sgr_cooccur_refresh(mode => 'incremental')").unwrap();
    }
}

#[test]
fn a_source_that_is_set_is_read_at_once_by_other_sessions() {
    let database = Database::create("sources");
    let (one_session, other) = (&mut database.connect(), &mut database.connect());
    one_session
        .batch_execute(
            "SELECT sgr_demo_load(300, 100, 50, 1);
             SELECT sgr_cooccur_refresh();
             CREATE TABLE my_tracks AS SELECT track_id::int, 'mine ' || track_id AS title, artist_id FROM sgr.tracks;",
        )
        .unwrap();
    let title = "SELECT title FROM sgr_recommend(1, 1)";
    for _ in 0..3 {
        let before: Option<String> = one(other, title);
        assert!(!before.unwrap_or_default().starts_with("mine "));
        one_session.batch_execute("SELECT sgr_source_set('tracks', 'my_tracks')").unwrap();
        let after: String = one(other, title);
        assert!(after.starts_with("mine "), "{after}");
        let unveiled: String = one(other, "SELECT sgr_unveil(1)");
        assert!(unveiled.contains("mine 1"), "{unveiled}");
        one_session.batch_execute("SELECT sgr_source_set('tracks')").unwrap();
    }
    // A refresh with prepared plans of the old source counts the new one.
    let mode = "SELECT sgr_cooccur_refresh('playlist', 'track')";
    other.batch_execute(mode).unwrap();
    one_session
        .batch_execute(
            "CREATE TABLE my_entries (playlist_id int, track_id int);
             INSERT INTO my_entries VALUES (1, 1), (1, 2), (2, 1), (2, 2);
             SELECT sgr_source_set('playlist_tracks', 'my_entries')",
        )
        .unwrap();
    other.batch_execute(mode).unwrap();
    assert_eq!(one::<i64>(other, "SELECT count(*) FROM sgr.cooccurrence WHERE kind = 1"), 2);
    // Touched baskets are counted incrementally.
    one_session.batch_execute("INSERT INTO my_entries VALUES (2, 3); SELECT sgr_cooccur_touch('{2}')").unwrap();
    let refresh = "SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', mode => 'incremental')";
    assert_eq!(one::<String>(other, refresh), "incremental");
    assert_eq!(one::<i64>(other, "SELECT count(*) FROM sgr.cooccurrence WHERE kind = 1"), 3);
}

#[test]
fn a_refusal_over_the_memory_limit_leaves_the_old_result() {
    let database = Database::create("memory");
    let client = &mut database.connect();
    client.batch_execute("SELECT sgr_demo_load(20000, 8000, 2000, 1); SELECT sgr_cooccur_refresh()").unwrap();
    let before = checksum(client);
    let entries: i64 = one(client, "SELECT count(*) FROM sgr.playlist_tracks");
    client.batch_execute("SET sgr_graph.memory_limit = '1MB'").unwrap();
    let error = client.batch_execute("SELECT sgr_cooccur_refresh(mode => 'full')").unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.code().code(), "53000", "{error:?}");
    let (detail, hint) = (error.detail().unwrap_or_default(), error.hint().unwrap_or_default());
    assert!(detail.contains("MB needed") && hint.contains("sgr_graph.memory_limit"), "{error:?}");
    assert_eq!(checksum(client), before);
    assert_eq!(sqlstate(client, "SELECT sgr_demo_load(20000, 8000, 2000, 1, replace => true)"), "53000");
    assert_eq!(one::<i64>(client, "SELECT count(*) FROM sgr.playlist_tracks"), entries);
    client.batch_execute("RESET sgr_graph.memory_limit; SELECT sgr_cooccur_refresh(mode => 'full')").unwrap();
    assert_eq!(checksum(client), before, "the same rows, the same result");
}

#[test]
fn a_role_without_rights_changes_nothing() {
    let database = Database::create("rights");
    let admin = &mut database.connect();
    let role = format!("{}_role", database.name());
    admin
        .batch_execute(&format!(
            "SELECT sgr_demo_load(300, 100, 50, 1); SELECT sgr_cooccur_refresh(); CREATE ROLE {role} LOGIN"
        ))
        .unwrap();
    let before = checksum(admin);
    let mut config = database.config();
    config.user(&role);
    let mut user = connect_to(&config);
    for sql in [
        "SELECT sgr_cooccur_refresh()",
        "SELECT sgr_cooccur_refresh(mode => 'incremental')",
        "SELECT sgr_cooccur_estimate()",
        "SELECT sgr_cooccur_touch('{1}')",
        "SELECT sgr_demo_load(replace => true)",
        "SELECT sgr_source_set('tracks', 'pg_class')",
        "SELECT sgr_signal_set('tags', 1)",
        "SELECT * FROM sgr_recommend(1)",
        "SELECT * FROM sgr_recommend_user(1)",
        "SELECT * FROM sgr_related(1)",
        "SELECT sgr_unveil(1)",
        "SELECT sgr_profile(1)",
        "SELECT * FROM sgr.track_stats",
        "SELECT * FROM sgr.tracks",
    ] {
        let code = sqlstate(&mut user, sql);
        // A relation that is refused for its columns is refused before any right is looked at.
        assert!(code == "42501" || (sql.contains("sgr_source_set") && code == "42703"), "{sql}: {code}");
    }
    // A reader of everything may read and not write.
    admin.batch_execute(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO {role}")).unwrap();
    assert!(read_everything(&mut user).iter().all(|&n| n > 0));
    for sql in [
        "SELECT sgr_cooccur_refresh(mode => 'full')",
        "SELECT sgr_demo_load(replace => true)",
        "SELECT sgr_signal_set('tags', 1)",
    ] {
        assert_eq!(sqlstate(&mut user, sql), "42501", "{sql}");
    }
    // Rights on some of the derived tables are not enough either: nothing is half done.
    admin.batch_execute(&format!("GRANT INSERT, DELETE ON sgr.cooccurrence_lists TO {role}")).unwrap();
    assert_eq!(sqlstate(&mut user, "SELECT sgr_cooccur_refresh(mode => 'full')"), "42501");
    assert_eq!(checksum(admin), before);
    // Rows that a policy hides from a role must not come back to it.
    admin
        .batch_execute(&format!(
            "ALTER TABLE sgr.tracks ENABLE ROW LEVEL SECURITY;
             CREATE POLICY only_low ON sgr.tracks FOR SELECT TO {role} USING (track_id <= 10)"
        ))
        .unwrap();
    assert_eq!(one::<i64>(&mut user, "SELECT count(*) FROM sgr.track_stats"), 10);
    let titles = "SELECT count(*) FROM sgr_recommend(1, 50) WHERE title IS NOT NULL AND track_id > 10";
    assert_eq!(one::<i64>(&mut user, titles), 0, "titles of hidden tracks");
    drop(user);
    admin.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[test]
fn readers_work_in_read_only_transactions_and_take_no_transaction_id() {
    let database = Database::create("read_only");
    let client = &mut database.connect();
    client.batch_execute("SELECT sgr_demo_load(300, 100, 50, 1); SELECT sgr_cooccur_refresh()").unwrap();
    // Drift too: readers overlay it.
    client
        .batch_execute(
            "DELETE FROM sgr.playlist_tracks WHERE playlist_id = 3; SELECT sgr_cooccur_refresh(mode => 'incremental')",
        )
        .unwrap();
    let writable = read_everything(client);
    client.batch_execute("BEGIN READ ONLY").unwrap();
    assert_eq!(read_everything(client), writable);
    client.batch_execute("COMMIT").unwrap();
    for sql in READERS {
        client.batch_execute("BEGIN").unwrap();
        client.query(sql, &[]).unwrap();
        let assigned: Option<String> = one(client, "SELECT pg_current_xact_id_if_assigned()::text");
        assert_eq!(assigned, None, "{sql} took a transaction id");
        client.batch_execute("COMMIT").unwrap();
    }
    for sql in
        ["SELECT sgr_cooccur_refresh()", "SELECT sgr_signal_set('tags', 1)", "SELECT sgr_demo_load(replace => true)"]
    {
        client.batch_execute("BEGIN READ ONLY").unwrap();
        assert_eq!(sqlstate(client, sql), "25006", "{sql}");
        client.batch_execute("ROLLBACK").unwrap();
    }
}
