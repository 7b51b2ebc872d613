//! RP3beta: Paudel, Christoffel, Newell & Bernstein, "Updatable, accurate, diverse, and scalable recommendations for
//! interactive applications", ACM TiiS 7(1), 2016. Random walks of three steps, popular ends discounted.

use super::error::ModelError;
use super::interactions::Interactions;
use super::neighbourhood::{ItemSimilarity, NeighbourhoodFit, Rule, similarity_model};
use super::sparse::SparseRows;
use super::{DEFAULT_MEMORY_LIMIT, DEFAULT_NEIGHBOURS, Fit, FitProgress, Recommender, profile, score_each};
use std::sync::Arc;

/// Power of the probabilities of single steps.
pub const DEFAULT_RP3BETA_ALPHA: f32 = 1.0;
/// Power of the popularity that a score is divided by.
pub const DEFAULT_RP3BETA_BETA: f32 = 0.5;

/// Parameters of [`Rp3BetaFit`].
#[derive(Debug, Clone, PartialEq)]
pub struct Rp3BetaConfig {
    /// Probabilities of single steps are taken to this power; over 0.
    pub alpha: f32,
    /// Scores are divided by the number of the item's users to this power; at least 0.
    pub beta: f32,
    /// Items that an item may recommend; at least 1.
    pub neighbours: usize,
    /// Bytes that fitting may take.
    pub memory_limit: usize,
}

impl Default for Rp3BetaConfig {
    fn default() -> Self {
        Rp3BetaConfig {
            alpha: DEFAULT_RP3BETA_ALPHA,
            beta: DEFAULT_RP3BETA_BETA,
            neighbours: DEFAULT_NEIGHBOURS,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl Rp3BetaConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_count("neighbours", self.neighbours, u32::MAX as usize)?;
        ModelError::check_over("alpha", self.alpha, 0.0)?;
        ModelError::check_least("beta", self.beta, 0.0)
    }
}

#[derive(Debug)]
struct Discount(Vec<f32>);

impl Rule for Discount {
    fn similarity(&self, _: u32, other: u32, product: f32) -> f32 {
        product * self.0[other as usize]
    }
}

/// Fits [`Rp3Beta`]. The result does not depend on threads.
#[derive(Debug)]
pub struct Rp3BetaFit {
    interactions: Arc<Interactions>,
    fit: NeighbourhoodFit<Discount>,
}

impl Rp3BetaFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`MemoryLimit`](ModelError::MemoryLimit).
    pub fn new(
        interactions: Arc<Interactions>,
        config: Rp3BetaConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Rp3BetaFit, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        let threads = pool.current_num_threads();
        let needed = NeighbourhoodFit::<Discount>::memory_bytes(&interactions, config.neighbours, threads);
        ModelError::check_memory("RP3beta", needed, config.memory_limit)?;
        let steps = |rows: &SparseRows| {
            let sums: Vec<f32> = (0..rows.rows()).map(|row| rows.row(row).values.iter().sum()).collect();
            rows.map(|row, _, weight| (weight / sums[row]).powf(config.alpha))
        };
        let (left, right) = (steps(interactions.by_item()), steps(interactions.by_user()));
        let users = (0..left.rows()).map(|item| left.row_len(item).max(1) as f32);
        let rule = Discount(users.map(|users| users.powf(-config.beta)).collect());
        Ok(Rp3BetaFit { interactions, fit: NeighbourhoodFit::new(left, right, rule, config.neighbours) })
    }
}

impl Fit for Rp3BetaFit {
    type Model = Rp3Beta;

    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError> {
        Ok(self.fit.step(pool))
    }

    fn finish(self) -> Result<Rp3Beta, ModelError> {
        Ok(Rp3Beta(ItemSimilarity { rows: self.fit.finish()?, interactions: self.interactions }))
    }
}

/// Scores an item by the random walks from the user over what they took and another user.
#[derive(Debug, Clone, PartialEq)]
pub struct Rp3Beta(ItemSimilarity);

similarity_model!(Rp3Beta, "rp3beta");
