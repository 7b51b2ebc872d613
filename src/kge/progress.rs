//! What a long computation says while it runs.

use crate::worker::{self, Status};
use pgrx::prelude::*;
use sgr_engine::kge::{Phase, Progress};
use std::time::{Duration, Instant};

/// How often at most a client is told.
const EVERY: Duration = Duration::from_secs(2);

/// How often at most a job says where it is: nobody need read it.
const EVERY_IN_JOB: Duration = Duration::from_millis(250);

/// Sends notices, not too many of them; in a job, says where it is.
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
        let Some(since) = self.due(progress.fraction) else { return };
        let speed = progress.triples_done.saturating_sub(self.triples_then) as f64 / since.as_secs_f64();
        self.triples_then = progress.triples_done;
        if progress.phase == Phase::Preparing {
            self.tell("preparing", progress.fraction, Status::default(), "putting the known triples in order");
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
        let (phase, speed) = match progress.phase {
            Phase::Validating => ("validating", None),
            _ => ("training", Some(speed)),
        };
        let status = Status { rows_done: Some(progress.triples_done), rows_per_second: speed, ..Status::default() };
        let said = format!("epoch {epoch} of {}: loss {:.4}, {doing}{best}", progress.epochs, progress.loss);
        self.tell(phase, progress.fraction, status, &said);
    }

    /// How much of something else is done.
    pub fn done(&mut self, what: &str, fraction: f64) {
        self.first.get_or_insert(0.0);
        if self.due(fraction).is_some() {
            self.tell(what, fraction, Status::default(), &format!("{what}: {:.0}% done", 100.0 * fraction));
        }
    }

    /// Says something when it is due.
    pub fn tell(&self, phase: &str, fraction: f64, status: Status, said: &str) {
        let left = self.seconds_left(fraction);
        if worker::in_job() {
            worker::report(Status {
                phase: phase.to_owned(),
                fraction: Some(fraction),
                seconds_left: left,
                message: said.to_owned(),
                ..status
            });
        } else {
            let left = left.map_or(String::new(), |left| format!(", about {left:.0} s left"));
            notice!("{said}{left}");
        }
    }

    /// How long ago something was said, if it is time to say something. The first fraction is where the work begins.
    pub fn due(&mut self, fraction: f64) -> Option<Duration> {
        self.first.get_or_insert(fraction);
        let since = self.last.elapsed();
        (since >= if worker::in_job() { EVERY_IN_JOB } else { EVERY }).then(|| {
            self.last = Instant::now();
            since
        })
    }

    fn seconds_left(&self, fraction: f64) -> Option<f64> {
        let done = fraction - self.first.unwrap_or(0.0);
        (done > 0.0).then(|| self.started.elapsed().as_secs_f64() * (1.0 - fraction) / done)
    }
}
