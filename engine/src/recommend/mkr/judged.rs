//! A trained model as evaluation and other recommenders see it.

use super::predict::Predictor;
use crate::evaluate::{BlockScorer, Model};
use crate::recommend::models::{ModelError, Recommender};

/// Scores in lists are those before the probability, which has the same order.
impl BlockScorer for Predictor {
    fn score(&self, users: &[u32], scores: &mut [f32]) {
        let items = self.item_count();
        let mut scores = scores;
        // Users in a row are one product of matrices.
        for run in users.chunk_by(|&a, &b| a.checked_add(1) == Some(b)) {
            let (of_run, rest) = scores.split_at_mut(run.len() * items);
            self.scores(run[0] as usize..run[0] as usize + run.len(), of_run);
            scores = rest;
        }
    }
}

/// The score of a pair is its probability.
impl Model for Predictor {
    fn pair(&self, user: u32, item: u32) -> f64 {
        f64::from(self.probability(self.pair_score(user, item)))
    }
}

/// All scores are probabilities. Where a score is so high that its probability is 1 to seven digits, items tie.
impl Recommender for Predictor {
    fn name(&self) -> &'static str {
        "mkr"
    }

    fn user_count(&self) -> usize {
        Predictor::user_count(self)
    }

    fn item_count(&self) -> usize {
        Predictor::item_count(self)
    }

    fn score_users(&self, users: &[u32], scores: &mut [f32], _pool: &rayon::ThreadPool) -> Result<(), ModelError> {
        let count = Predictor::user_count(self);
        if let Some(&id) = users.iter().find(|&&user| user as usize >= count) {
            return Err(ModelError::UnknownId { what: "user", id, count });
        }
        let (actual, expected) = (scores.len(), users.len() * Predictor::item_count(self));
        if actual != expected {
            return Err(ModelError::WrongLength { what: "scores", actual, expected });
        }
        BlockScorer::score(self, users, scores);
        for score in scores {
            *score = self.probability(*score);
        }
        Ok(())
    }

    /// A user is a vector of his own, which new interactions do not give.
    fn fold_in(&self, _items: &[u32], _weights: &[f32], _scores: &mut [f32]) -> Result<(), ModelError> {
        Err(ModelError::NoFoldIn { model: "mkr" })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::super::{Interactions, MkrConfig, MkrTrainer, NO_ENTITY};
    use super::*;
    use crate::kge::TripleSet;
    use std::sync::Arc;

    #[test]
    fn scores_of_lists_and_pairs_agree() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for high_depth in [1, 2] {
            let labels = vec![true, false, true, false];
            let rows = Arc::new(Interactions::new(vec![0, 1, 2, 4], vec![0, 1, 2, 0], labels, 5, 3).unwrap());
            let graph = Arc::new(TripleSet::new(Vec::new(), Vec::new(), Vec::new(), 0, 0).unwrap());
            let config = MkrConfig { dim: 4, no_kge: true, high_depth, ..MkrConfig::default() };
            let trainer = MkrTrainer::new(rows, None, &[NO_ENTITY; 3], graph, config, &pool).unwrap();
            let predictor = trainer.finish().model.predictor();
            let users = [0, 1, 4, 3];
            let mut scores = vec![0.0; 12];
            BlockScorer::score(&predictor, &users, &mut scores);
            for (&user, scores) in users.iter().zip(scores.chunks_exact(3)) {
                for (item, &score) in (0..3).zip(scores) {
                    let exact = predictor.pairs(&[user], &[item]).unwrap()[0];
                    assert!((score - exact).abs() < 1e-6);
                    assert_eq!(predictor.pair(user, item), f64::from(predictor.probability(exact)));
                }
            }
            let mut probabilities = vec![0.0; 12];
            predictor.score_users(&users, &mut probabilities, &pool).unwrap();
            assert!(probabilities.iter().zip(&scores).all(|(p, &score)| *p == predictor.probability(score)));
            let error = predictor.score_users(&[5], &mut probabilities[..3], &pool).unwrap_err();
            assert_eq!(error, ModelError::UnknownId { what: "user", id: 5, count: 5 });
            assert!(predictor.fold_in(&[0], &[], &mut probabilities[..3]).is_err());
        }
    }
}
