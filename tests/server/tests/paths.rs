//! Rows of edges that follow the triples, paths under row-level security, hubs, cancels and limits.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::catalogue::load_freemusi_cc;
use sgr_server_tests::database::{one, sqlstate};
use sgr_server_tests::{Database, data, tell};

/// Everything that sgr.adjacency says of the catalogue's graph, in one number.
const ROWS: &str = "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(concat_ws('|', a.entity_id, a.kind,
        a.relations, a.edges, a.neighbours, a.wide_neighbours, a.weights), 0)::numeric), 0)
    FROM sgr.adjacency AS a JOIN sgr.adjacency_state AS s ON s.generation = a.generation WHERE s.graph_id = 0";

/// Something that a user of the catalogue does.
fn edit(client: &mut Client, rng: &mut Xoshiro256PlusPlus) {
    let (track, playlist, user) = (rng.random_range(1..=330), rng.random_range(1..=160), rng.random_range(1..=80));
    let statements = [
        format!("DELETE FROM sgr.playlist_tracks WHERE playlist_id = {playlist} AND position % 3 = 0"),
        format!("DELETE FROM sgr.playlists WHERE playlist_id = {playlist}"),
        format!("DELETE FROM sgr.playlist_tracks WHERE playlist_id = {playlist}"),
        format!(
            "INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position)
             VALUES ({playlist}, {track}, 1000 + {track}) ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO sgr.interactions (user_id, track_id, kind) VALUES ({user}, {track}, 'like') ON CONFLICT DO NOTHING"
        ),
        format!("DELETE FROM sgr.interactions WHERE user_id = {user}"),
        format!(
            "UPDATE sgr.tracks SET tags = tags || '{{tag {user}}}', genre = 'Genre {}' WHERE track_id = {track}",
            user % 5
        ),
        format!("DELETE FROM sgr.tracks WHERE track_id = {track}"),
        format!("UPDATE sgr.tracks SET artist_id = {user} WHERE track_id = {track}"),
        format!(
            "INSERT INTO sgr.tracks (track_id, title, artist_id) VALUES ({track}, 'New', {user}) ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO sgr.follows (user_id, followed_id) VALUES ({user}, {}) ON CONFLICT DO NOTHING",
            user % 7 + 1
        ),
    ];
    client.batch_execute(statements.choose(rng).unwrap()).unwrap();
}

#[test]
fn rows_follow_the_triples_edit_by_edit() {
    let database = Database::create("adjacency");
    let client = &mut database.connect();
    client
        .batch_execute("SELECT sgr_demo_load(300, 150, 80, 3); SELECT sgr_cooccur_refresh(); SELECT sgr_build_kg()")
        .unwrap();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let mut partly = 0;
    for round in 0..60 {
        for _ in 0..rng.random_range(1..4) {
            edit(client, &mut rng);
        }
        if round % 10 == 9 {
            client.batch_execute("SELECT sgr_cooccur_refresh()").unwrap();
        }
        let before: String = one(client, "SELECT generation::text FROM sgr.adjacency_state WHERE graph_id = 0");
        client.batch_execute("SELECT sgr_triples_refresh()").unwrap();
        let after: String = one(client, "SELECT generation::text FROM sgr.adjacency_state WHERE graph_id = 0");
        partly += usize::from(before == after);
        let updated: String = one(client, ROWS);
        client.batch_execute("BEGIN; SELECT sgr_adjacency_refresh()").unwrap();
        let rewritten: String = one(client, ROWS);
        client.batch_execute("ROLLBACK").unwrap();
        assert_eq!(updated, rewritten, "round {round}");
    }
    assert!(partly >= 30, "only {partly} of 60 refreshes wrote single rows");
}

/// (cost, path) of the best paths, as the present role sees them.
fn paths(client: &mut Client, a: i64, b: i64) -> Vec<(String, String)> {
    let sql = "SELECT round(cost::numeric, 9)::text, path FROM sgr_paths($1::bigint, $2::bigint, k => 8, max_hops => 4) ORDER BY rank, path";
    client.query(sql, &[&a, &b]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn a_role_sees_what_it_would_see_if_the_private_playlists_had_never_been() {
    let database = Database::create("paths_rls");
    let (client, guest) = (&mut database.connect(), &mut database.connect());
    let role = format!("sgr_guest_{}", std::process::id());
    client
        .batch_execute(&format!(
            "SELECT sgr_demo_load(300, 150, 80, 3);
             UPDATE sgr.playlists SET is_public = playlist_id % 3 <> 0, title = CASE WHEN playlist_id % 3 = 0
                 THEN 'Private ' || playlist_id ELSE 'Public ' || playlist_id END;
             SELECT sgr_cooccur_refresh();
             SELECT sgr_triples_refresh(co_occurs_limit => 0, similar_taste_limit => 0);
             CREATE ROLE {role};
             GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO {role};
             ALTER TABLE sgr.playlists ENABLE ROW LEVEL SECURITY;
             CREATE POLICY public_ones ON sgr.playlists USING (is_public)"
        ))
        .unwrap();
    guest.batch_execute(&format!("SET ROLE {role}")).unwrap();
    let pairs: Vec<(i64, i64)> =
        (0..150).map(|n| (1 + n * 7 % 300, 1 + (n * 13 + 5) % 300)).filter(|p| p.0 != p.1).collect();
    let seen: Vec<_> = pairs.iter().map(|&(a, b)| paths(guest, a, b)).collect();
    let private: usize =
        pairs.iter().map(|&(a, b)| paths(client, a, b).iter().filter(|p| p.1.contains("Private")).count()).sum();
    assert!(private > 100, "{private}: the private playlists matter");
    client
        .batch_execute(
            "DELETE FROM sgr.playlist_tracks WHERE playlist_id % 3 = 0;
             DELETE FROM sgr.playlists WHERE playlist_id % 3 = 0;
             SELECT sgr_cooccur_refresh();
             SELECT sgr_triples_refresh(co_occurs_limit => 0, similar_taste_limit => 0)",
        )
        .unwrap();
    for (&(a, b), seen) in pairs.iter().zip(&seen) {
        let without = paths(client, a, b);
        let costs = |paths: &[(String, String)]| paths.iter().map(|path| path.0.clone()).collect::<Vec<_>>();
        // Of several paths that cost the same, which one is the last among the best depends on numbers of entities.
        assert_eq!(costs(seen), costs(&without), "tracks {a} and {b}");
        assert!(seen.iter().all(|path| !path.1.contains("Private")), "{seen:?}");
    }
    client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[test]
fn hubs_of_a_million_edges_cancels_and_limits() {
    let database = Database::create("hubs");
    let (mut client, notices) = database.connect_with_notices();
    let client = &mut client;
    client
        .batch_execute(
            "CREATE TABLE star AS SELECT 'n' || n AS head, 'in'::text AS relation, 'hub'::text AS tail
                 FROM generate_series(1, 1000000) AS n
                 UNION ALL SELECT 'n' || n, 'near', 'n' || n % 300 + 1 FROM generate_series(1, 2000) AS n
                 UNION ALL SELECT 'n1', 'near', 'stranger';
             SELECT sgr_triples_import(relation => 'star', graph => 'star')",
        )
        .unwrap();
    // Through the hub, because there is no other way; and around it.
    let path: String = one(client, "SELECT path FROM sgr_paths('n500000', 'n600000', 1, graph => 'star')");
    assert_eq!(path, "n500000 → in → hub → in → n600000");
    let hops: i32 = one(client, "SELECT hops FROM sgr_paths('n1000000', 'hub', 1, graph => 'star')");
    assert_eq!(hops, 1);
    let cost: f64 = one(client, "SELECT cost FROM sgr_paths('n500000', 'n600000', 1, graph => 'star')");
    assert!((cost - (2.0 + 1e6_f64.ln())).abs() < 1e-9);
    let several: i64 = one(client, "SELECT count(*) FROM sgr_paths('n400000', 'stranger', 5, graph => 'star')");
    assert!(several > 1);
    let drawn: i32 =
        one(client, "SELECT jsonb_array_length(sgr_graph('hub', 1, 50, graph => 'star')->'elements'->'nodes')");
    assert_eq!(drawn, 50);

    // A search that may look at everything, for more paths than there are: cancelled, or stopped by its limits.
    let long = "SELECT count(*) FROM sgr_paths('n400000', 'stranger', 1000, max_hops => 16, graph => 'star')";
    client.batch_execute("SET sgr_graph.path_edges = 2147483647; SET statement_timeout = '300ms'").unwrap();
    assert_eq!(sqlstate(client, long), "57014");
    client.batch_execute("SET statement_timeout = 0; SET sgr_graph.path_time = '200ms'").unwrap();
    let found: i64 = one(client, long);
    assert!(found < 1000);
    assert!(notices.texts().iter().any(|text| text.contains("gave up")), "{:?}", notices.texts());
    client.batch_execute("RESET sgr_graph.path_time; SET sgr_graph.path_edges = 1000").unwrap();
    let _: i64 = one(client, long);
    assert!(notices.texts().iter().filter(|text| text.contains("gave up")).count() >= 2);
}

#[test]
fn caches_of_any_size_and_read_only_transactions_give_the_same_answers() {
    let database = Database::create("paths_cache");
    let client = &mut database.connect();
    client
        .batch_execute("SELECT sgr_demo_load(500, 200, 100, 4); SELECT sgr_cooccur_refresh(); SELECT sgr_build_kg()")
        .unwrap();
    let all =
        |client: &mut Client| -> Vec<Vec<(String, String)>> { (1..40).map(|n| paths(client, n, 500 - n)).collect() };
    let expected = all(client);
    for setting in ["0", "1MB", "64MB"] {
        client.batch_execute(&format!("SET sgr_graph.graph_cache = '{setting}'")).unwrap();
        assert_eq!(all(client), expected, "{setting}");
    }
    client.batch_execute("BEGIN READ ONLY").unwrap();
    assert_eq!(all(client), expected);
    let id: Option<i64> = one(client, "SELECT pg_current_xact_id_if_assigned()::text::bigint");
    assert_eq!(id, None, "a search assigns no transaction id");
    client.batch_execute("COMMIT").unwrap();
    // Another session's refresh is seen at once.
    let mut other = database.connect();
    other.batch_execute("DELETE FROM sgr.playlist_tracks WHERE playlist_id % 2 = 0; SELECT sgr_build_kg()").unwrap();
    let after = all(client);
    assert_ne!(after, expected);
    assert_eq!(after, all(&mut other));
}

#[test]
fn artists_of_freemusi_cc_who_share_a_label_or_a_compilation() {
    let Some(folder) = data::folder("freemusicc") else { return };
    let database = Database::create("paths_freemusicc");
    let client = &mut database.connect();
    load_freemusi_cc(client, &folder);
    client.batch_execute("SELECT sgr_build_kg()").unwrap();
    // Pairs of artists with tracks on one compilation, or on one label. Names of several artists are no entities.
    client
        .batch_execute(
            "CREATE TEMP TABLE made AS SELECT t.track_id, t.label, t.artist_id FROM sgr.tracks t
             WHERE EXISTS (SELECT FROM sgr.entities e WHERE e.graph_id = 0 AND e.kind = 'artist' AND e.key = t.artist_id::text)",
        )
        .unwrap();
    let pairs = client
        .query(
            "(SELECT DISTINCT ON (e.playlist_id) 'artist:' || least(t.artist_id, u.artist_id), 'artist:' || greatest(t.artist_id, u.artist_id)
              FROM sgr.playlist_tracks e JOIN made t USING (track_id)
              JOIN sgr.playlist_tracks f ON f.playlist_id = e.playlist_id JOIN made u ON u.track_id = f.track_id
              WHERE t.artist_id < u.artist_id AND (SELECT count(*) FROM sgr.playlist_tracks g WHERE g.playlist_id = e.playlist_id) BETWEEN 10 AND 25
              ORDER BY e.playlist_id, 1, 2 LIMIT 60)
             UNION ALL
             (SELECT DISTINCT ON (t.label) 'artist:' || t.artist_id, 'artist:' || u.artist_id
              FROM made t JOIN made u ON u.label = t.label AND u.artist_id > t.artist_id
              ORDER BY t.label, 1, 2 LIMIT 60)",
            &[],
        )
        .unwrap();
    assert!(pairs.len() > 40);
    for (n, row) in pairs.iter().enumerate() {
        let (a, b): (String, String) = (row.get(0), row.get(1));
        let found = client.query("SELECT hops, path FROM sgr_paths($1, $2, 1)", &[&a, &b]).unwrap();
        let found = found.first().unwrap_or_else(|| panic!("no path between {a} and {b}"));
        assert!(found.get::<_, i32>(0) <= 4, "{a} and {b} share a release or a label: {}", found.get::<_, String>(1));
        if n % 8 == 0 {
            tell!("    {}", found.get::<_, String>(1));
        }
    }
}
