//! Gradients of both tasks against finite differences of the formulas written out in 64 bits, with the cross feature matrix
//! in full.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::embedding::{KgeBatch, KgeWorker};
use super::parameters::{ACTIVATIONS, Layout, MkrParameters, MkrShape, PREDICTIONS};
use super::recommendation::{RecBatch, RecWorker};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

const USERS: usize = 4;
const ITEMS: usize = 5;
const ENTITIES: usize = 6;
const RELATIONS: usize = 2;
const STEP: f64 = 1e-6;
/// Gradients are compared with the largest one of their case, and with this where all vanish.
const MIN_GRADIENT: f64 = 0.01;

/// Users, items, entities, relations, shared weights.
type Numbers = [Vec<f64>; 5];

#[derive(Debug)]
struct Case {
    shape: MkrShape,
    numbers: Numbers,
    rec: RecBatch,
    kge: KgeBatch,
    scale: f32,
}

/// Reads the shared weights in their documented order.
struct Reader<'a>(&'a [f64]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [f64] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    /// `x W + b`, rectified or not.
    fn dense(&mut self, outputs: usize, is_rectified: bool, x: &[f64]) -> Vec<f64> {
        let (matrix, bias) = (self.take(x.len() * outputs), self.take(outputs));
        let of = |out: usize| (0..x.len()).map(|i| x[i] * matrix[i * outputs + out]).sum::<f64>() + bias[out];
        (0..outputs).map(|out| if is_rectified { of(out).max(0.0) } else { of(out) }).collect()
    }

    /// The unit with its matrix C, as in the paper.
    fn cross(&mut self, v: &[f64], e: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let dim = v.len();
        let [w_vv, w_ev, b_v, w_ee, w_ve, b_e] = [(); 6].map(|()| self.take(dim));
        let c: Vec<Vec<f64>> = v.iter().map(|v| e.iter().map(|e| v * e).collect()).collect();
        let of = |w: &[f64], w_transposed: &[f64], bias: &[f64], i: usize| {
            (0..dim).map(|j| c[i][j] * w[j] + c[j][i] * w_transposed[j]).sum::<f64>() + bias[i]
        };
        let items = (0..dim).map(|i| of(w_vv, w_ev, b_v, i)).collect();
        (items, (0..dim).map(|i| of(w_ve, w_ee, b_e, i)).collect())
    }
}

fn softmax(logits: &[f64], is_single: bool) -> Vec<f64> {
    if is_single {
        return (0..logits.len()).map(|i| if i == 0 { 1.0 } else { 0.0 }).collect();
    }
    let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit.exp() / sum).collect()
}

fn functions(s: f64) -> [f64; ACTIVATIONS] {
    let softplus = s.exp().ln_1p();
    [1.0 / (1.0 + (-s).exp()), (1.0 + s.tanh()) / 2.0, (1.0 + s / (1.0 + s.abs())) / 2.0, 1.0 - (-softplus).exp()]
}

fn inner(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn row(table: &[f64], dim: usize, id: u32) -> Vec<f64> {
    table[id as usize * dim..][..dim].to_vec()
}

fn rec_loss(case: &Case, numbers: &Numbers) -> f64 {
    let (shape, dim, batch) = (&case.shape, case.shape.dim, &case.rec);
    let mut sum = 0.0;
    for at in 0..batch.users.len() {
        let mut u = row(&numbers[0], dim, batch.users[at]);
        let mut v = row(&numbers[1], dim, batch.items[at]);
        let mut e = row(&numbers[2], dim, batch.entities[at]);
        let mut reader = Reader(&numbers[4]);
        for _ in 0..shape.cross_depth {
            u = reader.dense(dim, true, &u);
        }
        // The head's weights come before those of the units.
        let high = shape.high_depth - 1;
        let of_head = if high == 0 { 0 } else { high * (2 * dim + 1) * 2 * dim + 2 * dim + 1 };
        let mut head = Reader(reader.take(of_head));
        let logits = reader.take(PREDICTIONS);
        if !shape.no_cross {
            for _ in 0..shape.cross_depth {
                (v, e) = reader.cross(&v, &e);
            }
        }
        let s = if high == 0 {
            inner(&u, &v)
        } else {
            let mut x = [u, v].concat();
            for _ in 0..high {
                x = head.dense(2 * dim, true, &x);
            }
            head.dense(1, false, &x)[0]
        };
        let p: f64 = inner(&softmax(logits, shape.single_pred), &functions(s)[..PREDICTIONS]);
        sum -= if batch.signs[at] > 0.0 { p.ln() } else { (1.0 - p).ln() };
    }
    sum * f64::from(case.scale)
}

fn kge_loss(case: &Case, numbers: &Numbers) -> f64 {
    let (shape, dim, batch) = (&case.shape, case.shape.dim, &case.kge);
    let start = Layout::new(shape).of_kge().start;
    let mut sum = 0.0;
    for at in 0..batch.heads.len() {
        let mut v = row(&numbers[1], dim, batch.items[at]);
        let mut e = row(&numbers[2], dim, batch.heads[at]);
        let mut reader = Reader(&numbers[4][start..]);
        if !shape.no_cross {
            for _ in 0..shape.cross_depth {
                (v, e) = reader.cross(&v, &e);
            }
        }
        let mut tails: Vec<Vec<f64>> = batch.tails.iter().map(|column| row(&numbers[2], dim, column[at])).collect();
        for _ in 0..shape.cross_depth {
            let weights = reader.take((dim + 1) * dim);
            for tail in &mut tails {
                *tail = Reader(weights).dense(dim, true, tail);
            }
        }
        let mut x = [e, row(&numbers[3], dim, batch.relations[at])].concat();
        for _ in 1..shape.high_depth {
            x = reader.dense(2 * dim, true, &x);
        }
        let predicted = reader.dense(dim, false, &x);
        let weights = softmax(reader.take(ACTIVATIONS), shape.single_activation);
        let plausibility = |tail: &[f64]| inner(&weights, &functions(inner(&predicted, tail)));
        let corrupted: f64 = tails[1..].iter().map(|tail| plausibility(tail)).sum();
        sum += corrupted / (tails.len() - 1) as f64 - plausibility(&tails[0]);
    }
    sum * f64::from(case.scale)
}

fn compare(
    case: &Case,
    loss: f32,
    gradients: &[Vec<f32>; 5],
    at: impl Fn(&Numbers) -> f64,
) -> Result<(), TestCaseError> {
    let expected = at(&case.numbers);
    let error = (f64::from(loss) - expected).abs();
    prop_assert!(error <= 1e-4 * expected.abs().max(1.0), "loss {} not {}", loss, expected);
    let mut checked = Vec::new();
    let mut largest = MIN_GRADIENT;
    for (array, gradients) in gradients.iter().enumerate() {
        for (place, &gradient) in gradients.iter().enumerate() {
            let mut numbers = case.numbers.clone();
            numbers[array][place] -= STEP;
            let left = (expected - at(&numbers)) / STEP;
            numbers[array][place] += 2.0 * STEP;
            let right = (at(&numbers) - expected) / STEP;
            // Where a rectifier has its kink there is no derivative.
            if (left - right).abs() <= 1e-3 * left.abs().max(1.0) {
                let exact = (left + right) / 2.0;
                largest = exact.abs().max(largest);
                checked.push((array, place, gradient, exact));
            }
        }
    }
    for (array, place, gradient, exact) in checked {
        let error = (f64::from(gradient) - exact).abs();
        let bound = 2e-3 * exact.abs() + 2e-4 * largest;
        prop_assert!(error <= bound, "array {}, number {}: {} not {}", array, place, gradient, exact);
    }
    Ok(())
}

fn narrow(numbers: &Numbers) -> MkrParameters {
    let [users, items, entities, relations, shared] =
        numbers.each_ref().map(|numbers| numbers.iter().map(|&x| x as f32).collect());
    MkrParameters { users, items, entities, relations, shared }
}

fn add_rows(dim: usize, ids: &[u32], rows: &[f32], to: &mut [f32]) {
    for (&id, row) in ids.iter().zip(rows.chunks_exact(dim)) {
        for (to, number) in to[id as usize * dim..][..dim].iter_mut().zip(row) {
            *to += number;
        }
    }
}

fn check_rec(case: &Case) -> Result<(), TestCaseError> {
    let (shape, layout, parameters, dim) =
        (&case.shape, Layout::new(&case.shape), narrow(&case.numbers), case.shape.dim);
    let count = case.rec.users.len();
    let mut worker = RecWorker::new(shape, &layout, count);
    // Twice: what is left in the buffers must not matter.
    worker.compute(shape, &layout, &parameters, &case.rec, 0..1, 3.0);
    let loss = worker.compute(shape, &layout, &parameters, &case.rec, 0..count, case.scale);
    let mut gradients = case.numbers.each_ref().map(|numbers| vec![0.0; numbers.len()]);
    let [d_users, d_items, d_entities] = worker.row_gradients();
    add_rows(dim, &case.rec.users, d_users, &mut gradients[0]);
    add_rows(dim, &case.rec.items, d_items, &mut gradients[1]);
    add_rows(dim, &case.rec.entities, d_entities, &mut gradients[2]);
    gradients[4][layout.of_rec()].copy_from_slice(&worker.d_shared[layout.of_rec()]);
    compare(case, loss, &gradients, |numbers| rec_loss(case, numbers))
}

fn check_kge(case: &Case) -> Result<(), TestCaseError> {
    let (shape, layout, parameters, dim) =
        (&case.shape, Layout::new(&case.shape), narrow(&case.numbers), case.shape.dim);
    let (count, columns) = (case.kge.heads.len(), case.kge.tails.len());
    let mut worker = KgeWorker::new(shape, &layout, count, columns - 1);
    worker.compute(shape, &layout, &parameters, &case.kge, 0..1, 3.0);
    let loss = worker.compute(shape, &layout, &parameters, &case.kge, 0..count, case.scale);
    let mut gradients = case.numbers.each_ref().map(|numbers| vec![0.0; numbers.len()]);
    let [d_items, d_heads, d_relations, d_tails] = worker.row_gradients(columns);
    add_rows(dim, &case.kge.items, d_items, &mut gradients[1]);
    add_rows(dim, &case.kge.heads, d_heads, &mut gradients[2]);
    add_rows(dim, &case.kge.relations, d_relations, &mut gradients[3]);
    add_rows(dim, &case.kge.tails.concat(), d_tails, &mut gradients[2]);
    gradients[4][layout.of_kge()].copy_from_slice(&worker.d_shared[layout.of_kge()]);
    compare(case, loss, &gradients, |numbers| kge_loss(case, numbers))
}

fn cases() -> impl Strategy<Value = Case> {
    // Less than a register of numbers, and a register with a rest.
    let dims = (0..4_usize).prop_map(|at| [1, 3, 8, 9][at]);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (dims, 1..=3_usize, 1..=3_usize, flags, 1..=11_usize, 1..=3_usize, 0.1..2.0_f32).prop_flat_map(
        |(dim, cross_depth, high_depth, flags, rows, negatives, scale)| {
            let (no_cross, single_activation, single_pred) = flags;
            let shape = MkrShape {
                dim,
                cross_depth,
                high_depth,
                no_cross,
                single_activation,
                single_pred,
                users: USERS,
                items: ITEMS,
                item_rows: ITEMS,
                entity_rows: ENTITIES,
                relations: RELATIONS,
            };
            let [a, b, c, d, e] = shape.lengths().map(|length| prop::collection::vec(-1.0..1.0_f64, length));
            let ids = move |count: usize, rows: usize| prop::collection::vec(0..count as u32, rows);
            let rec =
                (ids(USERS, rows), ids(ITEMS, rows), ids(ENTITIES, rows), prop::collection::vec(any::<bool>(), rows));
            let kge = (
                ids(ITEMS, rows),
                ids(ENTITIES, rows),
                ids(RELATIONS, rows),
                prop::collection::vec(ids(ENTITIES, rows), 1 + negatives),
            );
            ((a, b, c, d, e), rec, kge).prop_map(move |((a, b, c, d, e), rec, kge)| {
                let mut numbers = [a, b, c, d, e];
                // Sums of many products would be in the flat parts of the functions.
                let shrink = 1.5 / (dim as f64).sqrt();
                numbers[4].iter_mut().for_each(|weight| *weight *= shrink);
                // What the engine gets are 32-bit numbers.
                numbers.iter_mut().flatten().for_each(|number| *number = f64::from(*number as f32));
                let (users, items, entities, labels) = rec;
                let signs = labels.iter().map(|&label| if label { 1.0 } else { -1.0 }).collect();
                let rec = RecBatch { users, items, entities, signs };
                let (items, heads, relations, tails) = kge;
                let kge = KgeBatch { items, heads, relations, tails };
                Case { shape, numbers, rec, kge, scale }
            })
        },
    )
}

fn run(check: impl Fn(&Case) -> Result<(), TestCaseError>) {
    // Shrinking would make numbers 0, where there are kinks.
    let config =
        ProptestConfig { cases: 48, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    runner.run(&cases(), |case| check(&case)).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn recommendation() {
    run(check_rec);
}

#[test]
fn embedding() {
    run(check_kge);
}
