//! Recommenders that learn from interactions of users with items: simple ones that are hard to beat.
//!
//! 1. [`Interactions`] holds who took what over dense `u32` ids.
//! 2. A [`Fit`] learns a model, a step at a time. (Popularity and random walks need no steps.)
//! 3. A [`Recommender`] scores all items for users that it knows, and most score new users by what they took
//!    (*fold-in*), without training.
//!
//! | model | score of item i for user u | paper |
//! | --- | --- | --- |
//! | [`Popularity`] | number of users of i | – |
//! | [`ItemKnn`] | Σ over j in the profile of w(u,j) · cosine(j, i), shrunk | Sarwar et al. 2001 |
//! | [`Rp3Beta`] | weight of the random walks u → j → v → i, divided by a power of i's popularity | Paudel et al. 2016 |
//! | [`Ease`] | x_u B, the best linear item-to-item map with a zero diagonal | Steck 2019 |
//! | [`Ials`] | p_u · q_i, by alternating least squares over all pairs | Hu et al. 2008, Rendle et al. 2022 |
//! | [`Bpr`] | p_u · q_i, by pairwise ranking | Rendle et al. 2009 |
//! | [`GraphWalk`] | probability that a random walk from u, with restart, is at i; also through a knowledge graph | Tong et al. 2006 |
//! | [`LightGcn`] | p_u · q_i, mixed along the graph of interactions, by pairwise ranking | He et al. 2020 |
//!
//! Scores of one model are comparable within a user; across users only as far as the model says so. Items that the user
//! took already are scored like all others: who ranks leaves them out.
//!
//! ```
//! use sgr_engine::recommend::models::{EaseConfig, EaseFit, Fit, Interactions, Recommender};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
//! // Two tastes: items 0 to 2, and items 3 and 4.
//! let (users, items) = ([0, 0, 1, 1, 2, 2, 3, 3, 4], [0, 1, 1, 2, 0, 2, 3, 4, 3]);
//! let interactions = Arc::new(Interactions::new(&users, &items, &[], 5, 5)?);
//! let config = EaseConfig { l2: 1.0, ..EaseConfig::default() };
//! let mut fit = EaseFit::new(Arc::clone(&interactions), config)?;
//! while !fit.step(&pool)?.done {}
//! let model = fit.finish()?;
//! let mut scores = [0.0; 5];
//! model.score_users(&[4], &mut scores, &pool)?;
//! assert!(scores[4] > scores[0], "who took 3 may like 4");
//! model.fold_in(&[0], &[], &mut scores)?;
//! assert!(scores[1] > scores[4]);
//! # Ok(())
//! # }
//! ```

mod bpr;
mod diagonal;
mod ease;
mod error;
mod factors;
mod graph_walk;
mod ials;
mod interactions;
mod inverse;
mod item_knn;
mod lightgcn;
mod neighbourhood;
mod normal_equations;
mod popularity;
mod rp3beta;
mod sparse;

pub use bpr::{
    Bpr, BprConfig, BprFit, DEFAULT_BPR_DIM, DEFAULT_BPR_EPOCHS, DEFAULT_BPR_INIT_DEVIATION, DEFAULT_BPR_L2,
    DEFAULT_BPR_LEARNING_RATE,
};
pub use ease::{DEFAULT_EASE_L2, Ease, EaseConfig, EaseFit, Side};
pub use error::ModelError;
pub use factors::{Factors, MAX_DIM};
pub use graph_walk::{
    DEFAULT_EDGE_WEIGHT, DEFAULT_RESTART, DEFAULT_WALK_STEPS, GraphWalk, GraphWalkConfig, MAX_WALK_STEPS,
};
pub use ials::{
    DEFAULT_IALS_DIM, DEFAULT_IALS_EPOCHS, DEFAULT_IALS_FREQUENCY_EXPONENT, DEFAULT_IALS_INIT_SCALE, DEFAULT_IALS_L2,
    DEFAULT_IALS_UNOBSERVED_WEIGHT, Ials, IalsConfig, IalsFit,
};
pub use interactions::Interactions;
pub use item_knn::{DEFAULT_NEIGHBOURS, DEFAULT_SHRINKAGE, ItemKnn, ItemKnnConfig, ItemKnnFit};
pub use lightgcn::{
    DEFAULT_LIGHTGCN_BATCH, DEFAULT_LIGHTGCN_DIM, DEFAULT_LIGHTGCN_EPOCHS, DEFAULT_LIGHTGCN_INIT_DEVIATION,
    DEFAULT_LIGHTGCN_L2, DEFAULT_LIGHTGCN_LAYERS, DEFAULT_LIGHTGCN_LEARNING_RATE, LightGcn, LightGcnConfig,
    LightGcnFit, MAX_LAYERS,
};
pub use popularity::Popularity;
pub use rp3beta::{DEFAULT_RP3BETA_ALPHA, DEFAULT_RP3BETA_BETA, Rp3Beta, Rp3BetaConfig, Rp3BetaFit};
pub use sparse::{SparseRow, SparseRows};

use rayon::prelude::*;

/// Bytes that fitting a model may take, interactions not included: 1 GiB.
pub const DEFAULT_MEMORY_LIMIT: usize = 1 << 30;

/// Multiplications of a step for each thread: some tens of milliseconds.
const STEP_COST: usize = 200_000_000;

/// Where fitting is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FitProgress {
    /// How much is done, in `0..=1`.
    pub fraction: f64,
    /// Whether all is done.
    pub done: bool,
    /// Epochs that are done, in models that have epochs.
    pub epochs_done: u32,
    /// What the model makes small, after the last epoch; see the model for its unit. NaN before, and in models without
    /// epochs.
    pub loss: f64,
}

impl FitProgress {
    /// In a model without epochs.
    fn of(done: usize, all: usize) -> FitProgress {
        let fraction = if all == 0 { 1.0 } else { done as f64 / all as f64 };
        FitProgress { fraction, done: done >= all, epochs_done: 0, loss: f64::NAN }
    }
}

/// A model that is being fitted. The caller owns the loop and may stop between two steps.
pub trait Fit {
    /// What comes of it.
    type Model: Recommender;

    /// Does some more: some tens of milliseconds on the threads of `pool`. Once all is done it does nothing.
    ///
    /// # Errors
    /// [`NotPositiveDefinite`](ModelError::NotPositiveDefinite), [`Diverged`](ModelError::Diverged). Nothing can be done
    /// with what was fitted then.
    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError>;

    /// The model. One that is learned by epochs can be had at any time once the first is done.
    ///
    /// # Errors
    /// [`Unfinished`](ModelError::Unfinished).
    fn finish(self) -> Result<Self::Model, ModelError>;
}

/// A model that scores items for users. Who stores models asks by [`Any`](std::any::Any) which one it is.
pub trait Recommender: std::any::Any + std::fmt::Debug + Send + Sync {
    /// The name of the model in SQL and in reports.
    fn name(&self) -> &'static str;

    /// Number of users that it knows.
    fn user_count(&self) -> usize;

    /// Number of items that it scores.
    fn item_count(&self) -> usize;

    /// Scores of all items for each of `users`: `scores` has a row of [`item_count`](Self::item_count) numbers per user.
    /// It does not depend on the threads of `pool`, nor on which users are asked for together.
    ///
    /// # Errors
    /// [`UnknownId`](ModelError::UnknownId), [`WrongLength`](ModelError::WrongLength).
    fn score_users(&self, users: &[u32], scores: &mut [f32], pool: &rayon::ThreadPool) -> Result<(), ModelError>;

    /// Scores of all items for a user who took `items`, with `weights` as in [`Interactions::new`] (none for weights of
    /// 1). Nothing is trained, and the user need not be known.
    ///
    /// # Errors
    /// [`NoFoldIn`](ModelError::NoFoldIn) in models that cannot do this; those of [`Interactions::new`];
    /// [`WrongLength`](ModelError::WrongLength) of `scores`.
    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError>;
}

/// Checks the arguments of [`Recommender::score_users`].
fn check_users(model: &dyn Recommender, users: &[u32], scores: &[f32]) -> Result<(), ModelError> {
    let count = model.user_count();
    if let Some(&id) = users.iter().find(|&&user| user as usize >= count) {
        return Err(ModelError::UnknownId { what: "user", id, count });
    }
    ModelError::check_length("scores", scores.len(), users.len() * model.item_count())
}

/// Scores user by user, on all threads.
fn score_each(
    model: &dyn Recommender,
    users: &[u32],
    scores: &mut [f32],
    pool: &rayon::ThreadPool,
    score: impl Fn(u32, &mut [f32]) + Sync,
) -> Result<(), ModelError> {
    check_users(model, users, scores)?;
    let width = model.item_count().max(1);
    pool.install(|| {
        users.par_iter().zip(scores.par_chunks_mut(width)).for_each(|(&user, scores)| score(user, scores));
    });
    Ok(())
}

/// The profile of a user to be folded in, checked: ascending, without repetitions.
fn profile(model: &dyn Recommender, items: &[u32], weights: &[f32], scores: &[f32]) -> Result<SparseRows, ModelError> {
    ModelError::check_length("scores", scores.len(), model.item_count())?;
    let one = Interactions::new(&vec![0; items.len()], items, weights, 1, model.item_count())?;
    Ok(one.by_user)
}
