//! Checkpoints of joint trainings that run as a job: where an attempt ended that did not come to its end, the next one goes on.

use super::train::{Finished, Inputs, SoFar, Summary, Training};
use crate::error::Result;
use crate::settings;
use crate::worker::checkpoint::{self, Arrays, Exact};
use crate::worker::{self, Job};
use pgrx::prelude::*;
use serde::{Deserialize, Serialize};
use sgr_engine::recommend::mkr::{
    Interactions, Judged, MkrConfig, MkrModel, MkrParameters, Snapshot, TaskState, Validation,
};
use std::time::Duration;

/// The arrays of a training that has not finished.
const CURRENT: &str = "current/";

/// How often a job leaves checkpoints; decided when it loads.
#[derive(Debug, Clone, Copy)]
pub struct Intervals {
    /// Whether what has finished is kept.
    keeps_finished: bool,
    /// Between two snapshots of a training; `None` takes none.
    within: Option<Duration>,
}

impl Intervals {
    /// Of trainings that are to be made. Warns if there is no memory for snapshots.
    pub fn new(trainings: &[Training], inputs: &Inputs) -> Self {
        let Some(interval) = settings::checkpoint_interval().filter(|_| worker::is_staged()) else {
            return Self { keeps_finished: false, within: None };
        };
        let mut most = (0, 0);
        for training in trainings {
            let memory = inputs.estimate(training);
            most = most.max((memory.total().saturating_add(memory.snapshot()), memory.snapshot()));
        }
        let fits = most.0 <= settings::memory_limit();
        if !fits {
            warning!(
                "there will be no checkpoints within a training: one takes {} MB, and with the training that is more than sgr_graph.memory_limit",
                (most.1 >> 20) + 1
            );
        }
        Self { keeps_finished: true, within: fits.then_some(interval) }
    }
}

#[derive(Serialize, Deserialize, Default)]
struct Saved {
    /// By training; models are among the arrays.
    finished: Vec<Summary>,
    current: Option<SavedTraining>,
}

/// A [`Snapshot`] without its arrays, and what goes with it.
#[derive(Serialize, Deserialize)]
struct SavedTraining {
    rec: SavedTask,
    kge: Option<SavedTask>,
    kept_epoch: Option<u32>,
    last: Option<[Exact; 2]>,
    best: Option<(Exact, u32)>,
    runs_without_best: u32,
    epochs_done: u32,
    first_loss: Exact,
    flat_epochs: u32,
    dead_users: Exact,
    validation: Option<[Exact; 2]>,
    elapsed: Duration,
}

/// A [`TaskState`] without its array.
#[derive(Serialize, Deserialize)]
struct SavedTask {
    passes: u64,
    batches: u64,
    done: usize,
    loss_sum: Exact,
    last_loss: Exact,
    total: u64,
}

impl SavedTask {
    fn of(state: &TaskState) -> Self {
        let TaskState { passes, batches, done, loss_sum, last_loss, total, .. } = *state;
        Self { passes, batches, done, loss_sum: loss_sum.into(), last_loss: last_loss.into(), total }
    }

    fn with(self, optimizer: Vec<f32>) -> TaskState {
        let Self { passes, batches, done, loss_sum, last_loss, total } = self;
        TaskState { optimizer, passes, batches, done, loss_sum: loss_sum.get(), last_loss: last_loss.get(), total }
    }
}

/// Both areas of a validation run.
pub fn saved(validation: Validation) -> [Exact; 2] {
    [validation.pooled_auc, validation.per_user_auc].map(Exact::from)
}

/// What [`saved`] made.
pub fn validation(areas: [Exact; 2]) -> Validation {
    let [pooled_auc, per_user_auc] = areas.map(Exact::get);
    Validation { pooled_auc, per_user_auc }
}

/// A number that tells the trainings of a job from others.
pub fn fingerprint(trainings: &[Training], inputs: &Inputs) -> u64 {
    let Inputs { data, graph, pool, .. } = inputs;
    // How much memory is allowed does not matter, how many threads there are does: sums depend on it.
    let how = |training: &Training| {
        let config = MkrConfig { memory_limit: 0, ..training.config.clone() };
        (training.repeat, training.is_random, format!("{config:?}"))
    };
    let how: Vec<_> = trainings.iter().map(how).collect();
    checkpoint::fingerprint(&(how, pool.current_num_threads()), inputs_of(data, graph))
}

/// Everything that is learned from, for a fingerprint.
pub fn inputs_of<'a>(data: &'a super::data::Data, graph: &'a super::Graph) -> impl std::hash::Hash + use<'a> {
    let columns = |rows: &'a Interactions| (rows.users(), rows.items(), rows.labels());
    let repeats: Vec<_> =
        data.repeats.iter().map(|parts| (columns(&parts.train), parts.validation.as_ref().map(columns))).collect();
    let triples = [graph.triples.heads(), graph.triples.relations(), graph.triples.tails()];
    (&data.user_ids, &data.item_ids, repeats, triples, &graph.item_entities)
}

/// What the attempts of a job leave: the models of trainings that have finished, and a snapshot of the one that has not.
pub struct Checkpoints<'a> {
    job: &'a Job,
    fingerprint: u64,
    within: Option<Duration>,
    saved: Saved,
}

impl<'a> Checkpoints<'a> {
    /// Where the last attempt ended; at the beginning if it made other trainings. `None` outside jobs, and if there are to be no
    /// checkpoints.
    pub fn read(
        job: Option<&'a Job>,
        intervals: Intervals,
        trainings: &[Training],
        inputs: &Inputs,
    ) -> Result<Option<Self>> {
        let Some(job) = job.filter(|_| intervals.keeps_finished) else { return Ok(None) };
        let fingerprint = fingerprint(trainings, inputs);
        let saved = job.step(|| match checkpoint::read::<Saved>(job, fingerprint)? {
            Some(saved) => Ok(saved),
            None => {
                job.save_numbers("", &[])?;
                Ok(Saved::default())
            }
        })?;
        Ok(Some(Self { job, fingerprint, within: intervals.within, saved }))
    }

    /// How often a training is to be saved.
    pub fn within(&self) -> Option<Duration> {
        self.within
    }

    /// What training number `at` came to, if it has finished.
    pub fn finished(&self, at: usize, training: &Training, inputs: &Inputs) -> Result<Option<Finished>> {
        let Some(&summary) = self.saved.finished.get(at) else { return Ok(None) };
        let mut arrays = self.job.step(|| Arrays::read(self.job, &format!("{at}/")))?;
        let (parts, graph) = (&inputs.data.repeats[training.repeat], &inputs.graph);
        let parameters = MkrParameters::of_arrays(|name| arrays.take(name));
        let (entities, triples) = (&graph.item_entities, &graph.triples);
        let model = MkrModel::of_training(&parts.train, entities, triples, &training.config, parameters)?;
        Ok(Some(Finished { model, summary }))
    }

    /// Keeps what the next training came to.
    pub fn finish(&mut self, finished: &Finished) -> Result<()> {
        let prefix = format!("{}/", self.saved.finished.len());
        self.saved.finished.push(finished.summary);
        self.saved.current = None;
        self.job.step(|| {
            self.job.save_numbers(CURRENT, &[])?;
            self.job.save_numbers(&prefix, &finished.model.parameters().arrays())?;
            checkpoint::write(self.job, self.fingerprint, &self.saved)
        })
    }

    /// The snapshot of the training that comes after the finished ones, if there is one.
    pub fn take_snapshot(&mut self) -> Result<Option<(Snapshot, SoFar)>> {
        let Some(saved) = self.saved.current.take() else { return Ok(None) };
        let mut arrays = self.job.step(|| Arrays::read(self.job, CURRENT))?;
        let so_far = SoFar { elapsed: saved.elapsed, validation: saved.validation.map(validation) };
        let snapshot = Snapshot {
            parameters: MkrParameters::of_arrays(|name| arrays.take(name)),
            kept: saved
                .kept_epoch
                .map(|epoch| (MkrParameters::of_arrays(|name| arrays.take(&format!("kept_{name}"))), epoch)),
            rec: saved.rec.with(arrays.take("rec_optimizer")),
            kge: saved.kge.map(|state| state.with(arrays.take("kge_optimizer"))),
            judged: Judged {
                last: saved.last.map(validation),
                best: saved.best.map(|(figure, epoch)| (figure.get(), epoch)),
                runs_without_best: saved.runs_without_best,
            },
            epochs_done: saved.epochs_done,
            first_loss: saved.first_loss.get(),
            flat_epochs: saved.flat_epochs,
            dead_users: saved.dead_users.get(),
        };
        Ok(Some((snapshot, so_far)))
    }

    /// Saves a snapshot of this training in place of the one before.
    pub fn save(&mut self, snapshot: &Snapshot, so_far: &SoFar) -> Result<()> {
        let Snapshot { parameters, kept, rec, kge, judged, .. } = snapshot;
        self.saved.current = Some(SavedTraining {
            rec: SavedTask::of(rec),
            kge: kge.as_ref().map(SavedTask::of),
            kept_epoch: kept.as_ref().map(|kept| kept.1),
            last: judged.last.map(saved),
            best: judged.best.map(|(figure, epoch)| (figure.into(), epoch)),
            runs_without_best: judged.runs_without_best,
            epochs_done: snapshot.epochs_done,
            first_loss: snapshot.first_loss.into(),
            flat_epochs: snapshot.flat_epochs,
            dead_users: snapshot.dead_users.into(),
            validation: so_far.validation.map(saved),
            elapsed: so_far.elapsed,
        });
        let of_kept =
            kept.as_ref().map(|kept| kept.0.arrays().map(|(name, numbers)| (format!("kept_{name}"), numbers)));
        let mut arrays = parameters.arrays().to_vec();
        arrays.extend(of_kept.iter().flatten().map(|(name, numbers)| (name.as_str(), *numbers)));
        arrays.push(("rec_optimizer", &rec.optimizer));
        arrays.extend(kge.as_ref().map(|kge| ("kge_optimizer", kge.optimizer.as_slice())));
        self.job.step(|| {
            self.job.save_numbers(CURRENT, &arrays)?;
            checkpoint::write(self.job, self.fingerprint, &self.saved)
        })
    }
}
