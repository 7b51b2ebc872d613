//! The parameters of a blend.

use super::error::BlendError;

/// Bins of a feature: so many that those at the head of a list are about as long as what is shown of it.
pub const DEFAULT_BINS: usize = 128;
/// The most bins of a feature.
pub const MAX_BINS: usize = 256;
/// Rounds over all features, at most.
pub const DEFAULT_ROUNDS: u32 = 600;
/// The share of a step towards the optimum that is taken.
pub const DEFAULT_LEARNING_RATE: f64 = 0.03;
/// Intervals that a step cuts a feature's range into, at most.
pub const DEFAULT_LEAVES: usize = 3;
/// Rows that an interval of a step needs.
pub const DEFAULT_MIN_ROWS: u32 = 30;
/// Added to the second derivative of an interval, which draws its step towards 0.
pub const DEFAULT_L2: f64 = 5.0;
/// Models that are averaged.
pub const DEFAULT_BAGS: u32 = 8;
/// The most models that are averaged.
pub const MAX_BAGS: u32 = 256;
/// Share of the rows that a model does not learn from, and that say when it stops.
pub const DEFAULT_HOLDOUT: f64 = 0.15;
/// Rounds without a smaller loss of the held-out rows after which a model stops.
pub const DEFAULT_PATIENCE: u32 = 30;
/// Terms of two features.
pub const DEFAULT_PAIRS: usize = 6;
/// The most terms of two features.
pub const MAX_PAIRS: usize = 64;
/// Bins of each feature in a term of two.
pub const DEFAULT_PAIR_BINS: usize = 8;

/// How to learn a blend.
#[derive(Debug, Clone, PartialEq)]
pub struct BlendConfig {
    /// Bins of a feature, about equally full, in `2..=`[`MAX_BINS`]. A feature with fewer values has a bin for each.
    pub bins: usize,
    /// Rounds over all terms, at most, once for terms of one feature and once more for terms of two; at least 1.
    pub rounds: u32,
    /// The share of a Newton step that is taken, over 0 and at most 1.
    pub learning_rate: f64,
    /// Intervals of a step, in `2..=`[`MAX_BINS`].
    pub leaves: usize,
    /// Rows that an interval of a step needs; at least 1.
    pub min_rows: u32,
    /// λ of a step `Σ gradient / (Σ second derivative + λ)`; finite, at least 0.
    pub l2: f64,
    /// Models that are averaged, each learned from other rows, in `1..=`[`MAX_BAGS`]. The mean of additive models is
    /// additive.
    pub bags: u32,
    /// Share of the rows that a model does not learn from, over 0 and at most 0.5.
    pub holdout: f64,
    /// Rounds without a smaller loss of the held-out rows after which a model stops; at least 1.
    pub patience: u32,
    /// Terms of two features, in `0..=`[`MAX_PAIRS`]: those that explain most of what single features leave.
    pub pairs: usize,
    /// Bins of each feature in a term of two, in `2..=`[`MAX_BINS`].
    pub pair_bins: usize,
    /// The same seed gives the same blend, to the last bit, on any number of threads.
    pub seed: u64,
}

impl Default for BlendConfig {
    fn default() -> Self {
        BlendConfig {
            bins: DEFAULT_BINS,
            rounds: DEFAULT_ROUNDS,
            learning_rate: DEFAULT_LEARNING_RATE,
            leaves: DEFAULT_LEAVES,
            min_rows: DEFAULT_MIN_ROWS,
            l2: DEFAULT_L2,
            bags: DEFAULT_BAGS,
            holdout: DEFAULT_HOLDOUT,
            patience: DEFAULT_PATIENCE,
            pairs: DEFAULT_PAIRS,
            pair_bins: DEFAULT_PAIR_BINS,
            seed: 0,
        }
    }
}

impl BlendConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`BlendError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), BlendError> {
        let in_range = |parameter, value: usize, least: usize, most: usize| {
            if (least..=most).contains(&value) {
                return Ok(());
            }
            Err(BlendError::invalid(parameter, format!("must be in {least}..={most}, not {value}")))
        };
        in_range("bins", self.bins, 2, MAX_BINS)?;
        in_range("rounds", self.rounds as usize, 1, u32::MAX as usize)?;
        in_range("leaves", self.leaves, 2, MAX_BINS)?;
        in_range("min_rows", self.min_rows as usize, 1, u32::MAX as usize)?;
        in_range("bags", self.bags as usize, 1, MAX_BAGS as usize)?;
        in_range("patience", self.patience as usize, 1, u32::MAX as usize)?;
        in_range("pairs", self.pairs, 0, MAX_PAIRS)?;
        in_range("pair_bins", self.pair_bins, 2, MAX_BINS)?;
        if !(self.learning_rate > 0.0 && self.learning_rate <= 1.0) {
            let message = format!("must be over 0 and at most 1, not {}", self.learning_rate);
            return Err(BlendError::invalid("learning_rate", message));
        }
        if !(self.l2.is_finite() && self.l2 >= 0.0) {
            return Err(BlendError::invalid("l2", format!("must be finite and at least 0, not {}", self.l2)));
        }
        if !(self.holdout > 0.0 && self.holdout <= 0.5) {
            return Err(BlendError::invalid(
                "holdout",
                format!("must be over 0 and at most 0.5, not {}", self.holdout),
            ));
        }
        Ok(())
    }
}
