//! Splits: what every protocol promises, on random data, and what is refused.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use sgr_engine::evaluate::{
    EvaluateError, Interactions, ItemSets, Part, Protocol, ScoredRows, Split, SplitConfig, Statistic, leak_only, split,
    split_unless,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

const USERS: usize = 12;
const ITEMS: usize = 40;

/// Runs the same cases every time.
fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(&strategy, test).unwrap();
}

type Row = (u32, u32, i64);

/// Rows of user, item and time; the last user has none.
fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..USERS as u32 - 1, 0..ITEMS as u32, 0..50_i64), 1..200)
}

fn run(rows: &[Row], config: &SplitConfig) -> Result<Split, EvaluateError> {
    let users: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let items: Vec<u32> = rows.iter().map(|row| row.1).collect();
    let order: Vec<i64> = rows.iter().map(|row| row.2).collect();
    let order = Some(&order[..]);
    let (user_count, item_count) = (USERS, ITEMS);
    split(&Interactions { users: &users, items: &items, labels: None, order, user_count, item_count }, config)
}

fn config(protocol: Protocol, negatives: u32, seed: u64) -> SplitConfig {
    SplitConfig { negatives, seed, ..SplitConfig::for_protocol(protocol) }
}

/// When each pair comes first.
fn first_times(rows: &[Row]) -> BTreeMap<(u32, u32), i64> {
    let mut first = BTreeMap::new();
    for &(user, item, time) in rows {
        let known = first.entry((user, item)).or_insert(time);
        *known = time.min(*known);
    }
    first
}

#[test]
fn every_pair_is_in_one_part_and_negatives_are_what_nobody_has() {
    let protocol = prop::sample::select(Protocol::ALL);
    check(400, (rows(), protocol, 0..3_u32, any::<u64>()), |(rows, protocol, negatives, seed)| {
        let pairs = first_times(&rows);
        let config = config(protocol, negatives, seed);
        let Ok(split) = run(&rows, &config) else { return Ok(()) };
        prop_assert_eq!(&split, &run(&rows, &config).unwrap());
        let mut backwards = rows.clone();
        backwards.reverse();
        prop_assert_eq!(&split, &run(&backwards, &config).unwrap(), "the order of the rows has no influence");

        let keys: Vec<(u32, u32)> = split.users.iter().copied().zip(split.items.iter().copied()).collect();
        prop_assert!(keys.windows(2).all(|two| two[0] < two[1]));
        for (row, key) in keys.iter().enumerate() {
            prop_assert_eq!(split.labels[row], pairs.contains_key(key));
        }
        let positives = split.labels.iter().filter(|&&label| label).count();
        prop_assert_eq!(positives, pairs.len());
        let mut missing = 0;
        for user in 0..USERS as u32 {
            let own = pairs.range((user, 0)..=(user, u32::MAX)).count();
            let wanted = own * negatives as usize;
            let drawn = (0..split.len()).filter(|&row| split.users[row] == user && !split.labels[row]).count();
            prop_assert_eq!(drawn, wanted.min(ITEMS - own));
            missing += wanted - drawn;
        }
        prop_assert_eq!(split.missing_negatives, missing);
        Ok(())
    });
}

/// Positives and negatives by user and part.
fn counts(split: &Split) -> BTreeMap<(u32, Part), [usize; 2]> {
    let mut counts = BTreeMap::new();
    for row in 0..split.len() {
        let cell: &mut [usize; 2] = counts.entry((split.users[row], split.parts[row])).or_default();
        cell[usize::from(split.labels[row])] += 1;
    }
    counts
}

#[test]
fn users_keep_something_to_learn_from() {
    let protocol = prop::sample::select(&[Protocol::PerUser, Protocol::Temporal, Protocol::Playlist][..]);
    check(300, (rows(), protocol, any::<u64>()), |(rows, protocol, seed)| {
        let Ok(split) = run(&rows, &config(protocol, 1, seed)) else { return Ok(()) };
        let pairs = first_times(&rows);
        let counts = counts(&split);
        let mut single = 0;
        for user in 0..USERS as u32 {
            let own = pairs.range((user, 0)..=(user, u32::MAX)).count();
            single += usize::from(own == 1);
            let of = |part| counts.get(&(user, part)).map_or(0, |cell| cell[1]);
            let share = (own as f64 * 0.2).round() as usize;
            let test = if own < 2 { 0 } else { share.max(1) };
            let validation = if own < 3 { 0 } else { share.max(1) };
            prop_assert_eq!(of(Part::Test), test);
            prop_assert_eq!(of(Part::Validation), validation);
            prop_assert_eq!(of(Part::Train), own - test - validation);
            // Negatives are in the parts as positives are, so that their counts tell nothing.
            for part in Part::ALL.iter().filter(|_| own * 2 <= ITEMS) {
                prop_assert_eq!(counts.get(&(user, *part)).map_or(0, |cell| cell[0]), of(*part));
            }
        }
        prop_assert_eq!(split.single_users, single);
        Ok(())
    });
}

#[test]
fn what_is_learned_is_not_newer_than_what_is_asked() {
    let protocol = prop::sample::select(&[Protocol::Temporal, Protocol::TemporalGlobal, Protocol::Playlist][..]);
    check(300, (rows(), protocol, any::<u64>()), |(rows, protocol, seed)| {
        let Ok(split) = run(&rows, &config(protocol, 0, seed)) else { return Ok(()) };
        let pairs = first_times(&rows);
        let time = |row: usize| pairs[&(split.users[row], split.items[row])];
        for a in 0..split.len() {
            for b in 0..split.len() {
                let global = protocol == Protocol::TemporalGlobal;
                if split.parts[a] < split.parts[b] && (global || split.users[a] == split.users[b]) {
                    // One moment is not cut by the global protocol.
                    prop_assert!(time(a) < time(b) || (!global && time(a) == time(b)));
                }
            }
        }
        Ok(())
    });
}

/// 60 users with 40 of 400 items each.
fn many() -> (Vec<u32>, Vec<u32>) {
    let pairs = (0..60_u32).flat_map(|user| (0..40_u32).map(move |at| (user, (user * 7 + at * 9) % 400)));
    pairs.unzip()
}

fn split_many(config: &SplitConfig) -> Split {
    let (users, items) = many();
    let rows =
        Interactions { users: &users, items: &items, labels: None, order: None, user_count: 60, item_count: 400 };
    split(&rows, config).unwrap()
}

#[test]
fn mkr_splits_rows_whoevers_they_are() {
    let split = split_many(&SplitConfig::for_protocol(Protocol::Mkr));
    assert_eq!(split.len(), 4800);
    for (part, rows) in [(Part::Train, 2880), (Part::Validation, 960), (Part::Test, 960)] {
        assert_eq!(split.rows_of(part).count(), rows);
    }
    let tests: BTreeSet<usize> =
        counts(&split).iter().filter(|((_, part), _)| *part == Part::Test).map(|(_, cell)| cell[1]).collect();
    assert!(tests.len() > 3, "users have {tests:?} test positives");
}

/// What label counts in training tell about the test part: something by protocol mkr, nothing by per_user, and nothing ever
/// for the AUC within users.
#[test]
fn mkr_leaks_and_per_user_does_not() {
    let auc = |protocol: Protocol| {
        let mut found = [0.0; 2];
        for seed in 0..10 {
            let split = split_many(&SplitConfig { negatives: 1, seed, ..SplitConfig::for_protocol(protocol) });
            let train = |label: bool| -> ItemSets {
                let rows: Vec<usize> = split.rows_of(Part::Train).filter(|&row| split.labels[row] == label).collect();
                let users: Vec<u32> = rows.iter().map(|&row| split.users[row]).collect();
                let items: Vec<u32> = rows.iter().map(|&row| split.items[row]).collect();
                ItemSets::new(&users, &items, 60, 400).unwrap()
            };
            let scores = leak_only(&train(true), &train(false));
            let rows: Vec<usize> = split.rows_of(Part::Test).collect();
            let rows = ScoredRows::new(
                rows.iter().map(|&row| split.users[row]).collect(),
                rows.iter().map(|&row| split.items[row]).collect(),
                rows.iter().map(|&row| split.labels[row]).collect(),
                rows.iter().map(|&row| scores[split.users[row] as usize]).collect(),
                60,
            )
            .unwrap();
            found[0] += rows.pooled_auc().estimate().unwrap() / 10.0;
            found[1] += rows.per_user_auc().estimate().unwrap() / 10.0;
        }
        found
    };
    let [pooled, per_user] = auc(Protocol::Mkr);
    assert!(pooled > 0.53, "{pooled}");
    assert!((per_user - 0.5).abs() < 1e-12, "{per_user}");
    let [pooled, per_user] = auc(Protocol::PerUser);
    assert!((pooled - 0.5).abs() < 1e-12, "{pooled}");
    assert!((per_user - 0.5).abs() < 1e-12, "{per_user}");
}

#[test]
fn a_raised_flag_stops_a_split() {
    let (users, items) = many();
    let rows =
        Interactions { users: &users, items: &items, labels: None, order: None, user_count: 60, item_count: 400 };
    let config = SplitConfig::for_protocol(Protocol::PerUser);
    assert_eq!(split_unless(&AtomicBool::new(true), &rows, &config), Err(EvaluateError::Cancelled));
    assert_eq!(split_unless(&AtomicBool::new(false), &rows, &config), split(&rows, &config));
}

#[test]
fn seeds_differ() {
    for protocol in [Protocol::Mkr, Protocol::PerUser] {
        let of = |seed| split_many(&SplitConfig { seed, ..SplitConfig::for_protocol(protocol) });
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}

#[test]
fn playlists_hold_out_their_last_tracks() {
    let rows: Vec<Row> = (0..10).map(|at| (0, 9 - at, i64::from(at))).collect();
    let split = run(&rows, &config(Protocol::Playlist, 0, 1)).unwrap();
    let of = |part| split.rows_of(part).map(|row| split.items[row]).collect::<Vec<_>>();
    assert_eq!((of(Part::Test), of(Part::Validation)), (vec![0, 1], vec![2, 3]));
}

#[test]
fn negatives_that_are_given_are_split_and_none_are_drawn() {
    let labels = prop::collection::vec(any::<bool>(), 1000);
    check(200, (labels, prop::sample::select(Protocol::ALL), any::<u64>()), |(labels, protocol, seed)| {
        // Ten users, 100 different items each.
        let users: Vec<u32> = (0..1000).map(|row| row / 100).collect();
        let items: Vec<u32> = (0..1000).map(|row| row % 100).collect();
        let order: Vec<i64> = (0..1000).map(|row| row * 7919 % 1000).collect();
        let rows = Interactions {
            users: &users,
            items: &items,
            labels: Some(&labels),
            order: Some(&order),
            user_count: 10,
            item_count: 100,
        };
        let split = split(&rows, &config(protocol, 3, seed)).unwrap();
        prop_assert_eq!((&split.users, &split.items, &split.labels), (&users, &items, &labels));
        // Every protocol holds the ratios, as far as numbers of rows have it.
        for (part, share) in [(Part::Train, 0.6), (Part::Validation, 0.2), (Part::Test, 0.2)] {
            for label in [false, true] {
                let all = labels.iter().filter(|&&other| other == label).count() as f64;
                let found = split.rows_of(part).filter(|&row| split.labels[row] == label).count() as f64;
                prop_assert!((found / all - share).abs() < 0.09, "{} of {} in {}", found, all, part);
            }
        }
        Ok(())
    });
    let both = Interactions {
        users: &[0, 0, 0],
        items: &[0, 1, 1],
        labels: Some(&[true, true, false]),
        order: None,
        user_count: 1,
        item_count: 2,
    };
    let found = split(&both, &SplitConfig::for_protocol(Protocol::Mkr));
    assert_eq!(found, Err(EvaluateError::Twice { user: 0, item: 1 }));
}

#[test]
fn labelled_rows_of_others() {
    let parts = [Part::Test, Part::Train, Part::Train];
    let from = |items: &[u32], labels: &[f64]| Split::from_rows(&[1, 0, 1], items, labels, &parts, 2, 3);
    let split = from(&[2, 1, 0], &[1.0, 1.0, 0.0]).unwrap();
    assert_eq!((&split.users[..], &split.items[..]), (&[0, 1, 1][..], &[1, 0, 2][..]));
    assert_eq!((&split.labels[..], split.parts[2]), (&[true, false, true][..], Part::Test));
    assert_eq!(split.single_users, 2);
    let learned = split.positives(&[Part::Train], 2, 3).unwrap();
    assert_eq!((learned.of(0), learned.of(1)), (&[1][..], &[][..]));

    assert_eq!(from(&[2, 1, 0], &[1.0, 2.0, 0.0]), Err(EvaluateError::Label { row: 1, label: 2.0 }));
    assert!(matches!(from(&[2, 1, 0], &[1.0, 1.0, f64::NAN]), Err(EvaluateError::Label { row: 2, .. })));
    assert_eq!(from(&[2, 1, 2], &[1.0, 1.0, 0.0]), Err(EvaluateError::Twice { user: 1, item: 2 }));
    assert_eq!(from(&[2, 3, 0], &[1.0; 3]), Err(EvaluateError::UnknownId { what: "item", id: 3, count: 3 }));
    assert_eq!(from(&[2, 1, 0], &[0.0, 1.0, 0.0]), Err(EvaluateError::NoPositives { part: "test" }));
    assert_eq!(from(&[2, 1, 0], &[1.0, 0.0, 0.0]), Err(EvaluateError::NoPositives { part: "training" }));
    assert!(matches!(from(&[2, 1, 0], &[1.0]), Err(EvaluateError::Length { what: "labels", .. })));
}

#[test]
fn refused_splits() {
    let rows: Vec<Row> = (0..10).map(|at| (0, at, 0)).collect();
    let refused = |ratios: [f64; 3]| {
        run(&rows, &SplitConfig { ratios, ..SplitConfig::for_protocol(Protocol::PerUser) }).unwrap_err()
    };
    assert!(matches!(refused([0.5, 0.2, 0.2]), EvaluateError::Ratios { .. }));
    assert!(matches!(refused([1.2, -0.2, 0.0]), EvaluateError::InvalidConfig { parameter: "ratios", .. }));
    assert!(matches!(refused([f64::NAN, 0.5, 0.5]), EvaluateError::InvalidConfig { parameter: "ratios", .. }));
    assert!(matches!(refused([0.8, 0.2, 0.0]), EvaluateError::InvalidConfig { parameter: "ratios", .. }));
    assert!(matches!(refused([0.0, 0.2, 0.8]), EvaluateError::InvalidConfig { parameter: "ratios", .. }));
    let ratios = [0.8, 0.0, 0.2];
    let two = run(&rows, &SplitConfig { ratios, ..SplitConfig::for_protocol(Protocol::PerUser) }).unwrap();
    assert_eq!(two.rows_of(Part::Validation).count(), 0);

    let per_user = SplitConfig::for_protocol(Protocol::PerUser);
    assert_eq!(run(&[(0, 1, 0), (1, 1, 0)], &per_user), Err(EvaluateError::NoPositives { part: "test" }));
    assert_eq!(run(&[], &per_user), Err(EvaluateError::NoPositives { part: "training" }));
    // One moment for all: nothing is older.
    let global = SplitConfig::for_protocol(Protocol::TemporalGlobal);
    assert_eq!(run(&rows, &global), Err(EvaluateError::NoPositives { part: "training" }));

    let (users, items) = (vec![0; 4], vec![0, 1, 2, 3]);
    let rows = Interactions { users: &users, items: &items, labels: None, order: None, user_count: 1, item_count: 4 };
    let temporal = SplitConfig::for_protocol(Protocol::Temporal);
    assert!(matches!(split(&rows, &temporal), Err(EvaluateError::InvalidConfig { parameter: "order", .. })));
    let few = Interactions { item_count: 3, ..rows };
    assert_eq!(split(&few, &per_user), Err(EvaluateError::UnknownId { what: "item", id: 3, count: 3 }));
    let short = Interactions { items: &items[..3], ..rows };
    assert!(matches!(split(&short, &per_user), Err(EvaluateError::Length { .. })));
    let untimed = Interactions { order: Some(&[1]), ..rows };
    assert!(matches!(split(&untimed, &per_user), Err(EvaluateError::Length { what: "order", .. })));

    let unknown = "random".parse::<Protocol>().unwrap_err().to_string();
    assert_eq!(unknown, "unknown protocol \"random\": use one of mkr, per_user, temporal, temporal_global, playlist");
    assert_eq!("test".parse(), Ok(Part::Test));
}
