//! Training, a step at a time.

mod extend;
mod snapshot;
mod start;
mod validation;

use super::activation::{Activation, FUSED};
use super::chunk::{ChunkLoss, Filter, Table, Task, Worker};
use super::config::KgeConfig;
use super::embeddings::{Embeddings, ModelSpec};
use super::error::KgeError;
use super::model::{Model, ModelKind};
use super::plan::Plan;
use super::rank::Metrics;
use super::sampling::{self, Use};
use super::shared::Shared;
use super::triples::{RelationSides, TripleSet};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use validation::Validation;

pub use snapshot::{Judged, Snapshot};
pub(super) use start::needs_sides;

/// Work of a step for each thread, in multiplications of the products of matrices: some tens of milliseconds.
const STEP_COST: usize = 600_000_000;
/// A mean loss of so many times that before training is divergence.
const MAX_LOSS_RATIO: f64 = 10.0;

/// What a trainer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It puts in order what is known of the triples, before the first epoch.
    Preparing,
    /// It works on the chunks of an epoch.
    Training,
    /// It ranks validation triples.
    Validating,
    /// It has stopped: see [`Progress::stop`].
    Stopped,
}

/// Why training ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All epochs are done.
    Completed,
    /// Validation did not improve any more.
    NoImprovement,
    /// A loss or a vector was not finite, or grew without bounds. What is kept is from before.
    Diverged {
        /// The epoch in which it was seen, from 1.
        epoch: u32,
    },
}

/// Where training is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Why it has ended, if it has.
    pub stop: Option<Stop>,
    /// Epochs that are done.
    pub epochs_done: u32,
    /// Epochs that it is to do, at most.
    pub epochs: u32,
    /// How much of all epochs is done, in `0..=1`.
    pub fraction: f64,
    /// Mean loss over positives and corrupted sides: of this epoch so far, or else of the last one. NaN before the first
    /// step.
    pub loss: f64,
    /// Positive triples that this trainer has worked on, each counted once per epoch.
    pub triples_done: u64,
    /// Filtered metrics of the last validation run.
    pub validation: Option<Metrics>,
    /// The best validation MRR so far, and the epoch after which it was reached.
    pub best: Option<(f64, u32)>,
}

/// What besides the vectors is needed to go on with a training: all of it numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Epochs done.
    pub epochs_done: u32,
    /// Chunks done of the next epoch.
    pub chunks_done: u32,
    /// The optimiser's state of the entities, row by row ([`KgeConfig::entity_state_width`]).
    pub entity_state: Vec<f32>,
    /// The optimiser's state of the relations, row by row ([`KgeConfig::relation_state_width`]).
    pub relation_state: Vec<f32>,
    /// The optimiser's state of the mixture of activations.
    pub fusion_state: [f32; FUSED],
    /// Mean loss of the first chunk, against which divergence is judged; NaN before it.
    pub first_loss: f64,
    /// Sum of the losses of the epoch so far.
    pub loss_sum: f64,
    /// How many losses these are.
    pub loss_terms: u64,
}

/// A finished training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The best vectors by validation, or else the last good ones.
    pub embeddings: Embeddings,
    /// For [`Trainer::resume`]: it goes on from `embeddings` with this.
    pub checkpoint: Checkpoint,
    /// The epoch after which `embeddings` were as they are.
    pub epoch: u32,
    /// The last progress.
    pub progress: Progress,
}

/// A copy of vectors that may be needed again: the best ones by validation, or the last ones of a whole epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The vectors.
    pub embeddings: Embeddings,
    /// The epoch after which they were so.
    pub epoch: u32,
}

/// Trains embeddings. The caller owns the loop and may stop between two steps.
///
/// On a pool of one thread, the result follows from triples, config and seed to the last bit, wherever it was
/// interrupted by a checkpoint. On several threads, steps overwrite each other now and then (Hogwild), and results differ
/// slightly from run to run.
#[derive(Debug)]
pub struct Trainer {
    config: KgeConfig,
    triples: Arc<TripleSet>,
    /// What corrupted triples must not be among, if that matters: the triples, and possibly more.
    known: Option<Arc<TripleSet>>,
    filter: Option<Filter>,
    sides: Option<RelationSides>,
    embeddings: Embeddings,
    checkpoint: Checkpoint,
    /// Entities below, and all relations if there are any, do not move.
    frozen_entities: usize,
    plan: Plan,
    workers: Vec<Worker>,
    validation: Option<Validation>,
    kept: Option<Kept>,
    phase: Phase,
    stop: Option<Stop>,
    last_loss: f64,
    triples_done: u64,
}

impl Trainer {
    /// Does some more: some tens of milliseconds on the threads of `pool`, longer only where many millions of triples are
    /// put in order. Once stopped it does nothing.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> Progress {
        match self.phase {
            Phase::Preparing => self.prepare(pool),
            Phase::Training => self.train(pool),
            Phase::Validating => self.validate(pool),
            Phase::Stopped => {}
        }
        self.progress()
    }

    /// Where training is.
    pub fn progress(&self) -> Progress {
        let in_epoch = self.checkpoint.chunks_done as f64 / self.plan.len().max(1) as f64;
        let done = (f64::from(self.checkpoint.epochs_done) + in_epoch) / f64::from(self.config.epochs);
        let loss = match self.checkpoint.loss_terms {
            0 => self.last_loss,
            terms => self.checkpoint.loss_sum / terms as f64,
        };
        Progress {
            phase: self.phase,
            stop: self.stop,
            epochs_done: self.checkpoint.epochs_done,
            epochs: self.config.epochs,
            fraction: if self.phase == Phase::Stopped { 1.0 } else { done.min(1.0) },
            loss,
            triples_done: self.triples_done,
            validation: self.validation.as_ref().and_then(|validation| validation.judged.last),
            best: self.validation.as_ref().and_then(|validation| validation.judged.best),
        }
    }

    /// The vectors as they are now, which need not be the best ones.
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// What goes with [`embeddings`](Self::embeddings) to go on from here, by [`Trainer::resume`].
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Ends training, now or after it has stopped, with the best vectors there are: by validation if there was any, the
    /// last good ones after divergence, or else the last.
    pub fn finish(mut self) -> Trained {
        let progress = self.progress();
        let diverged = matches!(self.stop, Some(Stop::Diverged { .. }));
        let mut epoch = self.checkpoint.epochs_done;
        // Before the first validation run, none is better than the others.
        let chosen = self.validation.as_ref().is_some_and(|validation| validation.judged.best.is_some());
        if let Some(kept) = self.kept.take()
            && (diverged || chosen)
        {
            self.embeddings = kept.embeddings;
            epoch = kept.epoch;
        }
        Trained { embeddings: self.embeddings, checkpoint: self.checkpoint, epoch, progress }
    }

    /// Epochs as TransE; none where the relations are there already.
    fn pretrain_epochs(&self) -> u32 {
        let pretrains = self.config.model.is_projected() && self.frozen_entities == 0;
        if pretrains { self.config.pretrain_epochs } else { 0 }
    }

    /// The model of this epoch.
    fn model(&self) -> Box<dyn Model> {
        let pretraining = self.checkpoint.epochs_done < self.pretrain_epochs();
        let kind = if pretraining { ModelKind::TransE } else { self.config.model };
        kind.build(self.config.dim, self.config.norm, self.config.reciprocal)
    }

    /// Works on some chunks.
    fn train(&mut self, pool: &rayon::ThreadPool) {
        let model = self.model();
        let one_relation = model.projects() || self.config.type_constrained;
        let epoch = self.checkpoint.epochs_done;
        if self.plan.len() == 0 {
            self.plan.shuffle(&self.triples, self.config.chunk, one_relation, self.config.seed, epoch);
        }
        let first = self.checkpoint.chunks_done as usize;
        let end = self.plan.len().min(first + self.chunks_per_step(&*model));
        let outcome = self.run_chunks(&*model, first..end, pool);
        self.checkpoint.chunks_done = end as u32;
        self.checkpoint.loss_sum += outcome.loss.sum;
        self.checkpoint.loss_terms += outcome.loss.terms;
        self.triples_done += outcome.triples;
        if self.checkpoint.first_loss.is_nan() {
            self.checkpoint.first_loss = outcome.first_loss;
        }
        let mean = self.checkpoint.loss_sum / self.checkpoint.loss_terms.max(1) as f64;
        let bound = MAX_LOSS_RATIO * self.checkpoint.first_loss.max(1.0);
        // NaN is not below any bound.
        let sane = mean <= bound || self.checkpoint.loss_terms == 0;
        if outcome.diverged || !sane {
            self.halt(Stop::Diverged { epoch: epoch + 1 });
        } else if end == self.plan.len() {
            self.end_epoch(pool);
        }
    }

    fn end_epoch(&mut self, pool: &rayon::ThreadPool) {
        self.last_loss = self.checkpoint.loss_sum / self.checkpoint.loss_terms.max(1) as f64;
        self.checkpoint.loss_sum = 0.0;
        self.checkpoint.loss_terms = 0;
        self.checkpoint.epochs_done += 1;
        self.checkpoint.chunks_done = 0;
        self.plan.clear();
        let done = self.checkpoint.epochs_done;
        if done == self.pretrain_epochs() {
            self.end_pretraining();
        }
        let is_last = done >= self.config.epochs;
        if let Some(validation) = &mut self.validation {
            let is_due = self.config.validate_every > 0 && done.is_multiple_of(self.config.validate_every);
            if is_last || is_due {
                validation.start(&self.embeddings, pool);
                self.phase = Phase::Validating;
                return;
            }
        } else {
            self.keep_copy();
        }
        if is_last {
            self.halt(Stop::Completed);
        }
    }

    /// Ranks some validation triples; after the last, decides how to go on.
    fn validate(&mut self, pool: &rayon::ThreadPool) {
        let epoch = self.checkpoint.epochs_done;
        let Some(validation) = &mut self.validation else {
            self.phase = Phase::Training;
            return;
        };
        let known = self.filter.as_ref().map(|filter| &filter.known);
        let Some(is_best) = validation.step(&self.embeddings, known, epoch, pool) else {
            return;
        };
        let runs_without_best = validation.judged.runs_without_best;
        self.phase = Phase::Training;
        if is_best {
            self.keep_copy();
        }
        if epoch >= self.config.epochs {
            self.halt(Stop::Completed);
        } else if self.config.patience > 0 && runs_without_best >= self.config.patience {
            self.halt(Stop::NoImprovement);
        }
    }

    fn halt(&mut self, stop: Stop) {
        self.stop = Some(stop);
        self.phase = Phase::Stopped;
    }

    /// Keeps the vectors as they are now, unless there is no need.
    fn keep_copy(&mut self) {
        if !self.config.keep_copy {
            return;
        }
        let (embeddings, epoch) = (&self.embeddings, self.checkpoint.epochs_done);
        match &mut self.kept {
            Some(kept) => {
                kept.embeddings.entities.copy_from_slice(&embeddings.entities);
                kept.embeddings.relations.copy_from_slice(&embeddings.relations);
                kept.embeddings.spec = embeddings.spec;
                kept.epoch = epoch;
            }
            None => self.kept = Some(Kept { embeddings: embeddings.clone(), epoch }),
        }
    }

    fn chunks_per_step(&self, model: &dyn Model) -> usize {
        let negatives = self.config.negatives.min(self.embeddings.entity_count());
        let pairs = 6 * self.config.chunk * negatives * model.dim();
        let projections =
            if model.projects() { 6 * (self.config.chunk + negatives) * model.dim() * model.dim() } else { 0 };
        (STEP_COST * self.workers.len()).div_ceil(pairs + projections).max(self.workers.len())
    }

    /// All workers take chunks until the range is done.
    fn run_chunks(&mut self, model: &dyn Model, chunks: std::ops::Range<usize>, pool: &rayon::ThreadPool) -> Outcome {
        let (config, epoch) = (&self.config, self.checkpoint.epochs_done);
        let spec = &mut self.embeddings.spec;
        let relation_width = spec.relation_width();
        let frozen_relations = if self.frozen_entities > 0 { usize::MAX } else { 0 };
        let task = Task {
            config,
            model,
            triples: &self.triples,
            filter: self.filter.as_ref().filter(|_| config.filter_negatives),
            sides: self.sides.as_ref(),
            entities: Table {
                rows: Shared::new(&mut self.embeddings.entities),
                width: config.dim,
                segment: config.dim,
                matrix_start: config.dim,
                state: Shared::new(&mut self.checkpoint.entity_state),
                frozen: self.frozen_entities,
            },
            relations: Table {
                rows: Shared::new(&mut self.embeddings.relations),
                width: relation_width,
                segment: config.relation_segment(),
                matrix_start: model.matrix_start(),
                state: Shared::new(&mut self.checkpoint.relation_state),
                frozen: frozen_relations,
            },
            fusion: [0.0; FUSED],
        };
        let fusion = Mutex::new((&mut spec.fusion, &mut self.checkpoint.fusion_state));
        let next = AtomicUsize::new(chunks.start);
        let diverged = AtomicBool::new(false);
        let plan = &self.plan;
        let work = |worker: &mut Worker| {
            let mut outcome = Outcome { first_loss: f64::NAN, ..Outcome::default() };
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= chunks.end || diverged.load(Ordering::Relaxed) {
                    return outcome;
                }
                let done = (f64::from(epoch) + at as f64 / plan.len() as f64) / f64::from(config.epochs);
                let rate = config.schedule.rate(config, done.min(1.0));
                let mut rng = sampling::stream(config.seed, Use::Chunk, u64::from(epoch), at as u64);
                let mut task = task;
                if config.activation == Activation::Fusion {
                    task.fusion = fusion.lock().unwrap_or_else(PoisonError::into_inner).0.weights();
                }
                let chunk = plan.chunk(at);
                let loss = worker.compute(&task, chunk, &mut rng);
                if at == chunks.start {
                    outcome.first_loss = loss.sum / loss.terms.max(1) as f64;
                }
                outcome.loss.sum += loss.sum;
                outcome.loss.terms += loss.terms;
                outcome.triples += chunk.len() as u64;
                if !loss.sum.is_finite() || worker.apply(&task, rate).is_err() {
                    diverged.store(true, Ordering::Relaxed);
                    return outcome;
                }
                if config.activation == Activation::Fusion {
                    let mut fusion = fusion.lock().unwrap_or_else(PoisonError::into_inner);
                    let (fusion, state) = &mut *fusion;
                    fusion.step(&worker.d_fusion(), rate, state);
                }
            }
        };
        let outcomes: Vec<Outcome> = if self.frozen_entities > 0 {
            // New rows are few, and the same every time.
            self.workers.iter_mut().take(1).map(work).collect()
        } else {
            pool.install(|| self.workers.par_iter_mut().map(work).collect())
        };
        let mut total = Outcome { diverged: diverged.into_inner(), first_loss: f64::NAN, ..Outcome::default() };
        for outcome in outcomes {
            total.loss.sum += outcome.loss.sum;
            total.loss.terms += outcome.loss.terms;
            total.triples += outcome.triples;
            if !outcome.first_loss.is_nan() {
                total.first_loss = outcome.first_loss;
            }
        }
        total
    }
}

/// What a range of chunks has come to.
#[derive(Debug, Clone, Default)]
struct Outcome {
    loss: ChunkLoss,
    /// Mean loss of the first chunk of the range.
    first_loss: f64,
    triples: u64,
    diverged: bool,
}
