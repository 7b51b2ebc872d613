//! iALS: Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008; with the objective and
//! the regularisation by frequency of Rendle, Krichene, Zhang & Koren, "Revisiting the performance of iALS on item
//! recommendation benchmarks", RecSys 2022 (arXiv 2110.14037).
//!
//! It makes small, over vectors p of users and q of items,
//! `Σ over interactions of w (1 - p·q)² + α₀ Σ over all pairs of (p·q)² + Σ λ_u |p|² + Σ λ_i |q|²`,
//! `λ_u = l2 (n_u + α₀ items)^ν` with n_u the number of u's interactions, and λ_i likewise: by turns of the users, with the
//! items fixed, and the items. Each turn solves one system of `dim` equations per row, exactly.
//!
//! Products do not change when all vectors are rotated alike. So each turn first takes the eigenvectors of the fixed
//! side's Gram matrix `YᵀY` as axes: there that matrix is diagonal, and with it what all systems of the turn have in common,
//! whatever their `λ`. A row with fewer interactions than `dim`, as most have, is then a system of as many equations as it
//! has interactions.

use super::diagonal::Diagonalisation;
use super::error::ModelError;
use super::factors::{Factors, MAX_DIM};
use super::interactions::Interactions;
use super::normal_equations::{Gram, Left, Solver};
use super::sparse::{SparseRow, SparseRows};
use super::{DEFAULT_MEMORY_LIMIT, Fit, FitProgress, Recommender, STEP_COST, profile};
use crate::kge::product::{Matrix, multiply};
use crate::kge::simd::dot;
use rayon::prelude::*;
use std::sync::Arc;

/// Numbers per vector.
pub const DEFAULT_IALS_DIM: usize = 64;
/// Turns of users and items.
pub const DEFAULT_IALS_EPOCHS: u32 = 16;
/// α₀.
pub const DEFAULT_IALS_UNOBSERVED_WEIGHT: f32 = 0.1;
/// λ.
pub const DEFAULT_IALS_L2: f32 = 0.01;
/// ν.
pub const DEFAULT_IALS_FREQUENCY_EXPONENT: f32 = 1.0;
/// Standard deviation of the first vectors' numbers, times the root of `dim`.
pub const DEFAULT_IALS_INIT_SCALE: f32 = 0.1;

/// Rows that are solved with one set of buffers.
const ROWS_PER_TASK: usize = 32;
/// Rows that are multiplied at a time for a Gram matrix. It fixes the order of additions, and with it the result.
const ROWS_PER_PRODUCT: usize = 4096;

/// Parameters of [`IalsFit`].
#[derive(Debug, Clone, PartialEq)]
pub struct IalsConfig {
    /// Numbers per vector, in `1..=2048`.
    pub dim: usize,
    /// Turns of users and items; at least 1.
    pub epochs: u32,
    /// α₀: the weight of a pair without interaction; finite, over 0.
    pub unobserved_weight: f32,
    /// λ; finite, over 0.
    pub l2: f32,
    /// ν: how much more frequent users and items are regularised, in `0..=1`; 0 is the same for all.
    pub frequency_exponent: f32,
    /// First vectors have numbers with this standard deviation over the root of `dim`; finite, over 0.
    pub init_scale: f32,
    /// Seed of the first vectors.
    pub seed: u64,
    /// Bytes that fitting may take.
    pub memory_limit: usize,
}

impl Default for IalsConfig {
    fn default() -> Self {
        IalsConfig {
            dim: DEFAULT_IALS_DIM,
            epochs: DEFAULT_IALS_EPOCHS,
            unobserved_weight: DEFAULT_IALS_UNOBSERVED_WEIGHT,
            l2: DEFAULT_IALS_L2,
            frequency_exponent: DEFAULT_IALS_FREQUENCY_EXPONENT,
            init_scale: DEFAULT_IALS_INIT_SCALE,
            seed: 0,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl IalsConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_count("dim", self.dim, MAX_DIM)?;
        ModelError::check_count("epochs", self.epochs as usize, u32::MAX as usize)?;
        ModelError::check_over("unobserved_weight", self.unobserved_weight, 0.0)?;
        ModelError::check_over("l2", self.l2, 0.0)?;
        ModelError::check_over("init_scale", self.init_scale, 0.0)?;
        let exponent = self.frequency_exponent;
        if !(0.0..=1.0).contains(&exponent) {
            return Err(ModelError::invalid("frequency_exponent", format!("must be in 0..=1, not {exponent}")));
        }
        Ok(())
    }

    /// Bytes that fitting will take on so many threads.
    pub fn estimate(&self, interactions: &Interactions, threads: usize) -> usize {
        let buffers = Solver::memory_bytes(self.dim).saturating_mul(threads);
        let rows = interactions.user_count().max(interactions.item_count());
        let grams = size_of::<f32>().saturating_mul((2 + rows / ROWS_PER_PRODUCT).saturating_mul(self.dim * self.dim));
        let axes = Diagonalisation::memory_bytes(self.dim).saturating_add(Factors::rotation_bytes(self.dim, threads));
        Factors::bytes(interactions, self.dim).saturating_add(buffers).saturating_add(grams).saturating_add(axes)
    }

    /// `λ_r` of a row with so many of `others` possible interactions.
    fn ridge(&self, interactions: usize, others: usize) -> f32 {
        let frequency = interactions as f32 + self.unobserved_weight * others as f32;
        self.l2 * frequency.powf(self.frequency_exponent)
    }

    /// The vector of a row that makes the loss smallest, with those of the other side fixed.
    fn solve(
        &self,
        solver: &mut Solver,
        row: SparseRow<'_>,
        others: &[f32],
        gram: Gram<'_>,
        to: &mut [f32],
    ) -> Result<(), ModelError> {
        if row.columns.is_empty() {
            to.fill(0.0);
            return Ok(());
        }
        let ridge = self.ridge(row.columns.len(), others.len() / self.dim);
        let left = Left { factor: self.unobserved_weight, gram, ridge };
        solver.solve(&left, row, others, to).map_err(|row| ModelError::NotPositiveDefinite { row })
    }
}

/// `YᵀY`, on the threads of the current pool.
fn gram(vectors: &[f32], dim: usize) -> Vec<f32> {
    let of_rows = |vectors: &[f32]| {
        let rows = Matrix::new(vectors, vectors.len() / dim, dim);
        let mut product = vec![0.0; dim * dim];
        multiply(1.0, rows.transposed(), rows, 0.0, &mut product);
        product
    };
    let parts: Vec<Vec<f32>> = vectors.par_chunks(ROWS_PER_PRODUCT * dim).map(of_rows).collect();
    let mut sum = vec![0.0; dim * dim];
    for part in parts {
        sum.iter_mut().zip(part).for_each(|(sum, number)| *sum += number);
    }
    sum
}

/// What is being done within an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Users,
    Items,
    Loss,
}

/// Fits [`Ials`]. The result does not depend on threads.
#[derive(Debug)]
pub struct IalsFit {
    interactions: Arc<Interactions>,
    config: IalsConfig,
    factors: Factors,
    turn: Turn,
    next_row: usize,
    /// On its way to the axes of this turn, before the first row.
    rotation: Option<Diagonalisation>,
    /// The diagonal of the Gram matrix of the vectors that are fixed in this turn; empty before they are rotated.
    spectrum: Vec<f32>,
    epochs_done: u32,
    loss: f64,
    loss_sum: f64,
}

impl IalsFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`MemoryLimit`](ModelError::MemoryLimit).
    pub fn new(
        interactions: Arc<Interactions>,
        config: IalsConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<IalsFit, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        let needed = config.estimate(&interactions, pool.current_num_threads());
        ModelError::check_memory("iALS", needed, config.memory_limit)?;
        let deviation = config.init_scale / (config.dim as f32).sqrt();
        let factors = Factors::random(&interactions, config.dim, deviation, config.seed);
        Ok(IalsFit {
            interactions,
            config,
            factors,
            turn: Turn::Users,
            next_row: 0,
            rotation: None,
            spectrum: Vec::new(),
            epochs_done: 0,
            loss: f64::NAN,
            loss_sum: 0.0,
        })
    }

    /// Rotates all vectors so that the Gram matrix of those that are fixed is diagonal; returns whether that is done.
    fn rotate_axes(&mut self, budget: usize) -> bool {
        let (factors, dim) = (&mut self.factors, self.config.dim);
        let mut rotation = self.rotation.take().unwrap_or_else(|| {
            let others = if self.turn == Turn::Users { &factors.items } else { &factors.users };
            Diagonalisation::new(&gram(others, dim), dim)
        });
        if !rotation.step(budget) {
            self.rotation = Some(rotation);
            return false;
        }
        let (eigenvalues, axes) = rotation.finish();
        factors.rotate(&axes);
        // A Gram matrix has no negative ones; rounding makes some of those that are next to nothing.
        self.spectrum = eigenvalues.into_iter().map(|value| if value < 0.0 { 0.0 } else { value }).collect();
        true
    }

    /// Solves some rows of users or items; returns whether those were the last.
    fn solve_rows(&mut self, budget: usize) -> Result<bool, ModelError> {
        if self.spectrum.is_empty() && !self.rotate_axes(budget / rayon::current_num_threads()) {
            return Ok(false);
        }
        if self.spectrum.iter().any(|value| !value.is_finite()) {
            return Err(ModelError::Diverged { epoch: self.epochs_done + 1 });
        }
        let IalsFit { interactions, config, factors, spectrum, .. } = self;
        let dim = config.dim;
        let (rows, own, others) = match self.turn {
            Turn::Users => (interactions.by_user(), &mut factors.users, &factors.items),
            _ => (interactions.by_item(), &mut factors.items, &factors.users),
        };
        let first = self.next_row;
        let end = SparseRows::rows_within(rows.rows(), first, budget, |row| Solver::cost(dim, rows.row_len(row)));
        own[first * dim..end * dim].par_chunks_mut(ROWS_PER_TASK * dim).enumerate().try_for_each_init(
            || Solver::new(dim),
            |solver, (task, vectors)| {
                let first = first + task * ROWS_PER_TASK;
                vectors.chunks_exact_mut(dim).zip(first..).try_for_each(|(vector, row)| {
                    config.solve(solver, rows.row(row), others, Gram::Diagonal(spectrum), vector)
                })
            },
        )?;
        self.next_row = end;
        Ok(end == rows.rows())
    }

    /// Adds up what interactions of some users lose; returns whether those were the last.
    fn add_loss(&mut self, budget: usize) -> bool {
        let (by_user, factors) = (self.interactions.by_user(), &self.factors);
        let end = SparseRows::rows_within(by_user.rows(), self.next_row, budget, |user| {
            by_user.row_len(user) * self.config.dim
        });
        let of_user = |user: usize| {
            let vector = factors.user(user as u32);
            let lost = |(item, weight): (u32, f32)| {
                let miss = f64::from(1.0 - dot(vector, factors.item(item)));
                f64::from(weight) * miss * miss
            };
            by_user.row(user).iter().map(lost).sum::<f64>()
        };
        let lost: Vec<f64> = (self.next_row..end).into_par_iter().map(of_user).collect();
        self.loss_sum += lost.iter().sum::<f64>();
        self.next_row = end;
        end == by_user.rows()
    }

    /// The terms of the loss besides those of single interactions.
    fn other_loss(&self) -> f64 {
        let (factors, dim) = (&self.factors, self.config.dim);
        let (users, items) = (gram(&factors.users, dim), gram(&factors.items, dim));
        let all: f64 = users.iter().zip(&items).map(|(&user, &item)| f64::from(user) * f64::from(item)).sum();
        let penalty = |vectors: &[f32], rows: &SparseRows, others: usize| -> f64 {
            let rows = vectors.chunks_exact(dim).zip(0..rows.rows()).map(|(vector, row)| {
                f64::from(self.config.ridge(rows.row_len(row), others)) * f64::from(dot(vector, vector))
            });
            rows.sum()
        };
        f64::from(self.config.unobserved_weight) * all
            + penalty(&factors.users, self.interactions.by_user(), factors.item_count())
            + penalty(&factors.items, self.interactions.by_item(), factors.user_count())
    }

    fn step_in_pool(&mut self, budget: usize) -> Result<(), ModelError> {
        let turn_is_over = match self.turn {
            Turn::Loss => self.add_loss(budget),
            _ => self.solve_rows(budget)?,
        };
        if !turn_is_over {
            return Ok(());
        }
        self.next_row = 0;
        self.spectrum.clear();
        self.turn = match self.turn {
            Turn::Users => Turn::Items,
            Turn::Items => Turn::Loss,
            Turn::Loss => {
                self.loss = std::mem::take(&mut self.loss_sum) + self.other_loss();
                self.epochs_done += 1;
                if !self.loss.is_finite() {
                    return Err(ModelError::Diverged { epoch: self.epochs_done });
                }
                Turn::Users
            }
        };
        Ok(())
    }
}

impl Fit for IalsFit {
    type Model = Ials;

    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError> {
        if self.epochs_done < self.config.epochs {
            pool.install(|| self.step_in_pool(STEP_COST * pool.current_num_threads()))?;
        }
        let (users, items) = (self.interactions.user_count(), self.interactions.item_count());
        let in_epoch = match self.turn {
            Turn::Users => self.next_row,
            Turn::Items => users + self.next_row,
            Turn::Loss => users + items,
        };
        let in_epoch = in_epoch as f64 / (users + items) as f64;
        Ok(FitProgress {
            fraction: ((f64::from(self.epochs_done) + in_epoch) / f64::from(self.config.epochs)).min(1.0),
            done: self.epochs_done >= self.config.epochs,
            epochs_done: self.epochs_done,
            loss: self.loss,
        })
    }

    fn finish(self) -> Result<Ials, ModelError> {
        if self.epochs_done == 0 {
            return Err(ModelError::Unfinished);
        }
        Ok(Ials::with_factors(self.factors, self.config))
    }
}

/// Scores an item by the product of its vector and the user's. A pair that is there has a score towards 1, others towards
/// 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Ials {
    factors: Factors,
    config: IalsConfig,
    /// Of the items.
    gram: Vec<f32>,
}

impl Ials {
    /// Takes saved vectors, with the config that they were learned with.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), also where `dim` is not that of the vectors.
    pub fn from_parameters(factors: Factors, config: IalsConfig) -> Result<Ials, ModelError> {
        config.validate()?;
        if config.dim != factors.dim {
            let message = format!("must be {}, as the vectors are, not {}", factors.dim, config.dim);
            return Err(ModelError::invalid("dim", message));
        }
        Ok(Ials::with_factors(factors, config))
    }

    fn with_factors(factors: Factors, config: IalsConfig) -> Ials {
        let gram = gram(&factors.items, factors.dim);
        Ials { factors, config, gram }
    }

    /// The vectors.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }

    /// What they were learned with.
    pub fn config(&self) -> &IalsConfig {
        &self.config
    }

    /// The vector of a user who took `items`: what a turn of the users would give them.
    ///
    /// # Errors
    /// Those of [`Interactions::new`]; [`NotPositiveDefinite`](ModelError::NotPositiveDefinite).
    pub fn fold_in_vector(&self, items: &[u32], weights: &[f32]) -> Result<Vec<f32>, ModelError> {
        let one = Interactions::new(&vec![0; items.len()], items, weights, 1, self.factors.item_count())?;
        self.solve(one.by_user().row(0))
    }

    fn solve(&self, row: SparseRow<'_>) -> Result<Vec<f32>, ModelError> {
        let mut vector = vec![0.0; self.factors.dim];
        let mut solver = Solver::new(self.factors.dim);
        self.config.solve(&mut solver, row, &self.factors.items, Gram::Full(&self.gram), &mut vector)?;
        Ok(vector)
    }
}

impl Recommender for Ials {
    fn name(&self) -> &'static str {
        "ials"
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

    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError> {
        let profile = profile(self, items, weights, scores)?;
        let vector = self.solve(profile.row(0))?;
        self.factors.score(&vector, scores);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Arc, IalsConfig, IalsFit, Interactions, SparseRows};
    use crate::kge::sampling::{self, Use, below};
    use rayon::ThreadPoolBuilder;

    /// The solution of `left x = right`, by elimination.
    fn solved(mut left: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
        let dim = right.len();
        for pivot in 0..dim {
            let (of_pivot, right_of_pivot) = (left[pivot].clone(), right[pivot]);
            for row in (0..dim).filter(|&row| row != pivot) {
                let factor = left[row][pivot] / of_pivot[pivot];
                left[row].iter_mut().zip(&of_pivot).for_each(|(number, above)| *number -= factor * above);
                right[row] -= factor * right_of_pivot;
            }
        }
        (0..dim).map(|at| right[at] / left[at][at]).collect()
    }

    /// What the definition says of some rows, with `others` fixed.
    fn turn(
        config: &IalsConfig,
        rows: &SparseRows,
        which: std::ops::Range<usize>,
        others: &[Vec<f64>],
        own: &mut [Vec<f64>],
    ) {
        let dim = config.dim;
        for row in which {
            let entries: Vec<(u32, f32)> = rows.row(row).iter().collect();
            let frequency = entries.len() as f64 + f64::from(config.unobserved_weight) * others.len() as f64;
            let ridge = f64::from(config.l2) * frequency.powf(config.frequency_exponent.into());
            let (mut left, mut right) = (vec![vec![0.0; dim]; dim], vec![0.0; dim]);
            for (at, other) in others.iter().enumerate() {
                let weight = entries.iter().find(|entry| entry.0 as usize == at).map_or(0.0, |entry| entry.1.into());
                for a in 0..dim {
                    right[a] += weight * other[a];
                    for b in 0..dim {
                        left[a][b] += (weight + f64::from(config.unobserved_weight)) * other[a] * other[b];
                    }
                }
            }
            (0..dim).for_each(|at| left[at][at] += ridge);
            own[row] = if entries.is_empty() { vec![0.0; dim] } else { solved(left, right) };
        }
    }

    fn rows_of(numbers: &[f32], dim: usize) -> Vec<Vec<f64>> {
        numbers.chunks(dim).map(|row| row.iter().map(|&number| number.into()).collect()).collect()
    }

    fn products(users: &[Vec<f64>], items: &[Vec<f64>]) -> Vec<f64> {
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum();
        users.iter().flat_map(|user| items.iter().map(move |item| product(user, item))).collect()
    }

    /// Rows have fewer interactions than `dim`, and more; some have none.
    #[test]
    fn turns_are_those_of_the_definition_in_any_axes() {
        for seed in 0..60 {
            let mut rng = sampling::stream(seed, Use::RecommenderFactors, 7, 0);
            let (user_count, item_count) = (2 + below(&mut rng, 30), 2 + below(&mut rng, 30));
            let count = 1 + below(&mut rng, user_count * item_count);
            let mut draw = |among: usize| -> Vec<u32> { (0..count).map(|_| below(&mut rng, among) as u32).collect() };
            let (users, items, weights) = (draw(user_count), draw(item_count), draw(5));
            let weights: Vec<f32> = weights.iter().map(|&weight| weight as f32 + 0.5).collect();
            let data = Arc::new(Interactions::new(&users, &items, &weights, user_count, item_count).unwrap());
            let config = IalsConfig {
                dim: 1 + seed as usize % 17,
                init_scale: 1.0,
                frequency_exponent: [0.0, 0.5, 1.0][seed as usize % 3],
                seed,
                ..IalsConfig::default()
            };
            let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            let mut fit = IalsFit::new(Arc::clone(&data), config.clone(), &pool).unwrap();
            let mut users = rows_of(&fit.factors.users, config.dim);
            let mut items = rows_of(&fit.factors.items, config.dim);
            let check = |fit: &IalsFit, users: &[Vec<f64>], items: &[Vec<f64>]| {
                let [found_users, found_items] =
                    [&fit.factors.users, &fit.factors.items].map(|rows| rows_of(rows, config.dim));
                let (found, expected) = (products(&found_users, &found_items), products(users, items));
                let miss = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(miss < 1e-4, "seed {seed}: {miss}");
            };
            for _ in 0..2 {
                turn(&config, data.by_user(), 0..user_count, &items, &mut users);
                pool.install(|| fit.step_in_pool(usize::MAX)).unwrap();
                check(&fit, &users, &items);
                turn(&config, data.by_item(), 0..item_count, &users, &mut items);
                pool.install(|| fit.step_in_pool(usize::MAX)).unwrap();
                check(&fit, &users, &items);
                pool.install(|| fit.step_in_pool(usize::MAX)).unwrap();
            }
            // In the middle of a turn all vectors have the same axes, too.
            while fit.next_row == 0 {
                pool.install(|| fit.solve_rows(1)).unwrap();
            }
            turn(&config, data.by_user(), 0..fit.next_row, &items, &mut users);
            check(&fit, &users, &items);
        }
    }
}
