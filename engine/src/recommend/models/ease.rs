//! EASE: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019.
//!
//! With the users' rows X and `P = (XᵀX + λI)⁻¹`, scores are `X B`, `B = I - P diag(1 / diag P)`. That inverts a matrix of
//! items × items. Where there are fewer users, the identity of Woodbury gives the same from one of users × users: with
//! `M = (XXᵀ + λI)⁻¹`, `P = (I - Xᵀ M X) / λ`. Neither P nor B is built then: `X P = M X`, and rows of it come from the
//! sparse X when they are asked for.

use super::error::ModelError;
use super::interactions::Interactions;
use super::inverse::Inversion;
use super::sparse::{SparseRow, SparseRows};
use super::{DEFAULT_MEMORY_LIMIT, Fit, FitProgress, Recommender, STEP_COST, profile, score_each};
use crate::kge::simd::add_scaled;
use rayon::prelude::*;
use std::sync::Arc;

/// λ. It grows with the number of users that items have in common.
pub const DEFAULT_EASE_L2: f32 = 100.0;

/// The shares of the three parts of the work in what is reported as done.
const PARTS: [f64; 2] = [0.2, 0.95];

/// Which matrix is inverted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// That of items × items.
    Items,
    /// That of users × users.
    Users,
}

/// Parameters of [`EaseFit`].
#[derive(Debug, Clone, PartialEq)]
pub struct EaseConfig {
    /// λ: what is added to the diagonal; finite, over 0.
    pub l2: f32,
    /// Which matrix is inverted, for the same scores; `None` for the smaller one.
    pub side: Option<Side>,
    /// Bytes that fitting may take: four times the square of the smaller side, above all.
    pub memory_limit: usize,
}

impl Default for EaseConfig {
    fn default() -> Self {
        EaseConfig { l2: DEFAULT_EASE_L2, side: None, memory_limit: DEFAULT_MEMORY_LIMIT }
    }
}

impl EaseConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_over("l2", self.l2, 0.0)
    }

    /// Which matrix will be inverted.
    pub fn side(&self, user_count: usize, item_count: usize) -> Side {
        self.side.unwrap_or(if user_count < item_count { Side::Users } else { Side::Items })
    }

    /// Bytes that fitting will take.
    pub fn estimate(&self, user_count: usize, item_count: usize) -> usize {
        let side = match self.side(user_count, item_count) {
            Side::Items => item_count,
            Side::Users => user_count,
        };
        Inversion::memory_bytes(side).saturating_add(size_of::<f32>().saturating_mul(item_count))
    }
}

#[derive(Debug)]
enum State {
    /// `XᵀX + λI` or `XXᵀ + λI`, and how many rows of it are there.
    Product(Vec<f32>, usize),
    Inversion(Inversion),
    /// The inverse; the diagonal of P is still to come.
    Diagonal(Vec<f32>, Vec<f32>),
    /// Nothing is left to do, or the matrix has no inverse.
    Done(Vec<f32>, Vec<f32>),
}

/// Fits [`Ease`]. The result does not depend on threads.
#[derive(Debug)]
pub struct EaseFit {
    interactions: Arc<Interactions>,
    config: EaseConfig,
    side: Side,
    state: State,
}

impl EaseFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`MemoryLimit`](ModelError::MemoryLimit).
    pub fn new(interactions: Arc<Interactions>, config: EaseConfig) -> Result<EaseFit, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        let (users, items) = (interactions.user_count(), interactions.item_count());
        ModelError::check_memory("EASE", config.estimate(users, items), config.memory_limit)?;
        let side = config.side(users, items);
        let size = if side == Side::Items { items } else { users };
        Ok(EaseFit { interactions, config, side, state: State::Product(vec![0.0; size * size], 0) })
    }

    /// The rows of which products are inverted, and the same the other way round.
    fn rows(&self) -> (&SparseRows, &SparseRows) {
        let (by_user, by_item) = (self.interactions.by_user(), self.interactions.by_item());
        if self.side == Side::Items { (by_item, by_user) } else { (by_user, by_item) }
    }

    fn progress(&self) -> FitProgress {
        let [product, inverse] = PARTS;
        let size = self.rows().0.rows().max(1) as f64;
        let fraction = match &self.state {
            State::Product(_, rows) => product * *rows as f64 / size,
            State::Inversion(inversion) => product + (inverse - product) * inversion.fraction(),
            State::Diagonal(_, found) => {
                inverse + (1.0 - inverse) * found.len() as f64 / self.interactions.item_count() as f64
            }
            State::Done(..) => 1.0,
        };
        FitProgress { fraction, done: matches!(self.state, State::Done(..)), epochs_done: 0, loss: f64::NAN }
    }

    /// Rows of the product, `first..`; returns where it stopped.
    fn multiply(&self, matrix: &mut [f32], first: usize, budget: usize) -> usize {
        let (rows, columns) = self.rows();
        let size = rows.rows();
        let cost = |row| size + rows.row(row).columns.iter().map(|&at| columns.row_len(at as usize)).sum::<usize>();
        let end = SparseRows::rows_within(size, first, budget / 4, cost);
        matrix[first * size..end * size].par_chunks_mut(size).zip(first..end).for_each(|(to, row)| {
            for (at, weight) in rows.row(row).iter() {
                columns.row(at as usize).add_to(weight, to);
            }
            to[row] += self.config.l2;
        });
        end
    }

    /// Some more of the diagonal of P.
    fn diagonal(&self, inverse: &[f32], first: usize, budget: usize) -> Vec<f32> {
        let (by_item, size) = (self.interactions.by_item(), self.rows().0.rows());
        if self.side == Side::Items {
            return (first..size).map(|item| inverse[item * size + item]).collect();
        }
        let end = SparseRows::rows_within(by_item.rows(), first, budget / 4, |item| 1 + by_item.row_len(item).pow(2));
        let of_item = |item: usize| {
            let users = by_item.row(item);
            let mut sum = 0.0;
            for (user, weight) in users.iter() {
                let row = &inverse[user as usize * size..][..size];
                sum += weight * users.iter().map(|(other, weight)| weight * row[other as usize]).sum::<f32>();
            }
            (1.0 - sum) / self.config.l2
        };
        (first..end).into_par_iter().map(of_item).collect()
    }
}

impl Fit for EaseFit {
    type Model = Ease;

    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError> {
        let budget = STEP_COST * pool.current_num_threads();
        let state = std::mem::replace(&mut self.state, State::Done(Vec::new(), Vec::new()));
        self.state = match state {
            State::Product(mut matrix, first) => {
                let size = self.rows().0.rows();
                match pool.install(|| self.multiply(&mut matrix, first, budget)) {
                    end if end == size => State::Inversion(Inversion::new(matrix, size)),
                    end => State::Product(matrix, end),
                }
            }
            State::Inversion(mut inversion) => match pool.install(|| inversion.step(budget * 2))? {
                true => State::Diagonal(inversion.finish(), Vec::new()),
                false => State::Inversion(inversion),
            },
            State::Diagonal(inverse, mut found) => {
                found.extend(pool.install(|| self.diagonal(&inverse, found.len(), budget)));
                match found.len() == self.interactions.item_count() {
                    true => State::Done(inverse, found),
                    false => State::Diagonal(inverse, found),
                }
            }
            done => done,
        };
        Ok(self.progress())
    }

    fn finish(self) -> Result<Ease, ModelError> {
        match self.state {
            State::Done(inverse, diagonal) if !diagonal.is_empty() => {
                let EaseFit { interactions, config, side, .. } = self;
                Ok(Ease { interactions, l2: config.l2, side, inverse, diagonal })
            }
            _ => Err(ModelError::Unfinished),
        }
    }
}

/// The best linear map from what a user took to all items.
#[derive(Debug, Clone, PartialEq)]
pub struct Ease {
    interactions: Arc<Interactions>,
    l2: f32,
    side: Side,
    /// P or M.
    inverse: Vec<f32>,
    /// Of P.
    diagonal: Vec<f32>,
}

impl Ease {
    /// Takes what [`l2`](Self::l2), [`side`](Self::side), [`inverse`](Self::inverse) and [`diagonal`](Self::diagonal) gave,
    /// with the interactions that were learned.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig) for `l2`; [`WrongLength`](ModelError::WrongLength);
    /// [`InvalidParameters`](ModelError::InvalidParameters) for numbers that are not finite, or not over 0 in the diagonal.
    pub fn from_parameters(
        interactions: Arc<Interactions>,
        l2: f32,
        side: Side,
        inverse: Vec<f32>,
        diagonal: Vec<f32>,
    ) -> Result<Ease, ModelError> {
        EaseConfig { l2, ..EaseConfig::default() }.validate()?;
        let size = if side == Side::Items { interactions.item_count() } else { interactions.user_count() };
        ModelError::check_length("inverse", inverse.len(), size * size)?;
        ModelError::check_length("diagonal", diagonal.len(), interactions.item_count())?;
        ModelError::check_finite("inverse", &inverse)?;
        // NaN is not over 0.
        if let Some(at) = diagonal.iter().position(|&number| !(number > 0.0 && number.is_finite())) {
            return Err(ModelError::InvalidParameters { what: "diagonal", at });
        }
        Ok(Ease { interactions, l2, side, inverse, diagonal })
    }

    /// λ.
    pub fn l2(&self) -> f32 {
        self.l2
    }

    /// Which matrix was inverted.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The inverse of `XᵀX + λI`, or of `XXᵀ + λI`: row by row, symmetric.
    pub fn inverse(&self) -> &[f32] {
        &self.inverse
    }

    /// The diagonal of the inverse of `XᵀX + λI`: a number per item.
    pub fn diagonal(&self) -> &[f32] {
        &self.diagonal
    }

    /// `scores = x P` becomes `x - x P / diag P`.
    fn finish_scores(&self, profile: SparseRow<'_>, scores: &mut [f32]) {
        for (score, diagonal) in scores.iter_mut().zip(&self.diagonal) {
            *score = -*score / diagonal;
        }
        profile.add_to(1.0, scores);
    }

    /// `scores = sum of x_j P_j`.
    fn multiply_items(&self, profile: SparseRow<'_>, scores: &mut [f32]) {
        let items = self.interactions.item_count();
        scores.fill(0.0);
        for (item, weight) in profile.iter() {
            add_scaled(scores, weight, &self.inverse[item as usize * items..][..items]);
        }
    }

    /// `scores = row X`, for a row with a number per user.
    fn multiply_users(&self, row: &[f32], scores: &mut [f32]) {
        scores.fill(0.0);
        for (user, &factor) in row.iter().enumerate() {
            self.interactions.by_user().row(user).add_to(factor, scores);
        }
    }
}

impl Recommender for Ease {
    fn name(&self) -> &'static str {
        "ease"
    }

    fn user_count(&self) -> usize {
        self.interactions.user_count()
    }

    fn item_count(&self) -> usize {
        self.interactions.item_count()
    }

    fn score_users(&self, users: &[u32], scores: &mut [f32], pool: &rayon::ThreadPool) -> Result<(), ModelError> {
        let count = self.interactions.user_count();
        score_each(self, users, scores, pool, |user, scores| {
            let profile = self.interactions.by_user().row(user as usize);
            match self.side {
                Side::Items => self.multiply_items(profile, scores),
                Side::Users => self.multiply_users(&self.inverse[user as usize * count..][..count], scores),
            }
            self.finish_scores(profile, scores);
        })
    }

    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError> {
        let profile = profile(self, items, weights, scores)?;
        let profile = profile.row(0);
        match self.side {
            Side::Items => self.multiply_items(profile, scores),
            Side::Users => {
                // x P = (x - x Xᵀ M X) / λ
                let count = self.interactions.user_count();
                let mut common = vec![0.0; count];
                for (item, weight) in profile.iter() {
                    self.interactions.by_item().row(item as usize).add_to(weight, &mut common);
                }
                let mut row = vec![0.0; count];
                for (user, &factor) in common.iter().enumerate().filter(|(_, factor)| **factor != 0.0) {
                    add_scaled(&mut row, factor, &self.inverse[user * count..][..count]);
                }
                self.multiply_users(&row, scores);
                for score in scores.iter_mut() {
                    *score *= -1.0 / self.l2;
                }
                profile.add_to(1.0 / self.l2, scores);
            }
        }
        self.finish_scores(profile, scores);
        Ok(())
    }
}
