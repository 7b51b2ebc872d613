//! What a joint training says while it runs.

use crate::kge;
use crate::worker::Status;
use sgr_engine::recommend::mkr::{Phase, Progress};

/// [`kge::Reporter`] for trainings that come one after the other.
pub struct Reporter {
    reporter: kge::Reporter,
    /// The part of the work that is reported about: where it begins, and its share.
    part: (f64, f64),
    /// Interactions and triples, of all trainings; when it was reported last; and of this training.
    rows: u64,
    rows_then: u64,
    rows_of: (usize, u64),
}

impl Reporter {
    pub fn new() -> Self {
        Self { reporter: kge::Reporter::new(), part: (0.0, 1.0), rows: 0, rows_then: 0, rows_of: (0, 0) }
    }

    /// What follows is part number `at` of `of` equal ones.
    pub fn part(&mut self, at: usize, of: usize) {
        let share = 1.0 / of.max(1) as f64;
        self.part = (at as f64 * share, share);
        self.rows_of = (0, 0);
    }

    /// Where a training is that is number `at` of `of`.
    pub fn training(&mut self, what: &str, at: usize, of: usize, progress: &Progress) {
        let rows = progress.rows_done + progress.triples_done;
        let before = if self.rows_of.0 == at { self.rows_of.1 } else { 0 };
        self.rows += rows.saturating_sub(before);
        self.rows_of = (at, rows);
        let fraction = self.fraction((at as f64 + progress.fraction) / of.max(1) as f64);
        let Some(since) = self.reporter.due(fraction) else { return };
        let speed = (self.rows - self.rows_then) as f64 / since.as_secs_f64();
        self.rows_then = self.rows;
        let best = progress
            .best
            .map_or(String::new(), |(auc, epoch)| format!(", best validation AUC {auc:.4} after epoch {epoch}"));
        // There is no loss before the first batch.
        let (what_learned, loss) = match progress.phase {
            Phase::Embedding => ("triples", progress.kge_loss),
            _ => ("interactions", progress.rec_loss),
        };
        let loss = if loss.is_finite() { format!(", loss {loss:.4}") } else { String::new() };
        let epoch = (progress.epochs_done + 1).min(progress.epochs);
        let said =
            format!("{what} ({} of {of}), epoch {epoch} of {}: {what_learned}{loss}{best}", at + 1, progress.epochs);
        let status = Status { rows_done: Some(self.rows), rows_per_second: Some(speed), ..Status::default() };
        self.reporter.tell("training", fraction, status, &said);
    }

    /// How much of something else is done.
    pub fn done(&mut self, what: &str, fraction: f64) {
        self.reporter.done(what, self.fraction(fraction));
    }

    fn fraction(&self, of_part: f64) -> f64 {
        self.part.0 + self.part.1 * of_part
    }
}
