//! Full ranking and metrics of lists, against slow, obvious code and against scikit-learn.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::evaluate::{
    Band, EvaluateError, FullRanking, ItemSets, ListMetric, Statistic, TopLists, bands, coverage, leak_only,
    list_lengths, mean_popularity, novelty, order_by_score, popularity_lift, random_score,
};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Runs the same cases every time.
fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(&strategy, test).unwrap();
}

fn sets(pairs: &[(u32, u32)], users: usize, items: usize) -> ItemSets {
    let (user, item): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
    ItemSets::new(&user, &item, users, items).unwrap()
}

/// The lists of users by a table of scores.
fn ranked(scores: &[Vec<f32>], seen: &ItemSets, users: &[u32], k: u32, seed: u64, threads: usize) -> TopLists {
    let (items, pool) = (scores[0].len(), pool(threads));
    let lengths = vec![k; users.len()];
    let mut ranking = FullRanking::new(users, &lengths, seen, items, seed).unwrap();
    let fill = |users: &[u32], out: &mut [f32]| {
        for (&user, out) in users.iter().zip(out.chunks_exact_mut(items)) {
            out.copy_from_slice(&scores[user as usize]);
        }
    };
    while ranking.step(&fill, &pool).unwrap() {}
    assert_eq!(ranking.fraction(), 1.0);
    ranking.finish()
}

#[test]
fn lists_hold_the_best_unseen_items() {
    const ITEMS: usize = 23;
    const USERS: usize = 70;
    let score = prop_oneof![4 => (0..6_i8).prop_map(f32::from), 1 => Just(-0.0), 1 => Just(f32::NEG_INFINITY)];
    let scores = prop::collection::vec(prop::collection::vec(score, ITEMS), USERS);
    let seen = prop::collection::vec((0..USERS as u32, 0..ITEMS as u32), 0..400);
    check(60, (scores, seen, 0..30_u32, any::<u64>()), |(scores, seen, k, seed)| {
        let seen = sets(&seen, USERS, ITEMS);
        let users: Vec<u32> = (0..USERS as u32).rev().collect();
        let lists = ranked(&scores, &seen, &users, k, seed, 1);
        prop_assert_eq!(&lists, &ranked(&scores, &seen, &users, k, seed, 3));
        for (at, (user, list)) in lists.iter().enumerate() {
            prop_assert_eq!(user, users[at]);
            let row = &scores[user as usize];
            let mut all: Vec<(u32, f64)> = (0..ITEMS as u32)
                .filter(|&item| !seen.contains(user, item) && row[item as usize] > f32::NEG_INFINITY)
                .map(|item| (item, f64::from(row[item as usize])))
                .collect();
            order_by_score(user, &mut all, seed);
            prop_assert!(all.windows(2).all(|two| two[0].1 >= two[1].1));
            let expected: Vec<u32> = all.iter().take(k as usize).map(|scored| scored.0).collect();
            prop_assert_eq!(list, &expected[..]);
        }
        Ok(())
    });
}

#[test]
fn ties_fall_to_every_item_alike() {
    // 2,000 users, 10 items with the same score, lists of 1: each item leads about 200 of them (sd 13).
    const USERS: u32 = 2000;
    let users: Vec<u32> = (0..USERS).collect();
    let lists = ranked(&vec![vec![1.0; 10]; USERS as usize], &sets(&[], USERS as usize, 10), &users, 1, 4, 2);
    let mut first = [0; 10];
    for (_, list) in lists.iter() {
        first[list[0] as usize] += 1;
    }
    assert!(first.iter().all(|count| (130..270).contains(count)), "{first:?}");
}

#[test]
fn refused_rankings() {
    let seen = sets(&[], 2, 3);
    let refused = |score: f32| {
        let fill = |_: &[u32], out: &mut [f32]| out[1] = score;
        FullRanking::new(&[1], &[1], &seen, 3, 0).unwrap().step(&fill, &pool(1))
    };
    assert!(matches!(refused(f32::NAN), Err(EvaluateError::Score { user: 1, item: 1, .. })));
    assert!(matches!(refused(f32::INFINITY), Err(EvaluateError::Score { user: 1, item: 1, .. })));
    assert_eq!(refused(f32::NEG_INFINITY), Ok(true));
    let new = |users: &'static [u32], lengths: &'static [u32], items| {
        FullRanking::new(users, lengths, &seen, items, 0).map(|ranking| ranking.fraction())
    };
    assert_eq!(new(&[], &[], 3), Ok(1.0));
    assert_eq!(new(&[2], &[1], 3), Err(EvaluateError::UnknownId { what: "user", id: 2, count: 2 }));
    assert!(matches!(new(&[0], &[], 3), Err(EvaluateError::Length { .. })));
    assert!(matches!(new(&[0], &[1], 0), Err(EvaluateError::InvalidConfig { .. })));
}

/// By definition, one after the other.
fn naive(metric: ListMetric, list: &[u32], relevant: &[u32], k: usize) -> f64 {
    let k = if metric == ListMetric::RPrecision { relevant.len() } else { k };
    let (mut hits, mut gain, mut first, mut ideal) = (0.0, 0.0, 0.0, 0.0);
    for rank in 1..=k {
        if rank <= relevant.len() {
            ideal += 1.0 / ((rank + 1) as f64).log2();
        }
        if rank <= list.len() && relevant.contains(&list[rank - 1]) {
            hits += 1.0;
            gain += 1.0 / ((rank + 1) as f64).log2();
            if first == 0.0 {
                first = 1.0 / rank as f64;
            }
        }
    }
    match metric {
        ListMetric::Recall | ListMetric::RPrecision => hits / relevant.len() as f64,
        ListMetric::Precision => hits / k as f64,
        ListMetric::Ndcg => gain / ideal,
        ListMetric::Mrr => first,
        ListMetric::Hit => hits.min(1.0),
    }
}

#[test]
fn metrics_of_lists_follow_their_definition() {
    let list = Just((0..15_u32).collect::<Vec<_>>()).prop_shuffle();
    let relevant = prop::collection::btree_set(0..20_u32, 1..12);
    check(300, (list, 0..15_usize, relevant, 1..20_usize), |(mut list, length, relevant, k)| {
        list.truncate(length);
        let relevant: Vec<u32> = relevant.into_iter().collect();
        for &metric in ListMetric::ALL {
            let (found, expected) = (metric.of_list(&list, &relevant, k), naive(metric, &list, &relevant, k));
            prop_assert!((found - expected).abs() < 1e-12, "{}: {} for {}", metric, found, expected);
        }
        Ok(())
    });
}

/// 20 users and 40 items without ties, as in the Python that follows, computed with scikit-learn 1.9.1:
///
/// ```python
/// u = np.arange(20)[:, None]; i = np.arange(40)[None, :]
/// ndcg_score((i*13 + u*7) % 9 < 2, (i*17 + u*29) % 41, k=k)
/// ```
#[test]
fn ndcg_equals_that_of_scikit_learn() {
    let scores: Vec<Vec<f32>> =
        (0..20_u16).map(|u| (0..40_u16).map(|i| f32::from((i * 17 + u * 29) % 41)).collect()).collect();
    let pairs: Vec<(u32, u32)> = (0..20).flat_map(|u| (0..40).map(move |i| (u, i))).collect();
    let relevant: Vec<_> = pairs.into_iter().filter(|(u, i)| (i * 13 + u * 7) % 9 < 2).collect();
    let relevant = sets(&relevant, 20, 40);
    let users: Vec<u32> = (0..20).collect();
    let lists = ranked(&scores, &sets(&[], 20, 40), &users, 40, 0, 2);
    for (k, expected) in
        [(1, 0.25), (5, 0.235_393_165_015_729_35), (10, 0.259_127_923_310_931_4), (40, 0.595_953_200_089_485_5)]
    {
        let found = ListMetric::Ndcg.of_lists(&lists, &relevant, k, None).estimate().unwrap();
        assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
    }
}

fn lists(of: &[(u32, &[u32])]) -> TopLists {
    let mut lists = TopLists::new();
    for (user, items) in of {
        lists.push(*user, items.iter().copied());
    }
    lists
}

#[test]
fn means_are_over_users_with_something_to_find() {
    let lists = lists(&[(0, &[1, 2]), (2, &[3, 0]), (1, &[0])]);
    let relevant = sets(&[(0, 1), (0, 3), (2, 0)], 3, 4);
    let recall = ListMetric::Recall.of_lists(&lists, &relevant, 2, None);
    assert_eq!((recall.of(0), recall.of(1), recall.of(2)), (Some(0.5), None, Some(1.0)));
    assert_eq!((recall.estimate(), recall.counted()), (Some(0.75), 2));
    // Only item 3 counts: user 0 does not find it, and there is nothing to find for the others.
    let among = [false, false, false, true];
    let recall = ListMetric::Recall.of_lists(&lists, &relevant, 2, Some(&among));
    assert_eq!((recall.estimate(), recall.counted()), (Some(0.0), 1));
    assert_eq!(list_lengths(&[0, 2], &relevant, 1, true), [2, 1]);
    assert_eq!(list_lengths(&[0, 2], &relevant, 5, false), [5, 5]);
}

#[test]
fn what_lists_show() {
    // Four users; item 0 is had by all, item 1 by one, item 2 by nobody.
    let profiles = sets(&[(0, 0), (1, 0), (2, 0), (3, 0), (3, 1)], 4, 3);
    let popularity = profiles.popularity(3);
    assert_eq!(popularity, [4, 1, 0]);
    let lists = lists(&[(0, &[1, 2]), (1, &[1, 0]), (2, &[])]);
    assert_eq!(coverage(&lists, 1, 3), 1.0 / 3.0);
    assert_eq!(coverage(&lists, 2, 3), 1.0);
    // -log2(1/4) = 2 for one and for none, 0 for all.
    assert_eq!(novelty(&lists, 2, &popularity, 4).estimate(), Some((2.0 + 1.0) / 2.0));
    assert_eq!(novelty(&lists, 1, &popularity, 4).estimate(), Some(2.0));
    assert_eq!(mean_popularity(&lists, 2, &popularity, 4).estimate(), Some((0.5 + 2.5) / 2.0));
    // Shown: 0.5 and 2.5; had: 4 and 4.
    let lift = popularity_lift(&lists, 2, &popularity, &profiles);
    assert_eq!((lift.estimate(), lift.counted()), (Some((1.5 - 4.0) / 4.0), 2));
    assert_eq!(coverage(&TopLists::new(), 2, 3), 0.0);
}

#[test]
fn bands_hold_thirds_of_the_positives() {
    // 12 positives: the first item has 6 of them, two items 4 together.
    let found = bands(&[2, 6, 0, 1, 2, 1]);
    let (head, middle, tail, cold) = (Band::Head, Band::Middle, Band::Tail, Band::Cold);
    assert_eq!(found, [middle, head, cold, tail, middle, tail]);
    assert_eq!(bands(&[1, 1, 1, 0]), [head, head, head, cold]);
    assert_eq!(bands(&[0, 0]), [cold, cold]);
    assert!(bands(&[]).is_empty());
}

#[test]
fn sets_are_sorted_and_distinct() {
    let sets = sets(&[(2, 1), (0, 3), (2, 0), (2, 1), (0, 0)], 3, 4);
    assert_eq!((sets.of(0), sets.of(1), sets.of(2)), (&[0, 3][..], &[][..], &[0, 1][..]));
    assert_eq!((sets.users(), sets.len(), sets.is_empty()), (3, 4, false));
    assert!(sets.contains(2, 1) && !sets.contains(1, 1));
    assert_eq!(ItemSets::new(&[0], &[4], 1, 4), Err(EvaluateError::UnknownId { what: "item", id: 4, count: 4 }));
    assert!(matches!(ItemSets::new(&[0], &[], 1, 4), Err(EvaluateError::Length { .. })));
}

#[test]
fn baselines_by_hand() {
    let scores = leak_only(&sets(&[(0, 0), (0, 1), (0, 2)], 2, 4), &sets(&[(0, 3)], 2, 4));
    assert_eq!(scores, [2.0 / 6.0, 0.5]);
    let random: Vec<f64> = (0..10_000).map(|i| random_score(3, i / 100, i % 100)).collect();
    assert!(random.iter().all(|score| (0.0..1.0).contains(score)));
    let mean = random.iter().sum::<f64>() / 10_000.0;
    assert!((mean - 0.5).abs() < 0.015, "{mean}"); // five standard errors
    assert_eq!(random_score(3, 5, 7), random[507]);
    assert_ne!(random_score(4, 5, 7), random[507]);
}
