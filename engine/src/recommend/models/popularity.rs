//! What most users take: the same for everybody.

use super::error::ModelError;
use super::interactions::Interactions;
use super::{Recommender, profile, score_each};

/// Scores an item by the number of its users.
#[derive(Debug, Clone, PartialEq)]
pub struct Popularity {
    user_count: usize,
    users: Vec<f32>,
}

impl Popularity {
    /// Counts.
    pub fn new(interactions: &Interactions) -> Popularity {
        let by_item = interactions.by_item();
        let users = (0..interactions.item_count()).map(|item| by_item.row_len(item) as f32).collect();
        Popularity { user_count: interactions.user_count(), users }
    }

    /// Takes what [`users_of_items`](Self::users_of_items) gave.
    ///
    /// # Errors
    /// [`InvalidParameters`](ModelError::InvalidParameters) for numbers that are not finite.
    pub fn from_parameters(user_count: usize, users_of_items: Vec<f32>) -> Result<Popularity, ModelError> {
        ModelError::check_finite("users of items", &users_of_items)?;
        Ok(Popularity { user_count, users: users_of_items })
    }

    /// The number of users of each item.
    pub fn users_of_items(&self) -> &[f32] {
        &self.users
    }
}

impl Recommender for Popularity {
    fn name(&self) -> &'static str {
        "popularity"
    }

    fn user_count(&self) -> usize {
        self.user_count
    }

    fn item_count(&self) -> usize {
        self.users.len()
    }

    fn score_users(&self, users: &[u32], scores: &mut [f32], pool: &rayon::ThreadPool) -> Result<(), ModelError> {
        score_each(self, users, scores, pool, |_, scores| scores.copy_from_slice(&self.users))
    }

    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError> {
        profile(self, items, weights, scores)?;
        scores.copy_from_slice(&self.users);
        Ok(())
    }
}
