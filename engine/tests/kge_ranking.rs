//! Ranking, predictions and neighbours against slow, obvious code.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::kge::{
    Activation, Embeddings, Fusion, KgeError, KnownTriples, Metrics, ModelKind, ModelSpec, Neighbours, Norm, Rank,
    Ranker, Side, TripleSet, predict,
};

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

type Triple = (u32, u32, u32);

fn triple_set(triples: &[Triple], entities: usize, relations: usize) -> TripleSet {
    let column = |of: fn(&Triple) -> u32| triples.iter().map(of).collect();
    TripleSet::new(column(|t| t.0), column(|t| t.1), column(|t| t.2), entities, relations).unwrap()
}

/// Random vectors. `whole` ones are small whole numbers, with which all computing is exact and ties are many.
fn embeddings(spec: ModelSpec, entities: usize, relations: usize, whole: bool, seed: u64) -> Embeddings {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut numbers = |count: usize| -> Vec<f32> {
        let number = |_| if whole { rng.random_range(-2..=2) as f32 } else { rng.random_range(-1.0..1.0) };
        (0..count).map(number).collect()
    };
    let (entities, mut relations) = (numbers(entities * spec.dim), numbers(relations * spec.relation_width()));
    if spec.model == ModelKind::RotatE && whole {
        relations.fill(0.0); // any other turn is not exact
    }
    Embeddings::new(spec, entities, relations).unwrap()
}

fn spec(model: ModelKind, dim: usize, norm: Norm) -> ModelSpec {
    ModelSpec { model, dim, norm, reciprocal: false, margin: 1.0, fusion: Fusion::default() }
}

/// The rank of the answer to one side of a triple: at best and at worst, if scores closer than `tolerance` may be in any
/// order.
fn naive(
    embeddings: &Embeddings,
    known: &[Triple],
    triple: Triple,
    side: Side,
    filtered: bool,
    tolerance: f32,
) -> (f64, f64) {
    let (head, relation, tail) = triple;
    let own = embeddings.answer_score(head, relation, tail, side).unwrap();
    let (mut greater, mut close) = (0, 0);
    for entity in 0..embeddings.entity_count() as u32 {
        let other = if side == Side::Head { (entity, relation, tail) } else { (head, relation, entity) };
        if other == triple || (filtered && known.contains(&other)) {
            continue;
        }
        let score = embeddings.answer_score(other.0, other.1, other.2, side).unwrap();
        if score > own + tolerance {
            greater += 1;
        } else if score >= own - tolerance {
            close += 1;
        }
    }
    (1.0 + f64::from(greater), 1.0 + f64::from(greater + close))
}

fn rank(embeddings: &Embeddings, test: &TripleSet, known: &[&KnownTriples], pool: &ThreadPool) -> [Vec<Rank>; 2] {
    let mut ranker = Ranker::new(embeddings, test, known, pool).unwrap();
    let mut steps = 0;
    while ranker.step(pool) {
        steps += 1;
        assert!((0.0..=1.0).contains(&ranker.fraction()));
    }
    assert!(steps > 0);
    assert_eq!(ranker.fraction(), 1.0);
    Side::BOTH.map(|side| ranker.ranks(side).to_vec())
}

fn check_ranks(spec: ModelSpec, whole: bool, triples: &[Triple], seed: u64) {
    let (entities, relations) = (40, 3);
    let embeddings = embeddings(spec, entities, relations, whole, seed);
    // The last ones are ranked; known are all, in two sets that overlap.
    let test = &triples[triples.len() / 2..];
    let sets = [triple_set(triples, entities, relations), triple_set(test, entities, relations)];
    let known = [KnownTriples::new(&[&sets[0]]).unwrap(), KnownTriples::new(&[&sets[1]]).unwrap()];
    let found = rank(&embeddings, &sets[1], &[&known[0], &known[1]], &pool(2));
    assert_eq!(found, rank(&embeddings, &sets[1], &[&known[0]], &pool(1)), "threads and repetitions do not matter");
    let tolerance = if whole { 0.0 } else { 1e-4 };
    for side in Side::BOTH {
        for (&triple, rank) in test.iter().zip(&found[if side == Side::Head { 0 } else { 1 }]) {
            for (value, filtered) in [(rank.raw, false), (rank.filtered, true)] {
                let (best, worst) = naive(&embeddings, triples, triple, side, filtered, tolerance);
                let what = format!("{spec:?} {side:?} {triple:?} filtered {filtered}");
                if whole {
                    assert_eq!(value, (best + worst) / 2.0, "{what}");
                } else {
                    assert!((best..=worst).contains(&value), "{what}: {value} not in {best}..={worst}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn ranks_are_those_of_a_plain_loop(
        triples in prop::collection::vec((0..40_u32, 0..3_u32, 0..40_u32), 2..60),
        seed in any::<u64>(),
        dim in prop::sample::select(vec![2_usize, 6, 8, 20]),
    ) {
        for &model in ModelKind::ALL {
            for &norm in Norm::ALL {
                for reciprocal in [false, !model.is_projected()] {
                    let spec = ModelSpec { reciprocal, ..spec(model, dim, norm) };
                    check_ranks(spec, false, &triples, seed);
                    check_ranks(spec, true, &triples, seed);
                }
            }
        }
    }
}

#[test]
fn equal_rows_tie_wherever_they_stand() {
    // More entities than a tile, wider than a block of the product; three rows in turn, which have no exact products.
    let (entities, dim) = (3000, 300);
    for &model in ModelKind::ALL.iter().filter(|&&model| model != ModelKind::TransR) {
        for &norm in Norm::ALL {
            let three = embeddings(spec(model, dim, norm), 3, 1, false, 7);
            let (rows, relations) = three.into_tables();
            let rows: Vec<f32> = (0..entities).flat_map(|id| rows[id % 3 * dim..(id % 3 + 1) * dim].to_vec()).collect();
            let embeddings = Embeddings::new(spec(model, dim, norm), rows, relations).unwrap();
            let test = triple_set(&[(0, 0, 1), (2999, 0, 1500), (5, 0, 5)], entities, 1);
            let none = KnownTriples::default();
            for rank in rank(&embeddings, &test, &[&none], &pool(1)).iter().flatten() {
                // A third of all entities ties: 999 others.
                let place = (rank.raw - 1.0 - 999.0 / 2.0) / 1000.0;
                assert!([0.0, 1.0, 2.0].contains(&place), "{model} {norm}: {rank:?}");
            }
        }
    }
}

#[test]
fn metrics_are_means() {
    let metrics = Metrics::of([1.0, 2.0, 3.5, 10.0, 100.0].into_iter());
    assert_eq!(metrics.count, 5);
    assert!((metrics.mrr - (1.0 + 0.5 + 1.0 / 3.5 + 0.1 + 0.01) / 5.0).abs() < 1e-12);
    assert!((metrics.mean_rank - 23.3).abs() < 1e-12);
    assert_eq!((metrics.hits_at_1, metrics.hits_at_3, metrics.hits_at_10), (0.2, 0.4, 0.8));
    assert_eq!(Metrics::of(std::iter::empty()), Metrics::default());
}

#[test]
fn metrics_by_side_and_relation_add_up() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let triples: Vec<Triple> = (0..200)
        .map(|_| (rng.random_range(0..50), [0, 1, 1, 4][rng.random_range(0..4)], rng.random_range(0..50)))
        .collect();
    let embeddings = embeddings(spec(ModelKind::ComplEx, 8, Norm::L2), 50, 5, false, 4);
    let set = triple_set(&triples, 50, 5);
    let known = KnownTriples::new(&[&set]).unwrap();
    let (known, pool) = ([&known], pool(2));
    let mut ranker = Ranker::new(&embeddings, &set, &known, &pool).unwrap();
    while ranker.step(&pool) {}
    let found = ranker.evaluation();
    assert_eq!(found.all.filtered.count, 400);
    assert_eq!(found.all.heads_filtered.count, 200);
    let both = (found.all.heads_raw.mrr + found.all.tails_raw.mrr) / 2.0;
    assert!((found.all.raw.mrr - both).abs() < 1e-12);
    assert!(found.all.filtered.mean_rank < found.all.raw.mean_rank);
    let relations: Vec<u32> = found.relations.iter().map(|&(relation, _)| relation).collect();
    assert_eq!(relations, [0, 1, 4]);
    let weighted: f64 = found.relations.iter().map(|(_, m)| m.filtered.mrr * m.filtered.count as f64).sum();
    assert!((weighted / 400.0 - found.all.filtered.mrr).abs() < 1e-12);
}

#[test]
fn nothing_to_rank_and_unknown_ids_are_errors() {
    let embeddings = embeddings(spec(ModelKind::TransE, 4, Norm::L2), 5, 2, false, 1);
    let (known, pool) = (KnownTriples::default(), pool(1));
    let known = [&known];
    let error = |triples: &[Triple]| {
        Ranker::new(&embeddings, &triple_set(triples, 9, 9), &known, &pool).map(|_| ()).unwrap_err()
    };
    assert_eq!(error(&[]), KgeError::NoTriples { what: "triples to rank" });
    assert_eq!(error(&[(0, 0, 7)]), KgeError::UnknownId { what: "entity", id: 7, count: 5 });
    assert_eq!(error(&[(0, 2, 0)]), KgeError::UnknownId { what: "relation", id: 2, count: 2 });
    let unknown = |given, relation| predict(&embeddings, Side::Tail, given, relation, 3, None, &pool).unwrap_err();
    assert_eq!(unknown(5, 0), KgeError::UnknownId { what: "entity", id: 5, count: 5 });
    assert_eq!(unknown(0, 9), KgeError::UnknownId { what: "relation", id: 9, count: 2 });
    assert_eq!(embeddings.score(0, 0, 5).unwrap_err(), KgeError::UnknownId { what: "entity", id: 5, count: 5 });
    assert!(Neighbours::new(&embeddings, &[0, 8], None, 3).is_err());
}

#[test]
fn predictions_are_the_best_scores() {
    for &model in ModelKind::ALL {
        let embeddings = embeddings(spec(model, 8, Norm::L2), 5000, 2, false, 11);
        for side in Side::BOTH {
            let score = |entity: u32| match side {
                Side::Head => embeddings.score(entity, 1, 77).unwrap(),
                Side::Tail => embeddings.score(77, 1, entity).unwrap(),
            };
            let some: Vec<u32> = (0..5000).rev().step_by(7).collect();
            for candidates in [None, Some(&some[..])] {
                let mut expected: Vec<u32> = candidates.map_or((0..5000).collect(), <[u32]>::to_vec);
                expected.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
                let found = predict(&embeddings, side, 77, 1, 20, candidates, &pool(2)).unwrap();
                assert_eq!(found.len(), 20);
                for (prediction, &entity) in found.iter().zip(&expected) {
                    // Neighbouring scores may be exchanged by rounding.
                    assert!((prediction.score - score(entity)).abs() < 1e-4, "{model} {side:?}");
                    assert!((prediction.score - score(prediction.entity)).abs() < 1e-4, "{model} {side:?}");
                }
            }
        }
        assert!(predict(&embeddings, Side::Tail, 0, 0, 0, None, &pool(1)).unwrap().is_empty());
        assert_eq!(predict(&embeddings, Side::Tail, 0, 0, 9, Some(&[4, 4, 2]), &pool(1)).unwrap().len(), 2);
    }
}

#[test]
fn ties_of_predictions_are_in_order_of_id() {
    let spec = spec(ModelKind::DistMult, 2, Norm::L2);
    let embeddings = Embeddings::new(spec, vec![1.0; 2 * 10_000], vec![1.0; 2]).unwrap();
    let found = predict(&embeddings, Side::Head, 3, 0, 5, None, &pool(2)).unwrap();
    assert_eq!(found.iter().map(|prediction| prediction.entity).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn neighbours_are_those_of_a_plain_loop() {
    let (entities, dim, k) = (700, 12, 6);
    let (vectors, relations) = embeddings(spec(ModelKind::TransE, dim, Norm::L2), entities, 1, false, 5).into_tables();
    let mut vectors = vectors;
    vectors[9 * dim..10 * dim].fill(0.0);
    let embeddings = Embeddings::new(spec(ModelKind::TransE, dim, Norm::L2), vectors, relations).unwrap();
    let row = |id: u32| &embeddings.entities()[id as usize * dim..][..dim];
    let cosine = |a: u32, b: u32| {
        let product = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
        let lengths = (product(row(a), row(a)) * product(row(b), row(b))).sqrt();
        if lengths > 0.0 { product(row(a), row(b)) / lengths } else { 0.0 }
    };
    let rows: Vec<u32> = (0..entities as u32).filter(|id| id % 3 == 0).rev().collect();
    let others: Vec<u32> = (0..entities as u32).filter(|id| id % 2 == 0).collect();
    for candidates in [None, Some(&others[..])] {
        let mut results = Vec::new();
        for threads in [1, 2] {
            let mut neighbours = Neighbours::new(&embeddings, &rows, candidates, k).unwrap();
            let (mut ids, mut found) = (Vec::new(), Vec::new());
            let pool = pool(threads);
            while let Some(block) = neighbours.step(&pool) {
                assert_eq!(block.offsets.len(), block.rows.len() + 1);
                for (at, &row) in block.rows.iter().enumerate() {
                    let range = block.offsets[at]..block.offsets[at + 1];
                    ids.push(row);
                    found.push((block.neighbours[range.clone()].to_vec(), block.cosines[range].to_vec()));
                }
            }
            assert_eq!(neighbours.fraction(), 1.0);
            assert!(ids.is_sorted() && ids.len() == rows.len());
            for (&id, (neighbours, cosines)) in ids.iter().zip(&found) {
                assert_eq!(neighbours.len(), k);
                assert!(!neighbours.contains(&id));
                let mut expected: Vec<f32> = candidates
                    .unwrap_or(&rows)
                    .iter()
                    .filter(|&&other| other != id)
                    .map(|&other| cosine(id, other))
                    .collect();
                expected.sort_by(|a, b| b.total_cmp(a));
                for ((&neighbour, &value), expected) in neighbours.iter().zip(cosines).zip(expected) {
                    assert!((value - cosine(id, neighbour)).abs() < 1e-5);
                    assert!((value - expected).abs() < 1e-5);
                }
            }
            results.push(found);
        }
        assert_eq!(results[0], results[1]);
    }
}

#[test]
fn plausibilities_are_increasing_shares() {
    let embeddings = embeddings(spec(ModelKind::DistMult, 4, Norm::L2), 3, 1, false, 1);
    for &activation in Activation::ALL {
        let mut last = -1.0;
        for step in -400..=400 {
            let value = embeddings.plausibility_of(step as f32 / 10.0, activation);
            assert!((0.0..=1.0).contains(&value) && value >= last, "{activation} at {step}: {value} after {last}");
            last = value;
        }
    }
    let at = |activation| embeddings.plausibility_of(0.5 - 1.0, activation); // the margin is 1
    let exact = |x: f64| x as f32;
    assert!((at(Activation::Sigmoid) - exact(1.0 / (1.0 + (-0.5_f64).exp()))).abs() < 1e-6);
    assert!((at(Activation::Tanh) - exact((1.0 + 0.5_f64.tanh()) / 2.0)).abs() < 1e-6);
    assert!((at(Activation::Softsign) - exact((1.0 + 0.5 / 1.5) / 2.0)).abs() < 1e-6);
    assert!((at(Activation::Softplus) - exact(1.0 - (-(0.5_f64.exp().ln_1p())).exp())).abs() < 1e-6);
    let parts = [Activation::Sigmoid, Activation::Tanh, Activation::Softsign, Activation::Softplus].map(at);
    assert!((at(Activation::Fusion) - parts.iter().sum::<f32>() / 4.0).abs() < 1e-6);
    let triple = embeddings.plausibility(0, 0, 1, Activation::Sigmoid).unwrap();
    assert_eq!(triple, embeddings.plausibility_of(embeddings.score(0, 0, 1).unwrap(), Activation::Sigmoid));
}
