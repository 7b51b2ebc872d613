//! Joint training: what it learns, what it repeats, how it stops, and what it says about wrong inputs.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::kge::TripleSet;
use sgr_engine::recommend::mkr::{
    Interactions, JointSize, KgeInterval, MAX_BATCH_SIZE, MAX_DEPTH, MAX_DIM, MAX_KGE_NEGATIVES, MkrConfig, MkrError,
    MkrModel, MkrParameters, MkrShape, MkrTrainer, NO_ENTITY, Phase, Progress, Selection, Snapshot, Stop, Trained,
    estimate, permute_tails,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const USERS: usize = 30;
const ITEMS: usize = 24;
const TASTES: usize = 3;

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn interactions(rows: &[(u32, u32, bool)], users: usize, items: usize) -> Interactions {
    let column = |of: fn(&(u32, u32, bool)) -> u32| rows.iter().map(of).collect();
    let labels = rows.iter().map(|row| row.2).collect();
    Interactions::new(column(|row| row.0), column(|row| row.1), labels, users, items).unwrap()
}

/// Items are the first entities; each has a genre and a label, which are the entities behind them.
fn graph() -> TripleSet {
    let items = 0..ITEMS as u32;
    let heads = items.clone().chain(items.clone()).collect();
    let relations = items.clone().map(|_| 0).chain(items.clone().map(|_| 1)).collect();
    let genre = items.clone().map(|item| (ITEMS + item as usize % TASTES) as u32);
    let label = items.map(|item| (ITEMS + TASTES + item as usize % 4) as u32);
    TripleSet::new(heads, relations, genre.chain(label).collect(), ITEMS + TASTES + 4, 2).unwrap()
}

fn no_graph() -> TripleSet {
    TripleSet::new(Vec::new(), Vec::new(), Vec::new(), ITEMS, 0).unwrap()
}

fn entities() -> Vec<u32> {
    (0..ITEMS as u32).collect()
}

/// Three in five pairs to train with, one to validate, one to test. Users like the items of one genre, but for a share of
/// `noise` that is liked or not at random.
fn parts(noise: f64, seed: u64) -> [Interactions; 3] {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut parts = [(); 3].map(|()| Vec::new());
    for user in 0..USERS as u32 {
        for item in 0..ITEMS as u32 {
            let fits = user as usize % TASTES == item as usize % TASTES;
            let label = if rng.random_bool(noise) { rng.random_bool(0.5) } else { fits };
            parts[[0, 0, 0, 1, 2][rng.random_range(0..5)]].push((user, item, label));
        }
    }
    parts.map(|rows| interactions(&rows, USERS, ITEMS))
}

/// Small and quick.
fn quick() -> MkrConfig {
    MkrConfig { dim: 8, epochs: 40, batch_size: 32, lr_rec: 0.01, lr_kge: 0.01, patience: 0, ..MkrConfig::default() }
}

fn start(parts: &[Interactions; 3], graph: TripleSet, config: MkrConfig, pool: &ThreadPool) -> MkrTrainer {
    let [train, valid, _] = parts;
    MkrTrainer::new(Arc::new(train.clone()), Some(valid), &entities(), Arc::new(graph), config, pool).unwrap()
}

/// Steps until the end, and what was seen on the way whenever an epoch was over.
fn run(mut trainer: MkrTrainer, pool: &ThreadPool) -> (Trained, Vec<Progress>) {
    let (mut fraction, mut epochs) = (0.0, Vec::new());
    loop {
        let progress = trainer.step(pool);
        assert!(progress.fraction >= fraction && progress.fraction <= 1.0);
        fraction = progress.fraction;
        if progress.epochs_done as usize > epochs.len() {
            epochs.push(progress);
        }
        if progress.phase == Phase::Stopped {
            assert_eq!(trainer.step(pool).stop, progress.stop);
            return (trainer.finish(), epochs);
        }
    }
}

fn train(parts: &[Interactions; 3], graph: TripleSet, config: MkrConfig, threads: usize) -> Trained {
    let pool = pool(threads);
    run(start(parts, graph, config, &pool), &pool).0
}

/// The area under the curve over all rows, by counting pairs.
fn auc(model: &MkrModel, rows: &Interactions) -> f64 {
    let scores = model.predictor().pairs(rows.users(), rows.items()).unwrap();
    let of = |wanted: bool| {
        let labelled = scores.iter().zip(rows.labels());
        labelled.filter(|(_, label)| **label == wanted).map(|(score, _)| *score).collect::<Vec<f32>>()
    };
    let (liked, not) = (of(true), of(false));
    let wins = liked
        .iter()
        .flat_map(|a| not.iter().map(move |b| f64::from(u8::from(a > b)) + 0.5 * f64::from(u8::from(a == b))));
    wins.sum::<f64>() / (liked.len() * not.len()) as f64
}

fn bits(parameters: &MkrParameters) -> Vec<u32> {
    let MkrParameters { users, items, entities, relations, shared } = parameters;
    [users, items, entities, relations, shared].into_iter().flatten().map(|number| number.to_bits()).collect()
}

#[test]
fn finds_what_was_planted() {
    let parts = parts(0.05, 1);
    let variants = [
        quick(),
        MkrConfig { single_activation: true, single_pred: true, ..quick() },
        MkrConfig { no_cross: true, ..quick() },
        MkrConfig { cross_depth: 2, high_depth: 2, init_scale: 1.0, l2: 0.0, ..quick() },
        MkrConfig { kge_interval: KgeInterval::Steps(2), kge_negatives: 3, ..quick() },
    ];
    for config in variants {
        let trained = train(&parts, graph(), config.clone(), 1);
        let auc = auc(&trained.model, &parts[2]);
        assert!(auc > 0.85, "{auc} with {config:?}");
        let of_triples = trained.progress.kge_loss;
        assert!(of_triples < 0.0, "{of_triples} with {config:?}");
        for weights in [&trained.model.prediction_weights()[..], &trained.model.activation_weights()[..]] {
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn needs_no_triples_without_the_embedding_task() {
    let parts = parts(0.05, 2);
    let trained = train(&parts, no_graph(), MkrConfig { no_kge: true, ..quick() }, 1);
    assert!(auc(&trained.model, &parts[2]) > 0.85);
    assert_eq!(trained.progress.triples_done, 0);
    assert!(trained.progress.kge_loss.is_nan());
    // Triples that are there say nothing either: only the numbers of rows differ.
    let with_graph = train(&parts, graph(), MkrConfig { no_kge: true, ..quick() }, 1);
    assert_eq!(with_graph.model.parameters().users, trained.model.parameters().users);
}

#[test]
fn the_seed_fixes_every_bit_for_a_number_of_threads() {
    let parts = parts(0.1, 3);
    let config = MkrConfig { epochs: 3, seed: 5, ..quick() };
    let of =
        |config: &MkrConfig, threads: usize| bits(train(&parts, graph(), config.clone(), threads).model.parameters());
    for threads in [1, 2] {
        assert_eq!(of(&config, threads), of(&config, threads));
    }
    assert_ne!(of(&config, 1), of(&MkrConfig { seed: 6, ..config.clone() }, 1));
    // Another number of threads adds up in another order: nearly the same after a few batches.
    let [one, two] = [1, 2].map(|threads| train(&parts, graph(), MkrConfig { epochs: 1, ..config.clone() }, threads));
    for (a, b) in one.model.parameters().users.iter().zip(&two.model.parameters().users) {
        assert!((a - b).abs() < 1e-3, "{a} and {b}");
    }
}

#[test]
fn a_batch_may_be_smaller_than_the_number_of_threads() {
    let parts = parts(0.1, 4);
    for (batch_size, threads) in [(1, 3), (5, 4), (47, 3)] {
        let config = MkrConfig { batch_size, epochs: 1, kge_interval: KgeInterval::Epochs(1), ..quick() };
        let trained = train(&parts, graph(), config, threads);
        assert_eq!(trained.progress.stop, Some(Stop::Completed));
        assert_eq!(trained.progress.rows_done, parts[0].len() as u64);
        assert_eq!(trained.progress.triples_done, 2 * ITEMS as u64);
    }
}

#[test]
fn the_embedding_task_gets_its_turns() {
    let parts = parts(0.1, 5);
    let triples = 2 * ITEMS as u64;
    for (interval, passes) in [(1, 5), (2, 3), (5, 1)] {
        let config = MkrConfig { epochs: 5, kge_interval: KgeInterval::Epochs(interval), ..quick() };
        assert_eq!(train(&parts, graph(), config, 1).progress.triples_done, passes * triples);
    }
    let config = MkrConfig { epochs: 2, batch_size: 16, kge_interval: KgeInterval::Steps(4), ..quick() };
    let batches = 2 * parts[0].len().div_ceil(16) as u64;
    // The triples are a multiple of the batch size, so that every batch is full.
    assert_eq!(train(&parts, graph(), config, 1).progress.triples_done, batches / 4 * 16);
}

#[test]
fn restored_parameters_predict_the_same() {
    let parts = parts(0.1, 6);
    for high_depth in [1, 2] {
        let model = train(&parts, graph(), MkrConfig { epochs: 2, high_depth, ..quick() }, 1).model;
        let (shape, rows) = (*model.shape(), model.entity_of_item().to_vec());
        let restored = MkrModel::new(shape, rows, model.parameters().clone()).unwrap();
        assert_eq!(restored, model);
        let [a, b] = [&model, &restored].map(|model| {
            let predictor = model.predictor();
            let scores = predictor.pairs(parts[2].users(), parts[2].items()).unwrap();
            scores.iter().map(|&score| (score.to_bits(), predictor.probability(score).to_bits())).collect::<Vec<_>>()
        });
        assert_eq!(a, b);
    }
}

#[test]
fn all_scores_of_a_user_are_those_of_the_pairs() {
    let parts = parts(0.1, 7);
    for high_depth in [1, 3] {
        let config = MkrConfig { epochs: 3, high_depth, ..quick() };
        let predictor = train(&parts, graph(), config, 1).model.predictor();
        assert_eq!((predictor.user_count(), predictor.item_count()), (USERS, ITEMS));
        let mut all = vec![0.0; 10 * ITEMS];
        predictor.scores(5..15, &mut all);
        let users: Vec<u32> = (5..15).flat_map(|user| [user; ITEMS]).collect();
        let items: Vec<u32> = (0..10).flat_map(|_| 0..ITEMS as u32).collect();
        let pairs = predictor.pairs(&users, &items).unwrap();
        let largest = pairs.iter().fold(0.0_f32, |largest, score| largest.max(score.abs()));
        assert!(largest > 0.0);
        for (a, b) in all.iter().zip(&pairs) {
            assert!((a - b).abs() <= 1e-5 * largest, "{a} and {b}");
        }
        let probabilities = [-50.0, -1.0, 0.0, 1.0, 50.0].map(|score| predictor.probability(score));
        assert!(probabilities.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(probabilities[0] >= 0.0 && probabilities[4] <= 1.0 && (probabilities[2] - 0.5).abs() < 1e-6);
    }
}

#[test]
fn stops_early_and_keeps_the_best() {
    // Half of the labels are random: what is learned of them by heart does not carry over.
    let parts = parts(0.5, 8);
    let config = MkrConfig { epochs: 300, patience: 4, l2: 0.0, selection: Selection::PooledAuc, ..quick() };
    let pool = pool(1);
    let (trained, epochs) = run(start(&parts, graph(), config, &pool), &pool);
    let progress = trained.progress;
    assert_eq!(progress.stop, Some(Stop::NoImprovement));
    assert!(progress.epochs_done < 300);
    assert_eq!(progress.epochs_done, trained.epoch + 4);
    let figures: Vec<f64> = epochs.iter().map(|epoch| epoch.validation.unwrap().pooled_auc).collect();
    let best = figures.iter().copied().fold(0.0, f64::max);
    assert_eq!(progress.best, Some((best, trained.epoch)));
    assert_eq!(figures.iter().position(|&figure| figure == best), Some(trained.epoch as usize - 1));
    assert!((auc(&trained.model, &parts[1]) - best).abs() < 1e-9);
}

#[test]
fn without_validation_the_last_model_is_kept() {
    let parts = parts(0.1, 9);
    let pool = pool(1);
    let config = MkrConfig { epochs: 4, ..quick() };
    let train = Arc::new(parts[0].clone());
    let mut trainer = MkrTrainer::new(train, None, &entities(), Arc::new(graph()), config, &pool).unwrap();
    while trainer.step(&pool).phase != Phase::Stopped {}
    let last = trainer.parameters().clone();
    let trained = trainer.finish();
    assert_eq!((trained.epoch, trained.progress.stop), (4, Some(Stop::Completed)));
    assert_eq!((trained.progress.best, trained.progress.validation), (None, None));
    assert_eq!(trained.model.parameters(), &last);
}

#[test]
fn divergence_is_seen_and_what_was_before_is_kept() {
    let parts = parts(0.1, 10);
    let pool = pool(1);
    for lr_rec in [50.0, 1e6, f32::MAX] {
        let trainer = start(&parts, graph(), MkrConfig { lr_rec, ..quick() }, &pool);
        let before = trainer.parameters().clone();
        let (trained, _) = run(trainer, &pool);
        assert_eq!(trained.progress.stop, Some(Stop::Diverged { epoch: 1 }), "{lr_rec}");
        assert_eq!(trained.epoch, 0);
        assert_eq!(trained.model.parameters(), &before);
    }
    // One step only: the loss is from before it, and the parameters are finite, but not what they make.
    let batch_size = parts[0].len();
    let config = MkrConfig { lr_rec: 1e15, batch_size, epochs: 1, no_kge: true, ..quick() };
    let mut trainer = start(&parts, graph(), config, &pool);
    while trainer.step(&pool).phase != Phase::Stopped {}
    assert!(trainer.parameters().users.iter().all(|number| number.is_finite()));
    assert_eq!(trainer.progress().stop, Some(Stop::Diverged { epoch: 1 }));
}

/// The largest difference between the scores of two items of one user.
fn spread(model: &MkrModel) -> f32 {
    let mut scores = vec![0.0; USERS * ITEMS];
    model.predictor().scores(0..USERS, &mut scores);
    let of_user = |scores: &[f32]| {
        scores.iter().copied().fold(f32::MIN, f32::max) - scores.iter().copied().fold(f32::MAX, f32::min)
    };
    scores.chunks_exact(ITEMS).map(of_user).fold(0.0, f32::max)
}

#[test]
fn vectors_that_shrink_to_nothing_are_seen() {
    let parts = parts(0.1, 17);
    let pool = pool(1);
    let train = Arc::new(parts[0].clone());
    for high_depth in [1, 2] {
        let config = MkrConfig { l2: 0.3, epochs: 200, high_depth, ..quick() };
        for validation in [Some(&parts[1]), None] {
            let collapse = |config: &MkrConfig| {
                let (train, graph) = (Arc::clone(&train), Arc::new(graph()));
                let trainer = MkrTrainer::new(train, validation, &entities(), graph, config.clone(), &pool).unwrap();
                let trained = run(trainer, &pool).0;
                let progress = trained.progress;
                let Some(Stop::Collapsed { epoch }) = progress.stop else { panic!("{progress:?}") };
                assert_eq!(epoch, progress.epochs_done);
                // What is kept still tells items apart.
                assert!(trained.epoch < epoch && spread(&trained.model) >= 1e-6, "{progress:?}");
                (epoch, trained.epoch)
            };
            let (epoch, kept) = collapse(&config);
            assert!(epoch > 5 && epoch < 200);
            // Training that ends while nothing differs has collapsed, too, whatever else would have ended it.
            let earlier = epoch - 2;
            assert_eq!(collapse(&MkrConfig { epochs: earlier, ..config.clone() }), (earlier, kept));
            if validation.is_some() {
                let half = earlier / 2;
                let impatient = MkrConfig { validate_every: half, patience: 1, ..config.clone() };
                assert_eq!(collapse(&impatient), (2 * half, half));
            }
        }
    }
}

#[test]
fn short_vectors_at_the_start_are_no_collapse() {
    let parts = parts(0.05, 18);
    let config = MkrConfig { init_scale: 1e-3, l2: 0.0, epochs: 60, ..quick() };
    let pool = pool(1);
    let start = start(&parts, graph(), config.clone(), &pool);
    let first = MkrConfig { epochs: 1, lr_rec: 1e-20, lr_kge: 1e-20, ..config };
    assert!(spread(&train(&parts, graph(), first, 1).model) < 1e-6);
    let (trained, _) = run(start, &pool);
    assert_eq!(trained.progress.stop, Some(Stop::Completed));
    assert!(auc(&trained.model, &parts[2]) > 0.85);
    // Nor where they grow so slowly that scores are still the same after many epochs.
    let slow = MkrConfig { init_scale: 1e-3, l2: 0.0, epochs: 12, lr_rec: 1e-5, lr_kge: 1e-5, ..quick() };
    let trained = train(&parts, graph(), slow, 1);
    assert_eq!(trained.progress.stop, Some(Stop::Completed));
    assert!(spread(&trained.model) < 1e-6);
}

#[test]
fn permuted_tails_are_those_of_the_relation() {
    let graph = graph();
    let count = |graph: &TripleSet| {
        let mut counts = BTreeMap::new();
        for pair in graph.relations().iter().zip(graph.tails()) {
            *counts.entry((*pair.0, *pair.1)).or_insert(0) += 1;
        }
        counts
    };
    let permuted = permute_tails(&graph, 1);
    assert_eq!(count(&permuted), count(&graph));
    assert_eq!((permuted.heads(), permuted.relations()), (graph.heads(), graph.relations()));
    assert_ne!(permuted.tails(), graph.tails());
    assert_eq!(permute_tails(&graph, 1), permuted);
    assert_ne!(permute_tails(&graph, 2), permuted);
    assert_eq!(permute_tails(&no_graph(), 1), no_graph());
}

#[test]
fn items_need_no_entity_and_may_share_one() {
    let parts = parts(0.05, 11);
    let mut entities = entities();
    // The first ten have none; the last two are the same one.
    entities[..10].fill(NO_ENTITY);
    entities[ITEMS - 1] = entities[ITEMS - 2];
    let pool = pool(1);
    let (train, graph) = (Arc::new(parts[0].clone()), Arc::new(graph()));
    let trainer = MkrTrainer::new(train, Some(&parts[1]), &entities, graph, quick(), &pool).unwrap();
    let (trained, _) = run(trainer, &pool);
    assert!(auc(&trained.model, &parts[2]) > 0.85);
    // Ten entities and the one that two items would have been head triples without being items.
    assert_eq!(trained.model.shape().item_rows, ITEMS + 11);
    assert_eq!(trained.model.shape().entity_rows, ITEMS + TASTES + 4 + 10);
}

#[test]
fn every_range_of_the_config_is_checked() {
    type Change = fn(&mut MkrConfig);
    let wrong: &[(&str, Change)] = &[
        ("dim", |config| config.dim = 0),
        ("dim", |config| config.dim = MAX_DIM + 1),
        ("cross_depth", |config| config.cross_depth = 0),
        ("cross_depth", |config| config.cross_depth = MAX_DEPTH + 1),
        ("high_depth", |config| config.high_depth = 0),
        ("high_depth", |config| config.high_depth = MAX_DEPTH + 1),
        ("epochs", |config| config.epochs = 0),
        ("batch_size", |config| config.batch_size = 0),
        ("batch_size", |config| config.batch_size = MAX_BATCH_SIZE + 1),
        ("lr_rec", |config| config.lr_rec = 0.0),
        ("lr_rec", |config| config.lr_rec = f32::NAN),
        ("lr_kge", |config| config.lr_kge = -1.0),
        ("lr_kge", |config| config.lr_kge = f32::INFINITY),
        ("kge_weight", |config| config.kge_weight = -0.1),
        ("kge_weight", |config| config.kge_weight = f32::NAN),
        ("l2", |config| config.l2 = -0.1),
        ("l2", |config| config.l2 = f32::INFINITY),
        ("kge_interval", |config| config.kge_interval = KgeInterval::Epochs(0)),
        ("kge_interval", |config| config.kge_interval = KgeInterval::Steps(0)),
        ("kge_negatives", |config| config.kge_negatives = 0),
        ("kge_negatives", |config| config.kge_negatives = MAX_KGE_NEGATIVES + 1),
        ("init_scale", |config| config.init_scale = 0.0),
        ("init_scale", |config| config.init_scale = f32::NAN),
        ("validate_every", |config| config.validate_every = 0),
    ];
    let (train, graph, pool) = (Arc::new(parts(0.1, 12)[0].clone()), Arc::new(graph()), pool(1));
    for (field, change) in wrong {
        let mut config = quick();
        change(&mut config);
        let error = config.validate().unwrap_err();
        assert!(matches!(error, MkrError::InvalidConfig { parameter, .. } if parameter == *field), "{field}: {error}");
        let refused = MkrTrainer::new(Arc::clone(&train), None, &entities(), Arc::clone(&graph), config, &pool);
        assert_eq!(refused.unwrap_err().to_string(), error.to_string());
    }
    let largest = MkrConfig {
        dim: MAX_DIM,
        cross_depth: MAX_DEPTH,
        high_depth: MAX_DEPTH,
        batch_size: MAX_BATCH_SIZE,
        kge_negatives: MAX_KGE_NEGATIVES,
        kge_weight: 0.0,
        l2: 0.0,
        patience: 0,
        ..quick()
    };
    largest.validate().unwrap();
    assert!("best".parse::<Selection>().is_err());
    assert_eq!("pooled_auc".parse::<Selection>().unwrap(), Selection::PooledAuc);
}

#[test]
fn wrong_interactions_are_refused() {
    let error = |users: &[u32], items: &[u32], labels: &[bool]| {
        Interactions::new(users.to_vec(), items.to_vec(), labels.to_vec(), 3, 2).unwrap_err()
    };
    let lengths = |users, items, labels| MkrError::ColumnLengths { users, items, labels };
    assert_eq!(error(&[0, 1], &[0], &[true]), lengths(2, 1, 1));
    assert_eq!(error(&[0], &[0], &[true, false]), lengths(1, 1, 2));
    assert_eq!(error(&[0, 3], &[0, 1], &[true; 2]), MkrError::UnknownId { what: "user", id: 3, count: 3 });
    assert_eq!(error(&[0, 2], &[0, 2], &[true; 2]), MkrError::UnknownId { what: "item", id: 2, count: 2 });
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let [train, valid, _] = parts(0.1, 13);
    let pool = pool(1);
    let error = |train: &Interactions, valid: &Interactions, entities: &[u32], graph: TripleSet, config: MkrConfig| {
        let train = Arc::new(train.clone());
        MkrTrainer::new(train, Some(valid), entities, Arc::new(graph), config, &pool).unwrap_err()
    };
    let all = |label: bool| {
        let (users, items) = (train.users().to_vec(), train.items().to_vec());
        Interactions::new(users, items, vec![label; train.len()], USERS, ITEMS).unwrap()
    };
    let rows = train.len();
    assert_eq!(
        error(&all(false), &valid, &entities(), graph(), quick()),
        MkrError::OneLabel { part: "training", positives: 0, negatives: rows }
    );
    assert_eq!(
        error(&train, &all(true), &entities(), graph(), quick()),
        MkrError::OneLabel { part: "validation", positives: rows, negatives: 0 }
    );
    let empty = interactions(&[], USERS, ITEMS);
    let nothing = MkrError::OneLabel { part: "training", positives: 0, negatives: 0 };
    assert_eq!(error(&empty, &valid, &entities(), graph(), quick()), nothing);
    assert_eq!(error(&train, &valid, &entities(), no_graph(), quick()), MkrError::NoTriples);

    let mismatch = |what, actual, expected| MkrError::Mismatch { what, actual, expected };
    let items = "number of items";
    assert_eq!(error(&train, &valid, &[0, 1], graph(), quick()), mismatch(items, 2, ITEMS));
    let two = [(0, 0, true), (1, 1, false)];
    let valid_of = |users, items| interactions(&two, users, items);
    assert_eq!(
        error(&train, &valid_of(2, ITEMS), &entities(), graph(), quick()),
        mismatch("number of users", 2, USERS)
    );
    assert_eq!(error(&train, &valid_of(USERS, 2), &entities(), graph(), quick()), mismatch(items, 2, ITEMS));

    let mut wrong = entities();
    let count = graph().entity_count();
    wrong[3] = count as u32;
    let unknown = MkrError::UnknownId { what: "entity", id: count as u32, count };
    assert_eq!(error(&train, &valid, &wrong, graph(), quick()), unknown);
}

#[test]
fn the_memory_limit_is_what_the_estimate_says() {
    let parts = parts(0.1, 14);
    let (pool, graph) = (pool(2), Arc::new(graph()));
    let size = JointSize {
        users: USERS,
        items: ITEMS,
        item_rows: ITEMS,
        entity_rows: graph.entity_count(),
        relations: 2,
        interactions: parts[0].len(),
        validation: parts[1].len(),
        triples: graph.len(),
    };
    let needed = estimate(&quick(), &size, 2).total();
    let start = |memory_limit: usize| {
        let config = MkrConfig { memory_limit, ..quick() };
        MkrTrainer::new(Arc::new(parts[0].clone()), Some(&parts[1]), &entities(), Arc::clone(&graph), config, &pool)
    };
    assert_eq!(start(needed - 1).unwrap_err(), MkrError::MemoryLimit { needed, limit: needed - 1 });
    assert!(start(needed).is_ok());
    // More of anything takes more.
    for larger in [
        JointSize { users: 2 * USERS, ..size },
        JointSize { items: 2 * ITEMS, item_rows: 2 * ITEMS, ..size },
        JointSize { entity_rows: 100, ..size },
        JointSize { relations: 9, ..size },
        JointSize { interactions: 10_000, ..size },
        JointSize { validation: 10_000, ..size },
        JointSize { triples: 10_000, ..size },
    ] {
        assert!(estimate(&quick(), &larger, 2).total() > needed, "{larger:?}");
    }
    assert!(estimate(&quick(), &size, 4).total() > needed);
    assert!(estimate(&MkrConfig { no_kge: true, ..quick() }, &size, 2).total() < needed);
}

#[test]
fn damaged_parameters_are_refused() {
    type Array = fn(&mut MkrParameters) -> &mut Vec<f32>;
    let arrays: [(&str, Array); 5] = [
        ("users", |parameters| &mut parameters.users),
        ("items", |parameters| &mut parameters.items),
        ("entities", |parameters| &mut parameters.entities),
        ("relations", |parameters| &mut parameters.relations),
        ("shared", |parameters| &mut parameters.shared),
    ];
    let model = train(&parts(0.1, 15), graph(), MkrConfig { epochs: 1, ..quick() }, 1).model;
    let (shape, rows) = (*model.shape(), model.entity_of_item().to_vec());
    for (what, of) in arrays {
        for change in [-1, 1] {
            let mut parameters = model.parameters().clone();
            let array = of(&mut parameters);
            let expected = array.len();
            array.resize(expected.strict_add_signed(change), 0.0);
            let actual = array.len();
            let error = MkrModel::new(shape, rows.clone(), parameters).unwrap_err();
            assert_eq!(error, MkrError::WrongLength { what, actual, expected });
        }
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut parameters = model.parameters().clone();
            of(&mut parameters)[7] = number;
            let error = MkrModel::new(shape, rows.clone(), parameters).unwrap_err();
            assert_eq!(error, MkrError::NotFinite { what, place: 7 });
        }
    }

    let error =
        |shape: MkrShape, rows: &[u32]| MkrModel::new(shape, rows.to_vec(), model.parameters().clone()).unwrap_err();
    for (parameter, shape) in [
        ("dim", MkrShape { dim: 0, ..shape }),
        ("cross_depth", MkrShape { cross_depth: 0, ..shape }),
        ("high_depth", MkrShape { high_depth: 0, ..shape }),
    ] {
        assert!(matches!(error(shape, &rows), MkrError::InvalidConfig { parameter: of, .. } if of == parameter));
    }
    let mismatch = |actual| MkrError::Mismatch { what: "number of items", actual, expected: ITEMS };
    assert_eq!(error(shape, &rows[1..]), mismatch(ITEMS - 1));
    assert_eq!(error(MkrShape { item_rows: 3, ..shape }, &rows), mismatch(3));
    let count = shape.entity_rows;
    for id in [count as u32, NO_ENTITY] {
        let mut rows = rows.clone();
        rows[2] = id;
        assert_eq!(error(shape, &rows), MkrError::UnknownId { what: "entity", id, count });
    }
}

#[test]
fn pairs_that_do_not_exist_are_refused() {
    let predictor = train(&parts(0.1, 16), graph(), MkrConfig { epochs: 1, ..quick() }, 1).model.predictor();
    let unknown = |what, id: usize| MkrError::UnknownId { what, id: id as u32, count: id };
    assert_eq!(predictor.pairs(&[USERS as u32], &[0]).unwrap_err(), unknown("user", USERS));
    assert_eq!(predictor.pairs(&[0], &[ITEMS as u32]).unwrap_err(), unknown("item", ITEMS));
    let lengths = MkrError::ColumnLengths { users: 2, items: 1, labels: 0 };
    assert_eq!(predictor.pairs(&[0, 1], &[0]).unwrap_err(), lengths);
    assert_eq!(predictor.pairs(&[], &[]).unwrap(), Vec::<f32>::new());
}

/// Trains as [`start`] and [`run`] do, but after every so many steps a new trainer goes on from a snapshot. Where these were
/// taken, and what came out.
fn run_in_pieces(
    parts: &[Interactions; 3],
    graph: &TripleSet,
    config: &MkrConfig,
    every: usize,
) -> (Trained, Vec<Snapshot>) {
    let pool = pool(1);
    let mut trainer = start(parts, graph.clone(), config.clone(), &pool);
    let mut snapshots = Vec::new();
    for step in 1.. {
        if trainer.step(&pool).phase == Phase::Stopped {
            break;
        }
        if step % every == 0
            && let Some(snapshot) = trainer.snapshot()
        {
            snapshots.push(snapshot.clone());
            trainer = restore(parts, graph, config, snapshot).unwrap();
        }
    }
    assert!(trainer.snapshot().is_none());
    (trainer.finish(), snapshots)
}

fn restore(
    [train, valid, _]: &[Interactions; 3],
    graph: &TripleSet,
    config: &MkrConfig,
    snapshot: Snapshot,
) -> Result<MkrTrainer, MkrError> {
    let (train, graph) = (Arc::new(train.clone()), Arc::new(graph.clone()));
    MkrTrainer::restore(train, Some(valid), &entities(), graph, config.clone(), snapshot, &pool(1))
}

/// The bits of everything that a training ends with. Debug prints floats so that no two look alike, and NaN, too.
fn print(trained: &Trained) -> String {
    format!("{trained:?}")
}

#[test]
fn a_training_in_pieces_is_the_one_without_a_break() {
    let parts = parts(0.2, 5);
    let steps = KgeInterval::Steps(3);
    for (config, every) in [
        (quick(), 1),
        (quick(), 7),
        (MkrConfig { kge_interval: KgeInterval::Epochs(3), epochs: 10, ..quick() }, 1),
        (MkrConfig { kge_interval: steps, epochs: 10, ..quick() }, 2),
        (MkrConfig { no_kge: true, no_cross: true, epochs: 10, ..quick() }, 2),
        // Ends early, after the best one.
        (MkrConfig { patience: 2, validate_every: 2, lr_rec: 0.05, ..quick() }, 3),
        // Collapses after five flat epochs.
        (MkrConfig { l2: 0.3, epochs: 200, ..quick() }, 2),
    ] {
        let pool = pool(1);
        let (whole, _) = run(start(&parts, graph(), config.clone(), &pool), &pool);
        let (pieced, snapshots) = run_in_pieces(&parts, &graph(), &config, every);
        assert!(snapshots.len() > 1, "{config:?}");
        assert_eq!(print(&pieced), print(&whole), "{config:?}");
    }
}

#[test]
fn a_training_goes_on_within_an_epoch_and_within_a_pass() {
    // So much work per row that a step has a part of the rows only.
    let config = MkrConfig { dim: 96, high_depth: 6, epochs: 2, kge_interval: KgeInterval::Epochs(1), ..quick() };
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
    let mut rows = |count: usize| {
        let rows: Vec<_> = (0..count)
            .map(|_| {
                let (user, item) = (rng.random_range(0..USERS), rng.random_range(0..ITEMS));
                (user as u32, item as u32, user % TASTES == item % TASTES)
            })
            .collect();
        interactions(&rows, USERS, ITEMS)
    };
    let parts = [rows(1500), rows(100), rows(100)];
    let triple = |at: u32| (at % ITEMS as u32, at % 2, (at * 7) % 31);
    let column = |of: fn((u32, u32, u32)) -> u32| (0..1500).map(|at| of(triple(at))).collect::<Vec<u32>>();
    let graph = TripleSet::new(column(|t| t.0), column(|t| t.1), column(|t| t.2), 31, 2).unwrap();
    let pool = pool(1);
    let (whole, _) = run(start(&parts, graph.clone(), config.clone(), &pool), &pool);
    let (pieced, snapshots) = run_in_pieces(&parts, &graph, &config, 1);
    let is_within = |done: usize, of: usize| 0 < done && done < of;
    assert!(snapshots.iter().any(|snapshot| is_within(snapshot.rec.done, 1500)));
    assert!(snapshots.iter().any(|snapshot| is_within(snapshot.kge.as_ref().unwrap().done, graph.len())));
    assert_eq!(print(&pieced), print(&whole));
}

#[test]
fn a_snapshot_of_another_training_is_refused() {
    let parts = parts(0.2, 5);
    let pool = pool(1);
    let mut trainer = start(&parts, graph(), quick(), &pool);
    trainer.step(&pool);
    let snapshot = std::iter::repeat_with(|| {
        trainer.step(&pool);
        trainer.snapshot()
    })
    .take(10)
    .flatten()
    .last()
    .unwrap();
    let refused = |config: MkrConfig, snapshot: Snapshot| restore(&parts, &graph(), &config, snapshot).unwrap_err();
    assert!(restore(&parts, &graph(), &quick(), snapshot.clone()).is_ok());
    let error = refused(MkrConfig { dim: 16, ..quick() }, snapshot.clone());
    assert!(matches!(error, MkrError::WrongLength { what: "users", .. }), "{error}");
    let error = refused(MkrConfig { no_kge: true, ..quick() }, snapshot.clone());
    assert_eq!(error, MkrError::Mismatch { what: "embedding tasks", actual: 1, expected: 0 });
    let error = refused(MkrConfig { epochs: 1, ..quick() }, snapshot.clone());
    assert!(matches!(error, MkrError::Mismatch { what: "number of epochs", .. }), "{error}");
    let mut short = snapshot.clone();
    short.rec.optimizer.pop();
    assert!(matches!(refused(quick(), short), MkrError::WrongLength { what: "the state of an optimiser", .. }));
    let mut long = snapshot;
    long.rec.done = 1_000_000;
    assert!(matches!(refused(quick(), long), MkrError::Mismatch { what: "number of rows", .. }));
}
