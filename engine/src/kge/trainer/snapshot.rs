//! A training as it stands, to go on from after a crash.

use super::{Checkpoint, Kept, Phase, Trainer};
use crate::kge::config::KgeConfig;
use crate::kge::embeddings::Embeddings;
use crate::kge::error::KgeError;
use crate::kge::rank::Metrics;
use crate::kge::triples::TripleSet;
use std::sync::Arc;

/// What validation has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judged {
    /// Filtered metrics of the last run.
    pub last: Option<Metrics>,
    /// The best MRR and its epoch.
    pub best: Option<(f64, u32)>,
    /// Runs since then.
    pub runs_without_best: u32,
}

/// All that an interrupted training goes on from as if it had not been interrupted. Takes as much memory as the trainer's
/// vectors, states and copy.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The vectors as they are, which need not be the best ones.
    pub embeddings: Embeddings,
    /// Where training stands.
    pub checkpoint: Checkpoint,
    /// The vectors that training would end with if nothing better came.
    pub kept: Option<Kept>,
    /// What validation has shown.
    pub judged: Judged,
    /// Mean loss of the last epoch; NaN before its end.
    pub last_loss: f64,
    /// As in [`Progress`](super::Progress).
    pub triples_done: u64,
}

impl Trainer {
    /// A copy of all that [`restore`](Self::restore) needs; `None` before the first step, while validation triples are
    /// ranked, and after the end.
    pub fn snapshot(&self) -> Option<Snapshot> {
        (self.phase == Phase::Training).then(|| Snapshot {
            embeddings: self.embeddings.clone(),
            checkpoint: self.checkpoint.clone(),
            kept: self.kept.clone(),
            judged: self.validation.as_ref().map(|validation| validation.judged).unwrap_or_default(),
            last_loss: self.last_loss,
            triples_done: self.triples_done,
        })
    }

    /// Goes on from a snapshot of a training on the same triples with the same config. On one thread, the result is that of
    /// a training that was never interrupted.
    ///
    /// # Errors
    /// As [`resume`](Self::resume).
    pub fn restore(
        triples: Arc<TripleSet>,
        validation: Option<&TripleSet>,
        config: KgeConfig,
        snapshot: Snapshot,
        pool: &rayon::ThreadPool,
    ) -> Result<Trainer, KgeError> {
        let Snapshot { embeddings, checkpoint, kept, judged, last_loss, triples_done } = snapshot;
        let mut trainer = Trainer::resume(triples, validation, config, embeddings, checkpoint, pool)?;
        if let Some(kept) = &kept {
            let (new, old) = (&kept.embeddings, &trainer.embeddings);
            for (what, actual, expected) in [
                ("kept entity vectors", new.entities.len(), old.entities.len()),
                ("kept relation vectors", new.relations.len(), old.relations.len()),
            ] {
                if actual != expected {
                    return Err(KgeError::WrongLength { what, actual, expected });
                }
            }
        }
        trainer.kept = kept;
        if let Some(validation) = &mut trainer.validation {
            validation.judged = judged;
        }
        trainer.last_loss = last_loss;
        trainer.triples_done = triples_done;
        Ok(trainer)
    }
}
