//! From scores to losses: the mixtures of MMSS, which with weights 1, 0, … are the sigmoid of MKR.
//!
//! Our reading of MMSS_MKR (Liu, Yang & Cheng, Scientific Reports 14:2055, 2024), of which only the abstract and the table
//! of symbols were open to us. The functions are those of [`Activation`](crate::kge::Activation). Each rises with the
//! score and has `f(-s) = 1 - f(s)`, so the loss of a negative is that of a positive with the opposite score.

use super::parameters::{ACTIVATIONS, PREDICTIONS};
use crate::kge::simd::{LANES, dispatch, exp, inner_product, ln};

#[inline(always)]
fn sigmoid(s: f32) -> f32 {
    1.0 / (1.0 + exp(-s))
}

#[inline(always)]
fn softsign(s: f32) -> (f32, f32) {
    let inverse = 1.0 / (1.0 + s.abs());
    (0.5 + 0.5 * s * inverse, 0.5 * inverse * inverse)
}

/// Sigmoid, tanh and softsign, each in `0..=1`, and their slopes.
#[inline(always)]
fn functions(s: f32) -> ([f32; PREDICTIONS], [f32; PREDICTIONS]) {
    let (one, two) = (sigmoid(s), sigmoid(2.0 * s));
    let (soft, soft_slope) = softsign(s);
    // The complements are computed as themselves: 1 - f would lose all digits where f is nearly 1.
    ([one, two, soft], [one * sigmoid(-s), 2.0 * two * sigmoid(-2.0 * s), soft_slope])
}

/// Softmax of the logits, or 1, 0, … if there is no mixture.
pub(super) fn mixture<const N: usize>(logits: &[f32], is_single: bool) -> [f32; N] {
    if is_single {
        return std::array::from_fn(|i| if i == 0 { 1.0 } else { 0.0 });
    }
    let highest = logits.iter().fold(f32::NEG_INFINITY, |highest, &logit| highest.max(logit));
    let powers: [f32; N] = std::array::from_fn(|i| (logits[i] - highest).exp());
    let sum: f32 = powers.iter().sum();
    powers.map(|power| power / sum)
}

/// From the gradient by the weights to that by the logits, added to `to`.
pub(super) fn by_logits<const N: usize>(weights: &[f32; N], by_weights: &[f32; N], to: &mut [f32]) {
    let mean: f32 = weights.iter().zip(by_weights).map(|(weight, by)| weight * by).sum();
    for i in 0..N {
        to[i] += weights[i] * (by_weights[i] - mean);
    }
}

/// The probability of a score.
pub(super) fn probability(weights: &[f32; PREDICTIONS], score: f32) -> f32 {
    let (values, _) = functions(score);
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
}

/// What a batch has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeadLoss<const N: usize> {
    /// Times the scale that was asked for.
    pub sum: f32,
    pub by_weights: [f32; N],
}

dispatch! {
    /// Cross-entropy `-ln p` of the right label, times `scale`. `signs` are 1 for liked, -1 for not; `scores` become the
    /// gradient.
    pub(super) fn cross_entropy(
        weights: &[f32; PREDICTIONS],
        scale: f32,
        signs: &[f32],
        scores: &mut [f32],
    ) -> HeadLoss<PREDICTIONS> {
        let mut sums = [[0.0_f32; LANES]; PREDICTIONS + 1];
        for (scores, signs) in scores.chunks_mut(LANES).zip(signs.chunks(LANES)) {
            let (mut s, mut sign, mut weight) = ([0.0_f32; LANES], [1.0_f32; LANES], [0.0_f32; LANES]);
            s[..scores.len()].copy_from_slice(scores);
            sign[..scores.len()].copy_from_slice(signs);
            weight[..scores.len()].fill(scale);
            for lane in 0..LANES {
                let (values, slopes) = functions(sign[lane] * s[lane]);
                let (mut p, mut slope) = (f32::MIN_POSITIVE, 0.0);
                for i in 0..PREDICTIONS {
                    p += weights[i] * values[i];
                    slope += weights[i] * slopes[i];
                }
                let inverse = weight[lane] / p;
                sums[PREDICTIONS][lane] -= weight[lane] * ln(p);
                s[lane] = -sign[lane] * slope * inverse;
                for i in 0..PREDICTIONS {
                    sums[i][lane] -= values[i] * inverse;
                }
            }
            scores.copy_from_slice(&s[..scores.len()]);
        }
        let totals = sums.map(|lanes| lanes.iter().sum::<f32>());
        HeadLoss { sum: totals[PREDICTIONS], by_weights: [totals[0], totals[1], totals[2]] }
    }
}

dispatch! {
    /// Sum of the plausibilities times `scale`, which is negative for true triples. `scores` become the gradient.
    pub(super) fn plausibility(
        weights: &[f32; ACTIVATIONS],
        scale: f32,
        scores: &mut [f32],
    ) -> HeadLoss<ACTIVATIONS> {
        // In exact arithmetic the softplus is the sigmoid again.
        let merged = [weights[0] + weights[3], weights[1], weights[2]];
        let mut sums = [[0.0_f32; LANES]; PREDICTIONS];
        for scores in scores.chunks_mut(LANES) {
            let (mut s, mut weight) = ([0.0_f32; LANES], [0.0_f32; LANES]);
            s[..scores.len()].copy_from_slice(scores);
            weight[..scores.len()].fill(scale);
            for lane in 0..LANES {
                let (values, slopes) = functions(s[lane]);
                let mut slope = 0.0;
                for i in 0..PREDICTIONS {
                    slope += merged[i] * slopes[i];
                    sums[i][lane] += weight[lane] * values[i];
                }
                s[lane] = weight[lane] * slope;
            }
            scores.copy_from_slice(&s[..scores.len()]);
        }
        let totals = sums.map(|lanes| lanes.iter().sum::<f32>());
        let sum = merged.iter().zip(totals).map(|(weight, total)| weight * total).sum();
        HeadLoss { sum, by_weights: [totals[0], totals[1], totals[2], totals[0]] }
    }
}

dispatch! {
    /// Inner products of the rows of two matrices.
    pub(super) fn row_products(dim: usize, a: &[f32], b: &[f32], to: &mut [f32]) {
        for ((a, b), to) in a.chunks_exact(dim).zip(b.chunks_exact(dim)).zip(to) {
            *to = inner_product(a, b);
        }
    }
}

dispatch! {
    /// Each row of `to` becomes that of `from` times its factor.
    pub(super) fn scaled_rows(dim: usize, factors: &[f32], from: &[f32], to: &mut [f32]) {
        for ((from, to), factor) in from.chunks_exact(dim).zip(to.chunks_exact_mut(dim)).zip(factors) {
            for (to, from) in to.iter_mut().zip(from) {
                *to = factor * from;
            }
        }
    }
}

dispatch! {
    /// Adds to each row of `to` that of `from` times its factor.
    pub(super) fn add_scaled_rows(dim: usize, factors: &[f32], from: &[f32], to: &mut [f32]) {
        for ((from, to), factor) in from.chunks_exact(dim).zip(to.chunks_exact_mut(dim)).zip(factors) {
            for (to, from) in to.iter_mut().zip(from) {
                *to += factor * from;
            }
        }
    }
}
