//! Training: reproducible, resumable, extendable, and robust against odd graphs and settings.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::kge::{
    Activation, Corruption, Embeddings, EntityConstraint, KgeConfig, KgeError, KnownTriples, Loss, Metrics, ModelKind,
    Norm, Optimizer, Phase, Progress, Ranker, Regularizer, Schedule, Stop, Trained, Trainer, TripleSet,
};
use std::sync::Arc;

type Triple = (u32, u32, u32);

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn triple_set(triples: &[Triple], entities: usize, relations: usize) -> Arc<TripleSet> {
    let column = |of: fn(&Triple) -> u32| triples.iter().map(of).collect();
    Arc::new(TripleSet::new(column(|t| t.0), column(|t| t.1), column(|t| t.2), entities, relations).unwrap())
}

/// Entities in groups. Relation 0 leads from each to the next of its group, relation 1 to the first of its group, relation 2
/// back from the first to all.
fn groups(groups: u32, size: u32) -> Vec<Triple> {
    let mut triples = Vec::new();
    for group in 0..groups {
        for at in 0..size {
            let (own, first) = (group * size + at, group * size);
            triples.push((own, 0, first + (at + 1) % size));
            triples.push((own, 1, first));
            triples.push((first, 2, own));
        }
    }
    triples
}

fn run(mut trainer: Trainer, pool: &ThreadPool) -> Trained {
    let mut fraction = 0.0;
    loop {
        let progress = trainer.step(pool);
        assert!(progress.fraction >= fraction && progress.fraction <= 1.0);
        fraction = progress.fraction;
        if progress.phase == Phase::Stopped {
            assert_eq!(trainer.step(pool).stop, progress.stop);
            return trainer.finish();
        }
    }
}

fn train(triples: &Arc<TripleSet>, config: &KgeConfig, threads: usize) -> Trained {
    let pool = pool(threads);
    run(Trainer::new(Arc::clone(triples), None, config.clone(), &pool).unwrap(), &pool)
}

fn rank(embeddings: &Embeddings, triples: &TripleSet) -> Metrics {
    let (known, pool) = (KnownTriples::new(&[triples]).unwrap(), pool(1));
    let known = [&known];
    let mut ranker = Ranker::new(embeddings, triples, &known, &pool).unwrap();
    while ranker.step(&pool) {}
    ranker.evaluation().all.filtered
}

/// Small and quick.
fn quick(model: ModelKind) -> KgeConfig {
    let config = KgeConfig::for_model(model);
    KgeConfig {
        dim: 16,
        epochs: 20,
        pretrain_epochs: 10.min(config.pretrain_epochs),
        chunk: 32,
        negatives: 24,
        ..config
    }
}

#[test]
fn every_model_learns_the_groups() {
    let triples = triple_set(&groups(12, 8), 96, 3);
    for &model in ModelKind::ALL {
        let config = KgeConfig { epochs: 150, ..quick(model) };
        let pool = pool(1);
        let start = Trainer::new(Arc::clone(&triples), None, config.clone(), &pool).unwrap();
        let before = rank(start.embeddings(), &triples);
        let trained = run(start, &pool);
        let after = rank(&trained.embeddings, &triples);
        assert_eq!(trained.progress.stop, Some(Stop::Completed));
        assert_eq!(trained.progress.triples_done, 150 * 288);
        // DistMult cannot tell the two directions of a relation apart.
        let enough = if model == ModelKind::DistMult { 0.5 } else { 0.75 };
        assert!(before.mrr < 0.2 && after.mrr > enough, "{model}: {} to {}", before.mrr, after.mrr);
    }
}

#[test]
fn every_choice_learns() {
    let triples = triple_set(&groups(8, 6), 48, 3);
    let base = KgeConfig { epochs: 100, ..quick(ModelKind::TransE) };
    let rate = |optimizer, learning_rate| KgeConfig { optimizer, learning_rate, ..base.clone() };
    let margin = |loss, margin| KgeConfig { loss, margin, ..base.clone() };
    let choices = [
        rate(Optimizer::Sgd, 0.05),
        rate(Optimizer::Adagrad, 0.3),
        rate(Optimizer::Adam, 0.05),
        KgeConfig { schedule: Schedule::Constant, ..base.clone() },
        KgeConfig { schedule: Schedule::Cosine, ..base.clone() },
        KgeConfig { norm: Norm::L1, ..base.clone() },
        margin(Loss::Logistic, 4.0),
        margin(Loss::Margin, 2.0),
        KgeConfig { adversarial_temperature: 1.0, ..margin(Loss::Logistic, 4.0) },
        KgeConfig { adversarial_temperature: 1.0, ..margin(Loss::Margin, 2.0) },
        KgeConfig { corruption: Corruption::Uniform, ..base.clone() },
        KgeConfig { corruption: Corruption::Bernoulli, ..base.clone() },
        KgeConfig { filter_negatives: false, ..base.clone() },
        KgeConfig { type_constrained: true, ..base.clone() },
        KgeConfig { regularization: 1e-3, ..base.clone() },
        KgeConfig { regularization: 1e-3, regularizer: Regularizer::N3, ..base.clone() },
        KgeConfig { entity_constraint: EntityConstraint::Sphere, ..margin(Loss::Margin, 0.5) },
        KgeConfig { entity_constraint: EntityConstraint::Ball, ..margin(Loss::Margin, 0.5) },
        KgeConfig { activation: Activation::Tanh, ..base.clone() },
        KgeConfig { activation: Activation::Softsign, ..base.clone() },
        KgeConfig { activation: Activation::Fusion, ..margin(Loss::Logistic, 4.0) },
    ];
    for config in choices {
        let trained = train(&triples, &config, 1);
        let metrics = rank(&trained.embeddings, &triples);
        assert!(metrics.mrr > 0.6, "{config:?}: {metrics:?}");
        if config.entity_constraint == EntityConstraint::Sphere {
            for row in trained.embeddings.entities().chunks(16) {
                assert!((row.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-4);
            }
        }
        if config.activation == Activation::Fusion {
            let fusion = trained.embeddings.spec().fusion;
            assert!(fusion.logits.iter().all(|logit| logit.is_finite()) && fusion.logits != [0.0; 4]);
            assert!((fusion.weights().iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
}

#[test]
fn one_thread_is_exactly_reproducible() {
    let triples = triple_set(&groups(12, 8), 96, 3);
    for &model in ModelKind::ALL {
        let first = train(&triples, &quick(model), 1);
        assert!(first == train(&triples, &quick(model), 1), "{model}");
        let other = train(&triples, &KgeConfig { seed: 1, ..quick(model) }, 1);
        assert!(first.embeddings != other.embeddings, "{model}");
    }
}

#[test]
fn two_threads_learn_as_well() {
    let triples = triple_set(&groups(40, 8), 320, 3);
    let config = KgeConfig { epochs: 100, ..quick(ModelKind::TransE) };
    let (one, two) = (train(&triples, &config, 1), train(&triples, &config, 2));
    let (one, two) = (rank(&one.embeddings, &triples).mrr, rank(&two.embeddings, &triples).mrr);
    assert!((one - two).abs() < 0.05, "{one} and {two}");
}

#[test]
fn a_resumed_training_equals_an_uninterrupted_one() {
    // Epochs of several steps, so that it is interrupted in the middle of one.
    let triples = triple_set(&groups(2000, 8), 16_000, 3);
    let choices = [
        quick(ModelKind::TransE),
        KgeConfig { optimizer: Optimizer::Adam, learning_rate: 0.01, ..quick(ModelKind::ComplEx) },
        KgeConfig { optimizer: Optimizer::Adagrad, type_constrained: true, ..quick(ModelKind::RotatE) },
        KgeConfig { activation: Activation::Fusion, loss: Loss::Logistic, ..quick(ModelKind::TransE) },
        KgeConfig { pretrain_epochs: 2, ..quick(ModelKind::TransR) },
    ];
    for config in choices {
        let config = KgeConfig { epochs: 3, dim: 64, chunk: 256, negatives: 128, ..config };
        let whole = train(&triples, &config, 1);
        let pool = pool(1);
        let mut trainer = Trainer::new(Arc::clone(&triples), None, config.clone(), &pool).unwrap();
        let mut in_epoch = 0;
        let mut progress = trainer.progress();
        while progress.phase != Phase::Stopped {
            // Only numbers survive.
            let embeddings = trainer.embeddings();
            let (entities, relations) = (embeddings.entities().to_vec(), embeddings.relations().to_vec());
            let saved = Embeddings::new(*embeddings.spec(), entities, relations).unwrap();
            let checkpoint = trainer.checkpoint().clone();
            in_epoch += u32::from(checkpoint.chunks_done > 0);
            trainer = Trainer::resume(Arc::clone(&triples), None, config.clone(), saved, checkpoint, &pool).unwrap();
            while trainer.step(&pool).phase == Phase::Preparing {}
            progress = trainer.step(&pool);
        }
        assert!(in_epoch > 0, "{config:?} was never interrupted in an epoch");
        let resumed = trainer.finish();
        assert!(resumed.embeddings == whole.embeddings, "{config:?}");
        assert!(resumed.checkpoint == whole.checkpoint, "{config:?}");
    }
}

#[test]
fn a_restored_training_equals_an_uninterrupted_one() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut triples = groups(400, 8);
    // Noise that can only be learned by heart: validation finds the best vectors long before the end.
    triples.extend((0..4000).map(|_| (rng.random_range(0..3200), 0, rng.random_range(0..3200))));
    let (learned, held_out): (Vec<_>, Vec<_>) = triples.iter().enumerate().partition(|(at, _)| at % 9 > 0);
    let set =
        |part: &[(usize, &Triple)]| triple_set(&part.iter().map(|&(_, &triple)| triple).collect::<Vec<_>>(), 3200, 3);
    let (triples, validation) = (set(&learned), set(&held_out));
    let quick = KgeConfig { epochs: 12, dim: 32, chunk: 256, negatives: 128, ..quick(ModelKind::TransE) };
    for (config, validation) in [
        (KgeConfig { validate_every: 1, patience: 3, ..quick.clone() }, Some(&*validation)),
        (quick.clone(), Some(&*validation)),
        (quick, None),
    ] {
        let pool = pool(1);
        let start = || Trainer::new(Arc::clone(&triples), validation, config.clone(), &pool).unwrap();
        let whole = run(start(), &pool);
        let (mut trainer, mut restored) = (start(), 0);
        while trainer.step(&pool).phase != Phase::Stopped {
            if let Some(snapshot) = trainer.snapshot() {
                restored += 1;
                trainer = Trainer::restore(Arc::clone(&triples), validation, config.clone(), snapshot, &pool).unwrap();
                while trainer.step(&pool).phase == Phase::Preparing {}
            }
        }
        assert!(restored > 5, "{restored}");
        assert!(trainer.snapshot().is_none());
        assert!(trainer.finish() == whole, "{config:?}");
    }
}

#[test]
fn more_epochs_can_be_added() {
    let triples = triple_set(&groups(12, 8), 96, 3);
    let (config, pool) = (quick(ModelKind::TransE), pool(1));
    let first = train(&triples, &config, 1);
    let resume = |epochs, config: KgeConfig| {
        let (embeddings, checkpoint) = (first.embeddings.clone(), first.checkpoint.clone());
        Trainer::resume(Arc::clone(&triples), None, KgeConfig { epochs, ..config }, embeddings, checkpoint, &pool)
    };
    let more = run(resume(60, config.clone()).unwrap(), &pool);
    assert_eq!((first.epoch, more.epoch), (20, 60));
    assert!(more.progress.loss < first.progress.loss);
    let refused = |epochs, config| resume(epochs, config).map(|_| ()).unwrap_err();
    assert!(matches!(refused(20, config.clone()), KgeError::InvalidConfig { parameter: "epochs", .. }));
    assert!(matches!(refused(30, quick(ModelKind::RotatE)), KgeError::InvalidConfig { parameter: "model", .. }));
    let wide = KgeConfig { dim: 32, ..config.clone() };
    assert!(matches!(refused(30, wide), KgeError::InvalidConfig { parameter: "dim", .. }));
    let adam = KgeConfig { optimizer: Optimizer::Adam, ..config };
    assert_eq!(refused(30, adam), KgeError::WrongLength { what: "entity state", actual: 96, expected: 96 * 33 });
}

#[test]
fn extending_moves_nothing_old() {
    // The last two groups are new, and one entity of them has no triples.
    let (old, all) = (80_u32, 97);
    let triples = groups(12, 8);
    let is_old = |triple: &&Triple| triple.0 < old && triple.2 < old;
    let mut with_new = triples.clone();
    // The new groups hang together with the old ones.
    with_new.extend([(80, 0, 3), (5, 1, 81), (82, 1, 0)]);
    let first = triple_set(&triples.iter().filter(is_old).copied().collect::<Vec<_>>(), old as usize, 3);
    for &model in ModelKind::ALL {
        let config = KgeConfig { epochs: 60, ..quick(model) };
        let trained = train(&first, &config, 1).embeddings;
        let extended_set = triple_set(&with_new, all, 3);
        let extend = |threads| {
            let pool = pool(threads);
            run(Trainer::extend(trained.clone(), Arc::clone(&extended_set), config.clone(), &pool).unwrap(), &pool)
        };
        let extended = extend(1);
        assert!(extended == extend(2), "{model}: threads do not matter");
        let embeddings = extended.embeddings;
        assert_eq!(embeddings.entity_count(), all);
        let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&embeddings.entities()[..old as usize * 16]), bits(trained.entities()), "{model}");
        assert_eq!(bits(embeddings.relations()), bits(trained.relations()), "{model}");
        let new = triple_set(&triples.iter().filter(|t| !is_old(t)).copied().collect::<Vec<_>>(), all, 3);
        let metrics = rank(&embeddings, &new);
        assert!(metrics.mrr > 0.25, "{model}: {metrics:?}");
    }
    let (trained, pool) = (train(&first, &quick(ModelKind::TransE), 1).embeddings, pool(1));
    let refused = |triples: &Arc<TripleSet>, config: KgeConfig| {
        Trainer::extend(trained.clone(), Arc::clone(triples), config, &pool).map(|_| ()).unwrap_err()
    };
    let config = quick(ModelKind::TransE);
    assert_eq!(refused(&first, config.clone()), KgeError::NoTriples { what: "triples of new entities" });
    let fewer = triple_set(&[(0, 0, 1)], 5, 3);
    assert!(matches!(refused(&fewer, config.clone()), KgeError::Mismatch { actual: 5, expected: 80, .. }));
    let other_relations = triple_set(&[(0, 0, 90)], 97, 4);
    assert!(matches!(refused(&other_relations, config), KgeError::Mismatch { actual: 4, expected: 3, .. }));
}

#[test]
fn divergence_is_seen_and_the_last_good_vectors_are_kept() {
    let triples = triple_set(&groups(12, 8), 96, 3);
    let steep = |model, keep_copy| KgeConfig {
        optimizer: Optimizer::Sgd,
        learning_rate: 1e4,
        loss: Loss::Logistic,
        schedule: Schedule::Constant,
        keep_copy,
        ..quick(model)
    };
    for model in [ModelKind::TransE, ModelKind::DistMult, ModelKind::ComplEx, ModelKind::TransR] {
        for keep_copy in [true, false] {
            let trained = train(&triples, &steep(model, keep_copy), 1);
            let Some(Stop::Diverged { epoch }) = trained.progress.stop else {
                panic!("{model}: {:?}", trained.progress)
            };
            assert!(epoch >= 1 && trained.epoch < epoch, "{model}: kept {}, diverged in {epoch}", trained.epoch);
            let numbers = trained.embeddings.entities().iter().chain(trained.embeddings.relations());
            assert!(numbers.into_iter().all(|number| number.is_finite()));
        }
    }
    // Good epochs, then a rate that breaks it: the good vectors are what is left.
    let pool = pool(1);
    let good = train(&triples, &quick(ModelKind::DistMult), 1);
    let (vectors, mut checkpoint) = (good.embeddings.clone(), good.checkpoint);
    checkpoint.entity_state.clear();
    checkpoint.relation_state.clear();
    let config = KgeConfig { epochs: 40, ..steep(ModelKind::DistMult, true) };
    let trainer = Trainer::resume(Arc::clone(&triples), None, config, vectors, checkpoint, &pool).unwrap();
    let broken = run(trainer, &pool);
    assert!(matches!(broken.progress.stop, Some(Stop::Diverged { epoch: 21.. })), "{:?}", broken.progress);
    assert!(broken.embeddings == good.embeddings);
    assert_eq!(broken.epoch, 20);
}

#[test]
fn validation_keeps_the_best_and_ends_early() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(9);
    let mut triples = groups(30, 6);
    // Noise that can only be learned by heart.
    triples.extend((0..600).map(|_| (rng.random_range(0..180), 0, rng.random_range(0..180))));
    let column = |of: fn(&Triple) -> u32| triples.iter().map(of).collect::<Vec<_>>();
    let all = TripleSet::new(column(|t| t.0), column(|t| t.1), column(|t| t.2), 180, 3).unwrap();
    let (rest, taken) = all.clone().split(0.1, 1);
    assert_eq!(rest.len() + taken.len(), all.len());
    assert_eq!(taken.len(), 114);
    let (rest, pool) = (Arc::new(rest), pool(1));
    let config = KgeConfig { epochs: 400, validate_every: 5, patience: 3, ..quick(ModelKind::ComplEx) };
    let config = KgeConfig { regularization: 0.0, schedule: Schedule::Constant, ..config };
    let mut trainer = Trainer::new(Arc::clone(&rest), Some(&taken), config, &pool).unwrap();
    let mut seen: Vec<Progress> = Vec::new();
    while seen.last().is_none_or(|progress| progress.phase != Phase::Stopped) {
        seen.push(trainer.step(&pool));
    }
    let trained = trainer.finish();
    let last = seen.last().unwrap();
    assert_eq!(last.stop, Some(Stop::NoImprovement));
    let best = seen.iter().filter_map(|progress| progress.validation).fold(0.0, |best: f64, m| best.max(m.mrr));
    let (best_mrr, best_epoch) = last.best.unwrap();
    assert_eq!(best_mrr, best);
    assert_eq!(trained.epoch, best_epoch);
    assert_eq!(last.epochs_done, best_epoch + 15);
    // The vectors are those that reached it: filtered by all that is known.
    let (known, pool) = (KnownTriples::new(&[&rest, &taken]).unwrap(), pool);
    let known = [&known];
    let mut ranker = Ranker::new(&trained.embeddings, &taken, &known, &pool).unwrap();
    while ranker.step(&pool) {}
    assert!((ranker.evaluation().all.filtered.mrr - best).abs() < 1e-12);
}

#[test]
fn odd_graphs_work() {
    let graphs: [(&str, Vec<Triple>, usize, usize); 7] = [
        ("one triple", vec![(0, 0, 1)], 2, 1),
        ("one loop", vec![(0, 0, 0)], 1, 1),
        ("loops and duplicates", vec![(0, 0, 0), (0, 0, 0), (1, 0, 1), (1, 0, 1), (0, 1, 1)], 3, 2),
        ("a relation with one pair", (0..9).map(|i| (i, 0, i + 1)).chain([(3, 1, 4)]).collect(), 10, 2),
        ("relations and entities without triples", vec![(5, 3, 6), (6, 3, 7)], 100, 9),
        ("everything true", (0..4).flat_map(|h| (0..4).map(move |t| (h, 0, t))).collect(), 4, 1),
        ("a star", (1..50).map(|tail| (0, 0, tail)).collect(), 50, 1),
    ];
    for (what, triples, entities, relations) in &graphs {
        let set = triple_set(triples, *entities, *relations);
        for &model in ModelKind::ALL {
            for &loss in Loss::ALL {
                for type_constrained in [false, true] {
                    for corruption in [Corruption::Both, Corruption::Bernoulli] {
                        let config = KgeConfig {
                            epochs: 3,
                            pretrain_epochs: 1,
                            loss,
                            type_constrained,
                            corruption,
                            ..quick(model)
                        };
                        let trained = train(&set, &config, 1);
                        assert_eq!(trained.progress.stop, Some(Stop::Completed), "{what}, {config:?}");
                        assert!(trained.progress.loss.is_finite(), "{what}, {config:?}");
                        assert_eq!(trained.embeddings.entity_count(), *entities);
                    }
                }
            }
        }
    }
}

#[test]
fn bad_settings_and_input_are_errors() {
    let triples = triple_set(&groups(2, 4), 8, 3);
    let base = KgeConfig::default();
    let bad = [
        ("dim", KgeConfig { dim: 0, ..base.clone() }),
        ("dim", KgeConfig { dim: 100_000, ..base.clone() }),
        ("dim", KgeConfig { dim: 7, ..KgeConfig::for_model(ModelKind::ComplEx) }),
        ("dim", KgeConfig { dim: 7, ..KgeConfig::for_model(ModelKind::RotatE) }),
        ("chunk", KgeConfig { chunk: 0, ..base.clone() }),
        ("negatives", KgeConfig { negatives: 0, ..base.clone() }),
        ("negatives", KgeConfig { negatives: 1 << 20, ..base.clone() }),
        ("epochs", KgeConfig { epochs: 0, ..base.clone() }),
        ("pretrain_epochs", KgeConfig { epochs: 2, pretrain_epochs: 2, ..KgeConfig::for_model(ModelKind::TransR) }),
        ("learning_rate", KgeConfig { learning_rate: f32::NAN, ..base.clone() }),
        ("learning_rate", KgeConfig { learning_rate: f32::INFINITY, ..base.clone() }),
        ("learning_rate", KgeConfig { learning_rate: 0.0, ..base.clone() }),
        ("init_scale", KgeConfig { init_scale: -1.0, ..base.clone() }),
        ("margin", KgeConfig { margin: f32::NAN, ..base.clone() }),
        ("regularization", KgeConfig { regularization: -1.0, ..base.clone() }),
        ("adversarial_temperature", KgeConfig { adversarial_temperature: f32::INFINITY, ..base.clone() }),
    ];
    let pool = pool(1);
    let start = |triples: &Arc<TripleSet>, validation: Option<&TripleSet>, config: &KgeConfig| {
        Trainer::new(Arc::clone(triples), validation, config.clone(), &pool).map(|_| ()).unwrap_err()
    };
    for (field, config) in bad {
        let error = start(&triples, None, &config);
        assert!(matches!(error, KgeError::InvalidConfig { parameter, .. } if parameter == field), "{field}: {error}");
    }
    let none = triple_set(&[], 8, 3);
    assert_eq!(start(&none, None, &base), KgeError::NoTriples { what: "triples" });
    assert_eq!(start(&triples, Some(&none), &base), KgeError::NoTriples { what: "validation triples" });
    let others = triple_set(&[(0, 0, 1)], 9, 3);
    assert!(matches!(start(&triples, Some(&others), &base), KgeError::Mismatch { actual: 9, expected: 8, .. }));
    let small = KgeConfig { memory_limit: 1000, ..base.clone() };
    assert!(matches!(start(&triples, None, &small), KgeError::MemoryLimit { limit: 1000, needed } if needed > 1000));

    let columns = |heads, relations, tails| TripleSet::new(heads, relations, tails, 3, 2).map(|_| ()).unwrap_err();
    assert_eq!(columns(vec![0], vec![0, 1], vec![0]), KgeError::ColumnLengths { heads: 1, relations: 2, tails: 1 });
    assert_eq!(columns(vec![3], vec![0], vec![0]), KgeError::UnknownId { what: "entity", id: 3, count: 3 });
    assert_eq!(columns(vec![0], vec![2], vec![0]), KgeError::UnknownId { what: "relation", id: 2, count: 2 });

    let error = "transx".parse::<ModelKind>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown model \"transx\": use one of transe, transh, transr, distmult, complex, rotate"
    );
    for &model in ModelKind::ALL {
        assert_eq!(model.name().parse::<ModelKind>(), Ok(model));
        assert_eq!(KgeConfig::for_model(model).validate(), Ok(()));
    }
}

#[test]
fn saved_vectors_are_checked() {
    let trained = train(&triple_set(&groups(2, 4), 8, 3), &quick(ModelKind::TransH), 1).embeddings;
    let spec = *trained.spec();
    let (entities, relations) = trained.into_tables();
    assert!(Embeddings::new(spec, entities.clone(), relations.clone()).is_ok());
    let error = |entities, relations| Embeddings::new(spec, entities, relations).unwrap_err();
    let short = entities[1..].to_vec();
    assert_eq!(
        error(short, relations.clone()),
        KgeError::WrongLength { what: "entity vectors", actual: 127, expected: 128 }
    );
    let mut broken = relations;
    broken[40] = f32::NAN;
    assert_eq!(error(entities, broken), KgeError::NotFinite { what: "relation vectors", row: 1 });
}

#[test]
fn a_split_leaves_something_of_everything() {
    let triples = Arc::unwrap_or_clone(triple_set(&groups(10, 5), 50, 3));
    let (rest, taken) = triples.clone().split(0.5, 3);
    assert!(taken.len() > 40, "{}", taken.len());
    assert_eq!(rest.len() + taken.len(), triples.len());
    let entities: std::collections::BTreeSet<u32> = rest.heads().iter().chain(rest.tails()).copied().collect();
    assert!(taken.heads().iter().chain(taken.tails()).all(|entity| entities.contains(entity)));
    assert_eq!(triples.clone().split(0.5, 3), (rest, taken));
    let (rest, taken) = triples.split(0.0, 3);
    assert_eq!((rest.len(), taken.len()), (150, 0));
}
