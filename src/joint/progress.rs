//! What a joint training says while it runs.

use pgrx::prelude::*;
use sgr_engine::recommend::mkr::{Phase, Progress};
use std::time::{Duration, Instant};

/// How often at most.
const EVERY: Duration = Duration::from_secs(2);

/// Sends notices, not too many of them.
pub struct Reporter {
    started: Instant,
    last: Instant,
}

impl Reporter {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { started: now, last: now }
    }

    /// Where a training is that is number `at` of `of`.
    pub fn training(&mut self, what: &str, at: usize, of: usize, progress: &Progress) {
        let fraction = (at as f64 + progress.fraction) / of.max(1) as f64;
        let Some(left) = self.due(fraction) else { return };
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
        notice!("{what} ({} of {of}), epoch {epoch} of {}: {what_learned}{loss}{best}{left}", at + 1, progress.epochs);
    }

    /// How much of something else is done.
    pub fn done(&mut self, what: &str, fraction: f64) {
        if let Some(left) = self.due(fraction) {
            notice!("{what}: {:.0}% done{left}", 100.0 * fraction);
        }
    }

    /// How long it will take, if it is time to say something.
    fn due(&mut self, fraction: f64) -> Option<String> {
        if self.last.elapsed() < EVERY {
            return None;
        }
        self.last = Instant::now();
        let left = self.started.elapsed().as_secs_f64() * (1.0 - fraction) / fraction.max(1e-6);
        Some(if fraction > 0.0 { format!(", about {left:.0} s left") } else { String::new() })
    }
}
