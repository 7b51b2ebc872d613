//! A training as it stands, to go on from after a crash.

use super::*;
use crate::kge::TripleSet;
use crate::recommend::mkr::error::MkrError;

/// What validation has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judged {
    /// The last run.
    pub last: Option<Validation>,
    /// As in [`Progress::best`].
    pub best: Option<(f64, u32)>,
    /// Runs since then.
    pub runs_without_best: u32,
}

/// Where one of the two tasks stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskState {
    /// Of its optimiser: moments of the rows of each table and how many steps each row has made, then the same of the weights.
    pub optimizer: Vec<f32>,
    /// Passes that have begun; their orders follow from the seed.
    pub passes: u64,
    /// Batches of all passes.
    pub batches: u64,
    /// Rows of this pass that are done.
    pub done: usize,
    /// Sum of their losses.
    pub loss_sum: f64,
    /// Mean loss of the pass before; NaN in the first.
    pub last_loss: f64,
    /// Rows of all passes that are done.
    pub total: u64,
}

/// All that an interrupted training goes on from as if it had not been interrupted. Takes as much memory as the trainer's
/// parameters, states and copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The parameters as they are, which need not be the best ones.
    pub parameters: MkrParameters,
    /// The parameters that training would end with if nothing better came, and the epoch after which they were so; `None` while
    /// that would be the first numbers.
    pub kept: Option<(MkrParameters, u32)>,
    /// The recommendation task.
    pub rec: TaskState,
    /// The embedding task, if it is learned.
    pub kge: Option<TaskState>,
    /// What validation has shown.
    pub judged: Judged,
    /// Epochs that are done.
    pub epochs_done: u32,
    /// Mean loss of the first batch; NaN before it.
    pub first_loss: f64,
    /// Epochs in a row after which all items scored the same.
    pub flat_epochs: u32,
    /// As in [`Progress`].
    pub dead_users: f64,
}

impl MkrTrainer {
    /// A copy of all that [`restore`](Self::restore) needs; `None` between the last batch and the end of an epoch, and after the
    /// end.
    pub fn snapshot(&self) -> Option<Snapshot> {
        matches!(self.phase, Phase::Recommendation | Phase::Embedding).then(|| Snapshot {
            parameters: self.parameters.clone(),
            kept: (self.copy_epoch > 0).then(|| (self.copy.clone(), self.copy_epoch)),
            rec: self.rec.state(u64::from(self.epochs_done) + 1),
            kge: self.kge.as_ref().map(KgeTask::state),
            judged: self.validation.as_ref().map(|validation| validation.judged).unwrap_or_default(),
            epochs_done: self.epochs_done,
            first_loss: self.first_loss,
            flat_epochs: self.flatness.epochs(),
            dead_users: self.dead_users,
        })
    }

    /// Goes on from a snapshot of a training on the same inputs with the same config. With the same number of threads, the result is
    /// that of a training that was never interrupted, to the last bit. The orders of earlier passes are drawn once more, which takes
    /// some nanoseconds per row and pass.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`WrongLength`](MkrError::WrongLength) and [`Mismatch`](MkrError::Mismatch) for a snapshot of another
    /// training.
    pub fn restore(
        interactions: Arc<Interactions>,
        validation: Option<&Interactions>,
        item_entities: &[u32],
        graph: Arc<TripleSet>,
        config: MkrConfig,
        snapshot: Snapshot,
        pool: &rayon::ThreadPool,
    ) -> Result<MkrTrainer, MkrError> {
        let mut trainer = MkrTrainer::new(interactions, validation, item_entities, graph, config, pool)?;
        let Snapshot { parameters, kept, rec, kge, judged, epochs_done, first_loss, flat_epochs, dead_users } =
            snapshot;
        parameters.check_lengths(&trainer.shape)?;
        trainer.parameters = parameters;
        if let Some((parameters, epoch)) = kept {
            parameters.check_lengths(&trainer.shape)?;
            (trainer.copy, trainer.copy_epoch) = (parameters, epoch);
        }
        if epochs_done >= trainer.config.epochs || rec.passes != u64::from(epochs_done) + 1 {
            let (actual, expected) = (epochs_done as usize, trainer.config.epochs as usize);
            return Err(MkrError::Mismatch { what: "number of epochs", actual, expected });
        }
        trainer.rec.restore(&trainer.config, &rec)?;
        match (&mut trainer.kge, &kge) {
            (Some(task), Some(state)) => task.restore(&trainer.config, state)?,
            (None, None) => {}
            (task, state) => {
                let (actual, expected) = (state.is_some().into(), task.is_some().into());
                return Err(MkrError::Mismatch { what: "embedding tasks", actual, expected });
            }
        }
        if let Some(validation) = &mut trainer.validation {
            validation.judged = judged;
        }
        // After the last batch of interactions there is a snapshot within a pass over the triples only.
        trainer.phase = if trainer.rec.turn.is_over() { Phase::Embedding } else { Phase::Recommendation };
        trainer.epochs_done = epochs_done;
        trainer.first_loss = first_loss;
        trainer.flatness.resume(flat_epochs);
        trainer.dead_users = dead_users;
        Ok(trainer)
    }
}
