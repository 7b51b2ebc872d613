//! Training, one model after the other.

use super::data::Data;
use super::graph::Graph;
use super::progress::Reporter;
use crate::error::Result;
use crate::interrupt::{Event, pipeline};
use crate::run::milliseconds;
use pgrx::prelude::*;
use sgr_engine::recommend::mkr::{MkrConfig, MkrTrainer, Phase, Stop, Trained, Validation, permute_tails};
use std::sync::Arc;
use std::time::Instant;

/// A training to be made.
pub struct Job<'a> {
    /// What it is, for progress.
    pub what: &'a str,
    /// The repeat of the split that it learns from, from 0.
    pub repeat: usize,
    pub config: MkrConfig,
    /// Whether it learns from the graph with its tails exchanged.
    pub is_random: bool,
}

/// A training that was made.
pub struct Finished {
    pub trained: Trained,
    /// What the validation part said of the model that was kept.
    pub validation: Option<Validation>,
    pub elapsed_ms: f64,
}

/// Trains one after the other; `done` gets the place of each and what it came to.
///
/// Errors: 55000 for parts without both labels, 53000 over the memory limit.
pub fn run_jobs(
    jobs: &[Job],
    data: &Data,
    graph: &Graph,
    pool: &rayon::ThreadPool,
    mut done: impl FnMut(usize, Finished) -> Result<()>,
) -> Result<()> {
    let mut reporter = Reporter::new();
    for (at, job) in jobs.iter().enumerate() {
        let started = Instant::now();
        let (trained, validation) = pipeline(
            |output| {
                let parts = &data.repeats[job.repeat];
                let triples = match job.is_random {
                    true => Arc::new(permute_tails(&graph.triples, job.config.seed)),
                    false => Arc::clone(&graph.triples),
                };
                let (train, validation) = (Arc::clone(&parts.train), parts.validation.as_ref());
                let mut trainer =
                    MkrTrainer::new(train, validation, &graph.item_entities, triples, job.config.clone(), pool)?;
                let (mut best, mut validation) = (None, None);
                loop {
                    let progress = trainer.step(pool);
                    if progress.best != best {
                        (best, validation) = (progress.best, progress.validation);
                    }
                    if progress.phase == Phase::Stopped || !output.send(progress) {
                        break;
                    }
                }
                Ok((trainer.finish(), validation))
            },
            |event| {
                if let Event::Block(progress) = event {
                    reporter.training(job.what, at, jobs.len(), &progress);
                }
                Ok(())
            },
        )?;
        warn(job, &trained);
        done(at, Finished { trained, validation, elapsed_ms: milliseconds(started) })?;
    }
    Ok(())
}

/// Why a training ended, as it stands in tables.
pub fn stopped(trained: &Trained) -> &'static str {
    match trained.progress.stop {
        Some(Stop::NoImprovement) => "no_improvement",
        Some(Stop::Diverged { .. }) => "diverged",
        Some(Stop::Collapsed { .. }) => "collapsed",
        _ => "completed",
    }
}

/// Says that a training went wrong.
fn warn(job: &Job, trained: &Trained) {
    let (what, hint) = match trained.progress.stop {
        Some(Stop::Diverged { epoch }) => (format!("diverged in epoch {epoch}"), "lower lr_rec or lr_kge"),
        Some(Stop::Collapsed { epoch }) => (
            format!("collapsed in epoch {epoch}: it tells no items apart"),
            "a smaller l2, a larger init_scale, fewer layers or a smaller lr_rec help",
        ),
        _ => return,
    };
    let message = format!("training \"{}\" {what}", job.what);
    pgrx::pg_sys::panic::ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, "sgr_graph")
        .set_detail(format!("the model is that after epoch {}", trained.epoch))
        .set_hint(hint.to_owned())
        .report(PgLogLevel::WARNING);
}
