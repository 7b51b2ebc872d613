//! Training, one model after the other.

use super::checkpoint::{Checkpoints, saved};
use super::data::{Data, Parts};
use super::graph::Graph;
use super::progress::Reporter;
use crate::error::Result;
use crate::interrupt::{Event, pipeline};
use crate::worker::checkpoint::{Exact, Pace};
use pgrx::prelude::*;
use serde::{Deserialize, Serialize};
use sgr_engine::recommend::mkr::{
    JointSize, MkrConfig, MkrEstimate, MkrModel, MkrTrainer, Phase, Progress, Snapshot, Stop, Trained, Validation,
    estimate, permute_tails,
};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// A training to be made.
pub struct Training {
    /// What it is, for progress.
    pub what: String,
    /// The repeat of the split that it learns from, from 0.
    pub repeat: usize,
    pub config: MkrConfig,
    /// Whether it learns from the graph with its tails exchanged.
    pub is_random: bool,
}

/// What trainings share.
pub struct Inputs {
    pub data: Data,
    pub graph: Graph,
    pub pool: rayon::ThreadPool,
    /// By repeat.
    sizes: Vec<JointSize>,
}

impl Inputs {
    pub fn new(data: Data, graph: Graph, pool: rayon::ThreadPool) -> Result<Self> {
        let (entities, triples) = (&graph.item_entities, &graph.triples);
        let size = |parts: &Parts| JointSize::of(&parts.train, parts.validation.as_ref(), entities, triples);
        let sizes = data.repeats.iter().map(size).collect::<std::result::Result<_, _>>()?;
        Ok(Self { data, graph, pool, sizes })
    }

    /// The memory that a training takes.
    pub fn estimate(&self, training: &Training) -> MkrEstimate {
        estimate(&training.config, &self.sizes[training.repeat], self.pool.current_num_threads())
    }
}

/// What a training came to, without its model.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Summary {
    /// Epochs that were made, and the one after which the model is kept.
    pub epochs: u32,
    pub kept_epoch: u32,
    stop: Ending,
    rec_loss: Exact,
    kge_loss: Exact,
    validation: Option<[Exact; 2]>,
    pub elapsed: Duration,
}

/// Why a training ended.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Ending {
    Completed,
    NoImprovement,
    Diverged,
    Collapsed,
}

/// A training that was made.
pub struct Finished {
    pub model: MkrModel,
    pub summary: Summary,
}

/// What a training has taken and shown, beside the trainer's own state.
#[derive(Debug, Clone, Copy, Default)]
pub struct SoFar {
    pub elapsed: Duration,
    /// Of the model that is kept.
    pub validation: Option<Validation>,
}

impl Summary {
    /// Why it ended, as it stands in tables.
    pub fn stopped(&self) -> &'static str {
        match self.stop {
            Ending::Completed => "completed",
            Ending::NoImprovement => "no_improvement",
            Ending::Diverged => "diverged",
            Ending::Collapsed => "collapsed",
        }
    }

    /// The last losses, where they are defined.
    pub fn losses(&self) -> [Option<f64>; 2] {
        [self.rec_loss, self.kge_loss].map(|loss| Some(loss.get()).filter(|loss| loss.is_finite()))
    }

    /// What the validation part said of the model that was kept: the area under the curve of all rows, and its mean over users,
    /// where they are defined.
    pub fn areas(&self) -> Option<[Option<f64>; 2]> {
        self.validation.map(|areas| areas.map(|area| Some(area.get()).filter(|area| area.is_finite())))
    }

    pub fn elapsed_ms(&self) -> f64 {
        self.elapsed.as_micros() as f64 / 1e3
    }

    fn of(trained: &Trained, so_far: &SoFar) -> Self {
        let progress = &trained.progress;
        Self {
            epochs: progress.epochs_done,
            kept_epoch: trained.epoch,
            stop: match progress.stop {
                Some(Stop::NoImprovement) => Ending::NoImprovement,
                Some(Stop::Diverged { .. }) => Ending::Diverged,
                Some(Stop::Collapsed { .. }) => Ending::Collapsed,
                _ => Ending::Completed,
            },
            rec_loss: progress.rec_loss.into(),
            kge_loss: progress.kge_loss.into(),
            validation: so_far.validation.map(saved),
            elapsed: so_far.elapsed,
        }
    }
}

/// Trains one after the other; `done` gets the place of each and what it came to. In a job, those that an earlier attempt has
/// finished are not made again.
///
/// Errors: 55000 for parts without both labels, 53000 over the memory limit.
pub fn run(
    trainings: &[Training],
    inputs: &Inputs,
    mut checkpoints: Option<Checkpoints>,
    mut done: impl FnMut(usize, Finished) -> Result<()>,
) -> Result<()> {
    let mut reporter = Reporter::new();
    for (at, training) in trainings.iter().enumerate() {
        let left = match &checkpoints {
            Some(checkpoints) => checkpoints.finished(at, training, inputs)?,
            None => None,
        };
        let finished = match left {
            Some(finished) => finished,
            None => {
                let finished = make(training, (at, trainings.len()), inputs, &mut reporter, checkpoints.as_mut())?;
                if let Some(checkpoints) = &mut checkpoints {
                    checkpoints.finish(&finished)?;
                }
                finished
            }
        };
        done(at, finished)?;
    }
    Ok(())
}

/// What the training thread hands over.
enum News {
    Progress(Progress),
    /// And whom to tell that it is saved.
    Snapshot(Box<(Snapshot, SoFar)>, Sender<()>),
}

/// Makes a training that is number `at` of `of`: from the beginning, or from where an earlier attempt of the job has saved it.
pub fn make(
    training: &Training,
    (at, of): (usize, usize),
    inputs: &Inputs,
    reporter: &mut Reporter,
    mut checkpoints: Option<&mut Checkpoints>,
) -> Result<Finished> {
    let Inputs { data, graph, pool, .. } = inputs;
    let left = match &mut checkpoints {
        Some(checkpoints) => checkpoints.take_snapshot()?,
        None => None,
    };
    let mut pace = Pace::new(checkpoints.as_ref().and_then(|checkpoints| checkpoints.within()));
    let (trained, so_far) = pipeline(
        |output| {
            let started = Instant::now();
            let (parts, config) = (&data.repeats[training.repeat], training.config.clone());
            let triples = match training.is_random {
                true => Arc::new(permute_tails(&graph.triples, config.seed)),
                false => Arc::clone(&graph.triples),
            };
            let (train, validation, entities) =
                (Arc::clone(&parts.train), parts.validation.as_ref(), &graph.item_entities);
            let (mut trainer, mut so_far) = match left {
                Some((snapshot, so_far)) => {
                    (MkrTrainer::restore(train, validation, entities, triples, config, snapshot, pool)?, so_far)
                }
                None => (MkrTrainer::new(train, validation, entities, triples, config, pool)?, SoFar::default()),
            };
            let (before, mut best) = (so_far.elapsed, trainer.progress().best);
            loop {
                let progress = trainer.step(pool);
                if progress.best != best {
                    (best, so_far.validation) = (progress.best, progress.validation);
                }
                so_far.elapsed = before + started.elapsed();
                if progress.phase == Phase::Stopped || !output.send(News::Progress(progress)) {
                    break;
                }
                if pace.is_due()
                    && let Some(snapshot) = trainer.snapshot()
                    && !pace.hand_over(|saved| output.send(News::Snapshot(Box::new((snapshot, so_far)), saved)))
                {
                    break;
                }
            }
            Ok((trainer.finish(), so_far))
        },
        |event| {
            match event {
                Event::Started => {}
                Event::Block(News::Progress(progress)) => reporter.training(&training.what, at, of, &progress),
                Event::Block(News::Snapshot(snapshot, done)) => {
                    if let Some(checkpoints) = &mut checkpoints {
                        checkpoints.save(&snapshot.0, &snapshot.1)?;
                    }
                    let _ = done.send(());
                }
            }
            Ok(())
        },
    )?;
    warn(training, &trained);
    let summary = Summary::of(&trained, &so_far);
    Ok(Finished { model: trained.model, summary })
}

/// Says that a training went wrong.
fn warn(training: &Training, trained: &Trained) {
    let (what, hint) = match trained.progress.stop {
        Some(Stop::Diverged { epoch }) => (format!("diverged in epoch {epoch}"), "lower lr_rec or lr_kge"),
        Some(Stop::Collapsed { epoch }) => (
            format!("collapsed in epoch {epoch}: it tells no items apart"),
            "a smaller l2, a larger init_scale, fewer layers or a smaller lr_rec help",
        ),
        _ => return,
    };
    let message = format!("training \"{}\" {what}", training.what);
    pgrx::pg_sys::panic::ErrorReport::new(PgSqlErrorCode::ERRCODE_WARNING, message, "sgr_graph")
        .set_detail(format!("the model is that after epoch {}", trained.epoch))
        .set_hint(hint.to_owned())
        .report(PgLogLevel::WARNING);
}
