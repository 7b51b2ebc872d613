//! A trainer on a thread of its own, while the main thread reports, and in a job saves where it is.

use super::checkpoint;
use super::progress::Reporter;
use super::train::Input;
use crate::error::{Error, Result};
use crate::interrupt::{Event, pipeline};
use crate::settings;
use crate::worker::checkpoint::Pace;
use crate::worker::{self, Job};
use pgrx::prelude::*;
use sgr_engine::kge::{KgeConfig, KgeEstimate, Metrics, Phase, Progress, Snapshot, Stop, Trained, Trainer};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Vectors, and what they took.
pub struct Computed {
    pub trained: Trained,
    /// Of the validation run whose vectors were kept.
    pub metrics: Option<Metrics>,
    training: Duration,
}

impl Computed {
    /// Positive triples per second of training, without validation.
    pub fn speed(&self) -> f64 {
        self.trained.progress.triples_done as f64 / self.training.as_secs_f64().max(1e-6)
    }

    /// Why it stopped. Warns of divergence. Errors: 22003 if nothing was there to keep.
    pub fn stopped(&self) -> Result<&'static str> {
        match self.trained.progress.stop {
            Some(Stop::NoImprovement) => Ok("no_improvement"),
            Some(Stop::Diverged { epoch }) => {
                let kept = self.trained.epoch;
                let message = format!("training diverged in epoch {epoch}");
                let what =
                    "the loss or a vector was not finite, or the loss grew beyond ten times what it was at first";
                if kept == 0 {
                    return Err(Error::new(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, message)
                        .detail(format!("{what}; there are no vectors from before that"))
                        .hint("lower learning_rate"));
                }
                pgrx::pg_sys::panic::ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, "sgr_graph")
                    .set_detail(format!("{what}; the vectors are those after epoch {kept}"))
                    .set_hint("lower learning_rate".to_owned())
                    .report(PgLogLevel::WARNING);
                Ok("diverged")
            }
            _ => Ok("completed"),
        }
    }
}

/// Takes what was computed. Errors: 55000 if nothing was.
pub fn computed(computed: &mut Option<Computed>) -> Result<Computed> {
    computed.take().ok_or_else(|| Error::not_ready("nothing was trained"))
}

/// What a training has taken and shown, beside the trainer's own state.
#[derive(Debug, Clone, Default)]
pub struct SoFar {
    /// Of training, without validation.
    pub training: Duration,
    /// Of the validation run whose vectors are kept.
    pub metrics: Option<Metrics>,
}

/// What the training thread hands over.
enum News {
    Progress(Progress),
    /// And whom to tell that it is saved.
    Snapshot(Box<(Snapshot, SoFar)>, Sender<()>),
}

/// Trains on a thread of its own, and reports.
pub fn compute<F>(pool: &rayon::ThreadPool, start: F) -> Result<Computed>
where
    F: FnOnce() -> Result<Trainer> + Send,
{
    compute_saving(pool, || Ok((start()?, SoFar::default())), None, |_, _| Ok(()))
}

/// A training that can go on from a checkpoint.
pub struct Resumable<'a> {
    pub input: &'a Input,
    pub config: &'a KgeConfig,
    /// What the vectors were at first, if they are not new.
    pub version: Option<&'a str>,
    /// How often a job saves where it is.
    pub interval: Option<Duration>,
    pub pool: &'a rayon::ThreadPool,
}

impl Resumable<'_> {
    /// [`compute`]; a job goes on from the checkpoint of an earlier attempt, and leaves checkpoints.
    pub fn compute<F>(&self, job: Option<&Job>, start: F) -> Result<Computed>
    where
        F: FnOnce() -> Result<Trainer> + Send,
    {
        let Some(job) = job else { return compute(self.pool, start) };
        let Self { input, config, version, interval, pool } = *self;
        let fingerprint = checkpoint::fingerprint(input, config, version);
        let left = job.step(|| checkpoint::read(job, fingerprint, config))?;
        let (learned, validation) = (Arc::clone(&input.learned), input.validation.as_ref());
        let start = move || match left {
            Some((snapshot, so_far)) => {
                Ok((Trainer::restore(learned, validation, config.clone(), snapshot, pool)?, so_far))
            }
            None => Ok((start()?, SoFar::default())),
        };
        let save =
            |snapshot: &Snapshot, so_far: &SoFar| job.step(|| checkpoint::write(job, fingerprint, snapshot, so_far));
        compute_saving(pool, start, interval, save)
    }
}

/// How often a job is to save where it is; `None` for never, which a warning says where memory is the reason.
pub fn checkpoint_interval(memory: &KgeEstimate) -> Option<Duration> {
    let interval = settings::checkpoint_interval().filter(|_| worker::is_staged())?;
    let snapshot = memory.vectors.saturating_add(memory.optimizer).saturating_add(memory.copy);
    if memory.total().saturating_add(snapshot) <= settings::memory_limit() {
        return Some(interval);
    }
    warning!(
        "there will be no checkpoints: one takes {} MB, and with the training that is more than sgr_graph.memory_limit",
        (snapshot >> 20) + 1
    );
    None
}

/// [`compute`], and has the main thread save snapshots at the pace that `interval` gives.
fn compute_saving<F, S>(pool: &rayon::ThreadPool, start: F, interval: Option<Duration>, mut save: S) -> Result<Computed>
where
    F: FnOnce() -> Result<(Trainer, SoFar)> + Send,
    S: FnMut(&Snapshot, &SoFar) -> Result<()>,
{
    let mut reporter = Reporter::new();
    give_back_memory();
    pipeline(
        |output| {
            let (mut trainer, mut so_far) = start()?;
            let (mut best, mut phase) = (trainer.progress().best, trainer.progress().phase);
            let mut pace = Pace::new(interval);
            loop {
                let began = Instant::now();
                let progress = trainer.step(pool);
                if phase == Phase::Training {
                    so_far.training += began.elapsed();
                }
                if progress.best != best {
                    (best, so_far.metrics) = (progress.best, progress.validation);
                }
                phase = progress.phase;
                if phase == Phase::Stopped || !output.send(News::Progress(progress)) {
                    break;
                }
                if pace.is_due()
                    && let Some(snapshot) = trainer.snapshot()
                    && !pace.hand_over(|done| output.send(News::Snapshot(Box::new((snapshot, so_far.clone())), done)))
                {
                    break;
                }
            }
            let SoFar { training, metrics } = so_far;
            Ok(Computed { trained: trainer.finish(), metrics, training })
        },
        |event| match event {
            Event::Started => Ok(()),
            Event::Block(News::Progress(progress)) => {
                reporter.training(&progress);
                Ok(())
            }
            Event::Block(News::Snapshot(snapshot, done)) => {
                save(&snapshot.0, &snapshot.1)?;
                let _ = done.send(());
                Ok(())
            }
        },
    )
}

/// Gives freed memory back to the system. Reading triples leaves some megabytes free on the main thread's heap, where
/// the threads of the training, which have heaps of their own, cannot use them.
#[allow(unsafe_code, reason = "only to be had from libc")]
fn give_back_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it may be called at any time, and takes its own locks.
    unsafe {
        libc::malloc_trim(0);
    }
}
