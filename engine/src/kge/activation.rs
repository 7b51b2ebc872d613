//! From a score to a plausibility between 0 and 1, in several ways and in a mixture of them.
//!
//! After the multi-calculation scoring of MMSS_MKR (Liu, Yang & Cheng, Scientific Reports 14:2055, 2024), of which only
//! the abstract and the table of symbols were open to us: this is our reading of it.

use super::simd;
use crate::choice::named_choice;

named_choice! {
    "activation"
    /// A function from a score `g` to a plausibility in `0..=1`.
    ///
    /// All are increasing, so that none changes the order of the scores of one model: what they can change is how a
    /// model is trained, and how its plausibilities are to be read. In the loss, a score is replaced by the log-odds of
    /// its plausibility; for the sigmoid that is the score itself.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Activation {
        /// `g` itself, in the loss; as a plausibility, the sigmoid.
        #[default]
        Identity = "identity",
        /// `1 / (1 + exp(-g))`.
        Sigmoid = "sigmoid",
        /// `(1 + tanh g) / 2`: the sigmoid of `2 g`.
        Tanh = "tanh",
        /// `(1 + g / (1 + |g|)) / 2`: never far from a half, so bold errors cost less.
        Softsign = "softsign",
        /// `1 - exp(-softplus(g))`. In exact arithmetic this is the sigmoid again.
        Softplus = "softplus",
        /// The mixture of the four with weights that training learns ([`Fusion`]).
        Fusion = "fusion",
    }
}

/// Functions in a mixture.
pub const FUSED: usize = 4;

/// Weights of sigmoid, tanh, softsign and softplus in [`Activation::Fusion`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fusion {
    /// Learned numbers; their softmax are the weights. Equal at the start.
    pub logits: [f32; FUSED],
}

impl Default for Fusion {
    fn default() -> Self {
        Fusion { logits: [0.0; FUSED] }
    }
}

impl Fusion {
    /// The weights: at least 0, sum 1.
    pub fn weights(&self) -> [f32; FUSED] {
        let highest = self.logits.iter().fold(f32::NEG_INFINITY, |highest, &logit| highest.max(logit));
        let powers = self.logits.map(|logit| (logit - highest).exp());
        let sum: f32 = powers.iter().sum();
        powers.map(|power| power / sum)
    }

    /// One step of Adagrad, from the gradient by the weights.
    pub(super) fn step(&mut self, by_weights: &[f32; FUSED], rate: f32, state: &mut [f32; FUSED]) {
        let weights = self.weights();
        let mean = mix(&weights, *by_weights);
        for i in 0..FUSED {
            let gradient = weights[i] * (by_weights[i] - mean);
            state[i] += gradient * gradient;
            if state[i] > 0.0 {
                self.logits[i] -= rate * gradient / state[i].sqrt();
            }
        }
    }
}

fn sigmoid(g: f32) -> f32 {
    1.0 / (1.0 + simd::exp(-g))
}

/// `(sigmoid, tanh, softsign, softplus)` at `g`, each in `0..=1`.
fn parts(g: f32) -> [f32; FUSED] {
    let softsign = 0.5 + 0.5 * g / (1.0 + g.abs());
    [sigmoid(g), sigmoid(2.0 * g), softsign, sigmoid(g)]
}

/// Their slopes.
fn slopes(g: f32) -> [f32; FUSED] {
    let (one, two) = (sigmoid(g), sigmoid(2.0 * g));
    let softsign = 0.5 / ((1.0 + g.abs()) * (1.0 + g.abs()));
    [one * sigmoid(-g), 2.0 * two * sigmoid(-2.0 * g), softsign, one * sigmoid(-g)]
}

fn mix(weights: &[f32; FUSED], values: [f32; FUSED]) -> f32 {
    weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
}

/// Log-odds of a plausibility, with its slope and its derivatives by the weights of the mixture.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogOdds {
    pub value: f32,
    pub slope: f32,
    /// By the weights; 0 unless the activation is the mixture.
    pub by_weights: [f32; FUSED],
}

impl Activation {
    /// The plausibility of a score.
    pub fn plausibility(self, score: f32, fusion: &Fusion) -> f32 {
        let [sigmoid, tanh, softsign, softplus] = parts(score);
        match self {
            Activation::Identity | Activation::Sigmoid => sigmoid,
            Activation::Tanh => tanh,
            Activation::Softsign => softsign,
            Activation::Softplus => softplus,
            Activation::Fusion => mix(&fusion.weights(), parts(score)),
        }
    }

    /// The log-odds of the plausibility: what the loss sees.
    pub(super) fn log_odds(self, g: f32, weights: &[f32; FUSED]) -> LogOdds {
        let by_weights = [0.0; FUSED];
        match self {
            Activation::Identity | Activation::Sigmoid | Activation::Softplus => {
                LogOdds { value: g, slope: 1.0, by_weights }
            }
            Activation::Tanh => LogOdds { value: 2.0 * g, slope: 2.0, by_weights },
            Activation::Softsign => {
                let base = 1.0 + 2.0 * g.abs();
                LogOdds { value: base.ln().copysign(g), slope: 2.0 / base, by_weights }
            }
            Activation::Fusion => {
                // The complement is computed as itself: 1 - p would lose all digits where p is nearly 1.
                let (hits, misses) = (parts(g), parts(-g));
                let (p, q) = (mix(weights, hits).max(f32::MIN_POSITIVE), mix(weights, misses).max(f32::MIN_POSITIVE));
                LogOdds {
                    value: p.ln() - q.ln(),
                    slope: mix(weights, slopes(g)) * (1.0 / p + 1.0 / q),
                    by_weights: std::array::from_fn(|i| hits[i] / p - misses[i] / q),
                }
            }
        }
    }
}
