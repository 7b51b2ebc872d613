//! Adam (Kingma & Ba 2015) for weights, and lazily for rows: a row that no batch touches does not move, and counts its own
//! steps.

use crate::kge::simd::{add_scaled, dispatch, prefetch};
use crate::kge::slots::Slots;
use std::ops::Range;

const BETA_1: f32 = 0.9;
const BETA_2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// Steps whose corrections are kept ready: afterwards the larger one is 1 to seven digits.
const CORRECTIONS: usize = 16_384;

/// `1 / (1 - β₁ᵗ)` and `1 / (1 - β₂ᵗ)` by the number of steps.
#[derive(Debug)]
pub(super) struct Corrections(Vec<[f32; 2]>);

impl Corrections {
    pub(super) fn new() -> Corrections {
        let of = |beta: f32, step: usize| (1.0 / (1.0 - f64::from(beta).powi(step.max(1) as i32))) as f32;
        Corrections((0..CORRECTIONS).map(|step| [of(BETA_1, step), of(BETA_2, step)]).collect())
    }

    fn at(&self, step: u32) -> [f32; 2] {
        self.0[step as usize]
    }

    pub(super) const BYTES: usize = CORRECTIONS * size_of::<[f32; 2]>();
}

/// Counts a step: only as far as corrections go, so that a count is exact as a float, too.
fn next(steps: u32) -> u32 {
    (steps + 1).min(CORRECTIONS as u32 - 1)
}

/// Takes so many numbers from the beginning of others.
fn take<'a>(numbers: &mut &'a [f32], count: usize) -> &'a [f32] {
    let (taken, rest) = numbers.split_at(count);
    *numbers = rest;
    taken
}

/// A count that was written down as a number.
fn count(number: f32) -> u32 {
    (number as u32).min(CORRECTIONS as u32 - 1)
}

dispatch! {
    fn adam(rate: f32, scale: f32, penalty: f32, gradient: &[f32], row: &mut [f32], first: &mut [f32], second: &mut [f32]) {
        // Of one length, and by index: so it is vectorised as it stands.
        let length = gradient.len();
        let (row, first, second) = (&mut row[..length], &mut first[..length], &mut second[..length]);
        for i in 0..length {
            let gradient = gradient[i] + penalty * row[i];
            first[i] = BETA_1 * first[i] + (1.0 - BETA_1) * gradient;
            second[i] = BETA_2 * second[i] + (1.0 - BETA_2) * gradient * gradient;
            row[i] -= rate * first[i] / ((scale * second[i]).sqrt() + EPSILON);
        }
    }
}

/// State for the weights of one task.
#[derive(Debug)]
pub(super) struct WeightState {
    range: Range<usize>,
    penalised: Vec<Range<usize>>,
    first: Vec<f32>,
    second: Vec<f32>,
    steps: u32,
}

impl WeightState {
    pub(super) fn new(range: Range<usize>, penalised: Vec<Range<usize>>) -> WeightState {
        let zeros = vec![0.0; range.len()];
        WeightState { range, penalised, first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// Numbers that [`save`](Self::save) writes.
    pub(super) fn len(&self) -> usize {
        2 * self.first.len() + 1
    }

    pub(super) fn save(&self, to: &mut Vec<f32>) {
        to.extend_from_slice(&self.first);
        to.extend_from_slice(&self.second);
        to.push(self.steps as f32);
    }

    /// Takes what was saved from the beginning of `numbers`, which must have [`len`](Self::len) at least.
    pub(super) fn load(&mut self, numbers: &mut &[f32]) {
        let length = self.first.len();
        self.first.copy_from_slice(take(numbers, length));
        self.second.copy_from_slice(take(numbers, length));
        self.steps = count(take(numbers, 1)[0]);
    }

    /// One step against a gradient, to which that of the penalty is added first.
    pub(super) fn step(
        &mut self,
        corrections: &Corrections,
        rate: f32,
        l2: f32,
        gradient: &mut [f32],
        weights: &mut [f32],
    ) {
        if l2 > 0.0 {
            for range in &self.penalised {
                add_scaled(&mut gradient[range.clone()], l2, &weights[range.clone()]);
            }
        }
        self.steps = next(self.steps);
        let [one, two] = corrections.at(self.steps);
        let (gradient, weights) = (&gradient[self.range.clone()], &mut weights[self.range.clone()]);
        adam(rate * one, two, 0.0, gradient, weights, &mut self.first, &mut self.second);
    }
}

/// Rows of a table that are asked for before they are needed: they come in no order, so the processor cannot guess them.
pub(super) const ROWS_AHEAD: usize = 3;

/// State for the rows of a table, in one task.
#[derive(Debug)]
pub(super) struct RowState {
    /// First and second moments, row by row.
    moments: Vec<f32>,
    steps: Vec<u32>,
}

impl RowState {
    pub(super) fn new(rows: usize, dim: usize) -> RowState {
        RowState { moments: vec![0.0; 2 * rows * dim], steps: vec![0; rows] }
    }

    /// Numbers that [`save`](Self::save) writes.
    pub(super) fn len(&self) -> usize {
        self.moments.len() + self.steps.len()
    }

    pub(super) fn save(&self, to: &mut Vec<f32>) {
        to.extend_from_slice(&self.moments);
        to.extend(self.steps.iter().map(|&steps| steps as f32));
    }

    /// Takes what was saved from the beginning of `numbers`, which must have [`len`](Self::len) at least.
    pub(super) fn load(&mut self, numbers: &mut &[f32]) {
        let length = self.moments.len();
        self.moments.copy_from_slice(take(numbers, length));
        let steps = take(numbers, self.steps.len());
        self.steps.iter_mut().zip(steps).for_each(|(to, &steps)| *to = count(steps));
    }

    /// Bytes for so many rows.
    pub(super) fn memory_bytes(rows: usize, dim: usize) -> usize {
        rows.saturating_mul((2 * dim + 1) * size_of::<f32>())
    }
}

/// Adds up the gradients of the rows that a batch touches.
#[derive(Debug)]
pub(super) struct RowSum {
    dim: usize,
    slots: Slots,
    gradients: Vec<f32>,
}

impl RowSum {
    pub(super) fn new(capacity: usize, dim: usize) -> RowSum {
        RowSum { dim, slots: Slots::new(capacity), gradients: vec![0.0; capacity * dim] }
    }

    pub(super) fn memory_bytes(capacity: usize, dim: usize) -> usize {
        Slots::memory_bytes(capacity) + capacity * dim * size_of::<f32>()
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(super) fn add(&mut self, rows: &[u32], gradients: &[f32]) {
        for (&row, gradient) in rows.iter().zip(gradients.chunks_exact(self.dim)) {
            let (slot, is_new) = self.slots.insert(row);
            let sum = &mut self.gradients[slot as usize * self.dim..][..self.dim];
            if is_new { sum.copy_from_slice(gradient) } else { add_scaled(sum, 1.0, gradient) }
        }
    }

    /// One step for every row that has a gradient.
    pub(super) fn step(&self, corrections: &Corrections, rate: f32, l2: f32, table: &mut [f32], state: &mut RowState) {
        let dim = self.dim;
        let rows = self.slots.ids();
        for (place, (&row, gradient)) in rows.iter().zip(self.gradients.chunks_exact(dim)).enumerate() {
            if let Some(&later) = rows.get(place + ROWS_AHEAD) {
                prefetch(&table[later as usize * dim..][..dim]);
                prefetch(&state.moments[2 * later as usize * dim..][..2 * dim]);
            }
            let at = row as usize;
            let numbers = &mut table[at * dim..][..dim];
            let steps = &mut state.steps[at];
            *steps = next(*steps);
            let [one, two] = corrections.at(*steps);
            let (first, second) = state.moments[2 * at * dim..][..2 * dim].split_at_mut(dim);
            adam(rate * one, two, l2, gradient, numbers, first, second);
        }
    }
}
