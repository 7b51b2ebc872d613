//! Training, a step at a time.

mod flatness;
mod snapshot;
mod start;
mod tasks;

use super::auc::{per_user_auc, pooled_auc};
use super::config::{KgeInterval, MkrConfig, Selection};
use super::data::{Interactions, Rows};
use super::optimizer::Corrections;
use super::parameters::{Layout, MkrParameters, MkrShape};
use super::predict::{MkrModel, Predictor};
use flatness::Flatness;
pub use snapshot::{Judged, Snapshot, TaskState};
use std::sync::Arc;
use tasks::{KgeTask, RecTask};

/// Work of a step for each thread, in multiplications: some tens of milliseconds.
const STEP_COST: usize = 300_000_000;
/// A mean loss of so many times the first one is divergence.
const MAX_LOSS_RATIO: f64 = 10.0;

/// What a trainer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It learns from interactions (and, with [`KgeInterval::Steps`], from triples in between).
    Recommendation,
    /// It learns from triples.
    Embedding,
    /// It scores the validation rows.
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
    /// A loss, a score or a parameter was not finite, or the loss grew without bounds. What is kept is from before.
    Diverged {
        /// The epoch in which it was seen, from 1.
        epoch: u32,
    },
    /// The model tells no items apart: the rectifiers have made the vector of every user 0, all validation rows score the same, or
    /// vectors have shrunk until the scores of every user's items were within a millionth of each other, for five epochs in a
    /// row or when training would have ended anyway. What is kept is from before. A smaller `l2` or a larger `init_scale` help
    /// against shrinking; fewer layers, a smaller `lr_rec` or larger batches against the others.
    Collapsed {
        /// The epoch after which it was seen, from 1.
        epoch: u32,
    },
}

/// What the validation rows say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Validation {
    /// The area under the curve over all rows.
    pub pooled_auc: f64,
    /// Its mean over users with both labels, each among the own rows; NaN if there are none.
    pub per_user_auc: f64,
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
    /// Mean cross-entropy of the interactions: of this epoch so far, or else of the last one. NaN before the first step.
    pub rec_loss: f64,
    /// Mean, over triples, of the plausibility of corrupted ones less that of true ones, in `-1..=1`: of this pass so far, or
    /// else of the last one. NaN before the first.
    pub kge_loss: f64,
    /// Interactions that were worked on, each counted once per epoch.
    pub rows_done: u64,
    /// Triples that were worked on, each counted once per pass.
    pub triples_done: u64,
    /// The last validation run.
    pub validation: Option<Validation>,
    /// The best figure of [`MkrConfig::selection`] so far, and the epoch after which it was reached.
    pub best: Option<(f64, u32)>,
    /// The share of users whose vector was all 0 after the last epoch.
    pub dead_users: f64,
}

/// A finished training.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The best model by validation, or else the last good one.
    pub model: MkrModel,
    /// The epoch after which `model` was as it is.
    pub epoch: u32,
    /// The last progress.
    pub progress: Progress,
}

/// Validation rows and what they have shown.
#[derive(Debug)]
struct ValidationRows {
    rows: Interactions,
    judged: Judged,
}

/// Trains recommendation and knowledge-graph embedding jointly. The caller owns the loop and may stop between two steps.
///
/// Threads share the rows of a batch, and their gradients are added up in a fixed order: the result follows from the inputs,
/// the config and the number of threads to the last bit.
#[derive(Debug)]
pub struct MkrTrainer {
    config: MkrConfig,
    shape: MkrShape,
    layout: Layout,
    rows: Rows,
    interactions: Arc<Interactions>,
    parameters: MkrParameters,
    corrections: Corrections,
    rec: RecTask,
    kge: Option<KgeTask>,
    validation: Option<ValidationRows>,
    copy: MkrParameters,
    copy_epoch: u32,
    phase: Phase,
    stop: Option<Stop>,
    epochs_done: u32,
    first_loss: f64,
    flatness: Flatness,
    dead_users: f64,
}

impl MkrTrainer {
    /// Does some more: some tens of milliseconds on the threads of `pool`, longer only where a batch or the validation rows take
    /// longer. Once stopped it does nothing.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> Progress {
        match self.phase {
            Phase::Recommendation => self.recommend(pool),
            Phase::Embedding => self.embed(pool),
            Phase::Validating => self.end_epoch(),
            Phase::Stopped => {}
        }
        self.progress()
    }

    /// Where training is.
    pub fn progress(&self) -> Progress {
        let turn = &self.rec.turn;
        let done = (f64::from(self.epochs_done) + turn.fraction()) / f64::from(self.config.epochs);
        let judged = self.validation.as_ref().map(|validation| validation.judged).unwrap_or_default();
        Progress {
            phase: self.phase,
            stop: self.stop,
            epochs_done: self.epochs_done,
            epochs: self.config.epochs,
            fraction: if self.phase == Phase::Stopped { 1.0 } else { done.min(1.0) },
            rec_loss: turn.loss(),
            kge_loss: self.kge.as_ref().map_or(f64::NAN, |kge| kge.turn.loss()),
            rows_done: turn.total,
            triples_done: self.kge.as_ref().map_or(0, |kge| kge.turn.total),
            validation: judged.last,
            best: judged.best,
            dead_users: self.dead_users,
        }
    }

    /// The parameters as they are now, which need not be the best ones.
    pub fn parameters(&self) -> &MkrParameters {
        &self.parameters
    }

    /// Ends training, now or after it has stopped, with the best parameters there are: by validation if there was any, the last good
    /// ones after divergence or collapse, or else the last.
    pub fn finish(self) -> Trained {
        let progress = self.progress();
        let has_failed = matches!(self.stop, Some(Stop::Diverged { .. } | Stop::Collapsed { .. }));
        let (parameters, epoch) = if has_failed || progress.best.is_some() {
            (self.copy, self.copy_epoch)
        } else {
            (self.parameters, self.epochs_done)
        };
        Trained { model: MkrModel::of_trainer(self.shape, self.rows.entity_of_item, parameters), epoch, progress }
    }

    /// Works on some batches of interactions.
    fn recommend(&mut self, pool: &rayon::ThreadPool) {
        let mut budget = (STEP_COST * self.rec.threads()) as i64;
        while budget > 0 && !self.rec.turn.is_over() {
            let (batches, rows) = self.rec.run_batch(
                &self.config,
                &self.shape,
                &self.layout,
                &self.rows,
                &self.interactions,
                &self.corrections,
                &mut self.parameters,
                pool,
            );
            budget -= (rows * self.rec.cost_per_row) as i64;
            if self.first_loss.is_nan() {
                // Of the first batch alone: nothing has been learned yet that could have made it large.
                self.first_loss = self.rec.turn.loss();
            }
            if let KgeInterval::Steps(interval) = self.config.kge_interval
                && batches.is_multiple_of(u64::from(interval))
            {
                budget -= self.run_kge_batch(pool);
            }
        }
        let loss = self.rec.turn.loss();
        // NaN is not below any bound.
        let is_sane = loss <= MAX_LOSS_RATIO * self.first_loss.max(1.0);
        if !is_sane {
            return self.halt(Stop::Diverged { epoch: self.epochs_done + 1 });
        }
        if self.rec.turn.is_over() {
            let is_due = matches!(self.config.kge_interval, KgeInterval::Epochs(interval)
                if self.epochs_done.is_multiple_of(interval));
            self.phase = if is_due && self.kge.is_some() { Phase::Embedding } else { Phase::Validating };
        }
    }

    /// Works on some batches of triples.
    fn embed(&mut self, pool: &rayon::ThreadPool) {
        let mut budget = (STEP_COST * self.rec.threads()) as i64;
        while budget > 0 && self.kge.as_ref().is_some_and(|kge| !kge.turn.is_over()) {
            budget -= self.run_kge_batch(pool);
        }
        if self.kge.as_ref().is_none_or(|kge| kge.turn.is_over()) {
            if let Some(kge) = &mut self.kge {
                kge.start_pass(&self.config);
            }
            self.phase = Phase::Validating;
        }
    }

    /// One batch of triples, of a new pass if the last one is over. Returns what it cost.
    fn run_kge_batch(&mut self, pool: &rayon::ThreadPool) -> i64 {
        let Some(kge) = &mut self.kge else { return 0 };
        if kge.turn.is_over() {
            kge.start_pass(&self.config);
        }
        let (config, shape, layout) = (&self.config, &self.shape, &self.layout);
        let rows = kge.run_batch(config, shape, layout, &self.rows, &self.corrections, &mut self.parameters, pool);
        (rows * kge.cost_per_row) as i64
    }

    /// After the last batch of an epoch: looks at what has become of the model, and decides how to go on.
    fn end_epoch(&mut self) {
        self.epochs_done += 1;
        let epoch = self.epochs_done;
        let is_sane = self.parameters.arrays().iter().all(|(_, numbers)| numbers.iter().all(|x| x.is_finite()));
        if !is_sane {
            return self.halt(Stop::Diverged { epoch });
        }
        let predictor = Predictor::new(&self.shape, &self.rows.entity_of_item, &self.parameters);
        self.dead_users = predictor.dead_users();
        if self.flatness.look(&predictor).is_nan() {
            return self.halt(Stop::Diverged { epoch });
        }
        let is_flat = self.flatness.is_flat();
        let mut has_collapsed = self.dead_users >= 1.0 || self.flatness.is_lasting();
        let is_last = epoch >= self.config.epochs;
        let (mut is_best, mut is_patient) = (self.validation.is_none(), true);
        if let Some(validation) = &mut self.validation
            && (is_last || epoch.is_multiple_of(self.config.validate_every))
        {
            let scores = predictor.of_rows(&validation.rows);
            has_collapsed |= scores.windows(2).all(|pair| pair[0] == pair[1]);
            let figures = Validation {
                pooled_auc: pooled_auc(&validation.rows, &scores).unwrap_or(f64::NAN),
                per_user_auc: per_user_auc(&validation.rows, &scores).unwrap_or(f64::NAN),
            };
            let judged = &mut validation.judged;
            judged.last = Some(figures);
            let figure = match self.config.selection {
                Selection::PerUserAuc if !figures.per_user_auc.is_nan() => figures.per_user_auc,
                _ => figures.pooled_auc,
            };
            is_best = judged.best.is_none_or(|(best, _)| figure > best);
            // Where all items tie, an area of a half is no success, though it may be above that of the first epochs.
            if is_best && !is_flat && !has_collapsed {
                judged.best = Some((figure, epoch));
                judged.runs_without_best = 0;
            } else {
                judged.runs_without_best += 1;
                is_patient = self.config.patience == 0 || judged.runs_without_best < self.config.patience;
            }
        }
        if has_collapsed || (is_flat && (is_last || !is_patient)) {
            return self.halt(Stop::Collapsed { epoch });
        }
        if is_best && !is_flat {
            self.copy.copy_from(&self.parameters);
            self.copy_epoch = epoch;
        }
        if is_last {
            self.halt(Stop::Completed);
        } else if !is_patient {
            self.halt(Stop::NoImprovement);
        } else {
            self.rec.start_epoch(&self.config, epoch);
            self.phase = Phase::Recommendation;
        }
    }

    fn halt(&mut self, stop: Stop) {
        self.stop = Some(stop);
        self.phase = Phase::Stopped;
    }
}
