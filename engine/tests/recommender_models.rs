//! Recommenders that learn from interactions, against plain dense references.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::recommend::models::{
    Bpr, BprConfig, BprFit, Ease, EaseConfig, EaseFit, Factors, Fit, FitProgress, Ials, IalsConfig, IalsFit,
    Interactions, ItemKnn, ItemKnnConfig, ItemKnnFit, LightGcnConfig, LightGcnFit, ModelError, Popularity, Recommender,
    Rp3Beta, Rp3BetaConfig, Rp3BetaFit, Side,
};
use std::sync::Arc;

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

/// Users with tastes: about `density` of the items of one third, few of the others.
fn interactions(users: usize, items: usize, density: f64, is_weighted: bool, seed: u64) -> Arc<Interactions> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut columns, mut weights) = ((Vec::new(), Vec::new()), Vec::new());
    for user in 0..users {
        for item in 0..items {
            let likely = if user % 3 == item % 3 { density } else { density / 8.0 };
            if rng.random_bool(likely) || user == item {
                columns.0.push(user as u32);
                columns.1.push(item as u32);
                weights.push(if is_weighted { rng.random_range(1..=3) as f32 } else { 1.0 });
            }
        }
    }
    Arc::new(Interactions::new(&columns.0, &columns.1, &weights, users, items).unwrap())
}

/// The same, dense: a row per user.
fn dense(interactions: &Interactions) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; interactions.item_count()]; interactions.user_count()];
    for (user, row) in rows.iter_mut().enumerate() {
        for (item, weight) in interactions.by_user().row(user).iter() {
            row[item as usize] = f64::from(weight);
        }
    }
    rows
}

fn run<F: Fit>(mut fit: F, pool: &ThreadPool) -> F::Model {
    let mut last = 0.0;
    loop {
        let progress = fit.step(pool).unwrap();
        assert!((last..=1.0).contains(&progress.fraction), "{last} and {progress:?}");
        last = progress.fraction;
        if progress.done {
            assert_eq!(last, 1.0);
            assert!(fit.step(pool).unwrap().done);
            return fit.finish().unwrap();
        }
    }
}

/// Scores of all users, a row each.
fn scores(model: &dyn Recommender, pool: &ThreadPool) -> Vec<Vec<f32>> {
    let users: Vec<u32> = (0..model.user_count() as u32).collect();
    let mut scores = vec![f32::NAN; users.len() * model.item_count()];
    model.score_users(&users, &mut scores, pool).unwrap();
    scores.chunks(model.item_count()).map(<[f32]>::to_vec).collect()
}

fn assert_close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len());
    for (at, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(found) - expected).abs() <= tolerance * expected.abs().max(1.0),
            "{what}, {at}: {found} and {expected}"
        );
    }
}

/// Scores of a user who is folded in with what a known user took.
fn folded(model: &dyn Recommender, interactions: &Interactions, user: usize) -> Vec<f32> {
    let row = interactions.by_user().row(user);
    let mut scores = vec![f32::NAN; model.item_count()];
    // The order does not matter, and a weight may come in two parts.
    let (mut items, mut weights) = (row.columns.to_vec(), row.values.to_vec());
    items.reverse();
    weights.reverse();
    if let (Some(&item), Some(weight)) = (items.first(), weights.first_mut()) {
        *weight -= 0.5;
        items.push(item);
        weights.push(0.5);
    }
    model.fold_in(&items, &weights, &mut scores).unwrap();
    scores
}

/// What holds for every model: scores of users together and alone, and on any number of threads, are the same; users who
/// are folded in are scored as they would be if they were known.
fn check_recommender(model: &dyn Recommender, interactions: &Interactions, tolerance: f64) {
    let all = scores(model, &pool(1));
    assert_eq!(all, scores(model, &pool(3)), "{}", model.name());
    for (user, expected) in all.iter().enumerate() {
        let mut alone = vec![0.0; model.item_count()];
        model.score_users(&[user as u32], &mut alone, &pool(1)).unwrap();
        assert_eq!(&alone, expected, "{} {user}", model.name());
        if tolerance.is_finite() {
            let expected: Vec<f64> = expected.iter().map(|&score| f64::from(score)).collect();
            assert_close(&folded(model, interactions, user), &expected, tolerance, model.name());
        }
    }
    let count = model.user_count();
    let mut one = vec![0.0; model.item_count()];
    assert_eq!(
        model.score_users(&[count as u32], &mut one, &pool(1)),
        Err(ModelError::UnknownId { what: "user", id: count as u32, count })
    );
    let expected = 2 * model.item_count();
    let wrong = ModelError::WrongLength { what: "scores", actual: expected / 2, expected };
    assert_eq!(model.score_users(&[0, 0], &mut one, &pool(1)), Err(wrong));
    if tolerance.is_finite() {
        let count = model.item_count();
        let unknown = ModelError::UnknownId { what: "item", id: count as u32, count };
        assert_eq!(model.fold_in(&[count as u32], &[], &mut one), Err(unknown));
        let wrong = ModelError::WrongLength { what: "scores", actual: 0, expected: count };
        assert_eq!(model.fold_in(&[0], &[], &mut []), Err(wrong));
        assert!(matches!(model.fold_in(&[0], &[0.0], &mut one), Err(ModelError::InvalidWeight { .. })));
        model.fold_in(&[], &[], &mut one).unwrap();
        assert!(one.iter().all(|score| score.is_finite()), "who took nothing has scores, too");
    } else {
        assert_eq!(model.fold_in(&[0], &[], &mut one), Err(ModelError::NoFoldIn { model: model.name() }));
    }
}

#[test]
fn popularity_counts_users() {
    let interactions = interactions(20, 12, 0.5, true, 1);
    let model = Popularity::new(&interactions);
    let expected: Vec<f64> =
        (0..12).map(|item| dense(&interactions).iter().filter(|row| row[item] > 0.0).count() as f64).collect();
    assert_close(&scores(&model, &pool(1))[7], &expected, 0.0, "popularity");
    check_recommender(&model, &interactions, 0.0);
    assert_eq!(Popularity::from_parameters(20, model.users_of_items().to_vec()), Ok(model));
    assert!(Popularity::from_parameters(1, vec![1.0, f32::NAN]).is_err());
}

/// The item-to-item weights of item-kNN, target by source, before the cut.
fn cosines(x: &[Vec<f64>], shrinkage: f64) -> Vec<Vec<f64>> {
    let items = x[0].len();
    let product = |a: usize, b: usize| x.iter().map(|row| row[a] * row[b]).sum::<f64>();
    let cosine = |a: usize, b: usize| {
        if a == b { 0.0 } else { product(a, b) / ((product(a, a) * product(b, b)).sqrt() + shrinkage) }
    };
    (0..items).map(|a| (0..items).map(|b| cosine(a, b)).collect()).collect()
}

/// The weights of random walks, source by target, before the cut.
fn walks(x: &[Vec<f64>], alpha: f64, beta: f64) -> Vec<Vec<f64>> {
    let items = x[0].len();
    let of_item = |item: usize| x.iter().map(|row| row[item]).sum::<f64>();
    let users_of = |item: usize| x.iter().filter(|row| row[item] > 0.0).count() as f64;
    let walk = |from: usize, to: usize| {
        let over = |row: &Vec<f64>| match row.iter().sum::<f64>() {
            0.0 => 0.0,
            sum => (row[from] / of_item(from)).powf(alpha) * (row[to] / sum).powf(alpha),
        };
        if from == to { 0.0 } else { x.iter().map(over).sum::<f64>() / users_of(to).powf(beta) }
    };
    (0..items).map(|from| (0..items).map(|to| walk(from, to)).collect()).collect()
}

/// Keeps the `k` largest of each row.
fn cut(rows: &mut [Vec<f64>], k: usize) {
    for row in rows {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
        order[k.min(row.len())..].iter().for_each(|&at| row[at] = 0.0);
    }
}

#[test]
fn item_knn_equals_a_dense_reference() {
    for (neighbours, is_weighted) in [(100, true), (100, false), (4, true)] {
        let interactions = interactions(60, 25, 0.4, is_weighted, 2);
        let x = dense(&interactions);
        let mut by_target = cosines(&x, 3.0);
        cut(&mut by_target, neighbours);
        let config = ItemKnnConfig { neighbours, shrinkage: 3.0, ..ItemKnnConfig::default() };
        let fit = |pool: &ThreadPool| ItemKnnFit::new(Arc::clone(&interactions), config.clone(), pool).unwrap();
        let model = run(fit(&pool(1)), &pool(1));
        assert_eq!(model, run(fit(&pool(3)), &pool(3)));
        for (row, found) in x.iter().zip(scores(&model, &pool(2))) {
            let score = |near: &Vec<f64>| near.iter().zip(row).map(|(near, weight)| near * weight).sum();
            let expected: Vec<f64> = by_target.iter().map(score).collect();
            assert_close(&found, &expected, 1e-5, "item-kNN");
        }
        check_recommender(&model, &interactions, 1e-5);
        let rows = model.similarity();
        let saved = (rows.offsets().to_vec(), rows.columns().to_vec(), rows.values().to_vec());
        assert_eq!(ItemKnn::from_parameters(interactions, saved.0, saved.1, saved.2), Ok(model));
    }
}

#[test]
fn rp3beta_equals_a_dense_reference() {
    for (neighbours, alpha, beta) in [(100, 1.0, 0.0), (100, 0.7, 0.6), (100, 1.3, 0.4)] {
        let interactions = interactions(50, 20, 0.4, true, 3);
        let x = dense(&interactions);
        let mut by_source = walks(&x, f64::from(alpha), f64::from(beta));
        cut(&mut by_source, neighbours);
        let config = Rp3BetaConfig { neighbours, alpha, beta, ..Rp3BetaConfig::default() };
        let fit = |pool: &ThreadPool| Rp3BetaFit::new(Arc::clone(&interactions), config.clone(), pool).unwrap();
        let model = run(fit(&pool(1)), &pool(1));
        assert_eq!(model, run(fit(&pool(3)), &pool(3)));
        for (row, found) in x.iter().zip(scores(&model, &pool(2))) {
            let score = |to: usize| row.iter().zip(&by_source).map(|(weight, from)| weight * from[to]).sum();
            let expected: Vec<f64> = (0..20).map(score).collect();
            assert_close(&found, &expected, 1e-5, "RP3beta");
        }
        check_recommender(&model, &interactions, 1e-5);
        let rows = model.similarity();
        let saved = (rows.offsets().to_vec(), rows.columns().to_vec(), rows.values().to_vec());
        assert_eq!(Rp3Beta::from_parameters(interactions, saved.0, saved.1, saved.2), Ok(model));
    }
}

/// Gauss-Jordan.
fn inverse(mut a: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let size = a.len();
    for (at, row) in a.iter_mut().enumerate() {
        row.extend((0..size).map(|column| if column == at { 1.0 } else { 0.0 }));
    }
    for pivot in 0..size {
        let scale = a[pivot][pivot];
        a[pivot].iter_mut().for_each(|number| *number /= scale);
        for other in (0..size).filter(|&other| other != pivot) {
            let (factor, row) = (a[other][pivot], a[pivot].clone());
            a[other].iter_mut().zip(row).for_each(|(number, of_row)| *number -= factor * of_row);
        }
    }
    a.into_iter().map(|row| row[size..].to_vec()).collect()
}

fn check_ease(users: usize, items: usize, l2: f32, density: f64, is_weighted: bool, seed: u64) {
    let interactions = interactions(users, items, density, is_weighted, seed);
    let x = dense(&interactions);
    let product = |a: usize, b: usize| x.iter().map(|row| row[a] * row[b]).sum::<f64>();
    let one = |a: usize, b: usize| if a == b { f64::from(l2) } else { 0.0 };
    let gram = (0..items).map(|a| (0..items).map(|b| product(a, b) + one(a, b)).collect()).collect();
    let p = inverse(gram);
    let models = [Side::Items, Side::Users].map(|side| {
        let config = EaseConfig { l2, side: Some(side), ..EaseConfig::default() };
        let fit = || EaseFit::new(Arc::clone(&interactions), config.clone()).unwrap();
        let model = run(fit(), &pool(1));
        assert_eq!(model, run(fit(), &pool(2)));
        model
    });
    for model in models {
        let found = scores(&model, &pool(2));
        for (row, found) in x.iter().zip(&found) {
            let weight = |from: usize, to: usize| if from == to { 0.0 } else { -p[from][to] / p[to][to] };
            let score = |to: usize| row.iter().enumerate().map(|(from, weigh)| weigh * weight(from, to)).sum();
            let expected: Vec<f64> = (0..items).map(score).collect();
            assert_close(found, &expected, 2e-3, &format!("EASE by {:?}", model.side()));
        }
        check_recommender(&model, &interactions, 2e-3);
        let saved = (model.inverse().to_vec(), model.diagonal().to_vec());
        let restored = Ease::from_parameters(Arc::clone(&interactions), l2, model.side(), saved.0, saved.1);
        assert_eq!(restored, Ok(model));
    }
}

#[test]
fn ease_is_the_same_from_both_sides() {
    // More than one block of pivots in both.
    check_ease(90, 150, 5.0, 0.4, false, 1);
    check_ease(150, 70, 20.0, 0.3, true, 2);
    check_ease(1, 1, 1.0, 0.3, true, 2);
}

/// Runs the same cases every time.
fn each_case<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, rng).run(strategy, test).unwrap();
}

#[test]
fn ease_equals_the_reference_on_random_matrices() {
    let shapes = (1..40_usize, 1..40_usize, 1.0..50.0_f32, 0.05..0.9_f64, any::<bool>(), any::<u64>());
    each_case(24, &shapes, |(users, items, l2, density, is_weighted, seed)| {
        check_ease(users, items, l2, density, is_weighted, seed);
        Ok(())
    });
}

#[test]
fn the_smaller_side_is_chosen_and_memory_is_limited() {
    let config = EaseConfig::default();
    assert_eq!((config.side(10, 20), config.side(20, 10), config.side(5, 5)), (Side::Users, Side::Items, Side::Items));
    let interactions = interactions(30, 80, 0.3, false, 1);
    let needed = config.estimate(30, 80);
    let fit = |limit| EaseFit::new(Arc::clone(&interactions), EaseConfig { memory_limit: limit, ..config.clone() });
    assert!(fit(needed).is_ok());
    let refused = ModelError::MemoryLimit { what: "EASE", needed, limit: needed - 1 };
    assert_eq!(fit(needed - 1).unwrap_err(), refused);
}

fn ials_config(dim: usize) -> IalsConfig {
    IalsConfig { dim, epochs: 8, unobserved_weight: 0.3, l2: 0.02, init_scale: 1.0, seed: 3, ..IalsConfig::default() }
}

/// The gradient of the loss with respect to the vector of one row, and the size of its terms.
fn ials_gradient(row: &[f64], own: &[f32], others: &[f32], config: &IalsConfig) -> Vec<(f64, f64)> {
    let dim = config.dim;
    let alpha = f64::from(config.unobserved_weight);
    let count = row.iter().filter(|weight| **weight > 0.0).count() as f64;
    let ridge = f64::from(config.l2) * (count + alpha * row.len() as f64).powf(f64::from(config.frequency_exponent));
    let mut gradient: Vec<(f64, f64)> =
        own.iter().map(|&x| (ridge * f64::from(x), ridge * f64::from(x).abs())).collect();
    for (weight, other) in row.iter().zip(others.chunks(dim)) {
        let score: f64 = own.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        let factor = weight * (score - 1.0) + alpha * score;
        for (sum, &number) in gradient.iter_mut().zip(other) {
            sum.0 += factor * f64::from(number);
            sum.1 += (factor * f64::from(number)).abs();
        }
    }
    gradient
}

fn assert_no_gradient(gradient: &[(f64, f64)], what: &str) {
    for &(sum, size) in gradient {
        assert!(sum.abs() <= 1e-4 * size.max(1e-3), "{what}: {sum} of {size}");
    }
}

/// The loss by its formula.
fn ials_loss(x: &[Vec<f64>], factors: &Factors, config: &IalsConfig) -> f64 {
    let dim = config.dim;
    let alpha = f64::from(config.unobserved_weight);
    let square = |vector: &[f32]| vector.iter().map(|&a| f64::from(a) * f64::from(a)).sum::<f64>();
    let ridge = |count: usize, others: usize| {
        f64::from(config.l2) * (count as f64 + alpha * others as f64).powf(f64::from(config.frequency_exponent))
    };
    let mut loss = 0.0;
    for (row, user) in x.iter().zip(factors.users().chunks(dim)) {
        loss += ridge(row.iter().filter(|weight| **weight > 0.0).count(), row.len()) * square(user);
        for (weight, item) in row.iter().zip(factors.items().chunks(dim)) {
            let score: f64 = user.iter().zip(item).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            loss += weight * (1.0 - score) * (1.0 - score) + alpha * score * score;
        }
    }
    for (at, item) in factors.items().chunks(dim).enumerate() {
        loss += ridge(x.iter().filter(|row| row[at] > 0.0).count(), x.len()) * square(item);
    }
    loss
}

#[test]
fn ials_solves_its_normal_equations_and_its_loss_falls() {
    for (dim, exponent) in [(5, 1.0), (16, 0.5), (8, 0.0)] {
        let interactions = interactions(70, 40, 0.4, true, 5);
        let x = dense(&interactions);
        let config = IalsConfig { frequency_exponent: exponent, ..ials_config(dim) };
        let pool = pool(2);
        let mut fit = IalsFit::new(Arc::clone(&interactions), config.clone(), &pool).unwrap();
        let (mut losses, mut progress) = (Vec::new(), fit.step(&pool).unwrap());
        while !progress.done {
            let before = progress.epochs_done;
            progress = fit.step(&pool).unwrap();
            if progress.epochs_done > before {
                losses.push(progress.loss);
            }
        }
        assert_eq!(losses.len(), 8);
        assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
        let model = fit.finish().unwrap();
        let factors = model.factors();
        let expected = ials_loss(&x, factors, &config);
        assert!((losses[7] - expected).abs() < 1e-4 * expected, "{} and {expected}", losses[7]);
        // The items' turn was the last.
        for (item, own) in factors.items().chunks(dim).enumerate() {
            let row: Vec<f64> = x.iter().map(|row| row[item]).collect();
            assert_no_gradient(&ials_gradient(&row, own, factors.users(), &config), "item");
        }
        // A user who is folded in has the vector of the next turn.
        for (user, row) in x.iter().enumerate() {
            let of_user = interactions.by_user().row(user);
            let own = model.fold_in_vector(of_user.columns, of_user.values).unwrap();
            assert_no_gradient(&ials_gradient(row, &own, factors.items(), &config), "user");
        }
    }
}

#[test]
fn ials_folds_in_what_training_gives() {
    let interactions = interactions(60, 30, 0.4, false, 6);
    // Once it has converged, the next turn changes nothing.
    let config = IalsConfig { epochs: 400, l2: 0.05, ..ials_config(4) };
    let fit = |pool: &ThreadPool| IalsFit::new(Arc::clone(&interactions), config.clone(), pool).unwrap();
    let model = run(fit(&pool(1)), &pool(1));
    assert_eq!(model, run(fit(&pool(3)), &pool(3)), "threads do not matter");
    check_recommender(&model, &interactions, 1e-3);
    assert_eq!(Ials::from_parameters(model.factors().clone(), model.config().clone()), Ok(model.clone()));
    let other = IalsConfig { dim: 3, ..config.clone() };
    assert!(Ials::from_parameters(model.factors().clone(), other).is_err());
    let seeded = IalsConfig { seed: 4, epochs: 1, ..config.clone() };
    let other = run(IalsFit::new(Arc::clone(&interactions), seeded, &pool(1)).unwrap(), &pool(1));
    assert_ne!(model, other);
    let mut unfinished = fit(&pool(1));
    assert_eq!(unfinished.step(&pool(1)).map(|progress| progress.done), Ok(false));
    assert_eq!(unfinished.finish().unwrap_err(), ModelError::Unfinished);
}

#[test]
fn bpr_learns_tastes_and_repeats_itself_on_one_thread() {
    let interactions = interactions(60, 45, 0.5, false, 7);
    let config = BprConfig { dim: 8, epochs: 60, seed: 2, ..BprConfig::default() };
    let fit = || BprFit::new(Arc::clone(&interactions), config.clone()).unwrap();
    let model = run(fit(), &pool(1));
    assert_eq!(model, run(fit(), &pool(1)));
    check_recommender(&model, &interactions, f64::INFINITY);
    for model in [&model, &run(fit(), &pool(3))] {
        let (mut own, mut others) = (0.0, 0.0);
        for (user, row) in scores(model, &pool(1)).iter().enumerate() {
            let taken = interactions.by_user().row(user).columns;
            for (item, score) in row.iter().enumerate().filter(|(item, _)| !taken.contains(&(*item as u32))) {
                *(if user % 3 == item % 3 { &mut own } else { &mut others }) += score;
            }
        }
        // There are about four times as many others.
        assert!(own > 0.0 && others < 0.0, "{own} and {others}");
    }
    let factors = model.factors();
    let restored = Factors::new(8, factors.users().to_vec(), factors.items().to_vec()).unwrap();
    assert_eq!(Bpr::from_parameters(restored), model);
    let mut first = fit();
    let progress: FitProgress = first.step(&pool(1)).unwrap();
    assert!(progress.loss < (2.0_f64).ln() + 0.01, "{progress:?}");
}

#[test]
fn lightgcn_learns_tastes_on_any_number_of_threads() {
    let interactions = interactions(60, 45, 0.5, false, 8);
    let config = LightGcnConfig { dim: 8, layers: 2, epochs: 60, batch: 200, seed: 2, ..LightGcnConfig::default() };
    let fit = || LightGcnFit::new(Arc::clone(&interactions), config.clone()).unwrap();
    let model = run(fit(), &pool(1));
    assert_eq!(model, run(fit(), &pool(3)));
    check_recommender(&model, &interactions, f64::INFINITY);
    let (mut own, mut others) = ((0.0, 0.0), (0.0, 0.0));
    for (user, row) in scores(&model, &pool(1)).iter().enumerate() {
        let taken = interactions.by_user().row(user).columns;
        for (item, &score) in row.iter().enumerate().filter(|(item, _)| !taken.contains(&(*item as u32))) {
            let sum = if user % 3 == item % 3 { &mut own } else { &mut others };
            *sum = (sum.0 + f64::from(score), sum.1 + 1.0);
        }
    }
    let (own, others) = (own.0 / own.1, others.0 / others.1);
    assert!(own > others + 0.5, "mean scores {own} and {others}");
    // Before the end, the last vectors are mixed when they are asked for.
    let long = LightGcnConfig { epochs: 1_000_000, ..config.clone() };
    let mut stopped = LightGcnFit::new(Arc::clone(&interactions), long).unwrap();
    while stopped.step(&pool(1)).unwrap().epochs_done == 0 {}
    check_recommender(&stopped.finish().unwrap(), &interactions, f64::INFINITY);
    assert_eq!(fit().finish().unwrap_err(), ModelError::Unfinished);
}

#[test]
fn a_user_with_everything_and_diverging_rates_do_no_harm() {
    let all: Vec<u32> = (0..5).collect();
    let interactions = Arc::new(Interactions::new(&[0; 5], &all, &[], 1, 5).unwrap());
    let model = run(BprFit::new(interactions, BprConfig::default()).unwrap(), &pool(1));
    assert!(scores(&model, &pool(1))[0].iter().all(|score| score.is_finite()));
    let config = BprConfig { learning_rate: 1e30, ..BprConfig::default() };
    let mut fit = BprFit::new(self::interactions(20, 20, 0.4, false, 1), config).unwrap();
    let found = loop {
        match fit.step(&pool(1)) {
            Ok(progress) if progress.done => break fit.finish().map(|_| ()),
            Ok(_) => {}
            Err(error) => break Err(error),
        }
    };
    assert!(matches!(found, Err(ModelError::Diverged { .. })), "{found:?}");
}

#[test]
fn bad_configs_are_refused() {
    let data = interactions(10, 10, 0.4, false, 1);
    let empty = Arc::new(Interactions::new(&[], &[], &[], 3, 3).unwrap());
    let pool = pool(1);
    let parameter = |error: ModelError| match error {
        ModelError::InvalidConfig { parameter, .. } => parameter,
        other => panic!("{other}"),
    };
    let knn = ItemKnnConfig::default();
    for (config, field) in [
        (ItemKnnConfig { neighbours: 0, ..knn.clone() }, "neighbours"),
        (ItemKnnConfig { shrinkage: -1.0, ..knn.clone() }, "shrinkage"),
    ] {
        assert_eq!(parameter(ItemKnnFit::new(Arc::clone(&data), config, &pool).unwrap_err()), field);
    }
    let rp3 = Rp3BetaConfig::default();
    for (config, field) in [
        (Rp3BetaConfig { alpha: 0.0, ..rp3.clone() }, "alpha"),
        (Rp3BetaConfig { beta: f32::NAN, ..rp3.clone() }, "beta"),
    ] {
        assert_eq!(parameter(Rp3BetaFit::new(Arc::clone(&data), config, &pool).unwrap_err()), field);
    }
    for l2 in [0.0, -1.0, f32::INFINITY, f32::NAN] {
        let config = EaseConfig { l2, ..EaseConfig::default() };
        assert_eq!(parameter(EaseFit::new(Arc::clone(&data), config).unwrap_err()), "l2");
    }
    let ials = IalsConfig::default();
    for (config, field) in [
        (IalsConfig { dim: 0, ..ials.clone() }, "dim"),
        (IalsConfig { dim: 2049, ..ials.clone() }, "dim"),
        (IalsConfig { epochs: 0, ..ials.clone() }, "epochs"),
        (IalsConfig { unobserved_weight: 0.0, ..ials.clone() }, "unobserved_weight"),
        (IalsConfig { l2: 0.0, ..ials.clone() }, "l2"),
        (IalsConfig { frequency_exponent: 1.1, ..ials.clone() }, "frequency_exponent"),
        (IalsConfig { init_scale: f32::NAN, ..ials.clone() }, "init_scale"),
    ] {
        assert_eq!(parameter(IalsFit::new(Arc::clone(&data), config, &pool).unwrap_err()), field);
    }
    let bpr = BprConfig::default();
    for (config, field) in [
        (BprConfig { learning_rate: 0.0, ..bpr.clone() }, "learning_rate"),
        (BprConfig { l2: -0.1, ..bpr.clone() }, "l2"),
        (BprConfig { init_deviation: 0.0, ..bpr.clone() }, "init_deviation"),
    ] {
        assert_eq!(parameter(BprFit::new(Arc::clone(&data), config).unwrap_err()), field);
    }
    let gcn = LightGcnConfig::default();
    for (config, field) in [
        (LightGcnConfig { layers: 17, ..gcn.clone() }, "layers"),
        (LightGcnConfig { batch: 0, ..gcn.clone() }, "batch"),
        (LightGcnConfig { learning_rate: f32::NAN, ..gcn.clone() }, "learning_rate"),
    ] {
        assert_eq!(parameter(LightGcnFit::new(Arc::clone(&data), config).unwrap_err()), field);
    }
    assert_eq!(LightGcnFit::new(Arc::clone(&empty), gcn.clone()).unwrap_err(), ModelError::NoInteractions);
    assert_eq!(ItemKnnFit::new(Arc::clone(&empty), knn.clone(), &pool).unwrap_err(), ModelError::NoInteractions);
    assert_eq!(Rp3BetaFit::new(Arc::clone(&empty), rp3, &pool).unwrap_err(), ModelError::NoInteractions);
    assert_eq!(EaseFit::new(Arc::clone(&empty), EaseConfig::default()).unwrap_err(), ModelError::NoInteractions);
    assert_eq!(IalsFit::new(Arc::clone(&empty), ials.clone(), &pool).unwrap_err(), ModelError::NoInteractions);
    assert_eq!(BprFit::new(empty, bpr.clone()).unwrap_err(), ModelError::NoInteractions);
    let limits = [
        ItemKnnFit::new(Arc::clone(&data), ItemKnnConfig { memory_limit: 99, ..knn }, &pool).unwrap_err(),
        IalsFit::new(Arc::clone(&data), IalsConfig { memory_limit: 99, ..ials }, &pool).unwrap_err(),
        BprFit::new(Arc::clone(&data), BprConfig { memory_limit: 99, ..bpr }).unwrap_err(),
        LightGcnFit::new(data, LightGcnConfig { memory_limit: 99, ..gcn }).unwrap_err(),
    ];
    for error in limits {
        assert!(matches!(error, ModelError::MemoryLimit { needed, limit: 99, .. } if needed > 99), "{error:?}");
    }
}

#[test]
fn saved_parameters_are_checked() {
    let data = interactions(4, 3, 0.5, false, 1);
    let knn = |offsets: &[usize], items: &[u32], similarities: &[f32]| {
        ItemKnn::from_parameters(Arc::clone(&data), offsets.to_vec(), items.to_vec(), similarities.to_vec())
    };
    assert!(knn(&[0, 1, 1, 2], &[1, 0], &[0.5, 0.5]).is_ok());
    for (offsets, items, similarities) in [
        (&[0, 1, 2][..], &[1, 0][..], &[0.5, 0.5][..]),
        (&[0, 1, 1, 3], &[1, 0], &[0.5, 0.5]),
        (&[1, 1, 1, 2], &[1, 0], &[0.5, 0.5]),
        (&[0, 2, 1, 2], &[1, 0], &[0.5, 0.5]),
        (&[0, 3, 1, 2], &[1, 0], &[0.5, 0.5]),
        (&[0, 1, 1, 2], &[1, 3], &[0.5, 0.5]),
        (&[0, 1, 1, 2], &[1, 0], &[0.5]),
        (&[0, 1, 1, 2], &[1, 0], &[0.5, f32::NAN]),
    ] {
        assert!(knn(offsets, items, similarities).is_err(), "{offsets:?} {items:?} {similarities:?}");
    }
    let ease = |l2, inverse: usize, diagonal: &[f32]| {
        Ease::from_parameters(Arc::clone(&data), l2, Side::Items, vec![1.0; inverse], diagonal.to_vec())
    };
    assert!(ease(1.0, 9, &[1.0; 3]).is_ok());
    assert!(ease(0.0, 9, &[1.0; 3]).is_err());
    assert!(ease(1.0, 8, &[1.0; 3]).is_err());
    assert!(ease(1.0, 9, &[1.0; 2]).is_err());
    assert!(ease(1.0, 9, &[1.0, 0.0, 1.0]).is_err());
    assert!(Factors::new(2, vec![1.0; 4], vec![1.0; 3]).is_err());
    assert!(Factors::new(0, vec![], vec![]).is_err());
    assert!(Factors::new(2, vec![1.0; 4], vec![f32::INFINITY; 2]).is_err());
}
