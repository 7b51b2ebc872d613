//! A model's metrics on a split: by hand, and the same from a model as from a table of its scores.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::evaluate::{
    AssessConfig, Assessment, Band, BlockScorer, EvaluateError, Interactions, LeakOnlyModel, Measured, Metric, Model,
    Part, PopularityModel, Protocol, RandomModel, ScoreTable, Scores, Split, SplitConfig, Task, split,
};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn all(k: usize, bands: bool) -> AssessConfig {
    AssessConfig { metrics: Metric::ALL.to_vec(), k, bins: 15, bands, seed: 3 }
}

fn assess(task: &Task, scores: Scores, config: &AssessConfig, threads: usize) -> Vec<Measured> {
    let mut assessment = Assessment::new(task, scores, config).unwrap();
    let pool = pool(threads);
    while assessment.step(&pool).unwrap() {
        assert!(assessment.fraction() > 0.0);
    }
    assert_eq!(assessment.fraction(), 1.0);
    let measured = assessment.finish().unwrap();
    assert_eq!(assessment.unscored(), 0);
    measured
}

fn value(measured: &[Measured], metric: Metric, band: Option<Band>) -> Option<f64> {
    measured.iter().find(|found| (found.metric, found.band) == (metric, band)).unwrap().found.value()
}

/// Three users, five items. Training: items 0 (three users), 1 (two) and 2 (one).
fn small() -> Task {
    let rows = [
        (0, 0, 1.0, Part::Train),
        (1, 0, 1.0, Part::Train),
        (2, 0, 1.0, Part::Train),
        (0, 1, 1.0, Part::Train),
        (1, 1, 1.0, Part::Train),
        (2, 2, 1.0, Part::Train),
        (2, 4, 0.0, Part::Train),
        (1, 2, 1.0, Part::Validation),
        (1, 3, 0.0, Part::Validation),
        (0, 2, 1.0, Part::Test),
        (0, 3, 0.0, Part::Test),
        (2, 1, 1.0, Part::Test),
        (2, 3, 1.0, Part::Test),
        (1, 4, 0.0, Part::Test),
    ];
    let users: Vec<u32> = rows.iter().map(|row| row.0).collect();
    let items: Vec<u32> = rows.iter().map(|row| row.1).collect();
    let labels: Vec<f64> = rows.iter().map(|row| row.2).collect();
    let parts: Vec<Part> = rows.iter().map(|row| row.3).collect();
    Task::new(&Split::from_rows(&users, &items, &labels, &parts, 3, 5).unwrap(), Part::Test, 3, 5).unwrap()
}

#[test]
fn popularity_by_hand() {
    let task = small();
    assert_eq!(task.popularity, [3, 2, 1, 0, 0]);
    assert_eq!((&task.users[..], task.rows()), (&[0, 2][..], 5));
    let model = PopularityModel { popularity: task.popularity.clone() };
    let measured = assess(&task, Scores::Model(&model), &all(2, true), 2);
    let close = |metric: Metric, band: Option<Band>, expected: f64| {
        let found = value(&measured, metric, band).unwrap();
        assert!((found - expected).abs() < 1e-12, "{metric} {band:?}: {found} for {expected}");
    };
    // Positives score 1, 2, 0, negatives 0, 0: of six pairs, four are won and two are ties.
    close(Metric::Auc, None, 5.0 / 6.0);
    // Of one user only there are both labels.
    close(Metric::UserAuc, None, 1.0);
    // The threshold of the validation part is 0.5: wrong is the positive with score 0.
    close(Metric::Accuracy, None, 4.0 / 5.0);
    // User 0 gets item 2 and then 3 or 4; user 2 gets item 1 and then 3 or 4.
    let second = value(&measured, Metric::Recall, None).unwrap() - 0.75;
    assert!(second == 0.0 || second == 0.25);
    close(Metric::Mrr, None, 1.0);
    close(Metric::Hit, None, 1.0);
    // Item 2 is the tail, item 1 the middle, item 3 cold.
    close(Metric::Recall, Some(Band::Tail), 1.0);
    close(Metric::Mrr, Some(Band::Middle), 1.0);
    assert_eq!(value(&measured, Metric::Recall, Some(Band::Head)), None);
    // Within the cold band, the positive of user 2 and both negatives score 0.
    close(Metric::Auc, Some(Band::Cold), 0.5);
    // Popularity is no probability.
    assert_eq!(value(&measured, Metric::LogLoss, None), None);
    assert_eq!(value(&measured, Metric::CalibrationError, None), None);
    // Shown: 1 and 0, 2 and 0; had: (3+2)/2 and (3+1)/2.
    close(Metric::MeanPopularity, None, 0.75);
    close(Metric::PopularityLift, None, (0.75 - 2.25) / 2.25);
    assert!(!measured.iter().any(|found| found.metric == Metric::Coverage && found.band.is_some()));
}

#[test]
fn without_negatives_there_are_no_metrics_of_rows() {
    let parts = [Part::Train, Part::Test, Part::Validation];
    let split = Split::from_rows(&[0, 0, 0], &[0, 1, 2], &[1.0; 3], &parts, 1, 3).unwrap();
    let task = Task::new(&split, Part::Test, 1, 3).unwrap();
    let measured = assess(&task, Scores::Model(&RandomModel { seed: 1 }), &all(10, false), 1);
    for found in &measured {
        assert_eq!(found.found.value().is_none(), found.metric.of_rows(), "{}", found.metric);
    }
    // The one item that is left is found.
    assert_eq!(value(&measured, Metric::Mrr, None), Some(1.0));
}

#[test]
fn a_table_of_scores_is_as_good_as_the_model() {
    let users: Vec<u32> = (0..2000).map(|row| row / 20).collect();
    let items: Vec<u32> = (0..2000_u32).map(|row| (row / 20 * 13 + row % 20 * row % 20) % 150).collect();
    let rows =
        Interactions { users: &users, items: &items, labels: None, order: None, user_count: 100, item_count: 150 };
    let split = split(&rows, &SplitConfig::for_protocol(Protocol::Mkr)).unwrap();
    for part in [Part::Validation, Part::Test] {
        let task = Task::new(&split, part, 100, 150).unwrap();
        let random = RandomModel { seed: 9 };
        let popularity = PopularityModel { popularity: task.popularity.clone() };
        let leak = LeakOnlyModel::new(&task.train, &task.train_negatives);
        for model in [&random as &dyn Model, &popularity, &leak] {
            // As a block gives them, so that ties are the same.
            let mut block = vec![0.0; 150];
            let mut scores = Vec::new();
            for user in 0..100 {
                model.score(&[user], &mut block);
                scores.extend((0..).zip(&block).map(|(item, &score)| (user, item, f64::from(score))));
                for (item, &score) in (0..).zip(&block) {
                    assert_eq!(model.pair(user, item) as f32, score);
                }
            }
            let table = ScoreTable::new(scores, 100).unwrap();
            let one = assess(&task, Scores::Model(model), &all(10, true), 1);
            let three = assess(&task, Scores::Model(model), &all(10, true), 3);
            let other = assess(&task, Scores::Table(&table), &all(10, true), 1);
            assert_eq!(one.len(), other.len());
            for ((a, b), c) in one.iter().zip(&other).zip(&three) {
                let of = |found: &Measured| (found.metric, found.band, found.found.value());
                assert_eq!(of(a), of(c));
                let ((metric, band, a), (.., b)) = (of(a), of(b));
                // Scores were rounded to f32.
                let same = match (a, b) {
                    (Some(a), Some(b)) => (a - b).abs() < 1e-5,
                    (a, b) => a == b,
                };
                assert!(same, "{metric} {band:?}: {a:?} and {b:?}");
            }
        }
    }
}

#[test]
fn tables_with_gaps() {
    let task = small();
    // Three of five test rows; lists hold only what is there, and nothing that was seen.
    let table = ScoreTable::new(vec![(0, 2, 0.1), (0, 0, 0.9), (2, 3, 0.7), (2, 1, 0.2), (1, 4, 0.5)], 3).unwrap();
    let config = all(2, false);
    let mut assessment = Assessment::new(&task, Scores::Table(&table), &config).unwrap();
    while assessment.step(&pool(1)).unwrap() {}
    let measured = assessment.finish().unwrap();
    assert_eq!(assessment.unscored(), 1);
    assert_eq!(value(&measured, Metric::Auc, None), None);
    assert_eq!(value(&measured, Metric::Accuracy, None), None);
    assert_eq!(value(&measured, Metric::Recall, None), Some(1.0));
    assert_eq!(value(&measured, Metric::Precision, None), Some(0.75));
    assert_eq!(value(&measured, Metric::Coverage, None), Some(3.0 / 5.0));
}

#[test]
fn refused_tables_and_tasks() {
    assert!(matches!(ScoreTable::new(vec![(0, 1, f64::NAN)], 1), Err(EvaluateError::Score { user: 0, item: 1, .. })));
    assert_eq!(ScoreTable::new(vec![(0, 1, 0.0), (0, 1, 0.0)], 1), Err(EvaluateError::Twice { user: 0, item: 1 }));
    assert!(matches!(ScoreTable::new(vec![(1, 1, 0.0)], 1), Err(EvaluateError::UnknownId { .. })));
    let parts = [Part::Train, Part::Test];
    let split = Split::from_rows(&[0, 0], &[0, 1], &[1.0, 1.0], &parts, 1, 2).unwrap();
    assert!(matches!(Task::new(&split, Part::Train, 1, 2), Err(EvaluateError::InvalidConfig { .. })));
    assert!(matches!(
        Task::new(&split, Part::Validation, 1, 2),
        Err(EvaluateError::NoPositives { part: "validation" })
    ));
    let task = Task::new(&split, Part::Test, 1, 2).unwrap();
    let model = RandomModel { seed: 0 };
    let config = all(0, false);
    assert!(matches!(
        Assessment::new(&task, Scores::Model(&model), &config),
        Err(EvaluateError::InvalidConfig { parameter: "k", .. })
    ));
    let config = AssessConfig { bins: 0, ..all(1, false) };
    assert!(matches!(
        Assessment::new(&task, Scores::Model(&model), &config),
        Err(EvaluateError::InvalidConfig { parameter: "bins", .. })
    ));
}

struct Broken;

impl BlockScorer for Broken {
    fn score(&self, _: &[u32], scores: &mut [f32]) {
        scores.fill(f32::NAN);
    }
}

impl Model for Broken {
    fn pair(&self, _: u32, _: u32) -> f64 {
        f64::INFINITY
    }
}

#[test]
fn scores_that_are_not_finite() {
    let task = small();
    let config = all(1, false);
    let mut assessment = Assessment::new(&task, Scores::Model(&Broken), &config).unwrap();
    assert!(matches!(assessment.step(&pool(1)), Err(EvaluateError::Score { user: 0, item: 0, .. })));
    let config = AssessConfig { metrics: vec![Metric::Auc], ..all(1, false) };
    let mut assessment = Assessment::new(&task, Scores::Model(&Broken), &config).unwrap();
    assert!(!assessment.step(&pool(1)).unwrap());
    assert!(matches!(assessment.finish(), Err(EvaluateError::Score { .. })));
}
