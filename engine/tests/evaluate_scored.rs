//! Metrics of scored rows, and the bootstrap, against slow, obvious code and against scikit-learn.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::evaluate::{
    Bootstrap, BootstrapConfig, EvaluateError, Interval, MeanOfSplits, ScoredRows, Spread, Statistic, UserRatio,
};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Runs the same cases every time.
fn check<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(&strategy, test).unwrap();
}

const USERS: usize = 5;

/// Rows of user, label and score; scores are few, so that there are ties.
fn rows() -> impl Strategy<Value = Vec<(u32, bool, f64)>> {
    let score = (0..8_u8).prop_map(|score| f64::from(score) / 7.0);
    prop::collection::vec((0..USERS as u32, any::<bool>(), score), 0..60)
}

fn scored(rows: &[(u32, bool, f64)]) -> ScoredRows {
    let users = rows.iter().map(|row| row.0).collect();
    let items = (0..rows.len() as u32).collect();
    let (labels, scores) = (rows.iter().map(|row| row.1).collect(), rows.iter().map(|row| row.2).collect());
    ScoredRows::new(users, items, labels, scores, USERS).unwrap()
}

fn naive_auc(rows: &[(u32, bool, f64)]) -> Option<f64> {
    let (mut won, mut pairs) = (0.0, 0.0);
    for positive in rows.iter().filter(|row| row.1) {
        for negative in rows.iter().filter(|row| !row.1) {
            pairs += 1.0;
            won += match positive.2.total_cmp(&negative.2) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    (pairs > 0.0).then(|| won / pairs)
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-12,
        (a, b) => a == b,
    }
}

fn of_user(rows: &[(u32, bool, f64)], user: u32) -> Vec<(u32, bool, f64)> {
    rows.iter().copied().filter(|row| row.0 == user).collect()
}

#[test]
fn auc_is_the_share_of_pairs_in_order() {
    check(300, rows(), |rows| {
        let scored = scored(&rows);
        prop_assert!(close(scored.pooled_auc().estimate(), naive_auc(&rows)));
        let of_users: Vec<f64> = (0..USERS as u32).filter_map(|user| naive_auc(&of_user(&rows, user))).collect();
        let mean = (!of_users.is_empty()).then(|| of_users.iter().sum::<f64>() / of_users.len() as f64);
        let per_user = scored.per_user_auc();
        prop_assert!(close(per_user.estimate(), mean));
        prop_assert_eq!(per_user.counted(), of_users.len());
        Ok(())
    });
}

#[test]
fn weighted_users_are_users_that_come_so_often() {
    let weights = prop::collection::vec(0..4_u32, USERS);
    check(300, (rows(), weights), |(rows, weights)| {
        let repeated: Vec<_> =
            (0..USERS as u32).flat_map(|user| of_user(&rows, user).repeat(weights[user as usize] as usize)).collect();
        let (once, many) = (scored(&rows), scored(&repeated));
        prop_assert!(close(once.pooled_auc().value(&weights), many.pooled_auc().estimate()));
        prop_assert!(close(once.log_loss().value(&weights), many.log_loss().estimate()));
        prop_assert!(close(once.accuracy(0.5).value(&weights), many.accuracy(0.5).estimate()));
        let calibration = |rows: &ScoredRows| rows.calibration(4).unwrap();
        prop_assert!(close(calibration(&once).value(&weights), calibration(&many).estimate()));
        Ok(())
    });
}

#[test]
fn no_threshold_is_more_accurate_than_the_best() {
    check(300, rows(), |rows| {
        let scored = scored(&rows);
        let right = |threshold: f64| rows.iter().filter(|row| (row.2 >= threshold) == row.1).count();
        let Some(best) = scored.best_threshold() else {
            prop_assert!(rows.is_empty());
            return Ok(());
        };
        let most = (0..=8).map(|at| right(f64::from(at) / 7.0 - 0.01)).max().unwrap();
        prop_assert_eq!(right(best), most);
        prop_assert!(close(scored.accuracy(best).estimate(), Some(most as f64 / rows.len() as f64)));
        Ok(())
    });
}

/// 500 rows with many ties, as in the Python that follows, computed with scikit-learn 1.9.1:
///
/// ```python
/// i = np.arange(500); user = (i*31) % 23; label = (i*104729+13) % 7 < 3
/// score = ((i*7919) % 101 + 20*label*(i % 3 == 0)) / 128
/// roc_auc_score(label, score); log_loss(label, score); accuracy_score(label, score >= 0.5)
/// np.mean([roc_auc_score(label[user == u], score[user == u]) for u in range(23)])
/// roc_auc_score(label, score, sample_weight=user % 4)
/// ```
#[test]
fn metrics_equal_those_of_scikit_learn() {
    let labels: Vec<bool> = (0..500_u64).map(|i| (i * 104_729 + 13) % 7 < 3).collect();
    let score = |i: u64| ((i * 7919) % 101 + if labels[i as usize] && i.is_multiple_of(3) { 20 } else { 0 }) as f64;
    let scores = (0..500).map(|i| score(i) / 128.0).collect();
    let users = (0..500).map(|i| (i * 31) % 23).collect();
    let rows = ScoredRows::new(users, vec![0; 500], labels.clone(), scores, 23).unwrap();
    assert!(close(rows.pooled_auc().estimate(), Some(0.555_854_192_536_435_4)));
    assert!(close(rows.per_user_auc().estimate(), Some(0.548_656_013_873_405_2)));
    assert!(close(rows.log_loss().estimate(), Some(0.856_054_484_874_970_6)));
    assert!(close(rows.accuracy(0.5).estimate(), Some(0.544)));
    let weights: Vec<u32> = (0..23).map(|user| user % 4).collect();
    assert!(close(rows.pooled_auc().value(&weights), Some(0.569_615_879_138_540_6)));
}

#[test]
fn calibration_by_hand() {
    // Two bins: [0, 0.5) holds 0.1 and 0.3, one of which is 1; [0.5, 1] holds 0.5 and 1.0, both 1.
    let rows = scored(&[(0, false, 0.1), (0, true, 0.3), (1, true, 0.5), (1, true, 1.0)]);
    let calibration = rows.calibration(2).unwrap();
    let [low, high] = calibration.bins()[..] else { panic!("two bins") };
    assert_eq!((low.rows, low.positives, high.rows, high.positives), (2, 0.5, 2, 1.0));
    assert!(close(Some(low.probability), Some(0.2)) && close(Some(high.probability), Some(0.75)));
    assert!(close(calibration.estimate(), Some((2.0 * 0.3 + 2.0 * 0.25) / 4.0)));
    assert_eq!(calibration.counted(), 2);
    // Sure and wrong costs what 2^-52 costs.
    let wrong = scored(&[(0, true, 0.0)]);
    assert!(close(wrong.log_loss().estimate(), Some(52.0 * std::f64::consts::LN_2)));
}

#[test]
fn what_is_no_probability_has_no_loss() {
    let rows = scored(&[(0, true, 3.0), (0, false, -1.0)]);
    assert!(!rows.are_probabilities());
    assert_eq!(rows.log_loss().estimate(), None);
    assert_eq!(rows.calibration(15).unwrap().estimate(), None);
    assert_eq!(rows.pooled_auc().estimate(), Some(1.0));
    assert_eq!(rows.best_threshold(), Some(1.0));
}

#[test]
fn thresholds_at_the_edges() {
    assert_eq!(scored(&[(0, true, 0.3), (0, true, 0.6)]).best_threshold(), Some(f64::NEG_INFINITY));
    assert_eq!(scored(&[(0, false, 0.3), (0, false, 0.6)]).best_threshold(), Some(f64::INFINITY));
    // Neighbouring numbers have nothing between them.
    let (low, high) = (1.0_f64, 1.0 + f64::EPSILON);
    let rows = scored(&[(0, false, low), (0, true, high)]);
    assert_eq!(rows.accuracy(rows.best_threshold().unwrap()).estimate(), Some(1.0));
    let far = scored(&[(0, false, f64::MIN), (0, true, f64::MAX)]);
    assert_eq!(far.best_threshold(), Some(0.0));
}

#[test]
fn rows_of_some_items() {
    let rows = scored(&[(0, true, 0.1), (0, false, 0.2), (1, true, 0.3), (1, false, 0.1)]);
    assert_eq!(rows.of_items(|item| item >= 2).pooled_auc().estimate(), Some(1.0));
    assert_eq!(rows.of_items(|_| false).pooled_auc().estimate(), None);
}

#[test]
fn refused_rows() {
    let new = |users: &[u32], scores: &[f64]| {
        ScoredRows::new(users.to_vec(), vec![7; users.len()], vec![true; users.len()], scores.to_vec(), 2)
    };
    assert!(matches!(new(&[0], &[f64::NAN]), Err(EvaluateError::Score { user: 0, item: 7, score }) if score.is_nan()));
    assert!(matches!(new(&[0], &[f64::INFINITY]), Err(EvaluateError::Score { .. })));
    assert_eq!(new(&[2], &[0.0]), Err(EvaluateError::UnknownId { what: "user", id: 2, count: 2 }));
    assert_eq!(new(&[0, 1], &[0.0]), Err(EvaluateError::Length { what: "scores", actual: 1, expected: 2 }));
    let rows = new(&[0], &[0.0]).unwrap();
    assert!(matches!(rows.calibration(0), Err(EvaluateError::InvalidConfig { parameter: "bins", .. })));
}

fn mean(values: &[f64]) -> UserRatio {
    let mut mean = UserRatio::new(values.len());
    for (user, &value) in (0..).zip(values) {
        mean.set(user, value);
    }
    mean
}

fn bootstrap(statistics: &[&dyn Statistic], config: BootstrapConfig, threads: usize) -> Bootstrap {
    let pool = pool(threads);
    let mut bootstrap = Bootstrap::new(statistics[0].users(), 10_000_000, config).unwrap();
    let mut steps = 0;
    while bootstrap.step(statistics, &pool) {
        steps += 1;
        assert!(bootstrap.fraction() > 0.0);
    }
    assert!(steps > 1);
    assert_eq!(bootstrap.fraction(), 1.0);
    bootstrap
}

#[test]
fn intervals_of_a_mean_are_those_of_theory() {
    // 400 values of variance 1/12: the mean has a standard error of 1/sqrt(12 * 400).
    let values: Vec<f64> = (0..400).map(|i| (f64::from(i) + 0.5) / 400.0).collect();
    let values = mean(&values);
    let found = bootstrap(&[&values], BootstrapConfig::default(), 2).interval(0).unwrap();
    let error = 1.0 / (12.0 * 400.0_f64).sqrt();
    for (end, expected) in [(found.low, 0.5 - 1.96 * error), (found.high, 0.5 + 1.96 * error)] {
        assert!((end - expected).abs() < 0.25 * error, "{end} for {expected}");
    }
    let narrow = BootstrapConfig { level: 0.5, ..BootstrapConfig::default() };
    let narrow = bootstrap(&[&values], narrow, 2).interval(0).unwrap();
    assert!(found.low < narrow.low && narrow.high < found.high);
}

#[test]
fn differences_are_paired() {
    // Users differ much, the two models by exactly 0.01 on each of them.
    let a: Vec<f64> = (0..50).map(|i| f64::from(i) / 50.0).collect();
    let b: Vec<f64> = a.iter().map(|value| value - 0.01).collect();
    let (a, b) = (mean(&a), mean(&b));
    let found = bootstrap(&[&a, &b], BootstrapConfig::default(), 1);
    let difference = found.difference(0, 1).unwrap();
    assert!((difference.low - 0.01).abs() < 1e-12 && (difference.high - 0.01).abs() < 1e-12);
    let alone = found.interval(0).unwrap();
    assert!(alone.high - alone.low > 0.1);
}

#[test]
fn draws_follow_from_the_seed_alone() {
    let values = mean(&(0..97).map(|i| f64::from(i * i % 31)).collect::<Vec<_>>());
    let config = |seed| BootstrapConfig { resamples: 64, seed, ..BootstrapConfig::default() };
    let one = bootstrap(&[&values], config(5), 1).interval(0);
    assert_eq!(one, bootstrap(&[&values], config(5), 3).interval(0));
    assert_ne!(one, bootstrap(&[&values], config(6), 3).interval(0));
}

#[test]
fn quantiles_of_two_draws() {
    // With one user there is one draw; the interval is the value.
    let one = mean(&[0.25]);
    let found = bootstrap(&[&one], BootstrapConfig { resamples: 3, ..BootstrapConfig::default() }, 1);
    assert_eq!(found.interval(0), Some(Interval { low: 0.25, high: 0.25 }));
}

#[test]
fn undefined_draws_have_no_part() {
    // One of two users has a value: a draw without that user is undefined.
    let mut values = UserRatio::new(2);
    values.set(1, 2.0);
    let found = bootstrap(&[&values], BootstrapConfig { resamples: 50, ..BootstrapConfig::default() }, 1);
    assert_eq!(found.interval(0), Some(Interval { low: 2.0, high: 2.0 }));
    let never = UserRatio::new(2);
    let found = bootstrap(&[&never], BootstrapConfig { resamples: 5, ..BootstrapConfig::default() }, 1);
    assert_eq!(found.interval(0), None);
}

#[test]
fn refused_bootstraps() {
    for level in [0.0, 1.0, f64::NAN, -1.0] {
        let config = BootstrapConfig { level, ..BootstrapConfig::default() };
        assert!(matches!(Bootstrap::new(1, 1, config), Err(EvaluateError::InvalidConfig { parameter: "level", .. })));
    }
    let config = BootstrapConfig { resamples: 1_000_001, ..BootstrapConfig::default() };
    assert!(matches!(Bootstrap::new(1, 1, config), Err(EvaluateError::InvalidConfig { parameter: "resamples", .. })));
}

#[test]
fn means_over_splits_and_seeds() {
    let both = MeanOfSplits(vec![Box::new(mean(&[0.0, 1.0])), Box::new(mean(&[1.0, 1.0]))]);
    assert_eq!(both.estimate(), Some(0.75));
    assert_eq!(both.value(&[2, 0]), Some(0.5));
    assert_eq!((both.users(), both.counted()), (2, 2));
    assert_eq!(MeanOfSplits(Vec::new()).estimate(), None);
    let undefined = MeanOfSplits(vec![Box::new(mean(&[0.0])), Box::new(UserRatio::new(1))]);
    assert_eq!(undefined.estimate(), None);

    let spread = Spread::of(&[1.0, 2.0, 4.0]);
    assert_eq!(spread.count, 3);
    assert!(close(Some(spread.mean), Some(7.0 / 3.0)));
    assert!(close(spread.deviation, Some((7.0_f64 / 3.0).sqrt())));
    assert_eq!(Spread::of(&[1.0]), Spread { count: 1, mean: 1.0, deviation: None });
    assert_eq!(Spread::of(&[]), Spread::default());
}
