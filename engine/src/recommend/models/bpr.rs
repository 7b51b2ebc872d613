//! BPR: Rendle, Freudenthaler, Gantner & Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback", UAI
//! 2009. Stochastic gradient ascent on `ln σ(p·q_i - p·q_j)` over users' items i and drawn items j that they did not take.
//! Threads share the vectors without locks (Hogwild: Niu, Recht, Ré & Wright, NIPS 2011).

use super::error::ModelError;
use super::factors::{Factors, MAX_DIM};
use super::interactions::Interactions;
use super::{DEFAULT_MEMORY_LIMIT, Fit, FitProgress, Recommender, STEP_COST};
use crate::kge::sampling::{self, Use};
use crate::kge::shared::Shared;
use crate::kge::simd::{dispatch, dot};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Numbers per vector.
pub const DEFAULT_BPR_DIM: usize = 64;
/// Passes over the interactions.
pub const DEFAULT_BPR_EPOCHS: u32 = 100;
/// Step size at the beginning.
pub const DEFAULT_BPR_LEARNING_RATE: f32 = 0.05;
/// Weight of the squares of the vectors.
pub const DEFAULT_BPR_L2: f32 = 0.01;
/// Standard deviation of the first vectors' numbers.
pub const DEFAULT_BPR_INIT_DEVIATION: f32 = 0.05;

/// Interactions that one stream of random numbers serves.
const CHUNK: usize = 1024;
/// Draws after which an interaction is passed over: of users who took nearly everything.
const MAX_DRAWS: usize = 32;
/// Multiplications that a step of one interaction costs per number: moves of single numbers, mostly.
const COST_PER_NUMBER: usize = 40;

/// Parameters of [`BprFit`].
#[derive(Debug, Clone, PartialEq)]
pub struct BprConfig {
    /// Numbers per vector, in `1..=2048`.
    pub dim: usize,
    /// Passes over the interactions; at least 1. The weights of interactions do not matter.
    pub epochs: u32,
    /// Step size at the beginning; it goes to 0 in a straight line. Finite, over 0.
    pub learning_rate: f32,
    /// Weight of the squares of the vectors of each pair, `l2 / 2 (|p|² + |q_i|² + |q_j|²)`; finite, at least 0.
    pub l2: f32,
    /// First vectors have numbers with this standard deviation; finite, over 0.
    pub init_deviation: f32,
    /// Seed of the first vectors, the order and the negatives. On one thread it fixes the result to the last bit, on one
    /// kind of processor; on several, steps overwrite each other now and then.
    pub seed: u64,
    /// Bytes that fitting may take.
    pub memory_limit: usize,
}

impl Default for BprConfig {
    fn default() -> Self {
        BprConfig {
            dim: DEFAULT_BPR_DIM,
            epochs: DEFAULT_BPR_EPOCHS,
            learning_rate: DEFAULT_BPR_LEARNING_RATE,
            l2: DEFAULT_BPR_L2,
            init_deviation: DEFAULT_BPR_INIT_DEVIATION,
            seed: 0,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl BprConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_count("dim", self.dim, MAX_DIM)?;
        ModelError::check_count("epochs", self.epochs as usize, u32::MAX as usize)?;
        ModelError::check_over("learning_rate", self.learning_rate, 0.0)?;
        ModelError::check_least("l2", self.l2, 0.0)?;
        ModelError::check_over("init_deviation", self.init_deviation, 0.0)
    }

    /// Bytes that fitting will take.
    pub fn estimate(&self, interactions: &Interactions) -> usize {
        Factors::bytes(interactions, self.dim).saturating_add(2 * size_of::<u32>() * interactions.len())
    }
}

/// An item that a user did not take, if a few draws find one.
pub(super) fn draw_negative(interactions: &Interactions, user: u32, rng: &mut Xoshiro256PlusPlus) -> Option<u32> {
    let taken = interactions.by_user().row(user as usize).columns;
    let mut draws = (0..MAX_DRAWS).map(|_| sampling::below(rng, interactions.item_count()) as u32);
    draws.find(|item| taken.binary_search(item).is_err())
}

/// The user of each interaction, in the order of the rows.
pub(super) fn users_of_interactions(interactions: &Interactions) -> Vec<u32> {
    let by_user = interactions.by_user();
    (0..by_user.rows()).flat_map(|user| std::iter::repeat_n(user as u32, by_user.row_len(user))).collect()
}

/// `1 / (1 + e^x)`, and `ln(1 + e^-x)`: the slope and the loss of a difference of scores.
pub(super) fn slope_and_loss(x: f32) -> (f32, f32) {
    let small = (-x.abs()).exp();
    let loss = small.ln_1p() + (-x).max(0.0);
    (if x > 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }, loss)
}

/// Fits [`Bpr`].
#[derive(Debug)]
pub struct BprFit {
    interactions: Arc<Interactions>,
    config: BprConfig,
    factors: Factors,
    users: Vec<u32>,
    order: Vec<u32>,
    next_chunk: usize,
    epochs_done: u32,
    loss: f64,
    loss_sum: f64,
}

impl BprFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`MemoryLimit`](ModelError::MemoryLimit).
    pub fn new(interactions: Arc<Interactions>, config: BprConfig) -> Result<BprFit, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        ModelError::check_memory("BPR", config.estimate(&interactions), config.memory_limit)?;
        let factors = Factors::random(&interactions, config.dim, config.init_deviation, config.seed);
        let users = users_of_interactions(&interactions);
        let order = (0..users.len() as u32).collect();
        Ok(BprFit {
            interactions,
            config,
            factors,
            users,
            order,
            next_chunk: 0,
            epochs_done: 0,
            loss: f64::NAN,
            loss_sum: 0.0,
        })
    }

    fn chunks(&self) -> usize {
        self.order.len().div_ceil(CHUNK)
    }

    /// Works on some chunks; returns the sum of their losses.
    fn run(&mut self, chunks: Range<usize>, pool: &rayon::ThreadPool) -> f64 {
        let BprFit { interactions, config, factors, users, order, epochs_done, .. } = self;
        let dim = config.dim;
        let all = f64::from(config.epochs) * order.len() as f64;
        let (user_table, item_table) = (Shared::new(&mut factors.users), Shared::new(&mut factors.items));
        let run_chunk = |rows: &mut [Vec<f32>; 3], chunk: usize| {
            let epoch = u64::from(*epochs_done);
            let mut rng = sampling::stream(config.seed, Use::RecommenderNegatives, epoch, chunk as u64);
            let first = chunk * CHUNK;
            let done = (f64::from(*epochs_done) * order.len() as f64 + first as f64) / all;
            let rate = config.learning_rate * (1.0 - done) as f32;
            let [p, q, r] = rows;
            let mut sum = 0.0;
            for &at in &order[first..order.len().min(first + CHUNK)] {
                let user = users[at as usize];
                let item = interactions.by_user().columns()[at as usize];
                let Some(other) = draw_negative(interactions, user, &mut rng) else { continue };
                let starts = [user, item, other].map(|row| row as usize * dim);
                user_table.read(starts[0], p);
                item_table.read(starts[1], q);
                item_table.read(starts[2], r);
                let (slope, loss) = slope_and_loss(dot(p, q) - dot(p, r));
                sum += f64::from(loss);
                ascend(p, q, r, 1.0 - rate * config.l2, rate * slope);
                user_table.write(starts[0], p);
                item_table.write(starts[1], q);
                item_table.write(starts[2], r);
            }
            sum
        };
        let rows = || [vec![0.0; dim], vec![0.0; dim], vec![0.0; dim]];
        let losses: Vec<f64> = pool.install(|| chunks.into_par_iter().map_init(rows, run_chunk).collect());
        losses.iter().sum()
    }
}

dispatch! {
    /// One step of user p, item q and negative r.
    fn ascend(p: &mut [f32], q: &mut [f32], r: &mut [f32], shrink: f32, factor: f32) {
        for (p, (q, r)) in p.iter_mut().zip(q.iter_mut().zip(r)) {
            let (user, difference) = (*p, *q - *r);
            *p = shrink * user + factor * difference;
            *q = shrink * *q + factor * user;
            *r = shrink * *r - factor * user;
        }
    }
}

impl Fit for BprFit {
    type Model = Bpr;

    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError> {
        if self.epochs_done < self.config.epochs {
            if self.next_chunk == 0 {
                let epoch = u64::from(self.epochs_done);
                let mut rng = sampling::stream(self.config.seed, Use::RecommenderOrder, epoch, 0);
                sampling::shuffle(&mut self.order, &mut rng);
            }
            let chunks = STEP_COST / (COST_PER_NUMBER * self.config.dim * CHUNK);
            let end = self.chunks().min(self.next_chunk + chunks.max(1) * pool.current_num_threads());
            self.loss_sum += self.run(self.next_chunk..end, pool);
            self.next_chunk = end;
            if end == self.chunks() {
                self.next_chunk = 0;
                self.epochs_done += 1;
                self.loss = std::mem::take(&mut self.loss_sum) / self.order.len() as f64;
                if !self.loss.is_finite() {
                    return Err(ModelError::Diverged { epoch: self.epochs_done });
                }
            }
        }
        let in_epoch = self.next_chunk as f64 / self.chunks() as f64;
        Ok(FitProgress {
            fraction: (f64::from(self.epochs_done) + in_epoch) / f64::from(self.config.epochs),
            done: self.epochs_done >= self.config.epochs,
            epochs_done: self.epochs_done,
            loss: self.loss,
        })
    }

    fn finish(self) -> Result<Bpr, ModelError> {
        if self.epochs_done == 0 {
            return Err(ModelError::Unfinished);
        }
        // A loss that is finite does not say that of the last step's vectors.
        let Factors { dim, users, items } = self.factors;
        let epoch = self.epochs_done;
        let factors = Factors::new(dim, users, items).map_err(|_| ModelError::Diverged { epoch })?;
        Ok(Bpr::from_parameters(factors))
    }
}

/// Scores an item by the product of its vector and the user's. Only the order within a user means something. New users
/// cannot be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Bpr {
    factors: Factors,
}

impl Bpr {
    /// Takes saved vectors.
    pub fn from_parameters(factors: Factors) -> Bpr {
        Bpr { factors }
    }

    /// The vectors.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }
}

impl Recommender for Bpr {
    fn name(&self) -> &'static str {
        "bpr"
    }

    fn user_count(&self) -> usize {
        self.factors.user_count()
    }

    fn item_count(&self) -> usize {
        self.factors.item_count()
    }

    fn score_users(&self, users: &[u32], scores: &mut [f32], pool: &rayon::ThreadPool) -> Result<(), ModelError> {
        self.factors.score_users(self, users, scores, pool)
    }

    fn fold_in(&self, _: &[u32], _: &[f32], _: &mut [f32]) -> Result<(), ModelError> {
        Err(ModelError::NoFoldIn { model: self.name() })
    }
}
