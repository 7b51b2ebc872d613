//! Several sessions at once: refreshes, writers, readers.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_server_tests::Database;
use sgr_server_tests::database::one;
use sgr_server_tests::tell;
use sgr_server_tests::truth::{Parameters, checksum};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The kinds, each with every pair by "together", so that incremental equals full.
fn all_kinds() -> [Parameters; 4] {
    [("playlist", "track"), ("like", "track"), ("playlist", "artist"), ("like", "artist")].map(|(basket, item)| {
        Parameters { top_k: Some(60), max_basket_len: Some(80), ..Parameters::all_pairs(basket, item) }
    })
}

fn demo(database: &Database, tracks: i32, playlists: i32, users: i32) -> Client {
    let mut client = database.connect();
    client.batch_execute(&format!("SELECT sgr_demo_load({tracks}, {playlists}, {users}, 9)")).unwrap();
    client
}

#[test]
fn a_second_refresh_waits_says_so_and_ends_fine() {
    let database = Database::create("two_refreshes");
    let mut first = demo(&database, 2000, 800, 400);
    let refresh = "SELECT sgr_cooccur_refresh(mode => 'full')";
    first.batch_execute("BEGIN").unwrap();
    first.batch_execute(refresh).unwrap();
    let (mut second, notices) = database.connect_with_notices();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            second.batch_execute(refresh).unwrap();
            (started.elapsed(), second)
        });
        std::thread::sleep(Duration::from_millis(400));
        assert!(!waiting.is_finished(), "the second refresh must wait for the first");
        first.batch_execute("COMMIT").unwrap();
        let (elapsed, _second) = waiting.join().unwrap();
        assert!(elapsed >= Duration::from_millis(400));
    });
    let texts = notices.texts();
    assert!(texts.iter().any(|text| text.contains("another session refreshes")), "{texts:?}");
    // Both results are the same.
    let after = checksum(&mut first);
    first.batch_execute(refresh).unwrap();
    assert_eq!(checksum(&mut first), after);

    // A waiting refresh can be cancelled.
    first.batch_execute("BEGIN").unwrap();
    first.batch_execute(refresh).unwrap();
    let mut impatient = database.connect();
    impatient.batch_execute("SET statement_timeout = 200").unwrap();
    let started = Instant::now();
    let error = impatient.batch_execute(refresh).unwrap_err();
    assert_eq!(error.code().unwrap().code(), "57014");
    assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
    first.batch_execute("COMMIT").unwrap();
}

#[test]
fn refreshes_of_different_kinds_at_once_all_succeed() {
    let database = Database::create("different_kinds");
    let mut client = demo(&database, 1500, 600, 400);
    // From nothing, then full, then incremental over the same tracks.
    for round in 0..4 {
        if round >= 2 {
            client
                .batch_execute(&format!(
                    "DELETE FROM sgr.playlist_tracks WHERE playlist_id % 40 = {round};
                     DELETE FROM sgr.interactions WHERE user_id % 40 = {round}"
                ))
                .unwrap();
        }
        let mode = if round < 2 { "full" } else { "incremental" };
        std::thread::scope(|scope| {
            for parameters in all_kinds() {
                let mut session = database.connect();
                scope.spawn(move || parameters.refresh(&mut session, mode));
            }
        });
    }
    for parameters in all_kinds() {
        parameters.compute_truth(&mut client);
        assert_eq!(parameters.differences_of_full(&mut client), [""; 0]);
    }
    // The features are made anew by a refresh of everything, which finds that single kinds went ahead.
    client
        .batch_execute(
            "SELECT sgr_cooccur_refresh(top_k => 60, rank_by => 'together', max_basket_len => 80, mode => 'incremental')",
        )
        .unwrap();
    let stale: i64 = one(
        &mut client,
        "SELECT count(*) FROM sgr.track_features f
         LEFT JOIN sgr.cooccurrence p ON p.kind = 1 AND p.item_id = f.track_id
         LEFT JOIN sgr.cooccurrence l ON l.kind = 2 AND l.item_id = f.track_id
         WHERE f.playlists <> coalesce(p.baskets, 0) OR f.likes <> coalesce(l.baskets, 0)",
    );
    assert_eq!(stale, 0, "features that do not fit the counts");
}

#[test]
fn a_change_during_the_first_refresh_of_a_kind_is_not_forgotten_by_another_kind() {
    let database = Database::create("first_refresh");
    let (mut a, mut b) = (database.connect(), database.connect());
    a.batch_execute(
        "INSERT INTO sgr.tracks (track_id, artist_id) SELECT t, t FROM generate_series(1, 50) t;
         INSERT INTO sgr.playlist_tracks SELECT p, t, t FROM generate_series(1, 30) p, generate_series(1, 3) t",
    )
    .unwrap();
    let tracks = Parameters::all_pairs("playlist", "track");
    let artists = Parameters::all_pairs("playlist", "artist");
    tracks.refresh(&mut a, "full");
    a.batch_execute("BEGIN").unwrap();
    artists.refresh(&mut a, "full");
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            b.batch_execute("INSERT INTO sgr.playlist_tracks VALUES (1, 40, 40)").unwrap();
            tracks.refresh(&mut b, "incremental");
        });
        std::thread::sleep(Duration::from_millis(300));
        a.batch_execute("COMMIT").unwrap();
        other.join().unwrap();
    });
    for parameters in [tracks, artists] {
        parameters.refresh(&mut a, "incremental");
        parameters.compute_truth(&mut a);
        assert_eq!(parameters.differences_of_full(&mut a), [""; 0]);
    }
}

#[test]
fn changes_after_a_refresh_in_the_same_transaction_are_not_forgotten() {
    let database = Database::create("same_transaction");
    let (mut a, mut b) = (database.connect(), database.connect());
    a.batch_execute(
        "INSERT INTO sgr.playlist_tracks SELECT p, t, t FROM generate_series(1, 30) p, generate_series(1, 3) t",
    )
    .unwrap();
    let parameters = Parameters::all_pairs("playlist", "track");
    parameters.refresh(&mut a, "full");
    // Also within subtransactions, and with refreshes and changes taking turns.
    a.batch_execute("BEGIN; SELECT pg_current_xact_id()").unwrap();
    b.batch_execute("SELECT pg_current_xact_id()").unwrap();
    a.batch_execute("INSERT INTO sgr.playlist_tracks VALUES (1, 40, 40)").unwrap();
    parameters.refresh(&mut a, "incremental");
    a.batch_execute("INSERT INTO sgr.playlist_tracks VALUES (2, 41, 41); SAVEPOINT s").unwrap();
    a.batch_execute("INSERT INTO sgr.playlist_tracks VALUES (3, 42, 42); RELEASE s; SAVEPOINT t").unwrap();
    b.batch_execute("SELECT pg_current_xact_id()").unwrap();
    parameters.refresh(&mut a, "incremental");
    a.batch_execute("ROLLBACK TO t; DELETE FROM sgr.playlist_tracks WHERE playlist_id = 4; COMMIT").unwrap();
    parameters.refresh(&mut a, "incremental");
    parameters.compute_truth(&mut a);
    assert_eq!(parameters.differences_of_full(&mut a), [""; 0]);
    let left: i64 = one(&mut a, "SELECT count(*) FROM sgr.cooccurrence_changes");
    assert!(left == 0 || parameters.refresh(&mut a, "incremental").get::<_, &str>("mode") != "full");
}

/// Writes until told to stop: single statements and transactions of several, some rolled back, some long.
fn write(mut client: Client, number: u64, round: u64, stop: &AtomicBool, written: &AtomicUsize) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(10 * round + number);
    let mut position = 1_000_000 * (round as i32 + 1);
    while !stop.load(Ordering::Relaxed) {
        let statements = if rng.random_bool(0.5) { 1 } else { rng.random_range(2..6) };
        let mut transaction = client.transaction().unwrap();
        for _ in 0..statements {
            position += 1;
            // Each writer has playlists and users of its own: no deadlocks among them.
            let playlist = rng.random_range(0..40_i64) * 4 + number as i64 + 1;
            let track = rng.random_range(1..1000_i64);
            let sql = match rng.random_range(0..8) {
                0..=2 => format!("INSERT INTO sgr.playlist_tracks VALUES ({playlist}, {track}, {position})"),
                3 => format!(
                    "DELETE FROM sgr.playlist_tracks WHERE (playlist_id, position) IN (
                         SELECT playlist_id, position FROM sgr.playlist_tracks WHERE playlist_id = {playlist} LIMIT 3)"
                ),
                4 => format!(
                    "UPDATE sgr.playlist_tracks SET track_id = {track} WHERE (playlist_id, position) IN (
                         SELECT playlist_id, position FROM sgr.playlist_tracks WHERE playlist_id = {playlist} LIMIT 2)"
                ),
                5 | 6 => format!(
                    "INSERT INTO sgr.interactions (user_id, track_id) VALUES ({playlist}, {track}) ON CONFLICT DO NOTHING"
                ),
                _ => format!(
                    "DELETE FROM sgr.interactions WHERE user_id = {playlist} AND track_id % 7 = {}",
                    rng.random_range(0..7)
                ),
            };
            transaction.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            if rng.random_bool(0.3) {
                std::thread::sleep(Duration::from_millis(rng.random_range(0..60)));
            }
        }
        if rng.random_bool(0.15) {
            transaction.rollback().unwrap();
        } else {
            transaction.commit().unwrap();
            written.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn no_change_is_lost_while_writers_commit_around_refreshes() {
    let database = Database::create("writers");
    let mut client = demo(&database, 1000, 400, 300);
    for parameters in all_kinds() {
        parameters.refresh(&mut client, "full");
    }
    let (started, mut refreshes, mut modes) = (Instant::now(), 0, std::collections::BTreeMap::new());
    let written = AtomicUsize::new(0);
    for round in 0..5 {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (session, stop, written) = (database.connect(), &stop, &written);
                scope.spawn(move || write(session, number, round, stop, written));
            }
            // Two refreshing sessions, the second one in a random order of kinds.
            let other = scope.spawn(|| {
                let mut session = database.connect();
                let mut rng = Xoshiro256PlusPlus::seed_from_u64(100 + round);
                let until = Instant::now() + Duration::from_millis(1200);
                while Instant::now() < until {
                    let kind = rng.random_range(0..4);
                    let mode = if rng.random_bool(0.8) { "incremental" } else { "full" };
                    all_kinds()[kind].refresh(&mut session, mode);
                    std::thread::sleep(Duration::from_millis(rng.random_range(0..40)));
                }
            });
            while !other.is_finished() {
                for parameters in all_kinds() {
                    let row = parameters.refresh(&mut client, "incremental");
                    *modes.entry(row.get::<_, String>("mode")).or_insert(0) += 1;
                    refreshes += 1;
                }
            }
            stop.store(true, Ordering::Relaxed);
        });
        // The writers are done: what is still to do is noted, and one incremental refresh does it.
        for parameters in all_kinds() {
            parameters.refresh(&mut client, "incremental");
            assert_eq!(parameters.differences_from_full(&mut client), [""; 0], "{parameters:?} of round {round}");
            parameters.compute_truth(&mut client);
            assert_eq!(parameters.differences_of_full(&mut client), [""; 0], "{parameters:?} of round {round}");
        }
    }
    tell!(
        "{} transactions of 4 writers during {refreshes} refreshes {modes:?}, {:.1} s: nothing lost",
        written.load(Ordering::Relaxed),
        started.elapsed().as_secs_f64()
    );
}

#[test]
fn readers_see_the_old_or_the_new_lists_and_never_a_mix() {
    let database = Database::create("readers");
    let mut writer = database.connect();
    // Two states of the world: in the odd one every playlist has four tracks, in the even one three others.
    writer
        .batch_execute(
            "CREATE TABLE world (playlist_id int, track_id int);
             SELECT sgr_source_set('playlist_tracks', 'world');
             INSERT INTO sgr.tracks (track_id, title) SELECT t, 'track ' || t FROM generate_series(1, 4000) t",
        )
        .unwrap();
    let turn = |writer: &mut Client, odd: bool| {
        let (size, offset) = if odd { (4, 0) } else { (3, 2) };
        writer
            .batch_execute(&format!(
                "TRUNCATE world;
                 INSERT INTO world SELECT p, 1 + (p * {size} + i + {offset}) % 4000
                 FROM generate_series(1, 4000) p, generate_series(0, {size} - 1) i"
            ))
            .unwrap();
        writer.batch_execute("SELECT sgr_cooccur_refresh('playlist', mode => 'full')").unwrap();
    };
    // All lists of a state in one number; and one track's answer.
    let whole =
        "SELECT count(*) || ' ' || sum(together) || ' ' || sum(cosine)::numeric(20, 6) FROM sgr.track_cooccurrence";
    let answer = "SELECT string_agg(track_id || ':' || together || ':' || round(cosine::numeric, 9), ',' ORDER BY rank)
                  FROM sgr_related(1234, 100)";
    let report = "SELECT string_agg(track_id || ':' || round(score::numeric, 9) || because, ',' ORDER BY rank)
                  FROM sgr_recommend(1234, 3)";
    let mut expected: [Vec<String>; 3] = Default::default();
    for odd in [true, false] {
        turn(&mut writer, odd);
        for (sql, allowed) in [whole, answer, report].iter().zip(&mut expected) {
            allowed.push(one(&mut writer, sql));
        }
    }
    assert!(expected.iter().all(|states| states[0] != states[1]), "{expected:?}");
    let (stop, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for (sql, allowed) in [whole, answer, report].into_iter().zip(&expected) {
            let mut reader = database.connect();
            let (stop, reads) = (&stop, &reads);
            scope.spawn(move || {
                let mut seen = [0, 0];
                while !stop.load(Ordering::Relaxed) {
                    let read: Option<String> = one(&mut reader, sql);
                    let read = read.unwrap_or_else(|| "nothing".to_owned());
                    let state = allowed.iter().position(|state| *state == read);
                    let Some(state) = state else {
                        stop.store(true, Ordering::Relaxed);
                        panic!("neither old nor new: {read}, but {allowed:?}");
                    };
                    seen[state] += 1;
                    reads.fetch_add(1, Ordering::Relaxed);
                }
                assert!(seen.iter().all(|&n| n > 0), "both states were read: {seen:?}");
            });
        }
        for round in 0..24 {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            turn(&mut writer, round % 2 == 0);
        }
        stop.store(true, Ordering::Relaxed);
    });
    tell!("{} reads during 24 refreshes, each of the old or the new lists", reads.load(Ordering::Relaxed));
}
