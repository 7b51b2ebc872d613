//! LightGCN: He, Deng, Wang, Li, Zhang & Wang, "LightGCN: simplifying and powering graph convolution network for
//! recommendation", SIGIR 2020.
//!
//! With E the vectors of users and items, one below the other, and Â the graph of interactions, symmetrically normalised
//! (`1 / √(degree · degree)` on each edge), scores are products of rows of `F = (E + ÂE + … + Â^L E) / (L + 1)`. The loss is
//! that of BPR. F is a symmetric linear map of E, so the gradient takes the same way back: from that of F, by the same map.
//! Adam (Kingma & Ba 2015) makes the steps.

use super::bpr::{draw_negative, slope_and_loss, users_of_interactions};
use super::error::ModelError;
use super::factors::{Factors, MAX_DIM};
use super::interactions::Interactions;
use super::sparse::SparseRows;
use super::{DEFAULT_MEMORY_LIMIT, Fit, FitProgress, Recommender, STEP_COST};
use crate::kge::Optimizer;
use crate::kge::sampling::{self, Use};
use crate::kge::simd::{add_scaled, dot};
use rayon::prelude::*;
use std::sync::Arc;

/// Numbers per vector.
pub const DEFAULT_LIGHTGCN_DIM: usize = 64;
/// L.
pub const DEFAULT_LIGHTGCN_LAYERS: u32 = 3;
/// Passes over the interactions.
pub const DEFAULT_LIGHTGCN_EPOCHS: u32 = 40;
/// Interactions per step of the optimiser.
pub const DEFAULT_LIGHTGCN_BATCH: usize = 2048;
/// Step size of Adam.
pub const DEFAULT_LIGHTGCN_LEARNING_RATE: f32 = 0.005;
/// Weight of the squares of the vectors.
pub const DEFAULT_LIGHTGCN_L2: f32 = 1e-4;
/// Standard deviation of the first vectors' numbers.
pub const DEFAULT_LIGHTGCN_INIT_DEVIATION: f32 = 0.1;
/// The largest `layers`.
pub const MAX_LAYERS: u32 = 16;

/// Rows that a thread takes at a time.
const ROWS_PER_TASK: usize = 64;
/// Multiplications that Adam's step costs per number.
const COST_PER_NUMBER: usize = 16;

/// Parameters of [`LightGcnFit`].
#[derive(Debug, Clone, PartialEq)]
pub struct LightGcnConfig {
    /// Numbers per vector, in `1..=2048`.
    pub dim: usize,
    /// L: how many edges away vectors are mixed in, in `0..=16`; 0 is matrix factorisation.
    pub layers: u32,
    /// Passes over the interactions; at least 1. The weights of interactions do not matter.
    pub epochs: u32,
    /// Interactions per step of the optimiser; at least 1. Each step propagates through the whole graph, twice.
    pub batch: usize,
    /// Step size of Adam; it goes to 0 in a straight line. Finite, over 0.
    pub learning_rate: f32,
    /// Weight of the squares of the vectors (of E) of each pair, `l2 / 2 (|e_u|² + |e_i|² + |e_j|²)`; finite, at least 0.
    pub l2: f32,
    /// First vectors have numbers with this standard deviation; finite, over 0.
    pub init_deviation: f32,
    /// Seed of the first vectors, the order and the negatives.
    pub seed: u64,
    /// Bytes that fitting may take.
    pub memory_limit: usize,
}

impl Default for LightGcnConfig {
    fn default() -> Self {
        LightGcnConfig {
            dim: DEFAULT_LIGHTGCN_DIM,
            layers: DEFAULT_LIGHTGCN_LAYERS,
            epochs: DEFAULT_LIGHTGCN_EPOCHS,
            batch: DEFAULT_LIGHTGCN_BATCH,
            learning_rate: DEFAULT_LIGHTGCN_LEARNING_RATE,
            l2: DEFAULT_LIGHTGCN_L2,
            init_deviation: DEFAULT_LIGHTGCN_INIT_DEVIATION,
            seed: 0,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl LightGcnConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_count("dim", self.dim, MAX_DIM)?;
        if self.layers > MAX_LAYERS {
            return Err(ModelError::invalid("layers", format!("must be in 0..={MAX_LAYERS}, not {}", self.layers)));
        }
        ModelError::check_count("epochs", self.epochs as usize, u32::MAX as usize)?;
        ModelError::check_count("batch", self.batch, u32::MAX as usize)?;
        ModelError::check_over("learning_rate", self.learning_rate, 0.0)?;
        ModelError::check_least("l2", self.l2, 0.0)?;
        ModelError::check_over("init_deviation", self.init_deviation, 0.0)
    }

    /// Bytes that fitting will take.
    pub fn estimate(&self, interactions: &Interactions) -> usize {
        let rows = interactions.user_count().saturating_add(interactions.item_count());
        // E, the gradient and two buffers; two moments.
        let tables = Factors::bytes(interactions, self.dim).saturating_mul(6).saturating_add(rows * size_of::<f32>());
        // The graph while it is transposed, users and order of the interactions.
        let edges = 2 * SparseRows::bytes(rows, 2 * interactions.len()) + 2 * size_of::<u32>() * interactions.len();
        let batch = size_of::<[u32; 3]>().saturating_mul(self.batch.min(interactions.len()));
        tables.saturating_add(edges).saturating_add(batch)
    }
}

/// Â: users, then items.
fn normalised_graph(interactions: &Interactions) -> SparseRows {
    let (by_user, by_item) = (interactions.by_user(), interactions.by_item());
    let users = by_user.rows();
    let edge = |user: usize, item: usize| 1.0 / ((by_user.row_len(user) * by_item.row_len(item)) as f32).sqrt();
    let mut graph = SparseRows { offsets: vec![0], ..SparseRows::default() };
    for user in 0..users {
        for &item in by_user.row(user).columns {
            graph.columns.push(users as u32 + item);
            graph.values.push(edge(user, item as usize));
        }
        graph.offsets.push(graph.columns.len());
    }
    for item in 0..by_item.rows() {
        for &user in by_item.row(item).columns {
            graph.columns.push(user);
            graph.values.push(edge(user as usize, item));
        }
        graph.offsets.push(graph.columns.len());
    }
    graph
}

/// A row of `factor * (source + Â current)`.
fn propagate_row(
    graph: &SparseRows,
    row: usize,
    dim: usize,
    factor: f32,
    source: &[f32],
    current: &[f32],
    to: &mut [f32],
) {
    to.copy_from_slice(&source[row * dim..][..dim]);
    for (other, edge) in graph.row(row).iter() {
        add_scaled(to, edge, &current[other as usize * dim..][..dim]);
    }
    to.iter_mut().for_each(|number| *number *= factor);
}

/// `(S + ÂS + … + Â^L S) / (L + 1)` under way, by Horner's rule.
#[derive(Debug)]
struct Propagation {
    layers: u32,
    dim: usize,
    current: Vec<f32>,
    next: Vec<f32>,
    layer: u32,
    next_row: usize,
}

impl Propagation {
    fn new(numbers: usize, dim: usize, layers: u32) -> Propagation {
        Propagation { layers, dim, current: vec![0.0; numbers], next: vec![0.0; numbers], layer: 0, next_row: 0 }
    }

    fn start(&mut self, source: &[f32]) {
        self.current.copy_from_slice(source);
        self.layer = 0;
        self.next_row = 0;
    }

    /// The scale of a layer's result: that of the mean, at the last.
    fn factor(&self) -> f32 {
        if self.layer + 1 == self.layers { 1.0 / (self.layers + 1) as f32 } else { 1.0 }
    }

    /// Does some rows, on the threads of the current pool; returns whether `current` is the result.
    fn step(&mut self, graph: &SparseRows, source: &[f32], budget: usize) -> bool {
        if self.layer == self.layers {
            return true;
        }
        let (dim, first, factor) = (self.dim, self.next_row, self.factor());
        let end = SparseRows::rows_within(graph.rows(), first, budget, |row| dim * (2 + graph.row_len(row)));
        let current = &self.current;
        self.next[first * dim..end * dim].par_chunks_mut(ROWS_PER_TASK * dim).enumerate().for_each(|(task, rows)| {
            for (row, to) in (first + task * ROWS_PER_TASK..).zip(rows.chunks_exact_mut(dim)) {
                propagate_row(graph, row, dim, factor, source, current, to);
            }
        });
        self.end_rows(end, graph.rows())
    }

    fn end_rows(&mut self, end: usize, rows: usize) -> bool {
        self.next_row = end;
        if end == rows {
            std::mem::swap(&mut self.current, &mut self.next);
            self.layer += 1;
            self.next_row = 0;
        }
        self.layer == self.layers
    }

    /// All of it, on this thread.
    fn run(&mut self, graph: &SparseRows, source: &[f32]) {
        self.start(source);
        while self.layer < self.layers {
            let (dim, factor) = (self.dim, self.factor());
            for (row, to) in self.next.chunks_exact_mut(dim).enumerate() {
                propagate_row(graph, row, dim, factor, source, &self.current, to);
            }
            self.end_rows(graph.rows(), graph.rows());
        }
    }
}

/// The loss of a batch, and its gradient with respect to F: rows of user, item and negative.
fn add_gradient(batch: &[[u32; 3]], finals: &[f32], dim: usize, gradient: &mut [f32]) -> f64 {
    let mut sum = 0.0;
    let mut add = |row: u32, factor: f32, other: u32| {
        add_scaled(&mut gradient[row as usize * dim..][..dim], factor, &finals[other as usize * dim..][..dim]);
    };
    let row = |row: u32| &finals[row as usize * dim..][..dim];
    for &[user, item, negative] in batch {
        let (slope, loss) = slope_and_loss(dot(row(user), row(item)) - dot(row(user), row(negative)));
        sum += f64::from(loss);
        let factor = slope / batch.len() as f32;
        add(user, -factor, item);
        add(user, factor, negative);
        add(item, -factor, user);
        add(negative, factor, user);
    }
    sum
}

/// Adds the gradient of the squares of E, of the same rows.
fn add_l2_gradient(batch: &[[u32; 3]], vectors: &[f32], dim: usize, l2: f32, gradient: &mut [f32]) {
    for &row in batch.as_flattened() {
        let place = row as usize * dim..(row as usize + 1) * dim;
        add_scaled(&mut gradient[place.clone()], l2 / batch.len() as f32, &vectors[place]);
    }
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// From E to F.
    Forward,
    /// From the gradient of F to that of E.
    Backward,
    /// F is that of the last step.
    Done,
}

/// Fits [`LightGcn`]. The result does not depend on threads.
#[derive(Debug)]
pub struct LightGcnFit {
    interactions: Arc<Interactions>,
    config: LightGcnConfig,
    graph: SparseRows,
    users: Vec<u32>,
    order: Vec<u32>,
    /// E.
    vectors: Vec<f32>,
    /// Of Adam, row by row.
    state: Vec<f32>,
    propagation: Propagation,
    gradient: Vec<f32>,
    batch: Vec<[u32; 3]>,
    next_batch: usize,
    phase: Phase,
    epochs_done: u32,
    loss: f64,
    loss_sum: f64,
}

impl LightGcnFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`TooMany`](ModelError::TooMany) over `u32::MAX` users and items together,
    /// [`MemoryLimit`](ModelError::MemoryLimit).
    pub fn new(interactions: Arc<Interactions>, config: LightGcnConfig) -> Result<LightGcnFit, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        let rows = interactions.user_count() + interactions.item_count();
        if rows > u32::MAX as usize {
            return Err(ModelError::TooMany { what: "users and items", count: rows, limit: u32::MAX as usize });
        }
        ModelError::check_memory("LightGCN", config.estimate(&interactions), config.memory_limit)?;
        let dim = config.dim;
        let Factors { users: mut vectors, items, .. } =
            Factors::random(&interactions, dim, config.init_deviation, config.seed);
        vectors.extend(items);
        let mut propagation = Propagation::new(vectors.len(), dim, config.layers);
        propagation.start(&vectors);
        let users = users_of_interactions(&interactions);
        Ok(LightGcnFit {
            graph: normalised_graph(&interactions),
            order: (0..users.len() as u32).collect(),
            users,
            state: vec![0.0; rows * Optimizer::Adam.state_width(dim, 1)],
            gradient: vec![0.0; vectors.len()],
            propagation,
            vectors,
            batch: Vec::new(),
            next_batch: 0,
            phase: Phase::Forward,
            epochs_done: 0,
            loss: f64::NAN,
            loss_sum: 0.0,
            interactions,
            config,
        })
    }

    fn batches(&self) -> usize {
        self.order.len().div_ceil(self.config.batch)
    }

    /// Draws the next batch.
    fn draw(&mut self) {
        let (epoch, seed) = (u64::from(self.epochs_done), self.config.seed);
        if self.next_batch == 0 {
            sampling::shuffle(&mut self.order, &mut sampling::stream(seed, Use::RecommenderOrder, epoch, 0));
        }
        let mut rng = sampling::stream(seed, Use::RecommenderNegatives, epoch, self.next_batch as u64);
        let first = self.next_batch * self.config.batch;
        let end = self.order.len().min(first + self.config.batch);
        let interactions = &*self.interactions;
        let items_from = interactions.user_count() as u32;
        self.batch.clear();
        self.batch.extend(self.order[first..end].iter().filter_map(|&at| {
            let user = self.users[at as usize];
            let item = interactions.by_user().columns()[at as usize];
            let negative = draw_negative(interactions, user, &mut rng)?;
            Some([user, items_from + item, items_from + negative])
        }));
    }

    /// Moves E against the gradient, which is there now.
    fn update(&mut self) {
        let (config, dim) = (&self.config, self.config.dim);
        let gradient = &mut self.propagation.current;
        add_l2_gradient(&self.batch, &self.vectors, dim, config.l2, gradient);
        let batches = self.order.len().div_ceil(config.batch) as f64;
        let done = (f64::from(self.epochs_done) + self.next_batch as f64 / batches) / f64::from(config.epochs);
        let rate = config.learning_rate * (1.0 - done) as f32;
        let width = Optimizer::Adam.state_width(dim, 1);
        let rows = self.vectors.par_chunks_mut(dim).zip(self.state.par_chunks_mut(width));
        rows.zip(gradient.par_chunks(dim)).with_min_len(ROWS_PER_TASK).for_each(|((row, state), gradient)| {
            Optimizer::Adam.step(rate, 1, gradient, row, state);
        });
    }

    /// Ends a batch, and perhaps an epoch.
    fn end_batch(&mut self) -> Result<(), ModelError> {
        self.next_batch += 1;
        if self.next_batch == self.batches() {
            self.next_batch = 0;
            self.epochs_done += 1;
            self.loss = std::mem::take(&mut self.loss_sum) / self.order.len() as f64;
            if !self.loss.is_finite() {
                return Err(ModelError::Diverged { epoch: self.epochs_done });
            }
        }
        Ok(())
    }

    fn step_in_pool(&mut self, budget: usize) -> Result<(), ModelError> {
        match self.phase {
            Phase::Forward => {
                if !self.propagation.step(&self.graph, &self.vectors, budget) {
                    return Ok(());
                }
                if self.epochs_done == self.config.epochs {
                    self.phase = Phase::Done;
                    return Ok(());
                }
                self.draw();
                self.gradient.fill(0.0);
                let finals = &self.propagation.current;
                self.loss_sum += add_gradient(&self.batch, finals, self.config.dim, &mut self.gradient);
                self.propagation.start(&self.gradient);
                self.phase = Phase::Backward;
            }
            Phase::Backward => {
                if !self.propagation.step(&self.graph, &self.gradient, budget) {
                    return Ok(());
                }
                self.update();
                self.propagation.start(&self.vectors);
                self.phase = Phase::Forward;
                self.end_batch()?;
            }
            Phase::Done => {}
        }
        Ok(())
    }
}

impl Fit for LightGcnFit {
    type Model = LightGcn;

    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError> {
        let budget = STEP_COST / 4 * pool.current_num_threads();
        // Of small graphs, several batches; what a layer and a step of Adam cost is known beforehand.
        let layer = self.config.dim * (self.graph.entries() + COST_PER_NUMBER * self.graph.rows());
        let layers = (budget / layer.max(1)).max(1);
        pool.install(|| (0..layers).try_for_each(|_| self.step_in_pool(budget)))?;
        let in_epoch = self.next_batch as f64 / self.batches() as f64;
        let done = self.phase == Phase::Done;
        // The last pass through the graph is still to come after the last epoch.
        let fraction = 0.999 * (f64::from(self.epochs_done) + in_epoch) / f64::from(self.config.epochs);
        Ok(FitProgress {
            fraction: if done { 1.0 } else { fraction },
            done,
            epochs_done: self.epochs_done,
            loss: self.loss,
        })
    }

    /// Before all is done, this takes a pass through the graph on one thread.
    fn finish(mut self) -> Result<LightGcn, ModelError> {
        if self.epochs_done == 0 {
            return Err(ModelError::Unfinished);
        }
        if self.phase != Phase::Done {
            self.propagation.run(&self.graph, &self.vectors);
        }
        let items = self.propagation.current.split_off(self.interactions.user_count() * self.config.dim);
        let epoch = self.epochs_done;
        let factors = Factors::new(self.config.dim, self.propagation.current, items)
            .map_err(|_| ModelError::Diverged { epoch })?;
        Ok(LightGcn::from_parameters(factors))
    }
}

/// Scores an item by the product of its vector and the user's, both mixed with those of their neighbours in the graph. Only
/// the order within a user means something. New users cannot be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct LightGcn {
    factors: Factors,
}

impl LightGcn {
    /// Takes saved vectors: those of [`factors`](Self::factors), already mixed.
    pub fn from_parameters(factors: Factors) -> LightGcn {
        LightGcn { factors }
    }

    /// The rows of F.
    pub fn factors(&self) -> &Factors {
        &self.factors
    }
}

impl Recommender for LightGcn {
    fn name(&self) -> &'static str {
        "lightgcn"
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::needless_range_loop)]
mod tests {
    use super::*;

    fn graph() -> Interactions {
        let (users, items) = ([0, 0, 1, 1, 2, 2, 2, 3], [0, 1, 1, 2, 0, 2, 3, 4]);
        Interactions::new(&users, &items, &[], 5, 6).unwrap()
    }

    /// The loss of a batch by its formula, of dense matrices.
    fn loss(interactions: &Interactions, vectors: &[f64], dim: usize, layers: u32, l2: f64, batch: &[[u32; 3]]) -> f64 {
        let users = interactions.user_count();
        let rows = users + interactions.item_count();
        let mut a = vec![vec![0.0; rows]; rows];
        for user in 0..users {
            for &item in interactions.by_user().row(user).columns {
                let degrees = interactions.by_user().row_len(user) * interactions.by_item().row_len(item as usize);
                let edge = 1.0 / (degrees as f64).sqrt();
                a[user][users + item as usize] = edge;
                a[users + item as usize][user] = edge;
            }
        }
        let (mut layer, mut sum) = (vectors.to_vec(), vectors.to_vec());
        for _ in 0..layers {
            let mut next = vec![0.0; rows * dim];
            for (row, edges) in a.iter().enumerate() {
                for (other, edge) in edges.iter().enumerate() {
                    (0..dim).for_each(|at| next[row * dim + at] += edge * layer[other * dim + at]);
                }
            }
            sum.iter_mut().zip(&next).for_each(|(sum, number)| *sum += number);
            layer = next;
        }
        let score = |a: u32, b: u32| -> f64 {
            let product = (0..dim).map(|at| sum[a as usize * dim + at] * sum[b as usize * dim + at]).sum::<f64>();
            product / f64::from(layers + 1).powi(2)
        };
        let square = |row: u32| (0..dim).map(|at| vectors[row as usize * dim + at].powi(2)).sum::<f64>();
        let of_pair = |&[user, item, negative]: &[u32; 3]| {
            let difference = score(user, item) - score(user, negative);
            (-difference).exp().ln_1p() + l2 / 2.0 * (square(user) + square(item) + square(negative))
        };
        batch.iter().map(of_pair).sum::<f64>() / batch.len() as f64
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let interactions = graph();
        let graph = normalised_graph(&interactions);
        let batch = [[0, 5, 8], [2, 7, 6], [2, 8, 10], [0, 6, 8]];
        for (dim, layers, l2) in [(3, 0, 0.0), (4, 1, 0.1), (3, 3, 0.3), (9, 4, 0.0)] {
            let factors = Factors::random(&interactions, dim, 1.0, u64::from(layers));
            let vectors = [factors.users, factors.items].concat();
            let mut propagation = Propagation::new(vectors.len(), dim, layers);
            propagation.run(&graph, &vectors);
            let mut of_finals = vec![0.0; vectors.len()];
            let sum = add_gradient(&batch, &propagation.current, dim, &mut of_finals);
            propagation.run(&graph, &of_finals);
            let mut gradient = propagation.current;
            add_l2_gradient(&batch, &vectors, dim, l2, &mut gradient);
            let vectors: Vec<f64> = vectors.iter().map(|&number| f64::from(number)).collect();
            let at = |vectors: &[f64], l2: f32| loss(&interactions, vectors, dim, layers, f64::from(l2), &batch);
            assert!((sum / 4.0 - at(&vectors, 0.0)).abs() < 1e-5, "the loss itself");
            for number in 0..vectors.len() {
                let moved = |by: f64| {
                    let mut vectors = vectors.clone();
                    vectors[number] += by;
                    at(&vectors, l2)
                };
                let expected = (moved(1e-4) - moved(-1e-4)) / 2e-4;
                let found = f64::from(gradient[number]);
                assert!((found - expected).abs() < 1e-5, "{layers} layers, {number}: {found} and {expected}");
            }
        }
    }

    #[test]
    fn steps_propagate_as_one_pass_does() {
        let interactions = graph();
        let graph = normalised_graph(&interactions);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        for layers in [0, 1, 2, 3] {
            let factors = Factors::random(&interactions, 5, 1.0, 1);
            let vectors = [factors.users, factors.items].concat();
            let mut whole = Propagation::new(vectors.len(), 5, layers);
            whole.run(&graph, &vectors);
            let mut stepped = Propagation::new(vectors.len(), 5, layers);
            stepped.start(&vectors);
            let mut steps = 1;
            while !pool.install(|| stepped.step(&graph, &vectors, 20)) {
                steps += 1;
            }
            assert!(layers == 0 || steps > layers);
            assert_eq!(stepped.current, whole.current);
        }
    }
}
