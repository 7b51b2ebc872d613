//! Full and incremental co-occurrence equal a plain SQL self-join, on random catalogues.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sgr_server_tests::Database;
use sgr_server_tests::database::sqlstate;
use sgr_server_tests::sample::{Edit, Sample, parameters};
use sgr_server_tests::tell;
use sgr_server_tests::truth::Parameters;
use std::cell::{Cell, RefCell};
use std::time::Instant;

/// Random catalogues that are counted in full, and that are edited and counted incrementally.
const FULL: u32 = 300;
const INCREMENTAL: u32 = 150;

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, max_shrink_iters: 400, failure_persistence: None, ..Config::default() })
}

/// Nothing may differ.
fn none(what: &str, differences: Vec<String>) -> Result<(), TestCaseError> {
    if differences.is_empty() {
        Ok(())
    } else {
        Err(TestCaseError::fail(format!("{what}:\n{}", differences.join("\n"))))
    }
}

fn edit(client: &mut Client, edits: &[Edit]) {
    for edit in edits {
        let sql = edit.sql();
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

const MEASURES: &[&str] = &["cosine", "together", "jaccard", "lift", "weighted_cosine"];

#[test]
fn full_refresh_equals_the_sql_self_join() {
    let database = Database::create("full");
    let client = RefCell::new(database.connect());
    let (started, pairs) = (Instant::now(), Cell::new(0));
    let result = runner(FULL).run(&(Sample::strategy(), parameters(MEASURES, true)), |(sample, parameters)| {
        let client = &mut *client.borrow_mut();
        sample.load(client);
        let row = parameters.refresh(client, "full");
        pairs.set(pairs.get() + row.get::<_, i64>("pairs_written"));
        parameters.compute_truth(client);
        none("a full refresh differs from the self-join", parameters.differences_of_full(client))
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    tell!("{FULL} catalogues, {} pairs listed, {:.1} s", pairs.get(), started.elapsed().as_secs_f64());
}

/// Rounds of edits, each followed by an incremental refresh.
fn rounds(edits: impl Strategy<Value = Edit>) -> impl Strategy<Value = Vec<Vec<Edit>>> {
    vec(vec(edits, 0..6), 1..6)
}

/// Ranked by "together", each incremental refresh leaves what a full one would.
fn incremental_equals_full(name: &str, edits: impl Strategy<Value = Edit>, adapt: impl Fn(Parameters) -> Parameters) {
    let database = Database::create(name);
    let client = RefCell::new(database.connect());
    let (started, done) = (Instant::now(), Cell::new(0));
    let input = (Sample::strategy(), parameters(&["together"], false).prop_map(adapt), rounds(edits));
    let result = runner(INCREMENTAL).run(&input, |(sample, parameters, rounds)| {
        let client = &mut *client.borrow_mut();
        sample.load(client);
        parameters.refresh(client, "full");
        for (number, edits) in (1..).zip(rounds) {
            edit(client, &edits);
            parameters.refresh(client, "incremental");
            done.set(done.get() + 1);
            none(&format!("after round {number}"), parameters.differences_from_full(client))?;
            parameters.compute_truth(client);
            none(&format!("truth of round {number}"), parameters.differences_of_full(client))?;
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    tell!("{} incremental refreshes, {:.1} s", done.get(), started.elapsed().as_secs_f64());
}

#[test]
fn incremental_refresh_by_together_equals_a_full_one_row_for_row() {
    incremental_equals_full("incremental", Edit::strategy(), |parameters| parameters);
}

/// Playlists turn public and private, and their rows come and go: what is private leaves no trace in the counts.
#[test]
fn incremental_refresh_of_public_playlists_equals_a_full_one_row_for_row() {
    incremental_equals_full("public", Edit::strategy_of_publicity(), |parameters| Parameters {
        basket: "playlist",
        public_only: true,
        ..parameters
    });
}

#[test]
fn incremental_refresh_by_other_measures_keeps_every_listed_score_exact() {
    let database = Database::create("scores");
    let client = RefCell::new(database.connect());
    let (started, done) = (Instant::now(), Cell::new(0));
    let input = (Sample::strategy(), parameters(&["cosine", "jaccard", "lift"], false), rounds(Edit::strategy()));
    let result = runner(INCREMENTAL).run(&input, |(sample, parameters, rounds)| {
        let client = &mut *client.borrow_mut();
        sample.load(client);
        parameters.refresh(client, "full");
        for (number, edits) in (1..).zip(rounds) {
            edit(client, &edits);
            parameters.refresh(client, "incremental");
            done.set(done.get() + 1);
            parameters.compute_truth(client);
            none(&format!("items of round {number}"), parameters.differences_of_items(client))?;
            none(&format!("scores of round {number}"), parameters.differences_of_scores(client))?;
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    tell!("{} incremental refreshes, {:.1} s", done.get(), started.elapsed().as_secs_f64());
}

/// `sgr_related` reads the same lists, and the features keep the same counts.
#[test]
fn related_tracks_and_features_follow_incremental_refreshes() {
    let database = Database::create("related");
    let client = RefCell::new(database.connect());
    let result = runner(INCREMENTAL / 4).run(&(Sample::strategy(), rounds(Edit::strategy())), |(sample, rounds)| {
        let client = &mut *client.borrow_mut();
        sample.load(client);
        client.batch_execute("SELECT sgr_cooccur_refresh(top_k => NULL, max_basket_len => NULL)").unwrap();
        for edits in rounds {
            edit(client, &edits);
            let refresh = "SELECT sgr_cooccur_refresh(top_k => NULL, max_basket_len => NULL, mode => 'incremental')";
            client.batch_execute(refresh).unwrap();
            for (kind, basket) in [(1, "playlist"), (2, "like")] {
                let sql = format!(
                    "SELECT format('%s: %s', p, r) FROM (
                         SELECT item_id_a AS a, item_id_b AS b, together::bigint, cosine, jaccard, lift
                         FROM sgr.cooccurrence_pairs WHERE kind = {kind}) p
                     FULL JOIN (SELECT c.item_id AS a, r.track_id AS b, r.together, r.cosine, r.jaccard, r.lift
                                FROM sgr.cooccurrence c
                                CROSS JOIN LATERAL sgr_related(c.item_id, 1000, basket => '{basket}') r
                                WHERE c.kind = {kind}) r USING (a, b)
                     WHERE p.together IS DISTINCT FROM r.together OR (abs(p.cosine - r.cosine) < 1e-12) IS NOT TRUE
                        OR (abs(p.jaccard - r.jaccard) < 1e-12) IS NOT TRUE OR (abs(p.lift - r.lift) < 1e-9) IS NOT TRUE
                     UNION ALL
                     SELECT format('features of %s: %s, should be %s', item_id, f, c.baskets)
                     FROM (SELECT * FROM sgr.cooccurrence WHERE kind = {kind}) c
                     FULL JOIN (SELECT track_id AS item_id, {basket}s AS n FROM sgr.track_features
                                WHERE {basket}s > 0) f USING (item_id)
                     WHERE f.n IS DISTINCT FROM c.baskets LIMIT 10"
                );
                let rows = client.query(&sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
                none(basket, rows.iter().map(|row| row.get(0)).collect())?;
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// What is noted of an item's count must not outlive the item.
#[test]
fn an_item_that_left_all_baskets_and_came_back_has_its_new_count() {
    let database = Database::create("back");
    let client = &mut database.connect();
    let parameters = Parameters::all_pairs("playlist", "track");
    client
        .batch_execute(
            "INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position)
             VALUES (1, 10, 1), (1, 20, 2), (2, 10, 1), (2, 30, 2), (3, 10, 1), (3, 40, 2), (4, 50, 1), (4, 60, 2)",
        )
        .unwrap();
    parameters.refresh(client, "full");
    for sql in [
        "DELETE FROM sgr.playlist_tracks WHERE playlist_id = 3",
        "DELETE FROM sgr.playlist_tracks WHERE playlist_id IN (1, 2)",
        "INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) VALUES (1, 10, 1), (1, 20, 2)",
    ] {
        client.batch_execute(sql).unwrap();
        parameters.refresh(client, "incremental");
        parameters.compute_truth(client);
        assert_eq!(parameters.differences_of_full(client), [""; 0], "after {sql}");
        assert_eq!(parameters.differences_from_full(client), [""; 0], "after {sql}");
    }
}

/// Rows are stored as narrow as their numbers allow; here they grow out of it.
#[test]
fn counts_that_outgrow_16_bits_stay_exact() {
    let database = Database::create("wide");
    let client = &mut database.connect();
    for rank_by in ["together", "cosine"] {
        let parameters = Parameters { rank_by, max_basket_len: Some(10), ..Parameters::all_pairs("playlist", "track") };
        client
            .batch_execute(
                "TRUNCATE sgr.playlist_tracks;
                 INSERT INTO sgr.playlist_tracks SELECT p, t, t FROM generate_series(1, 32766) p, generate_series(1, 2) t;
                 INSERT INTO sgr.playlist_tracks SELECT p, 2 + p % 2, 3 FROM generate_series(1, 32766) p WHERE p % 3 = 0;
                 INSERT INTO sgr.playlist_tracks VALUES (100001, 2, 1), (100001, 7, 2), (100002, 7, 1), (100002, 8, 2)",
            )
            .unwrap();
        parameters.refresh(client, "full");
        for (round, last) in [(1, 1), (2, 4), (3, 2)] {
            let first = 200_000 + 10 * round;
            client
                .batch_execute(&format!(
                    "INSERT INTO sgr.playlist_tracks
                     SELECT p, t, t FROM generate_series({first}, {first} + {last}) p, generate_series(1, 2) t;
                     DELETE FROM sgr.playlist_tracks WHERE playlist_id = {round}"
                ))
                .unwrap();
            parameters.refresh(client, "incremental");
            parameters.compute_truth(client);
            assert_eq!(parameters.differences_of_items(client), [""; 0], "{rank_by}, round {round}");
            assert_eq!(parameters.differences_of_scores(client), [""; 0], "{rank_by}, round {round}");
            if rank_by == "together" {
                assert_eq!(parameters.differences_from_full(client), [""; 0], "round {round}");
            }
        }
        parameters.refresh(client, "full");
        assert_eq!(parameters.differences_of_full(client), [""; 0], "{rank_by}");
    }
}

/// The comparisons above would be worth nothing if they overlooked errors.
#[test]
fn the_comparison_sees_every_kind_of_error() {
    let database = Database::create("tampered");
    let client = &mut database.connect();
    client.batch_execute("SELECT sgr_demo_load(200, 80, 50, 1)").unwrap();
    let parameters = Parameters { max_basket_len: Some(50), ..Parameters::all_pairs("playlist", "track") };
    parameters.refresh(client, "full");
    parameters.compute_truth(client);
    assert_eq!(parameters.differences_of_full(client), [""; 0]);
    let one_row = "kind = 1 AND item_id = (SELECT item_id FROM sgr.cooccurrence
                                           WHERE kind = 1 AND together[1] <> together[2] ORDER BY item_id LIMIT 1)";
    for set in [
        "neighbours = neighbours[2:2] || neighbours[1:1] || neighbours[3:], together = together[2:2] || together[1:1]
         || together[3:], neighbour_baskets = neighbour_baskets[2:2] || neighbour_baskets[1:1] || neighbour_baskets[3:]",
        "together[1] = together[1] + 1",
        "neighbour_baskets[2] = neighbour_baskets[2] + 1",
        "baskets = baskets + 1",
        "neighbours = neighbours[2:], together = together[2:], neighbour_baskets = neighbour_baskets[2:]",
    ] {
        client.batch_execute(&format!("BEGIN; UPDATE sgr.cooccurrence_lists SET {set} WHERE {one_row}")).unwrap();
        assert!(!parameters.differences_of_full(client).is_empty(), "overlooked: {set}");
        client.batch_execute("ROLLBACK").unwrap();
    }
    for sql in [
        "UPDATE sgr.cooccurrence_state SET total_baskets = total_baskets + 1",
        "DELETE FROM sgr.cooccurrence_lists WHERE kind = 1 AND item_id % 50 = 1",
        "INSERT INTO sgr.cooccurrence_drift SELECT kind, item_id, baskets + 1 FROM sgr.cooccurrence WHERE item_id % 50 = 1",
    ] {
        client.batch_execute(sql).unwrap();
        assert!(!parameters.differences_of_full(client).is_empty(), "overlooked: {sql}");
        assert!(!parameters.differences_from_full(client).is_empty(), "overlooked in the rows: {sql}");
        parameters.refresh(client, "full");
        assert_eq!(parameters.differences_of_full(client), [""; 0]);
    }
}

#[test]
fn incremental_refresh_is_refused_where_it_cannot_be_exact() {
    let database = Database::create("refused");
    let client = &mut database.connect();
    client
        .batch_execute("INSERT INTO sgr.playlist_tracks VALUES (1, 10, 1), (1, 20, 2), (2, 10, 1), (2, 30, 2)")
        .unwrap();
    let refresh = |arguments: &str| format!("SELECT sgr_cooccur_refresh('playlist', 'track'{arguments})");
    assert_eq!(sqlstate(client, &refresh(", mode => 'incremental'")), "55000", "before the first refresh");
    client.batch_execute(&refresh("")).unwrap();
    assert_eq!(sqlstate(client, &refresh(", mode => 'incremental', top_k => 5")), "55000", "other parameters");
    client.batch_execute(&refresh(", since => '2020-01-01'")).unwrap();
    assert_eq!(sqlstate(client, &refresh(", mode => 'incremental', since => '2020-01-01'")), "55000", "since");
    client.batch_execute(&refresh(", rank_by => 'weighted_cosine'")).unwrap();
    client.batch_execute("DELETE FROM sgr.playlist_tracks WHERE playlist_id = 2").unwrap();
    assert_eq!(sqlstate(client, &refresh(", rank_by => 'weighted_cosine', mode => 'incremental'")), "55000");
    client.batch_execute(&refresh("")).unwrap();
    client.batch_execute("TRUNCATE sgr.playlist_tracks").unwrap();
    assert_eq!(sqlstate(client, &refresh(", mode => 'incremental'")), "55000", "everything changed");
    client.batch_execute(&refresh("")).unwrap();
    let many =
        "INSERT INTO sgr.playlist_tracks SELECT p, t, t FROM generate_series(1, 10001) p, generate_series(1, 2) t";
    client.batch_execute(many).unwrap();
    assert_eq!(sqlstate(client, &refresh(", mode => 'incremental'")), "55000", "more than is noted one by one");
    assert_eq!(sqlstate(client, &refresh(", mode => 'sometimes'")), "22023");
}
