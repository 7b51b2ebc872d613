//! Vectors of users and items whose products are scores.

use super::error::ModelError;
use super::interactions::Interactions;
use super::{Recommender, check_users};
use crate::kge::product::{Matrix, multiply};
use crate::kge::sampling::{self, Use};
use rayon::prelude::*;

/// The largest `dim`: a vector of this length is as large as a Postgres page.
pub const MAX_DIM: usize = 2048;
/// Users whose scores are one product.
const USERS_PER_PRODUCT: usize = 32;
/// Rows that are rotated by one product.
const ROWS_PER_ROTATION: usize = 256;

/// A vector of `dim` numbers for each user and each item, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    pub(super) dim: usize,
    pub(super) users: Vec<f32>,
    pub(super) items: Vec<f32>,
}

impl Factors {
    /// Takes saved vectors.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig) for `dim`, [`WrongLength`](ModelError::WrongLength) if rows are not
    /// whole, [`InvalidParameters`](ModelError::InvalidParameters) for numbers that are not finite.
    pub fn new(dim: usize, users: Vec<f32>, items: Vec<f32>) -> Result<Factors, ModelError> {
        ModelError::check_count("dim", dim, MAX_DIM)?;
        for (what, numbers) in [("user vectors", &users), ("item vectors", &items)] {
            ModelError::check_length(what, numbers.len(), numbers.len().next_multiple_of(dim))?;
            ModelError::check_finite(what, numbers)?;
        }
        Ok(Factors { dim, users, items })
    }

    /// Uniform random numbers with this standard deviation.
    pub(super) fn random(interactions: &Interactions, dim: usize, deviation: f32, seed: u64) -> Factors {
        let table = |rows: usize, number: u64| {
            let mut rng = sampling::stream(seed, Use::RecommenderFactors, number, 0);
            (0..rows * dim).map(|_| sampling::symmetric(&mut rng, deviation * 3.0_f32.sqrt())).collect()
        };
        Factors { dim, users: table(interactions.user_count(), 0), items: table(interactions.item_count(), 1) }
    }

    /// Bytes of the vectors.
    pub(super) fn bytes(interactions: &Interactions, dim: usize) -> usize {
        let rows = interactions.user_count().saturating_add(interactions.item_count());
        size_of::<f32>().saturating_mul(rows.saturating_mul(dim))
    }

    /// Numbers per vector.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The vectors of all users, row by row.
    pub fn users(&self) -> &[f32] {
        &self.users
    }

    /// The vectors of all items, row by row.
    pub fn items(&self) -> &[f32] {
        &self.items
    }

    /// Number of users.
    pub fn user_count(&self) -> usize {
        self.users.len() / self.dim
    }

    /// Number of items.
    pub fn item_count(&self) -> usize {
        self.items.len() / self.dim
    }

    pub(super) fn user(&self, user: u32) -> &[f32] {
        &self.users[user as usize * self.dim..][..self.dim]
    }

    pub(super) fn item(&self, item: u32) -> &[f32] {
        &self.items[item as usize * self.dim..][..self.dim]
    }

    /// Rotates all vectors, on the threads of the current pool: `axes` has the new ones row by row, of length 1, orthogonal to
    /// each other. Products of vectors stay the same.
    pub(super) fn rotate(&mut self, axes: &[f32]) {
        let dim = self.dim;
        let axes = Matrix::new(axes, dim, dim).transposed();
        for table in [&mut self.users, &mut self.items] {
            table.par_chunks_mut(ROWS_PER_ROTATION * dim).for_each_init(Vec::new, |before, vectors| {
                before.clear();
                before.extend_from_slice(vectors);
                multiply(1.0, Matrix::new(before, vectors.len() / dim, dim), axes, 0.0, vectors);
            });
        }
    }

    /// Bytes that [`rotate`](Self::rotate) takes on so many threads.
    pub(super) fn rotation_bytes(dim: usize, threads: usize) -> usize {
        size_of::<f32>().saturating_mul(ROWS_PER_ROTATION * dim).saturating_mul(threads)
    }

    /// Scores of all items, for vectors of users one after the other.
    pub(super) fn score(&self, vectors: &[f32], scores: &mut [f32]) {
        let users = Matrix::new(vectors, vectors.len() / self.dim, self.dim);
        multiply(1.0, users, Matrix::new(&self.items, self.item_count(), self.dim).transposed(), 0.0, scores);
    }

    /// [`Recommender::score_users`], for a model of these vectors.
    pub(super) fn score_users(
        &self,
        model: &dyn Recommender,
        users: &[u32],
        scores: &mut [f32],
        pool: &rayon::ThreadPool,
    ) -> Result<(), ModelError> {
        check_users(model, users, scores)?;
        let width = USERS_PER_PRODUCT * self.item_count().max(1);
        pool.install(|| {
            users.par_chunks(USERS_PER_PRODUCT).zip(scores.par_chunks_mut(width)).for_each(|(users, scores)| {
                let vectors: Vec<f32> = users.iter().flat_map(|&user| self.user(user)).copied().collect();
                self.score(&vectors, scores);
            });
        });
        Ok(())
    }
}
