//! The two tasks: their orders, batches and optimisers.

use super::*;
use crate::kge::sampling::{self, Use};
use crate::kge::{KnownTriples, Side, TripleSet};
use crate::recommend::mkr::embedding::{KgeBatch, KgeWorker};
use crate::recommend::mkr::error::MkrError;
use crate::recommend::mkr::optimizer::{RowState, RowSum, WeightState};
use crate::recommend::mkr::parameters::Layer;
use crate::recommend::mkr::recommendation::{RecBatch, RecWorker};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use std::ops::Range;

/// Draws of a corrupted tail before a true one is accepted.
const TRIES: usize = 16;

/// A pass over rows in random order.
#[derive(Debug)]
pub(super) struct Turn {
    order: Vec<u32>,
    done: usize,
    loss_sum: f64,
    last_loss: f64,
    /// Rows of all passes.
    pub total: u64,
}

impl Turn {
    fn new(rows: usize) -> Turn {
        Turn { order: (0..rows as u32).collect(), done: 0, loss_sum: 0.0, last_loss: f64::NAN, total: 0 }
    }

    fn restart(&mut self, rng: &mut Xoshiro256PlusPlus) {
        self.last_loss = self.loss();
        self.done = 0;
        self.loss_sum = 0.0;
        sampling::shuffle(&mut self.order, rng);
    }

    /// The places of the next batch.
    fn next(&self, batch: usize) -> &[u32] {
        &self.order[self.done..self.order.len().min(self.done + batch)]
    }

    fn finish(&mut self, rows: usize, loss_sum: f64) {
        self.done += rows;
        self.total += rows as u64;
        self.loss_sum += loss_sum;
    }

    /// Where it stands; the caller adds the rest.
    fn state(&self, passes: u64, batches: u64, optimizer: Vec<f32>) -> TaskState {
        let Turn { done, loss_sum, last_loss, total, .. } = *self;
        TaskState { optimizer, passes, batches, done, loss_sum, last_loss, total }
    }

    /// Goes on in a pass, in whose order the rows are already.
    fn restore(&mut self, state: &TaskState) -> Result<(), MkrError> {
        let (actual, expected) = (state.done, self.order.len());
        if actual > expected {
            return Err(MkrError::Mismatch { what: "number of rows", actual, expected });
        }
        (self.done, self.total) = (state.done, state.total);
        (self.loss_sum, self.last_loss) = (state.loss_sum, state.last_loss);
        Ok(())
    }

    pub(super) fn is_over(&self) -> bool {
        self.done >= self.order.len()
    }

    pub(super) fn fraction(&self) -> f64 {
        self.done as f64 / self.order.len().max(1) as f64
    }

    pub(super) fn loss(&self) -> f64 {
        if self.done == 0 { self.last_loss } else { self.loss_sum / self.done as f64 }
    }
}

/// The part of a batch that a worker does.
fn share(worker: usize, workers: usize, rows: usize) -> Range<usize> {
    let each = rows.div_ceil(workers);
    (worker * each).min(rows)..((worker + 1) * each).min(rows)
}

/// Has every worker do its part; returns the sum of the losses.
fn run<W: Send>(workers: &mut [W], pool: &rayon::ThreadPool, work: impl Fn(usize, &mut W) -> f32 + Sync) -> f32 {
    if let [worker] = workers {
        return work(0, worker);
    }
    // Collected in order, so that the sum does not depend on who is first.
    let losses: Vec<f32> =
        pool.install(|| workers.par_iter_mut().enumerate().map(|(at, worker)| work(at, worker)).collect());
    losses.iter().sum()
}

/// Adds the gradients of all others to those of the first.
fn add_up(first: &mut [f32], others: &[&[f32]]) {
    for other in others {
        crate::kge::simd::add_scaled(first, 1.0, other);
    }
}

/// The state of a task's optimiser, as in [`TaskState::optimizer`].
fn save(tables: &[RowState; 3], weights: &WeightState) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(tables.iter().map(RowState::len).sum::<usize>() + weights.len());
    tables.iter().for_each(|table| table.save(&mut numbers));
    weights.save(&mut numbers);
    numbers
}

/// Takes what [`save`] made.
fn load(tables: &mut [RowState; 3], weights: &mut WeightState, mut numbers: &[f32]) -> Result<(), MkrError> {
    let (actual, expected) = (numbers.len(), tables.iter().map(RowState::len).sum::<usize>() + weights.len());
    if actual != expected {
        return Err(MkrError::WrongLength { what: "the state of an optimiser", actual, expected });
    }
    tables.iter_mut().for_each(|table| table.load(&mut numbers));
    weights.load(&mut numbers);
    Ok(())
}

/// Multiplications per row in a stack, forth and back.
fn cost(layers: &[Layer]) -> usize {
    layers.iter().map(|layer| 3 * layer.dense.len()).sum()
}

/// Learning from interactions.
#[derive(Debug)]
pub(super) struct RecTask {
    pub turn: Turn,
    pub cost_per_row: usize,
    batches: u64,
    batch: RecBatch,
    workers: Vec<RecWorker>,
    weights: WeightState,
    /// Users, items, entities.
    states: [RowState; 3],
    sums: [RowSum; 3],
}

impl RecTask {
    pub(super) fn new(config: &MkrConfig, shape: &MkrShape, layout: &Layout, rows: usize, threads: usize) -> RecTask {
        let dim = shape.dim;
        let batch = config.batch_size;
        let workers = (0..threads).map(|_| RecWorker::new(shape, layout, batch.div_ceil(threads))).collect();
        let range = layout.of_rec();
        let penalised = layout.penalised(&range, dim);
        let mut task = RecTask {
            turn: Turn::new(rows),
            cost_per_row: cost(&layout.user_layers) + cost(&layout.rec_head) + 60 * dim * (1 + config.cross_depth),
            batches: 0,
            batch: RecBatch::default(),
            workers,
            weights: WeightState::new(range, penalised),
            states: [shape.users, shape.item_rows, shape.entity_rows].map(|rows| RowState::new(rows, dim)),
            sums: [(); 3].map(|()| RowSum::new(batch, dim)),
        };
        task.start_epoch(config, 0);
        task
    }

    /// Where it stands, in the pass of this number from 1.
    pub(super) fn state(&self, passes: u64) -> TaskState {
        self.turn.state(passes, self.batches, save(&self.states, &self.weights))
    }

    /// Goes on from a state; the task must be new.
    pub(super) fn restore(&mut self, config: &MkrConfig, state: &TaskState) -> Result<(), MkrError> {
        for epoch in 1..state.passes {
            self.start_epoch(config, epoch as u32);
        }
        self.batches = state.batches;
        load(&mut self.states, &mut self.weights, &state.optimizer)?;
        self.turn.restore(state)
    }

    pub(super) fn threads(&self) -> usize {
        self.workers.len()
    }

    pub(super) fn start_epoch(&mut self, config: &MkrConfig, epoch: u32) {
        self.turn.restart(&mut sampling::stream(config.seed, Use::JointOrder, u64::from(epoch), 0));
    }

    /// Returns how many batches there have been, and the rows of this one.
    #[allow(clippy::too_many_arguments)] // The fields of the trainer that it uses, one by one.
    pub(super) fn run_batch(
        &mut self,
        config: &MkrConfig,
        shape: &MkrShape,
        layout: &Layout,
        rows: &Rows,
        interactions: &Interactions,
        corrections: &Corrections,
        parameters: &mut MkrParameters,
        pool: &rayon::ThreadPool,
    ) -> (u64, usize) {
        let batch = &mut self.batch;
        batch.clear();
        for &place in self.turn.next(config.batch_size) {
            let place = place as usize;
            let item = interactions.items()[place];
            batch.users.push(interactions.users()[place]);
            batch.items.push(item);
            batch.entities.push(rows.entity_of_item[item as usize]);
            batch.signs.push(if interactions.labels()[place] { 1.0 } else { -1.0 });
        }
        let (count, threads) = (batch.users.len(), self.workers.len());
        let scale = 1.0 / count as f32;
        let (batch, read) = (&self.batch, &*parameters);
        let loss = run(&mut self.workers, pool, |at, worker| {
            worker.compute(shape, layout, read, batch, share(at, threads, count), scale)
        });

        let columns = [&self.batch.users, &self.batch.items, &self.batch.entities];
        let MkrParameters { users, items, entities, shared, .. } = parameters;
        let tables = [users, items, entities];
        let uses_entities = !shape.no_cross;
        for (which, table) in tables.into_iter().enumerate().take(if uses_entities { 3 } else { 2 }) {
            let sum = &mut self.sums[which];
            sum.clear();
            for (at, worker) in self.workers.iter().enumerate() {
                sum.add(&columns[which][share(at, threads, count)], worker.row_gradients()[which]);
            }
            sum.step(corrections, config.lr_rec, config.l2, table, &mut self.states[which]);
        }
        if let Some((first, others)) = self.workers.split_first_mut() {
            let others: Vec<&[f32]> = others.iter().map(|worker| &worker.d_shared[..]).collect();
            add_up(&mut first.d_shared, &others);
            self.weights.step(corrections, config.lr_rec, config.l2, &mut first.d_shared, shared);
        }
        self.turn.finish(count, f64::from(loss) * count as f64);
        self.batches += 1;
        (self.batches, count)
    }
}

/// The different tails of each relation.
#[derive(Debug)]
struct TailsByRelation {
    starts: Vec<u32>,
    tails: Vec<u32>,
}

impl TailsByRelation {
    fn new(graph: &TripleSet) -> TailsByRelation {
        let mut pairs: Vec<(u32, u32)> = graph.relations().iter().copied().zip(graph.tails().iter().copied()).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0_u32; graph.relation_count() + 1];
        for &(relation, _) in &pairs {
            starts[relation as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        TailsByRelation { starts, tails: pairs.into_iter().map(|(_, tail)| tail).collect() }
    }

    fn of(&self, relation: u32) -> &[u32] {
        let at = relation as usize;
        &self.tails[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// Learning from triples.
#[derive(Debug)]
pub(super) struct KgeTask {
    pub turn: Turn,
    pub cost_per_row: usize,
    graph: Arc<TripleSet>,
    known: KnownTriples,
    tails: TailsByRelation,
    passes: u64,
    batch: KgeBatch,
    workers: Vec<KgeWorker>,
    weights: WeightState,
    /// Items, entities, relations.
    states: [RowState; 3],
    sums: [RowSum; 3],
}

impl KgeTask {
    pub(super) fn new(
        config: &MkrConfig,
        shape: &MkrShape,
        layout: &Layout,
        graph: Arc<TripleSet>,
        threads: usize,
    ) -> KgeTask {
        let dim = shape.dim;
        let (batch, negatives) = (config.batch_size, config.kge_negatives);
        let worker = |_| KgeWorker::new(shape, layout, batch.div_ceil(threads), negatives);
        let mut known = KnownTriples::default();
        known.index(Side::Tail, &[&graph]);
        let range = layout.of_kge();
        let penalised = layout.penalised(&range, dim);
        let mut task = KgeTask {
            turn: Turn::new(graph.len()),
            cost_per_row: cost(&layout.kge_head)
                + (1 + negatives) * (cost(&layout.tail_layers) + 30 * dim)
                + 60 * dim * (1 + config.cross_depth),
            known,
            tails: TailsByRelation::new(&graph),
            passes: 0,
            batch: KgeBatch { tails: vec![Vec::new(); 1 + negatives], ..KgeBatch::default() },
            workers: (0..threads).map(worker).collect(),
            weights: WeightState::new(range, penalised),
            states: [shape.item_rows, shape.entity_rows, shape.relations].map(|rows| RowState::new(rows, dim)),
            sums: [batch, batch * (2 + negatives), batch].map(|rows| RowSum::new(rows, dim)),
            graph,
        };
        task.start_pass(config);
        task
    }

    /// Where it stands.
    pub(super) fn state(&self) -> TaskState {
        self.turn.state(self.passes, 0, save(&self.states, &self.weights))
    }

    /// Goes on from a state; the task must be new.
    pub(super) fn restore(&mut self, config: &MkrConfig, state: &TaskState) -> Result<(), MkrError> {
        while self.passes < state.passes {
            self.start_pass(config);
        }
        load(&mut self.states, &mut self.weights, &state.optimizer)?;
        self.turn.restore(state)
    }

    pub(super) fn start_pass(&mut self, config: &MkrConfig) {
        self.turn.restart(&mut sampling::stream(config.seed, Use::JointTriples, self.passes, 0));
        self.passes += 1;
    }

    /// A tail that is not known to be true, if a few draws find one: among the tails of the relation, or else among all
    /// entities.
    fn corrupted_tail(&self, head: u32, relation: u32, rng: &mut Xoshiro256PlusPlus) -> u32 {
        let tails = self.tails.of(relation);
        let known = self.known.tails(head, relation);
        let mut tail = 0;
        for _ in 0..TRIES {
            tail = if known.len() < tails.len() {
                tails[sampling::below(rng, tails.len())]
            } else {
                sampling::below(rng, self.graph.entity_count()) as u32
            };
            if known.binary_search(&tail).is_err() {
                break;
            }
        }
        tail
    }

    fn gather_batch(&mut self, config: &MkrConfig, rows: &Rows) {
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        let mut rng = sampling::stream(config.seed, Use::JointNegatives, self.passes, self.turn.done as u64);
        for &place in self.turn.next(config.batch_size) {
            let place = place as usize;
            let (head, relation) = (self.graph.heads()[place], self.graph.relations()[place]);
            batch.items.push(rows.item_of_head[head as usize]);
            batch.heads.push(head);
            batch.relations.push(relation);
            batch.tails[0].push(self.graph.tails()[place]);
            for column in &mut batch.tails[1..] {
                column.push(self.corrupted_tail(head, relation, &mut rng));
            }
        }
        self.batch = batch;
    }

    /// Returns the triples of this batch.
    #[allow(clippy::too_many_arguments)] // The fields of the trainer that it uses, one by one.
    pub(super) fn run_batch(
        &mut self,
        config: &MkrConfig,
        shape: &MkrShape,
        layout: &Layout,
        rows: &Rows,
        corrections: &Corrections,
        parameters: &mut MkrParameters,
        pool: &rayon::ThreadPool,
    ) -> usize {
        self.gather_batch(config, rows);
        let (count, threads) = (self.batch.heads.len(), self.workers.len());
        let scale = config.kge_weight / count as f32;
        let (batch, read) = (&self.batch, &*parameters);
        let loss = run(&mut self.workers, pool, |at, worker| {
            worker.compute(shape, layout, read, batch, share(at, threads, count), scale)
        });

        let [items, entities, relations] = &mut self.sums;
        for sum in [&mut *items, &mut *entities, &mut *relations] {
            sum.clear();
        }
        for (at, worker) in self.workers.iter().enumerate() {
            let range = share(at, threads, count);
            let [d_items, d_heads, d_relations, d_tails] = worker.row_gradients(batch.tails.len());
            if !shape.no_cross {
                items.add(&batch.items[range.clone()], d_items);
            }
            entities.add(&batch.heads[range.clone()], d_heads);
            relations.add(&batch.relations[range.clone()], d_relations);
            if !range.is_empty() {
                for (column, d_tails) in batch.tails.iter().zip(d_tails.chunks_exact(range.len() * shape.dim)) {
                    entities.add(&column[range.clone()], d_tails);
                }
            }
        }
        let MkrParameters { items, entities, relations, shared, .. } = parameters;
        for ((sum, table), state) in self.sums.iter().zip([items, entities, relations]).zip(&mut self.states) {
            sum.step(corrections, config.lr_kge, config.l2, table, state);
        }
        if let Some((first, others)) = self.workers.split_first_mut() {
            let others: Vec<&[f32]> = others.iter().map(|worker| &worker.d_shared[..]).collect();
            add_up(&mut first.d_shared, &others);
            self.weights.step(corrections, config.lr_kge, config.l2, &mut first.d_shared, shared);
        }
        // The loss has λ1 in it, the progress has not.
        let mean = if config.kge_weight > 0.0 { f64::from(loss / config.kge_weight) } else { f64::from(loss) };
        self.turn.finish(count, mean * count as f64);
        count
    }
}
