//! Whether the model still tells items apart.

use super::*;

/// Users and items that are looked at, at most.
const PROBES: usize = 32;
/// Scores that differ by less are the same probability but for its last digits.
const FLAT_SPREAD: f32 = 1e-6;
/// Epochs in a row after which a flat model is given up. Short vectors may shrink for an epoch or two before they find a
/// direction, so that one epoch says little.
const FLAT_EPOCHS: u32 = 5;

/// Watches how much the scores of a user's items differ. The penalty can shrink items, or users, to 0 for good: each score is a
/// product of all of them. What is then left is the same for all items, and need be neither 0 nor the same for all users.
#[derive(Debug)]
pub(super) struct Flatness {
    /// Each user as often as there are items.
    users: Vec<u32>,
    /// The items, once per user.
    items: Vec<u32>,
    item_count: usize,
    first_spread: f32,
    epochs: u32,
}

/// Different ids, evenly spaced in their order.
fn probes(ids: &[u32]) -> Vec<u32> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let step = ids.len().div_ceil(PROBES).max(1);
    ids.into_iter().step_by(step).collect()
}

impl Flatness {
    /// For users and items with interactions, since others are not learned. `predictor` is the model before training.
    pub(super) fn new(interactions: &Interactions, predictor: &Predictor) -> Flatness {
        let (users, items) = (probes(interactions.users()), probes(interactions.items()));
        let mut flatness = Flatness {
            users: users.iter().flat_map(|&user| std::iter::repeat_n(user, items.len())).collect(),
            items: users.iter().flat_map(|_| &items).copied().collect(),
            item_count: items.len(),
            first_spread: 0.0,
            epochs: 0,
        };
        flatness.first_spread = flatness.spread(predictor);
        flatness
    }

    /// The largest difference between two scores of one user. Infinite if there is one item only, which cannot differ; NaN if a
    /// score is not finite.
    fn spread(&self, predictor: &Predictor) -> f32 {
        if self.item_count < 2 {
            return f32::INFINITY;
        }
        let scores = predictor.pairs(&self.users, &self.items).unwrap_or_default();
        if scores.iter().any(|score| !score.is_finite()) {
            return f32::NAN;
        }
        let of_user = |scores: &[f32]| {
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            highest - scores.iter().copied().fold(f32::INFINITY, f32::min)
        };
        scores.chunks_exact(self.item_count).map(of_user).fold(0.0, f32::max)
    }

    /// Looks at the model after an epoch. Returns the spread of its scores.
    pub(super) fn look(&mut self, predictor: &Predictor) -> f32 {
        let spread = self.spread(predictor);
        // A start with short vectors is flat, too, but what grows is not.
        let is_flat = spread < FLAT_SPREAD && spread <= self.first_spread;
        self.epochs = if is_flat { self.epochs + 1 } else { 0 };
        spread
    }

    /// Epochs in a row after which all items scored the same.
    pub(super) fn epochs(&self) -> u32 {
        self.epochs
    }

    /// Goes on after so many of these.
    pub(super) fn resume(&mut self, epochs: u32) {
        self.epochs = epochs;
    }

    /// Whether all items scored the same after the last epoch.
    pub(super) fn is_flat(&self) -> bool {
        self.epochs > 0
    }

    /// Whether they have for so long that they will not differ again.
    pub(super) fn is_lasting(&self) -> bool {
        self.epochs >= FLAT_EPOCHS
    }
}
