//! The blend: sums are exact, what is there to learn is learned, and nothing of users is.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::recommend::blend::{
    Blend, BlendConfig, BlendError, BlendFeatures, BlendFit, BlendRows, Blended, Component, ComponentConfig,
    ComponentModel, ComponentsFit, GraphEdges, ItemFeature, MAX_BINS, NegativesConfig, Scale, Term, default_components,
    graph_features, log_popularity, log_ratio, sigmoid, with_negatives,
};
use sgr_engine::recommend::models::{
    Bpr, EaseConfig, Factors, Fit, GraphWalk, GraphWalkConfig, IalsConfig, Interactions, ItemKnnConfig, ItemKnnFit,
    MAX_WALK_STEPS, ModelError, Popularity, Recommender,
};
use std::sync::Arc;

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn learn(features: &[&str], rows: &BlendRows<'_>, config: BlendConfig, threads: usize) -> Blend {
    let pool = pool(threads);
    let mut fit = BlendFit::new(names(features), rows, config).unwrap();
    let mut last = 0.0;
    loop {
        let progress = fit.step(&pool);
        assert!((last..=1.0).contains(&progress.fraction), "{last} and {progress:?}");
        last = progress.fraction;
        if progress.done {
            assert_eq!(last, 1.0);
            assert_eq!(fit.step(&pool), progress);
            return fit.finish().unwrap();
        }
    }
}

/// Rows of users with ten items each, three uniform features, and labels drawn with probabilities that they follow from.
struct Drawn {
    users: Vec<u32>,
    labels: Vec<bool>,
    values: Vec<f32>,
}

impl Drawn {
    fn new(count: usize, seed: u64, log_odds: impl Fn(&[f32]) -> f64) -> Drawn {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut drawn = Drawn { users: Vec::new(), labels: Vec::new(), values: Vec::new() };
        for row in 0..count {
            let values: [f32; 3] = std::array::from_fn(|_| random.random());
            drawn.users.push(row as u32 / 10);
            drawn.labels.push(random.random_bool(sigmoid(log_odds(&values))));
            drawn.values.extend(values);
        }
        drawn
    }

    fn rows(&self) -> BlendRows<'_> {
        BlendRows { users: &self.users, labels: &self.labels, values: &self.values, weights: &[] }
    }

    fn log_loss(&self, blend: &Blend) -> f64 {
        let of_row = |(values, &label): (&[f32], &bool)| {
            let probability = blend.probability(values).unwrap();
            -(if label { probability } else { 1.0 - probability }).ln()
        };
        self.values.chunks(3).zip(&self.labels).map(of_row).sum::<f64>() / self.labels.len() as f64
    }
}

const ABC: [&str; 3] = ["a", "b", "c"];

#[test]
fn contributions_add_up_to_the_score_to_the_last_bit() {
    let drawn = Drawn::new(3000, 1, |x| 3.0 * f64::from(x[0]) - 2.0 * f64::from(x[1] * x[2]));
    let blend = learn(&ABC, &drawn.rows(), BlendConfig { pairs: 2, ..BlendConfig::default() }, 1);
    assert_eq!(blend.terms().len(), 5);
    for values in drawn.values.chunks(3) {
        let contributions = blend.contributions(values).unwrap();
        let sum = contributions.iter().fold(blend.base(), |sum, term| sum + term);
        assert_eq!(sum.to_bits(), blend.score(values).unwrap().to_bits());
        assert_eq!(blend.probability(values).unwrap(), sigmoid(sum));
    }
    // Each term says how it differs from the mean of the rows.
    for (at, term) in blend.terms().iter().enumerate() {
        let name = blend.term_name(at);
        let mean: f64 = term.weights.iter().zip(&term.shares).map(|(weight, share)| weight * share).sum();
        assert!(mean.abs() < 1e-9, "{name}: {mean}");
        assert!((term.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{name}");
    }
}

#[test]
fn what_there_is_to_learn_is_learned() {
    let truth = |x: &[f32]| 6.0 * f64::from(x[0]) - 3.0;
    let (drawn, unseen) = (Drawn::new(6000, 2, truth), Drawn::new(6000, 3, truth));
    let blend = learn(&ABC, &drawn.rows(), BlendConfig { pairs: 0, ..BlendConfig::default() }, 1);
    for tenth in 0..10 {
        let value = (tenth as f32 + 0.5) / 10.0;
        let expected = sigmoid(truth(&[value]));
        let found = blend.probability(&[value, 0.5, 0.5]).unwrap();
        assert!((found - expected).abs() < 0.07, "{value}: {found} and {expected}");
    }
    let importance: Vec<f64> = blend.terms().iter().map(Term::importance).collect();
    assert!(importance[0] > 10.0 * importance[1].max(importance[2]), "{importance:?}");
    // The loss of the truth itself is what nobody can beat, ln 2 what a coin reaches.
    let best = {
        let of_row = |(values, &label): (&[f32], &bool)| {
            let probability = sigmoid(truth(values));
            -(if label { probability } else { 1.0 - probability }).ln()
        };
        unseen.values.chunks(3).zip(&unseen.labels).map(of_row).sum::<f64>() / 6000.0
    };
    let loss = unseen.log_loss(&blend);
    assert!(loss < best + 0.01, "{loss}, at best {best}");
}

#[test]
fn weights_make_up_for_rows_that_were_left_out() {
    let truth = |x: &[f32]| 4.0 * f64::from(x[0]) - 3.0;
    let all = Drawn::new(40_000, 8, truth);
    let mut kept = Drawn { users: Vec::new(), labels: Vec::new(), values: Vec::new() };
    let mut weights = Vec::new();
    for (row, values) in all.values.chunks(3).enumerate().filter(|(row, _)| all.labels[*row] || row % 8 == 0) {
        kept.users.push(all.users[row]);
        kept.labels.push(all.labels[row]);
        kept.values.extend(values);
        weights.push(if all.labels[row] { 1.0 } else { 8.0 });
    }
    let config = BlendConfig { pairs: 0, ..BlendConfig::default() };
    let blend = learn(&ABC, &BlendRows { weights: &weights, ..kept.rows() }, config.clone(), 1);
    let unweighted = learn(&ABC, &kept.rows(), config.clone(), 1);
    for tenth in 0..10 {
        let values = [(tenth as f32 + 0.5) / 10.0, 0.5, 0.5];
        let expected = sigmoid(truth(&values));
        let found = blend.probability(&values).unwrap();
        assert!((found - expected).abs() < 0.07, "{values:?}: {found} and {expected}");
        assert!(unweighted.score(&values).unwrap() > blend.score(&values).unwrap() + 1.0, "{values:?}");
    }
    let ones = vec![1.0; kept.labels.len()];
    assert_eq!(learn(&ABC, &BlendRows { weights: &ones, ..kept.rows() }, config.clone(), 1), unweighted);
    for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let mut weights = ones.clone();
        weights[7] = weight;
        let refused = BlendFit::new(names(&ABC), &BlendRows { weights: &weights, ..kept.rows() }, config.clone());
        assert!(matches!(refused.unwrap_err(), BlendError::InvalidWeight { row: 7, .. }), "{weight}");
    }
    let refused = BlendFit::new(names(&ABC), &BlendRows { weights: &[1.0], ..kept.rows() }, config).unwrap_err();
    let expected = kept.labels.len();
    assert_eq!(refused, BlendError::WrongLength { what: "weights", actual: 1, expected });
}

#[test]
fn a_pair_is_found_where_single_features_say_nothing() {
    let truth = |x: &[f32]| if (x[0] > 0.5) == (x[2] > 0.5) { 2.5 } else { -2.5 };
    let (drawn, unseen) = (Drawn::new(4000, 4, truth), Drawn::new(4000, 5, truth));
    let single = learn(&ABC, &drawn.rows(), BlendConfig { pairs: 0, ..BlendConfig::default() }, 1);
    assert!(unseen.log_loss(&single) > 0.67, "{}", unseen.log_loss(&single));
    let pair = learn(&ABC, &drawn.rows(), BlendConfig { pairs: 1, ..BlendConfig::default() }, 1);
    assert!(unseen.log_loss(&pair) < 0.35, "{}", unseen.log_loss(&pair));
    assert_eq!(pair.term_name(3), "a & c");
}

#[test]
fn without_pairs_a_feature_adds_the_same_whatever_the_others_are() {
    let drawn = Drawn::new(2000, 6, |x| 4.0 * f64::from(x[0] * x[1]));
    let blend = learn(&ABC, &drawn.rows(), BlendConfig { pairs: 0, ..BlendConfig::default() }, 1);
    let of_a = |b: f32, c: f32| blend.contributions(&[0.9, b, c]).unwrap()[0];
    assert_eq!(of_a(0.1, 0.1), of_a(0.8, 0.3));
}

#[test]
fn the_seed_gives_the_blend_on_any_number_of_threads() {
    let drawn = Drawn::new(1500, 7, |x| 3.0 * f64::from(x[0]) - 2.0 * f64::from(x[1] * x[2]));
    let config = |seed| BlendConfig { rounds: 60, bags: 4, seed, ..BlendConfig::default() };
    let blend = learn(&ABC, &drawn.rows(), config(9), 1);
    assert_eq!(blend, learn(&ABC, &drawn.rows(), config(9), 3));
    assert_ne!(blend, learn(&ABC, &drawn.rows(), config(10), 1));
}

#[test]
fn a_feature_of_users_is_refused() {
    let drawn = Drawn::new(1000, 8, |x| f64::from(x[0]));
    let with = |third: &dyn Fn(usize) -> f32| {
        let mut values = drawn.values.clone();
        values.chunks_mut(3).enumerate().for_each(|(row, values)| values[2] = third(row));
        let rows = BlendRows { values: &values, ..drawn.rows() };
        BlendFit::new(names(&ABC), &rows, BlendConfig::default()).map(|_| ())
    };
    // How many positives the user has.
    let positives = |row: usize| drawn.labels[row / 10 * 10..][..10].iter().filter(|&&label| label).count() as f32;
    let refused = with(&positives).unwrap_err();
    assert!(matches!(&refused, BlendError::OfUsers { feature, within, .. } if feature == "c" && *within < 1e-9));
    assert!(refused.to_string().contains("0.00 % of its variance is within users"), "{refused}");
    // Noise does not hide it.
    let disguised = with(&|row| positives(row) + (row % 7) as f32 * 1e-4).unwrap_err();
    assert!(matches!(disguised, BlendError::OfUsers { .. }), "{disguised}");
    // What tells items apart may be rare, or the same for all.
    with(&|row| if row % 100 == 3 { 1.0 } else { 0.0 }).unwrap();
    with(&|_| 0.1).unwrap();
}

#[test]
fn what_is_wrong_is_said() {
    let new = |features: &[&str], users: &[u32], labels: &[bool], values: &[f32]| {
        let rows = BlendRows { users, labels, values, weights: &[] };
        BlendFit::new(names(features), &rows, BlendConfig::default()).map(|_| ()).unwrap_err()
    };
    let two = [true, false];
    assert_eq!(new(&[], &[0, 0], &two, &[]), BlendError::NoFeatures);
    assert_eq!(new(&["a", "a"], &[0, 0], &two, &[0.0; 4]), BlendError::FeatureTwice { name: "a".to_owned() });
    let length = |what, actual, expected| BlendError::WrongLength { what, actual, expected };
    assert_eq!(new(&["a"], &[0], &two, &[0.0; 2]), length("users", 1, 2));
    assert_eq!(new(&["a"], &[0, 0], &two, &[0.0; 3]), length("values", 3, 2));
    assert_eq!(new(&["a"], &[0], &[true], &[0.0]), BlendError::OneLabel { positives: 1, negatives: 0 });
    assert_eq!(new(&["a"], &[0], &[false], &[0.0]), BlendError::OneLabel { positives: 0, negatives: 1 });
    assert_eq!(new(&["a"], &[], &[], &[]), BlendError::OneLabel { positives: 0, negatives: 0 });
    let infinite = BlendError::NotFinite { feature: "b".to_owned(), row: 1, value: f32::INFINITY };
    assert_eq!(new(&["a", "b"], &[0, 0], &two, &[0.0, 0.0, 0.0, f32::INFINITY]), infinite);
    let base = BlendConfig::default();
    let invalid = [
        ("bins", BlendConfig { bins: 1, ..base.clone() }),
        ("bins", BlendConfig { bins: MAX_BINS + 1, ..base.clone() }),
        ("rounds", BlendConfig { rounds: 0, ..base.clone() }),
        ("learning_rate", BlendConfig { learning_rate: 0.0, ..base.clone() }),
        ("learning_rate", BlendConfig { learning_rate: f64::NAN, ..base.clone() }),
        ("leaves", BlendConfig { leaves: 1, ..base.clone() }),
        ("min_rows", BlendConfig { min_rows: 0, ..base.clone() }),
        ("l2", BlendConfig { l2: -1.0, ..base.clone() }),
        ("bags", BlendConfig { bags: 0, ..base.clone() }),
        ("holdout", BlendConfig { holdout: 0.6, ..base.clone() }),
        ("patience", BlendConfig { patience: 0, ..base.clone() }),
        ("pairs", BlendConfig { pairs: 65, ..base.clone() }),
        ("pair_bins", BlendConfig { pair_bins: 1, ..base.clone() }),
    ];
    for (field, config) in invalid {
        let found = config.validate().unwrap_err();
        assert!(matches!(found, BlendError::InvalidConfig { parameter, .. } if parameter == field), "{found}");
    }
    base.validate().unwrap();
    let rows = BlendRows { users: &[0, 0], labels: &two, values: &[0.0, 1.0], weights: &[] };
    let fit = BlendFit::new(names(&["a"]), &rows, base).unwrap();
    assert_eq!(fit.finish(), Err(BlendError::Unfinished));
}

#[test]
fn very_few_rows_are_enough_to_learn_how_many_are_positive() {
    let rows = BlendRows { users: &[0, 0], labels: &[true, false], values: &[0.0, 1.0], weights: &[] };
    let blend = learn(&["a"], &rows, BlendConfig::default(), 1);
    // With one side's row held out the other label is seen alone; half a row of each keeps it finite.
    let probability = blend.probability(&[0.0]).unwrap();
    assert!((0.2..=0.8).contains(&probability), "{probability}");
}

#[test]
fn saved_parameters_are_checked() {
    let term = Term { feature: 0, cuts: vec![1.0], other: None, weights: vec![0.5, -0.5], shares: vec![0.5, 0.5] };
    let new = |base: f64, term: Term| Blend::from_parameters(names(&["a", "b"]), base, vec![term]);
    new(0.0, term.clone()).unwrap();
    let impossible = |what| Err(BlendError::InvalidParameters { what, at: 0 });
    assert_eq!(new(f64::NAN, term.clone()), impossible("base"));
    assert_eq!(new(0.0, Term { feature: 2, ..term.clone() }), impossible("features of terms"));
    assert_eq!(new(0.0, Term { other: Some((2, vec![])), ..term.clone() }), impossible("features of terms"));
    assert_eq!(new(0.0, Term { cuts: vec![f32::NAN], ..term.clone() }), impossible("cuts"));
    assert_eq!(new(0.0, Term { cuts: vec![1.0, 1.0], ..term.clone() }), impossible("cuts"));
    assert_eq!(new(0.0, Term { weights: vec![0.0, f64::INFINITY], ..term.clone() }), impossible("weights"));
    let short = Err(BlendError::WrongLength { what: "weights", actual: 2, expected: 4 });
    assert_eq!(new(0.0, Term { other: Some((1, vec![3.0])), ..term.clone() }), short);
    let blend = new(0.25, term).unwrap();
    assert_eq!(blend.score(&[1.0, 0.0]), Ok(-0.25));
    assert_eq!(blend.score(&[1.0]), Err(BlendError::WrongLength { what: "values", actual: 1, expected: 2 }));
    assert!(blend.contributions(&[]).is_err() && blend.probability(&[]).is_err());
}

fn any_blend() -> impl Strategy<Value = Blend> {
    let cuts = || proptest::collection::btree_set(-20_i32..20, 0..5);
    let term = (0..3_usize, cuts(), proptest::option::of((0..3_usize, cuts())), any::<u64>());
    (proptest::collection::vec(term, 0..5), -3.0..3.0).prop_map(|(terms, base)| {
        let cuts = |cuts: std::collections::BTreeSet<i32>| cuts.into_iter().map(|cut| cut as f32 / 4.0).collect();
        let terms = terms.into_iter().map(|(feature, own, other, seed)| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let other: Option<(usize, Vec<f32>)> = other.map(|(feature, of_other)| (feature, cuts(of_other)));
            let own: Vec<f32> = cuts(own);
            let count = (own.len() + 1) * other.as_ref().map_or(1, |(_, cuts)| cuts.len() + 1);
            let weights = (0..count).map(|_| random.random_range(-1.0..1.0)).collect();
            Term { feature, cuts: own, other, weights, shares: vec![1.0 / count as f64; count] }
        });
        Blend::from_parameters(names(&ABC), base, terms.collect()).unwrap()
    })
}

proptest! {
    /// Whoever reads the table gets the score: the line of each term that the values fall into.
    #[test]
    fn the_table_is_the_model(blend in any_blend(), values in proptest::array::uniform3(-6.0_f32..6.0)) {
        let restored =
            Blend::from_parameters(blend.features().to_vec(), blend.base(), blend.terms().to_vec()).unwrap();
        prop_assert_eq!(&restored, &blend);
        let of = |name: &str| values[ABC.iter().position(|&feature| feature == name).unwrap()];
        let holds = |name: &str, from: f32, to: f32| (from..to).contains(&of(name));
        let mut sum = blend.base();
        for term in 0..blend.terms().len() {
            let lines: Vec<_> = blend
                .table()
                .filter(|line| line.term == term && holds(line.feature, line.from, line.to))
                .filter(|line| line.other.is_none_or(|(name, from, to)| holds(name, from, to)))
                .collect();
            prop_assert_eq!(lines.len(), 1);
            prop_assert_eq!(lines[0].weight, blend.contributions(&values).unwrap()[term]);
            sum += lines[0].weight;
        }
        prop_assert_eq!(sum, blend.score(&values).unwrap());
    }
}

/// Users with tastes.
fn interactions(users: usize, items: usize, seed: u64) -> Arc<Interactions> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut of_users, mut of_items) = (Vec::new(), Vec::new());
    for user in 0..users as u32 {
        for item in 0..items as u32 {
            if random.random_bool(if user % 3 == item % 3 { 0.4 } else { 0.05 }) {
                of_users.push(user);
                of_items.push(item);
            }
        }
    }
    Arc::new(Interactions::new(&of_users, &of_items, &[], users, items).unwrap())
}

fn knn(interactions: &Arc<Interactions>) -> Arc<dyn Recommender> {
    let pool = pool(1);
    let mut fit = ItemKnnFit::new(Arc::clone(interactions), ItemKnnConfig::default(), &pool).unwrap();
    while !fit.step(&pool).unwrap().done {}
    Arc::new(fit.finish().unwrap())
}

fn component(name: &str, model: Arc<dyn Recommender>, scales: &[Scale]) -> Component {
    Component { name: name.to_owned(), model, scales: scales.to_vec() }
}

#[test]
fn a_blended_recommender_scores_what_it_explains() {
    let interactions = interactions(30, 40, 1);
    let walk = GraphWalk::new(Arc::clone(&interactions), &[], &[], 40, GraphWalkConfig::default()).unwrap();
    let features = BlendFeatures::new(
        vec![
            component("item_knn", knn(&interactions), &[Scale::Rank, Scale::Standard]),
            component("walk", Arc::new(walk), &[Scale::Rank]),
        ],
        vec![log_popularity(&interactions)],
        Some(Arc::clone(&interactions)),
    )
    .unwrap();
    assert_eq!(features.names(), ["item_knn rank", "item_knn standard", "walk rank", "popularity"]);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    let users: Vec<u32> = (0..900).map(|row| row / 30).collect();
    let items: Vec<u32> = users.iter().map(|_| random.random_range(0..40)).collect();
    let labels: Vec<bool> = users.iter().zip(&items).map(|(user, item)| user % 3 == item % 3).collect();
    let pool = pool(2);
    let values = features.of_pairs(&users, &items, &pool).unwrap();
    let rows = BlendRows { users: &users, labels: &labels, values: &values, weights: &[] };
    let mut fit = BlendFit::new(features.names().to_vec(), &rows, BlendConfig::default()).unwrap();
    while !fit.step(&pool).done {}
    let blended = Blended::new(features, fit.finish().unwrap()).unwrap();
    assert_eq!((blended.name(), blended.user_count(), blended.item_count()), ("blend", 30, 40));

    let all: Vec<u32> = (0..30).rev().collect();
    let mut scores = vec![f32::NAN; 30 * 40];
    blended.score_users(&all, &mut scores, &pool).unwrap();
    let pairs: Vec<(u32, u32)> = all.iter().flat_map(|&user| (0..40).map(move |item| (user, item))).collect();
    let (of_users, of_items): (Vec<u32>, Vec<u32>) = pairs.iter().copied().unzip();
    let explained = blended.explain(&of_users, &of_items, &pool).unwrap();
    for ((score, explained), pair) in scores.iter().zip(&explained).zip(&pairs) {
        assert_eq!(*score, explained.score as f32, "{pair:?}");
        let sum = explained.contributions.iter().fold(blended.blend().base(), |sum, term| sum + term);
        assert_eq!(sum, explained.score);
        assert_eq!(blended.blend().score(&explained.values), Ok(sum));
        assert_eq!(explained.probability, sigmoid(sum));
    }
    // Ranks are among what the user did not take yet: the mean of their places is the middle, ties or not.
    for (user, explained) in all.iter().zip(explained.chunks(40)) {
        let taken = interactions.by_user().row(*user as usize).columns;
        for feature in [0, 2] {
            let free = (0..40_u32).filter(|item| !taken.contains(item));
            let ranks: Vec<f32> = free.map(|item| explained[item as usize].values[feature]).collect();
            let mean = ranks.iter().sum::<f32>() / ranks.len() as f32;
            assert!((mean - 0.5).abs() < 1e-5, "user {user}, feature {feature}: {mean}");
        }
    }
    // Who is asked for together makes no difference, nor does the number of threads.
    let mut one = vec![f32::NAN; 40];
    blended.score_users(&[7], &mut one, &self::pool(1)).unwrap();
    assert_eq!(one, scores[22 * 40..23 * 40]);
    // Likes are told from the rest.
    let mean = |wanted: bool| {
        let chosen = pairs.iter().zip(&explained).filter(|((user, item), _)| (user % 3 == item % 3) == wanted);
        let found: Vec<f64> = chosen.map(|(_, explained)| explained.probability).collect();
        found.iter().sum::<f64>() / found.len() as f64
    };
    assert!(mean(true) > 0.6 && mean(false) < 0.25, "{} and {}", mean(true), mean(false));

    // Somebody new with the profile of user 7.
    let profile = interactions.by_user().row(7).columns;
    let mut folded = vec![f32::NAN; 40];
    blended.fold_in(profile, &[], &mut folded).unwrap();
    let asked: Vec<u32> = (0..40).collect();
    let of_profile = blended.explain_profile(profile, &[], &asked).unwrap();
    for (score, explained) in folded.iter().zip(&of_profile) {
        assert_eq!(*score, explained.score as f32);
    }
    assert!(of_profile[1].score > of_profile[2].score, "user 7 is of the taste of item 1");

    let unknown = |what, id, count| Err(BlendError::UnknownId { what, id, count });
    assert_eq!(blended.explain(&[30], &[0], &pool), unknown("user", 30, 30));
    assert_eq!(blended.explain(&[0], &[40], &pool), unknown("item", 40, 40));
    assert_eq!(blended.explain_profile(&[], &[], &[40]), unknown("item", 40, 40));
    let unknown_item = ModelError::UnknownId { what: "item", id: 41, count: 40 };
    assert_eq!(blended.explain_profile(&[41], &[], &[0]), Err(BlendError::Component(unknown_item)));
    let wrong = BlendError::WrongLength { what: "items", actual: 0, expected: 1 };
    assert_eq!(blended.explain(&[0], &[], &pool), Err(wrong));
    let unknown_user = ModelError::UnknownId { what: "user", id: 30, count: 30 };
    assert_eq!(blended.score_users(&[30], &mut one, &pool), Err(unknown_user));
    let wrong = ModelError::WrongLength { what: "scores", actual: 40, expected: 80 };
    assert_eq!(blended.score_users(&[0, 1], &mut one, &pool), Err(wrong));
    let wrong = ModelError::WrongLength { what: "scores", actual: 39, expected: 40 };
    assert_eq!(blended.fold_in(&[0], &[], &mut one[..39]), Err(wrong));
}

#[test]
fn features_that_do_not_belong_together_are_refused() {
    let (small, large) = (interactions(10, 12, 3), interactions(11, 12, 4));
    let popularity = |of: &Interactions| -> Arc<dyn Recommender> { Arc::new(Popularity::new(of)) };
    let new = |components, of_items| BlendFeatures::new(components, of_items, None).map(|_| ()).unwrap_err();
    assert_eq!(new(vec![], vec![log_popularity(&small)]), BlendError::NoFeatures);
    let one = || component("one", popularity(&small), &[Scale::Rank]);
    assert_eq!(new(vec![one(), one()], vec![]), BlendError::FeatureTwice { name: "one rank".to_owned() });
    let other = component("other", popularity(&large), &[Scale::Raw]);
    let wrong = BlendError::WrongLength { what: "users of a component", actual: 11, expected: 10 };
    assert_eq!(new(vec![one(), other], vec![]), wrong);
    let wrong = BlendError::WrongLength { what: "users of the interactions", actual: 11, expected: 10 };
    assert_eq!(BlendFeatures::new(vec![one()], vec![], Some(Arc::clone(&large))).map(|_| ()), Err(wrong));
    let of_items = |values: Vec<f32>| vec![ItemFeature { name: "x".to_owned(), values }];
    let wrong = BlendError::WrongLength { what: "a feature of items", actual: 3, expected: 12 };
    assert_eq!(new(vec![one()], of_items(vec![0.0; 3])), wrong);
    let mut values = vec![0.0; 12];
    values[5] = f32::INFINITY;
    let infinite = BlendError::NotFinite { feature: "x".to_owned(), row: 5, value: f32::INFINITY };
    assert_eq!(new(vec![one()], of_items(values)), infinite);
    let features = BlendFeatures::new(vec![one()], vec![], None).unwrap();
    let blend = |feature: &str| Blend::from_parameters(names(&[feature]), 0.0, vec![]).unwrap();
    Blended::new(features.clone(), blend("one rank")).unwrap();
    let other = Blended::new(features.clone(), blend("one raw")).map(|_| ()).unwrap_err();
    assert_eq!(other, BlendError::InvalidParameters { what: "names of features", at: 0 });
    let two = Blend::from_parameters(names(&["one rank", "x"]), 0.0, vec![]).unwrap();
    assert!(matches!(Blended::new(features, two).map(|_| ()), Err(BlendError::WrongLength { .. })));
    assert_eq!("z".parse::<Scale>().unwrap_err().to_string(), "unknown scale \"z\": use one of rank, standard, raw");
    // A component that cannot score new users says so.
    let factors = Factors::new(1, vec![1.0; 10], vec![1.0; 12]).unwrap();
    let bpr = component("bpr", Arc::new(Bpr::from_parameters(factors)), &[Scale::Rank]);
    let blended = Blended::new(BlendFeatures::new(vec![bpr], vec![], None).unwrap(), blend("bpr rank")).unwrap();
    let mut scores = [0.0; 12];
    assert_eq!(blended.fold_in(&[1], &[], &mut scores), Err(ModelError::NoFoldIn { model: "bpr" }));
}

#[test]
fn facts_about_items_are_what_they_say() {
    // Items 0 to 3; 4 and 5 are other entities.
    let interactions = Arc::new(Interactions::new(&[0, 1, 2, 0], &[0, 0, 0, 1], &[], 3, 4).unwrap());
    let ln = |numbers: [f32; 4]| numbers.map(f32::ln);
    assert_eq!(log_popularity(&interactions).values, ln([4.0, 2.0, 1.0, 1.0]));
    assert_eq!(log_ratio(&[3, 0], &[0, 1]).unwrap().values, [7.0_f32.ln(), (0.5_f32 / 1.5).ln()]);
    assert!(log_ratio(&[3, 0], &[0]).is_err());
    let (heads, tails) = ([0, 2, 1, 0, 0, 4, 2], [4, 4, 5, 5, 4, 0, 2]);
    let walk = GraphWalk::new(Arc::clone(&interactions), &heads, &tails, 6, GraphWalkConfig::default()).unwrap();
    let features = graph_features(&walk, &interactions);
    let of = |name: &str| &features.iter().find(|feature| feature.name == name).unwrap().values;
    assert_eq!(of("graph degree"), &[3.0_f32.ln(), 2.0_f32.ln(), 2.0_f32.ln(), 0.0]);
    let two = 2.0_f32.ln();
    assert_eq!(of("graph breadth"), &[two, two, two, 0.0]);
    // Beside item 0, entity 4 has item 2 of no users, and entity 5 has item 1 of one.
    let expected = [2.0_f32.ln() / 2.0, 4.0_f32.ln(), 4.0_f32.ln(), 0.0];
    for (found, expected) in of("graph popularity").iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{found} and {expected}");
    }
}

#[test]
fn components_are_fitted_one_after_the_other() {
    let interactions = interactions(30, 40, 5);
    let pool = pool(1);
    let fit = |graph: Option<GraphEdges<'_>>, components: Vec<ComponentConfig>| {
        let mut fit = ComponentsFit::new(Arc::clone(&interactions), graph, components)?;
        let mut last = 0.0;
        loop {
            let fraction = fit.step(&pool)?;
            assert!((last..=1.0).contains(&fraction), "{last} and {fraction}");
            last = fraction;
            if fraction == 1.0 {
                assert_eq!(fit.step(&pool), Ok(1.0));
                return fit.finish();
            }
        }
    };
    let edges = GraphEdges { heads: &[0, 3], tails: &[40, 40], entity_count: 41 };
    let features = fit(Some(edges), default_components(1)).unwrap();
    let found: Vec<&str> = features.components().iter().map(|component| component.name.as_str()).collect();
    let expected: Vec<String> = default_components(1).into_iter().map(|component| component.name).collect();
    assert_eq!(found, expected);
    assert_eq!(features.names().len(), 2 * expected.len() + 4);
    // A component is what its model is when it is fitted alone.
    let users: Vec<u32> = (0..30).collect();
    let (mut together, mut alone) = (vec![0.0; 30 * 40], vec![0.0; 30 * 40]);
    let of_knn = ComponentModel::ItemKnn(ItemKnnConfig::default());
    let one = fit(None, vec![ComponentConfig::new("knn", of_knn)]).unwrap();
    assert_eq!(one.names(), ["knn rank", "knn standard", "popularity"]);
    one.components()[0].model.score_users(&users, &mut together, &pool).unwrap();
    knn(&interactions).score_users(&users, &mut alone, &pool).unwrap();
    assert_eq!(together, alone);
    // Without a graph there are no walks over it, and no features of it.
    let without = fit(None, default_components(1)).unwrap();
    assert!(without.names().iter().all(|name| !name.contains("graph")), "{:?}", without.names());
    let empty = GraphEdges { heads: &[], tails: &[], entity_count: 40 };
    assert_eq!(fit(Some(empty), default_components(1)).unwrap().names(), without.names());
    let only_graph = || vec![ComponentConfig::new("walk", ComponentModel::GraphWalk(GraphWalkConfig::default()))];
    assert_eq!(fit(None, only_graph()).map(|_| ()), Err(BlendError::NoFeatures));
    let outside = GraphEdges { heads: &[0], tails: &[41], entity_count: 41 };
    let unknown = ModelError::UnknownId { what: "entity", id: 41, count: 41 };
    assert_eq!(fit(Some(outside), only_graph()).map(|_| ()), Err(BlendError::Component(unknown)));
    let ials = ComponentModel::Ials(IalsConfig { dim: 0, ..IalsConfig::default() });
    let refused = fit(None, vec![ComponentConfig::new("ials", ials)]).map(|_| ()).unwrap_err();
    assert!(matches!(refused, BlendError::Component(ModelError::InvalidConfig { parameter: "dim", .. })), "{refused}");
    let ease = ComponentConfig::new("ease", ComponentModel::Ease(EaseConfig::default()));
    let unfinished = ComponentsFit::new(Arc::clone(&interactions), None, vec![ease]).unwrap();
    assert_eq!(unfinished.finish().map(|_| ()), Err(BlendError::Unfinished));
}

#[test]
fn negatives_are_what_users_did_not_take() {
    let (learned, wanted) = (interactions(20, 300, 6), interactions(20, 300, 7));
    let features = BlendFeatures::new(vec![component("knn", knn(&learned), &[Scale::Rank])], vec![], None).unwrap();
    let draw = |easy, hard, seed, threads| {
        let config = NegativesConfig { easy, hard, seed };
        with_negatives(&wanted, &learned, &features, &config, &pool(threads)).unwrap()
    };
    let rows = draw(2, 1, 3, 1);
    assert_eq!(rows, draw(2, 1, 3, 2), "threads make no difference");
    assert_ne!(rows, draw(2, 1, 4, 1));
    let pairs: Vec<(u32, u32)> = rows.users.iter().copied().zip(rows.items.iter().copied()).collect();
    assert!(pairs.windows(2).all(|two| two[0] < two[1]), "in order, and none twice");
    let has = |of: &Interactions, (user, item): (u32, u32)| of.by_user().row(user as usize).columns.contains(&item);
    for (pair, &label) in pairs.iter().zip(&rows.labels) {
        assert_eq!(label, has(&wanted, *pair), "{pair:?}");
        assert!(label || !has(&learned, *pair), "{pair:?}");
    }
    assert_eq!(rows.labels.iter().filter(|&&label| label).count(), wanted.len());
    // Together the rows of a user stand for all that is not known of them.
    for user in 0..20 {
        let own = (0..rows.users.len()).filter(|&row| rows.users[row] == user);
        let weight: f32 = own.map(|row| rows.weights[row]).sum();
        let expected = 300 - learned.by_user().row(user as usize).columns.len();
        let both = (0..300).filter(|&item| has(&learned, (user, item)) && has(&wanted, (user, item))).count();
        assert!((weight - (expected + both) as f32).abs() < 1e-2, "{user}: {weight} and {expected} + {both}");
    }
    // Hard ones are among the first 100 of those that are free.
    let hard = draw(0, 1, 3, 1);
    let mut scores = vec![0.0; 20 * 300];
    let users: Vec<u32> = (0..20).collect();
    features.components()[0].model.score_users(&users, &mut scores, &pool(1)).unwrap();
    let mut count = 0;
    for ((&user, &item), _) in hard.users.iter().zip(&hard.items).zip(&hard.labels).filter(|row| !row.1) {
        let scores = &scores[user as usize * 300..][..300];
        let is_free = |item: u32| !has(&wanted, (user, item)) && !has(&learned, (user, item));
        let above = (0..300).filter(|&other| is_free(other) && scores[other as usize] > scores[item as usize]).count();
        assert!(above < 100, "{above} free items are above item {item} of user {user}");
        count += 1;
    }
    assert!(count > 0);
    let nothing = NegativesConfig { easy: 0, hard: 0, seed: 0 };
    let refused = with_negatives(&wanted, &learned, &features, &nothing, &pool(1)).unwrap_err();
    assert!(matches!(refused, BlendError::InvalidConfig { parameter: "negatives", .. }), "{refused}");
    let other = interactions(21, 300, 7);
    let wrong = BlendError::WrongLength { what: "users of the interactions", actual: 21, expected: 20 };
    assert_eq!(with_negatives(&other, &learned, &features, &NegativesConfig::default(), &pool(1)), Err(wrong));
}

/// Walks on the whole graph, dense.
fn dense_walk(
    interactions: &Interactions,
    edges: &[(usize, usize)],
    entities: usize,
    config: &GraphWalkConfig,
    user: usize,
) -> Vec<f64> {
    let users = interactions.user_count();
    let count = users + entities;
    let mut weights = vec![vec![0.0; count]; count];
    let taken = (0..users).flat_map(|from| interactions.by_user().row(from).iter().map(move |entry| (from, entry)));
    for (from, (item, weight)) in taken {
        weights[from][users + item as usize] = f64::from(weight);
        weights[users + item as usize][from] = f64::from(weight);
    }
    for &(a, b) in edges.iter().filter(|(a, b)| a != b) {
        weights[users + a][users + b] = f64::from(config.edge_weight);
        weights[users + b][users + a] = f64::from(config.edge_weight);
    }
    let start: Vec<f64> = (0..count).map(|node| if node == user { 1.0 } else { 0.0 }).collect();
    let restart = f64::from(config.restart);
    let mut at = start.clone();
    for _ in 0..config.steps {
        let mut next: Vec<f64> = start.iter().map(|&start| restart * start).collect();
        for from in 0..count {
            let degree: f64 = weights[from].iter().sum();
            for to in 0..count {
                if degree > 0.0 {
                    next[to] += (1.0 - restart) * at[from] * weights[from][to] / degree;
                }
            }
        }
        at = next;
    }
    at[users..users + interactions.item_count()].to_vec()
}

proptest! {
    #[test]
    fn walks_are_those_of_a_dense_graph(
        taken in proptest::collection::vec((0..5_u32, 0..7_u32, 1..4_u8), 1..20),
        edges in proptest::collection::vec((0..10_u32, 0..10_u32), 0..20),
        steps in 1..9_u32,
        restart in 0.05_f32..0.95,
        edge_weight in 0.1_f32..4.0,
    ) {
        let users: Vec<u32> = taken.iter().map(|row| row.0).collect();
        let items: Vec<u32> = taken.iter().map(|row| row.1).collect();
        let weights: Vec<f32> = taken.iter().map(|row| f32::from(row.2)).collect();
        let interactions = Arc::new(Interactions::new(&users, &items, &weights, 5, 7).unwrap());
        let (heads, tails): (Vec<u32>, Vec<u32>) = edges.iter().copied().unzip();
        let config = GraphWalkConfig { steps, restart, edge_weight, ..GraphWalkConfig::default() };
        let walk = GraphWalk::new(Arc::clone(&interactions), &heads, &tails, 10, config.clone()).unwrap();
        let dense_edges: Vec<(usize, usize)> = edges.iter().map(|&(a, b)| (a as usize, b as usize)).collect();
        let mut scores = vec![f32::NAN; 5 * 7];
        walk.score_users(&[0, 1, 2, 3, 4], &mut scores, &pool(1)).unwrap();
        for (user, scores) in scores.chunks(7).enumerate() {
            let expected = dense_walk(&interactions, &dense_edges, 10, &config, user);
            for (found, expected) in scores.iter().zip(expected) {
                prop_assert!((f64::from(*found) - expected).abs() < 1e-5, "{} and {}", found, expected);
            }
        }
        let (heads, tails) = walk.edge_list();
        prop_assert!(heads.iter().zip(&tails).all(|(head, tail)| head < tail));
        prop_assert_eq!(GraphWalk::new(interactions, &heads, &tails, 10, config).unwrap(), walk);
    }
}

#[test]
fn walks_go_through_the_graph_and_from_new_users() {
    // Item 2 was taken by nobody, and shares entity 3 with item 0.
    let interactions = Arc::new(Interactions::new(&[0, 1], &[0, 1], &[], 2, 3).unwrap());
    let walk = GraphWalk::new(Arc::clone(&interactions), &[0, 2], &[3, 3], 4, GraphWalkConfig::default()).unwrap();
    assert_eq!((walk.name(), walk.user_count(), walk.item_count()), ("graph_walk", 2, 3));
    let mut scores = [f32::NAN; 3];
    walk.score_users(&[0], &mut scores, &pool(1)).unwrap();
    assert!(scores[0] > scores[2] && scores[2] > 0.0 && scores[1] == 0.0, "{scores:?}");
    walk.fold_in(&[1], &[], &mut scores).unwrap();
    assert!(scores[1] > 0.0 && scores[0] == 0.0 && scores[2] == 0.0, "{scores:?}");
    walk.fold_in(&[], &[], &mut scores).unwrap();
    assert_eq!(scores, [0.0; 3], "from nothing there is no step");

    let new = |heads: &[u32], tails: &[u32], entities, config| {
        GraphWalk::new(Arc::clone(&interactions), heads, tails, entities, config).map(|_| ()).unwrap_err()
    };
    let base = GraphWalkConfig::default;
    assert_eq!(new(&[0], &[], 4, base()), ModelError::WrongLength { what: "tails", actual: 0, expected: 1 });
    assert_eq!(new(&[0], &[4], 4, base()), ModelError::UnknownId { what: "entity", id: 4, count: 4 });
    assert_eq!(new(&[], &[], 2, base()), ModelError::WrongLength { what: "entities", actual: 2, expected: 3 });
    let small = GraphWalkConfig { memory_limit: 10, ..base() };
    assert!(matches!(new(&[], &[], 3, small), ModelError::MemoryLimit { limit: 10, .. }));
    for (field, config) in [
        ("restart", GraphWalkConfig { restart: 0.0, ..base() }),
        ("restart", GraphWalkConfig { restart: 1.0, ..base() }),
        ("steps", GraphWalkConfig { steps: 0, ..base() }),
        ("steps", GraphWalkConfig { steps: MAX_WALK_STEPS + 1, ..base() }),
        ("edge_weight", GraphWalkConfig { edge_weight: f32::NAN, ..base() }),
    ] {
        let found = new(&[], &[], 3, config);
        assert!(matches!(found, ModelError::InvalidConfig { parameter, .. } if parameter == field), "{found}");
    }
    let nothing = Arc::new(Interactions::new(&[], &[], &[], 2, 3).unwrap());
    let found = GraphWalk::new(nothing, &[], &[], 3, base()).map(|_| ());
    assert_eq!(found, Err(ModelError::NoInteractions));
}
