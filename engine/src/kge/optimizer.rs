//! From gradients to steps, one row at a time.

use super::config::{KgeConfig, Optimizer, Schedule};
use super::simd::{add_scaled, dispatch, dot};

/// Keeps the root of an accumulator away from 0.
const EPSILON: f32 = 1e-10;
const ADAM_BETA_1: f32 = 0.9;
const ADAM_BETA_2: f32 = 0.999;
const ADAM_EPSILON: f32 = 1e-8;

impl Optimizer {
    /// Numbers of state per row of `width` numbers, of which each `segment` has an accumulator of its own in
    /// [`RowAdagrad`](Optimizer::RowAdagrad).
    ///
    /// Adagrad: the sums of squares. Adam: first moments, second moments, number of steps.
    pub(crate) const fn state_width(self, width: usize, segment: usize) -> usize {
        match self {
            Optimizer::Sgd => 0,
            Optimizer::Adagrad => width,
            Optimizer::RowAdagrad => width.div_ceil(segment),
            Optimizer::Adam => 2 * width + 1,
        }
    }

    /// Moves a row against its gradient.
    pub(crate) fn step(self, rate: f32, segment: usize, gradient: &[f32], row: &mut [f32], state: &mut [f32]) {
        match self {
            Optimizer::Sgd => add_scaled(row, -rate, gradient),
            Optimizer::Adagrad => adagrad(rate, gradient, row, state),
            Optimizer::RowAdagrad => {
                let segments = gradient.chunks(segment).zip(row.chunks_mut(segment));
                for ((gradient, row), sum) in segments.zip(state) {
                    let square = dot(gradient, gradient) / gradient.len() as f32;
                    // A matrix of TransR that is not trained yet has no gradient.
                    if square != 0.0 {
                        *sum += square;
                        add_scaled(row, -rate / (*sum + EPSILON).sqrt(), gradient);
                    }
                }
            }
            Optimizer::Adam => {
                let (moments, steps) = state.split_at_mut(2 * gradient.len());
                let (first, second) = moments.split_at_mut(gradient.len());
                steps[0] += 1.0;
                let correction_1 = 1.0 - ADAM_BETA_1.powf(steps[0]);
                let correction_2 = 1.0 - ADAM_BETA_2.powf(steps[0]);
                adam(rate / correction_1, 1.0 / correction_2, gradient, row, first, second);
            }
        }
    }
}

dispatch! {
    fn adagrad(rate: f32, gradient: &[f32], row: &mut [f32], sums: &mut [f32]) {
        for ((gradient, number), sum) in gradient.iter().zip(row).zip(sums) {
            *sum += gradient * gradient;
            *number -= rate * gradient / (*sum + EPSILON).sqrt();
        }
    }
}

dispatch! {
    fn adam(
        rate: f32,
        scale: f32,
        gradient: &[f32],
        row: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
    ) {
        for ((gradient, number), (first, second)) in gradient.iter().zip(row).zip(first.iter_mut().zip(second)) {
            *first = ADAM_BETA_1 * *first + (1.0 - ADAM_BETA_1) * gradient;
            *second = ADAM_BETA_2 * *second + (1.0 - ADAM_BETA_2) * gradient * gradient;
            *number -= rate * *first / ((scale * *second).sqrt() + ADAM_EPSILON);
        }
    }
}

impl Schedule {
    /// The learning rate after a part in `0..=1` of the whole training.
    pub(super) fn rate(self, config: &KgeConfig, done: f64) -> f32 {
        let factor = match self {
            Schedule::Constant => 1.0,
            Schedule::Linear => 1.0 - done,
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        };
        config.learning_rate * factor as f32
    }
}
