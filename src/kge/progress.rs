//! What a long computation says while it runs.

use pgrx::prelude::*;
use sgr_engine::kge::{Phase, Progress};
use std::time::{Duration, Instant};

/// How often at most.
const EVERY: Duration = Duration::from_secs(2);

/// Sends notices, not too many of them.
pub struct Reporter {
    started: Instant,
    last: Instant,
    triples_then: u64,
    /// How much was done at the first look: a resumed training does not begin at nothing.
    first: Option<f64>,
}

impl Reporter {
    pub fn new() -> Self {
        let now = Instant::now();
        Self { started: now, last: now, triples_then: 0, first: None }
    }

    /// Where a training is.
    pub fn training(&mut self, progress: &Progress) {
        self.first.get_or_insert(progress.fraction);
        let Some(since) = self.due() else { return };
        let speed = progress.triples_done.saturating_sub(self.triples_then) as f64 / since.as_secs_f64();
        self.triples_then = progress.triples_done;
        if progress.phase == Phase::Preparing {
            notice!("putting the known triples in order");
            return;
        }
        let epoch = (progress.epochs_done + 1).min(progress.epochs);
        let doing = match progress.phase {
            Phase::Validating => "validating".to_owned(),
            _ => format!("{speed:.0} triples/s"),
        };
        let best = progress
            .best
            .map_or(String::new(), |(mrr, epoch)| format!(", best validation MRR {mrr:.4} after epoch {epoch}"));
        let left = self.left(progress.fraction);
        notice!("epoch {epoch} of {}: loss {:.4}, {doing}{best}{left}", progress.epochs, progress.loss);
    }

    /// How much of something else is done.
    pub fn done(&mut self, what: &str, fraction: f64) {
        self.first.get_or_insert(0.0);
        if self.due().is_some() {
            notice!("{what}: {:.0}% done{}", 100.0 * fraction, self.left(fraction));
        }
    }

    fn due(&mut self) -> Option<Duration> {
        let since = self.last.elapsed();
        (since >= EVERY).then(|| {
            self.last = Instant::now();
            since
        })
    }

    fn left(&self, fraction: f64) -> String {
        let done = fraction - self.first.unwrap_or(0.0);
        if done <= 0.0 {
            return String::new();
        }
        let left = self.started.elapsed().as_secs_f64() * (1.0 - fraction) / done;
        format!(", about {left:.0} s left")
    }
}
