//! A blend with what it needs to be asked: a recommender like others.

use super::error::BlendError;
use super::features::{BlendFeatures, UserFeatures};
use super::model::{Blend, sigmoid};
use crate::recommend::models::{ModelError, Recommender};

/// A [`Blend`] over [`BlendFeatures`]. As a [`Recommender`] it scores by log-odds.
#[derive(Debug, Clone)]
pub struct Blended {
    features: BlendFeatures,
    blend: Blend,
}

/// One pair, explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The value of each feature.
    pub values: Vec<f32>,
    /// What each term adds to [`Blend::base`]; their sum, in this order, is `score`.
    pub contributions: Vec<f64>,
    /// The log-odds.
    pub score: f64,
    /// The probability, in `0..=1`.
    pub probability: f64,
}

impl Blended {
    /// Puts both together.
    ///
    /// # Errors
    /// [`WrongLength`](BlendError::WrongLength), [`InvalidParameters`](BlendError::InvalidParameters) if the blend was
    /// learned from other features.
    pub fn new(features: BlendFeatures, blend: Blend) -> Result<Blended, BlendError> {
        BlendError::check_length("features", features.names().len(), blend.features().len())?;
        match blend.features().iter().zip(features.names()).position(|(a, b)| a != b) {
            Some(at) => Err(BlendError::InvalidParameters { what: "names of features", at }),
            None => Ok(Blended { features, blend }),
        }
    }

    /// The additive model.
    pub fn blend(&self) -> &Blend {
        &self.blend
    }

    /// The features.
    pub fn features(&self) -> &BlendFeatures {
        &self.features
    }

    /// Pairs with the terms of their sums. Pairs of one user are best given one after the other.
    ///
    /// # Errors
    /// [`WrongLength`](BlendError::WrongLength), [`UnknownId`](BlendError::UnknownId).
    pub fn explain(
        &self,
        users: &[u32],
        items: &[u32],
        pool: &rayon::ThreadPool,
    ) -> Result<Vec<Explained>, BlendError> {
        let values = self.features.of_pairs(users, items, pool)?;
        values.chunks_exact(self.blend.features().len()).map(|values| self.explain_values(values)).collect()
    }

    /// Items for somebody who took `items` and need not be known, with the terms of their sums. See
    /// [`Recommender::fold_in`].
    ///
    /// # Errors
    /// [`UnknownId`](BlendError::UnknownId), [`Component`](BlendError::Component) if a component cannot do this.
    pub fn explain_profile(&self, items: &[u32], weights: &[f32], asked: &[u32]) -> Result<Vec<Explained>, BlendError> {
        let count = self.features.item_count();
        if let Some(&id) = asked.iter().find(|&&item| item as usize >= count) {
            return Err(BlendError::UnknownId { what: "item", id, count });
        }
        let scores = self.folded(items, weights).map_err(BlendError::Component)?;
        let scores: Vec<&[f32]> = scores.iter().map(Vec::as_slice).collect();
        let features = self.features.scaled(&scores, items);
        let width = self.blend.features().len();
        let values = |item: u32| (0..width).map(|at| features.value(at, item as usize)).collect::<Vec<f32>>();
        asked.iter().map(|&item| self.explain_values(&values(item))).collect()
    }

    fn explain_values(&self, values: &[f32]) -> Result<Explained, BlendError> {
        let contributions = self.blend.contributions(values)?;
        let score = self.blend.score(values)?;
        Ok(Explained { values: values.to_vec(), contributions, score, probability: sigmoid(score) })
    }

    fn folded(&self, items: &[u32], weights: &[f32]) -> Result<Vec<Vec<f32>>, ModelError> {
        let of_component = |component: &super::features::Component| {
            let mut scores = vec![0.0; self.features.item_count()];
            component.model.fold_in(items, weights, &mut scores)?;
            Ok(scores)
        };
        self.features.components().iter().map(of_component).collect()
    }

    /// Log-odds of all items.
    fn score_all(&self, features: &UserFeatures<'_>, scores: &mut [f32]) {
        let mut sums = vec![self.blend.base(); scores.len()];
        for term in self.blend.terms() {
            let other = term.other.as_ref().map(|(feature, cuts)| (features.column(*feature), cuts.as_slice()));
            term.add_to(features.column(term.feature), other, &mut sums);
        }
        scores.iter_mut().zip(sums).for_each(|(score, sum)| *score = sum as f32);
    }
}

impl Recommender for Blended {
    fn name(&self) -> &'static str {
        "blend"
    }

    fn user_count(&self) -> usize {
        self.features.user_count()
    }

    fn item_count(&self) -> usize {
        self.features.item_count()
    }

    fn score_users(&self, users: &[u32], scores: &mut [f32], pool: &rayon::ThreadPool) -> Result<(), ModelError> {
        let (count, items) = (self.user_count(), self.item_count());
        if let Some(&id) = users.iter().find(|&&user| user as usize >= count) {
            return Err(ModelError::UnknownId { what: "user", id, count });
        }
        if scores.len() != users.len() * items {
            return Err(ModelError::WrongLength {
                what: "scores",
                actual: scores.len(),
                expected: users.len() * items,
            });
        }
        let block = super::features::USERS_PER_THREAD * pool.current_num_threads();
        for (users, scores) in users.chunks(block).zip(scores.chunks_mut(block * items.max(1))) {
            let of_users = self.features.for_each_user(users, pool, |_, features| {
                let mut scores = vec![0.0; items];
                self.score_all(features, &mut scores);
                scores
            });
            let of_users = of_users.map_err(|error| match error {
                BlendError::Component(error) => error,
                // Users were checked; a component with fewer of them was refused.
                _ => ModelError::WrongLength { what: "users", actual: users.len(), expected: count },
            })?;
            for (place, scores) in scores.chunks_exact_mut(items.max(1)).zip(of_users) {
                place.copy_from_slice(&scores);
            }
        }
        Ok(())
    }

    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError> {
        if scores.len() != self.item_count() {
            let (actual, expected) = (scores.len(), self.item_count());
            return Err(ModelError::WrongLength { what: "scores", actual, expected });
        }
        let folded = self.folded(items, weights)?;
        let folded: Vec<&[f32]> = folded.iter().map(Vec::as_slice).collect();
        self.score_all(&self.features.scaled(&folded, items), scores);
        Ok(())
    }
}
