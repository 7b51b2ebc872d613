//! The loss of one positive triple and its corrupted ones, with its gradient.

use super::config::{KgeConfig, Loss};
use super::simd::{self, dispatch};

/// The score of what does not count: a corrupted triple that is true.
pub(super) const MASKED: f32 = f32::NEG_INFINITY;

/// What [`LossRule::row`] finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RowLoss {
    pub loss: f32,
    /// The gradient by the positive's score.
    pub d_positive: f32,
}

/// A loss with its parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct LossRule {
    loss: Loss,
    margin: f32,
    temperature: f32,
}

impl LossRule {
    pub(super) fn new(config: &KgeConfig) -> LossRule {
        LossRule { loss: config.loss, margin: config.margin, temperature: config.adversarial_temperature }
    }

    /// Replaces the scores of the corrupted triples, [`MASKED`] or not, by the gradients by them. `weights` is a buffer
    /// of the same length.
    pub(super) fn row(&self, positive: f32, negatives: &mut [f32], weights: &mut [f32]) -> RowLoss {
        if self.loss.is_softmax() {
            return softmax(positive, negatives);
        }
        weigh(negatives, self.temperature, weights);
        match self.loss {
            Loss::Logistic => {
                let loss = softplus(-positive) + logistic(negatives, weights);
                RowLoss { loss, d_positive: -sigmoid(-positive) }
            }
            _ => {
                let (loss, slope) = hinge(self.margin - positive, negatives, weights);
                // The comparison in `hinge` hides NaN.
                RowLoss { loss: if positive.is_nan() { f32::NAN } else { loss }, d_positive: -slope }
            }
        }
    }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + simd::exp(-x))
}

/// `ln(1 + exp(x))`.
#[inline(always)]
fn softplus(x: f32) -> f32 {
    let over = if x < 0.0 { 0.0 } else { x };
    over + simd::ln(1.0 + simd::exp(-x.abs()))
}

/// Lanes of sums.
const LANES: usize = 8;

dispatch! {
    fn highest(numbers: &[f32], start: f32) -> f32 {
        let (lanes, rest) = numbers.as_chunks::<LANES>();
        let mut most = [start; LANES];
        for numbers in lanes {
            for lane in 0..LANES {
                most[lane] = if numbers[lane] > most[lane] { numbers[lane] } else { most[lane] };
            }
        }
        rest.iter().chain(&most).fold(start, |most, &number| most.max(number))
    }
}

dispatch! {
    /// Replaces each number by `exp(scale * (number - shift))`; the sum of these.
    fn powers(numbers: &mut [f32], scale: f32, shift: f32) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let (lanes, rest) = numbers.as_chunks_mut::<LANES>();
        for numbers in lanes {
            for lane in 0..LANES {
                numbers[lane] = simd::exp(scale * (numbers[lane] - shift));
                sums[lane] += numbers[lane];
            }
        }
        let mut sum: f32 = sums.iter().sum();
        for number in rest {
            *number = simd::exp(scale * (*number - shift));
            sum += *number;
        }
        sum
    }
}

dispatch! {
    fn scale(numbers: &mut [f32], factor: f32) {
        for number in numbers {
            *number *= factor;
        }
    }
}

/// Cross-entropy of the positive among all.
fn softmax(positive: f32, negatives: &mut [f32]) -> RowLoss {
    let most = highest(negatives, positive);
    let own = simd::exp(positive - most);
    let sum = own + powers(negatives, 1.0, most);
    scale(negatives, 1.0 / sum);
    RowLoss { loss: sum.ln() + most - positive, d_positive: own / sum - 1.0 }
}

/// Weights of the corrupted triples: equal, or proportional to `exp(temperature * score)`; sum 1 over those not masked.
fn weigh(negatives: &[f32], temperature: f32, weights: &mut [f32]) {
    if temperature > 0.0 {
        let most = highest(negatives, f32::MIN);
        weights.copy_from_slice(negatives);
        let sum = powers(weights, temperature, most);
        scale(weights, 1.0 / sum);
    } else {
        let count = negatives.iter().filter(|&&score| score != MASKED).count();
        weights.fill(1.0 / count.max(1) as f32);
    }
}

dispatch! {
    /// `sum of w softplus(n)`; the numbers become `w sigmoid(n)`.
    fn logistic(negatives: &mut [f32], weights: &[f32]) -> f32 {
        let mut sums = [0.0_f32; LANES];
        let (lanes, rest) = negatives.as_chunks_mut::<LANES>();
        let (weight_lanes, weight_rest) = weights.as_chunks::<LANES>();
        for (numbers, weights) in lanes.iter_mut().zip(weight_lanes) {
            for lane in 0..LANES {
                sums[lane] += weights[lane] * softplus(numbers[lane]);
                numbers[lane] = weights[lane] * sigmoid(numbers[lane]);
            }
        }
        let mut sum: f32 = sums.iter().sum();
        for (number, weight) in rest.iter_mut().zip(weight_rest) {
            sum += weight * softplus(*number);
            *number = weight * sigmoid(*number);
        }
        sum
    }
}

dispatch! {
    /// `sum of w max(0, base + n)` and the sum of the `w` that are in it; the numbers become their gradients.
    fn hinge(base: f32, negatives: &mut [f32], weights: &[f32]) -> (f32, f32) {
        let (mut loss, mut slope) = (0.0, 0.0);
        for (number, weight) in negatives.iter_mut().zip(weights) {
            let over = base + *number;
            let gradient = if over > 0.0 { *weight } else { 0.0 };
            loss += if over > 0.0 { weight * over } else { 0.0 };
            slope += gradient;
            *number = gradient;
        }
        (loss, slope)
    }
}
