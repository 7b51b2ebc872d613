//! Scores that every table should show beside those of models.

use super::random::{self, Use};
use super::sets::ItemSets;

/// A score that knows nothing, in `[0, 1)`: it follows from the seed, the user and the item.
pub fn random_score(seed: u64, user: u32, item: u32) -> f64 {
    let mixed = random::mix(random::key(seed, Use::Scores, user.into()) ^ u64::from(item));
    (mixed >> 11) as f64 / (1_u64 << 53) as f64
}

/// A score that looks only at the labels that each user has in training: `(n + 1) / (p + n + 2)` with `p` positives and `n`
/// negatives. It says nothing about items. Where negatives were drawn before rows were split at random, users whose
/// positives happened to go to training have negatives left for the test part, so this score beats 1/2 in pooled metrics:
/// by so much those metrics flatter a model that can learn it.
pub fn leak_only(positives: &ItemSets, negatives: &ItemSets) -> Vec<f64> {
    let score = |user| {
        let (positive, negative) = (positives.of(user).len() as f64, negatives.of(user).len() as f64);
        (negative + 1.0) / (positive + negative + 2.0)
    };
    (0..positives.users() as u32).map(score).collect()
}
