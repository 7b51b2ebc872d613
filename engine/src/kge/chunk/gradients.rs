//! Gradients of every model, loss and activation against finite differences of formulas written out in 64 bits.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::kge::config::Norm;
use crate::kge::embeddings::ModelSpec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use rand::SeedableRng;
use std::collections::BTreeSet;

const ENTITIES: usize = 9;
const RELATIONS: usize = 2;
const STEP: f64 = 1e-6;
/// Euclidean distances come from a matrix product, which keeps too few digits of those that are shorter.
const MIN_DISTANCE: f64 = 0.02;
/// Gradients are compared with the largest one of their case, and with this where all vanish.
const MIN_GRADIENT: f64 = 0.01;

/// Numbers of all entities and relations.
#[derive(Clone)]
struct Numbers {
    entities: Vec<f64>,
    relations: Vec<f64>,
    fusion: [f64; FUSED],
}

struct Case {
    config: KgeConfig,
    triples: TripleSet,
    filter: Option<Filter>,
    numbers: Numbers,
}

/// The score of a triple as the answer to the question for one side.
fn score(config: &KgeConfig, numbers: &Numbers, head: u32, relation: u32, tail: u32, asked: Side) -> f64 {
    let dim = config.dim;
    let entity = |id: u32| &numbers.entities[id as usize * dim..][..dim];
    let width = ModelSpec::new(config).relation_width();
    let r = &numbers.relations[relation as usize * width..][..width];
    let (forward, inverse) = r.split_at(width / 2);
    match (config.reciprocal, asked) {
        (false, _) => formula(config, entity(head), r, entity(tail)),
        (true, Side::Tail) => formula(config, entity(head), forward, entity(tail)),
        (true, Side::Head) => formula(config, entity(tail), inverse, entity(head)),
    }
}

/// The formulas of the models, as in their papers.
fn formula(config: &KgeConfig, h: &[f64], r: &[f64], t: &[f64]) -> f64 {
    let dim = config.dim;
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let distance = |differences: Vec<f64>| match config.norm {
        Norm::L1 => differences.iter().map(|x| x.abs()).sum::<f64>(),
        Norm::L2 => differences.iter().map(|x| x * x).sum::<f64>().sqrt(),
    };
    let half = dim / 2;
    match config.model {
        ModelKind::TransE => -distance((0..dim).map(|i| h[i] + r[i] - t[i]).collect()),
        ModelKind::TransH => {
            let (d, w) = r.split_at(dim);
            let on_plane = |x: &[f64]| -> Vec<f64> { (0..dim).map(|i| x[i] - inner(w, x) * w[i]).collect() };
            let (h, t) = (on_plane(h), on_plane(t));
            -distance((0..dim).map(|i| h[i] + d[i] - t[i]).collect())
        }
        ModelKind::TransR => {
            let (translation, matrix) = r.split_at(dim);
            let image = |x: &[f64]| -> Vec<f64> { matrix.chunks(dim).map(|row| inner(row, x)).collect() };
            let (h, t) = (image(h), image(t));
            -distance((0..dim).map(|i| h[i] + translation[i] - t[i]).collect())
        }
        ModelKind::DistMult => (0..dim).map(|i| h[i] * r[i] * t[i]).sum(),
        ModelKind::ComplEx => (0..half)
            .map(|i| {
                let (a, b) = (h[i] * r[i] - h[half + i] * r[half + i], h[i] * r[half + i] + h[half + i] * r[i]);
                a * t[i] + b * t[half + i]
            })
            .sum(),
        ModelKind::RotatE => {
            let differences = (0..half).map(|i| {
                let (sine, cosine) = r[i].sin_cos();
                let real = h[i] * cosine - h[half + i] * sine - t[i];
                let imaginary = h[i] * sine + h[half + i] * cosine - t[half + i];
                (real * real + imaginary * imaginary).sqrt()
            });
            match config.norm {
                Norm::L1 => -differences.sum::<f64>(),
                Norm::L2 => -differences.map(|x| x * x).sum::<f64>().sqrt(),
            }
        }
    }
}

/// Whether two vectors that are compared nearly coincide.
fn any_coincide(config: &KgeConfig, numbers: &Numbers) -> bool {
    let has_distance = config.norm == Norm::L2 && !matches!(config.model, ModelKind::DistMult | ModelKind::ComplEx);
    let ids = || 0..ENTITIES as u32;
    has_distance
        && (0..RELATIONS as u32).any(|relation| {
            let near = |head, tail, side| -score(config, numbers, head, relation, tail, side) < MIN_DISTANCE;
            ids().any(|head| ids().any(|tail| Side::BOTH.iter().any(|&side| near(head, tail, side))))
        })
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Log-odds of the plausibility.
fn activated(config: &KgeConfig, numbers: &Numbers, score: f64) -> f64 {
    let g = score + f64::from(offset(config));
    let parts = |g: f64| {
        // (1 + tanh g) / 2, written so that it keeps its digits where tanh g is nearly -1.
        let tanh = (2.0 * g).exp() / ((2.0 * g).exp() + 1.0);
        let softplus = g.exp().ln_1p();
        [sigmoid(g), tanh, (1.0 + g / (1.0 + g.abs())) / 2.0, -(-softplus).exp_m1()]
    };
    let of = |which: usize| parts(g)[which].ln() - parts(-g)[which].ln();
    let mix = |g: f64| parts(g).iter().zip(&numbers.fusion).map(|(part, weight)| part * weight).sum::<f64>();
    match config.activation {
        Activation::Identity => g,
        Activation::Sigmoid => of(0),
        Activation::Tanh => of(1),
        Activation::Softsign => of(2),
        Activation::Softplus => of(3),
        Activation::Fusion => mix(g).ln() - mix(-g).ln(),
    }
}

fn penalty(config: &KgeConfig, row: &[f64], is_complex: bool) -> f64 {
    let weight = f64::from(config.regularization);
    match config.regularizer {
        Regularizer::L2 => weight * row.iter().map(|x| x * x).sum::<f64>() / 2.0,
        Regularizer::N3 if is_complex => {
            let half = row.len() / 2;
            let cube = |i: usize| (row[i] * row[i] + row[half + i] * row[half + i]).powf(1.5);
            weight * (0..half).map(cube).sum::<f64>() / 3.0
        }
        Regularizer::N3 => weight * row.iter().map(|x| x.abs().powi(3)).sum::<f64>() / 3.0,
    }
}

/// A positive and a side that is corrupted.
struct Term {
    score: f64,
    corrupted: Vec<f64>,
    /// Entities that each corrupting one was drawn for.
    stands_for: f64,
}

fn terms(case: &Case, chunk: &[u32], worker: &Worker, numbers: &Numbers) -> Vec<Term> {
    let (config, triples) = (&case.config, &case.triples);
    let mut terms = Vec::new();
    for (place, &at) in chunk.iter().enumerate() {
        let at = at as usize;
        let (head, relation, tail) = (triples.heads()[at], triples.relations()[at], triples.tails()[at]);
        for side in Side::BOTH {
            if worker.corrupt_head.get(place).is_some_and(|&head| head != (side == Side::Head)) {
                continue;
            }
            let value = |head, tail| activated(config, numbers, score(config, numbers, head, relation, tail, side));
            let set = if config.type_constrained { side.index() } else { 0 };
            let corrupted = worker.negatives[set].ids().iter().filter_map(|&entity| {
                let (head, tail) = if side == Side::Head { (entity, tail) } else { (head, entity) };
                let is_true = (0..triples.len()).any(|other| {
                    (other == at || config.filter_negatives)
                        && (triples.heads()[other], triples.relations()[other], triples.tails()[other])
                            == (head, relation, tail)
                });
                (!is_true).then(|| value(head, tail))
            });
            let of_side = |other: &usize| triples.relations()[*other] == relation;
            let choices = if config.type_constrained {
                let ends = if side == Side::Head { triples.heads() } else { triples.tails() };
                (0..triples.len()).filter(of_side).map(|other| ends[other]).collect::<BTreeSet<u32>>().len()
            } else {
                ENTITIES
            };
            let drawn = worker.negatives[set].ids().len();
            let stands_for = choices as f64 / drawn as f64;
            terms.push(Term { score: value(head, tail), corrupted: corrupted.collect(), stands_for });
        }
    }
    terms
}

/// Weights of the corrupted triples, which are not differentiated.
fn weights(config: &KgeConfig, scores: &[f64]) -> Vec<f64> {
    let powers: Vec<f64> = scores.iter().map(|s| (f64::from(config.adversarial_temperature) * s).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

fn total(case: &Case, chunk: &[u32], worker: &Worker, numbers: &Numbers, weights: &[Vec<f64>]) -> f64 {
    let (config, triples, dim) = (&case.config, &case.triples, case.config.dim);
    let mut sum = 0.0;
    for (Term { score: positive, corrupted, stands_for }, weights) in
        terms(case, chunk, worker, numbers).iter().zip(weights)
    {
        let weighted = |f: &dyn Fn(f64) -> f64| corrupted.iter().zip(weights).map(|(s, w)| w * f(*s)).sum::<f64>();
        sum += match config.loss {
            Loss::Softmax | Loss::SampledSoftmax => {
                let others: f64 = corrupted.iter().map(|s| (s - positive).exp()).sum();
                (if config.loss == Loss::Softmax { others } else { stands_for * others }).ln_1p()
            }
            Loss::Logistic => (-positive).exp().ln_1p() + weighted(&|s| s.exp().ln_1p()),
            Loss::Margin => weighted(&|s| (f64::from(config.margin) - positive + s).max(0.0)),
        };
    }
    if config.regularization > 0.0 {
        for &at in chunk {
            let at = at as usize;
            for entity in [triples.heads()[at], triples.tails()[at]] {
                let row = &numbers.entities[entity as usize * dim..][..dim];
                sum += penalty(config, row, config.model.is_complex());
            }
            if config.model != ModelKind::RotatE {
                let width = ModelSpec::new(config).relation_width();
                let row = &numbers.relations[triples.relations()[at] as usize * width..];
                for vector in row.chunks(dim).take(if config.reciprocal { 2 } else { 1 }) {
                    sum += penalty(config, vector, config.model.is_complex());
                }
            }
        }
    }
    sum
}

/// Compares all gradients of one chunk.
fn check(case: &Case) -> Result<(), TestCaseError> {
    let config = &case.config;
    prop_assume!(!any_coincide(config, &case.numbers));
    let width = ModelSpec::new(config).relation_width();
    let narrow = |numbers: &[f64]| -> Vec<f32> { numbers.iter().map(|&x| x as f32).collect() };
    let (mut entities, mut relations) = (narrow(&case.numbers.entities), narrow(&case.numbers.relations));
    let (mut no_state, mut no_state_either) = (Vec::new(), Vec::new());
    let model = ModelSpec::new(config).build();
    let sides = RelationSides::new(&case.triples);
    let table = |rows, width, state| Table { rows, width, segment: width, matrix_start: width, state, frozen: 0 };
    let task = Task {
        config,
        model: &*model,
        triples: &case.triples,
        filter: case.filter.as_ref(),
        sides: Some(&sides),
        entities: table(Shared::new(&mut entities), config.dim, Shared::new(&mut no_state)),
        relations: table(Shared::new(&mut relations), width, Shared::new(&mut no_state_either)),
        fusion: case.numbers.fusion.map(|weight| weight as f32),
    };
    // All triples, or those of one relation.
    let one_relation = model.projects() || config.type_constrained;
    let of_chunk = |&at: &u32| !one_relation || case.triples.relations()[at as usize] == case.triples.relations()[0];
    let chunk: Vec<u32> = (0..case.triples.len() as u32).filter(of_chunk).collect();
    let mut worker = Worker::new(config, &case.triples);
    // Twice: what is left in the buffers must not matter.
    worker.compute(&task, &chunk[..1], &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let loss = worker.compute(&task, &chunk, &mut Xoshiro256PlusPlus::seed_from_u64(config.seed));

    let base = terms(case, &chunk, &worker, &case.numbers);
    prop_assert_eq!(loss.terms as usize, base.len());
    let weights: Vec<Vec<f64>> = base.iter().map(|term| weights(config, &term.corrupted)).collect();
    let at = |numbers: &Numbers| total(case, &chunk, &worker, numbers, &weights);
    let expected = at(&case.numbers);
    prop_assert!((loss.sum - expected).abs() <= 1e-4 * expected.abs().max(1.0), "loss {} not {expected}", loss.sum);

    let mut d_entities = vec![0.0; case.numbers.entities.len()];
    for (row, &id) in worker.d_entities.chunks_exact(config.dim).zip(worker.slots.ids()) {
        d_entities[id as usize * config.dim..][..config.dim].copy_from_slice(row);
    }
    let mut d_relations = vec![0.0; case.numbers.relations.len()];
    for (row, &id) in worker.d_relations.chunks_exact(width).zip(worker.relation_slots.ids()) {
        d_relations[id as usize * width..][..width].copy_from_slice(row);
    }
    let mut checked: Vec<(String, f32, f64)> = Vec::new();
    let mut differ = |what: String, gradient: f32, place: &dyn Fn(&mut Numbers) -> &mut f64| {
        let (mut below, mut above) = (case.numbers.clone(), case.numbers.clone());
        *place(&mut below) -= STEP;
        *place(&mut above) += STEP;
        let (left, right) = ((expected - at(&below)) / STEP, (at(&above) - expected) / STEP);
        // Where a modulus or a hinge has its kink there is no derivative.
        if (left - right).abs() <= 1e-3 * left.abs().max(1.0) {
            checked.push((what, gradient, (left + right) / 2.0));
        }
    };
    for (i, &gradient) in d_entities.iter().enumerate() {
        differ(format!("entity number {i}"), gradient, &|numbers| &mut numbers.entities[i]);
    }
    for (i, &gradient) in d_relations.iter().enumerate() {
        differ(format!("relation number {i}"), gradient, &|numbers| &mut numbers.relations[i]);
    }
    if config.activation == Activation::Fusion {
        for (i, gradient) in worker.d_fusion().into_iter().enumerate() {
            differ(format!("fusion weight {i}"), gradient, &|numbers| &mut numbers.fusion[i]);
        }
    }
    let largest = checked.iter().fold(MIN_GRADIENT, |largest: f64, (_, _, exact)| largest.max(exact.abs()));
    for (what, gradient, exact) in checked {
        let error = (f64::from(gradient) - exact).abs();
        prop_assert!(error <= 2e-3 * exact.abs() + 2e-4 * largest, "{}: {} not {}", what, gradient, exact);
    }
    Ok(())
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(choices: &'static [T]) -> impl Strategy<Value = T> {
    (0..choices.len()).prop_map(|at| choices[at])
}

fn cases(model: ModelKind, loss: Loss) -> impl Strategy<Value = Case> {
    let choices = (
        one_of(Norm::ALL),
        one_of(Corruption::ALL),
        any::<bool>(),
        (any::<bool>(), any::<bool>()),
        one_of(Activation::ALL),
        one_of(&[0.0_f32, 1.5]),
        one_of(Regularizer::ALL),
        one_of(&[0.0_f32, 0.3]),
        1..=ENTITIES,
        any::<u64>(),
    );
    let triples = prop::collection::vec((0..ENTITIES as u32, 0..RELATIONS as u32, 0..ENTITIES as u32), 1..8);
    // Whole strips and rests, of real and of complex numbers; TransR has the square of numbers.
    let dim = one_of(if model == ModelKind::TransR { &[2_usize, 10, 18] } else { &[2, 10, 18, 34] });
    (choices, triples, dim).prop_flat_map(move |(choices, triples, dim)| {
        let (
            norm,
            corruption,
            filter_negatives,
            (type_constrained, reciprocal),
            activation,
            temperature,
            regularizer,
            weight,
            n,
            seed,
        ) = choices;
        let config = KgeConfig {
            dim,
            norm,
            loss,
            corruption,
            filter_negatives,
            type_constrained,
            reciprocal: reciprocal && !model.is_projected(),
            activation,
            adversarial_temperature: temperature,
            regularizer,
            regularization: weight,
            negatives: n,
            margin: 1.5,
            seed,
            ..KgeConfig::for_model(model)
        };
        let numbers = |count: usize| prop::collection::vec(-1.0..1.0_f64, count);
        let fusion = prop::array::uniform4(0.1..1.0_f64);
        let width = ModelSpec::new(&config).relation_width();
        (numbers(ENTITIES * dim), numbers(RELATIONS * width), fusion).prop_map(move |(entities, relations, fusion)| {
            let column = |of: fn(&(u32, u32, u32)) -> u32| triples.iter().map(of).collect();
            let triples =
                TripleSet::new(column(|t| t.0), column(|t| t.1), column(|t| t.2), ENTITIES, RELATIONS).unwrap();
            let known = KnownTriples::new(&[&triples]).unwrap();
            let questions = Side::BOTH.map(|side| known.question_numbers(&triples, side));
            let filter = config.filter_negatives.then_some(Filter { known, questions });
            let sum: f64 = fusion.iter().sum();
            // What the engine gets are 32-bit numbers.
            let round = |numbers: Vec<f64>| numbers.into_iter().map(|x| f64::from(x as f32)).collect();
            let numbers = Numbers {
                entities: round(entities),
                relations: round(relations),
                fusion: fusion.map(|weight| f64::from((weight / sum) as f32)),
            };
            Case { config: config.clone(), triples, filter, numbers }
        })
    })
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {:?}", self.config, self.triples)
    }
}

fn check_model(model: ModelKind) {
    for &loss in Loss::ALL {
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 64,
            rng_seed: RngSeed::Fixed(1),
            // Shrinking would make numbers 0, where there are kinks.
            max_shrink_iters: 0,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        runner.run(&cases(model, loss), |case| check(&case)).unwrap_or_else(|error| panic!("{model}, {loss}: {error}"));
    }
}

#[test]
fn transe() {
    check_model(ModelKind::TransE);
}

#[test]
fn transh() {
    check_model(ModelKind::TransH);
}

#[test]
fn transr() {
    check_model(ModelKind::TransR);
}

#[test]
fn distmult() {
    check_model(ModelKind::DistMult);
}

#[test]
fn complex() {
    check_model(ModelKind::ComplEx);
}

#[test]
fn rotate() {
    check_model(ModelKind::RotatE);
}
