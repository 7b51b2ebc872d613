//! Training: tables to triples, triples to vectors, vectors to tables.

use super::checkpoint;
use super::choices::Choices;
use super::model::{self, Recipe};
use super::progress::Reporter;
use super::track_neighbours;
use super::triples::{GraphRelations, NumberedTriples, Origin, Reader, Subject, relations_of, split};
use super::vectors::{self, Loaded};
use crate::error::{Error, Result};
use crate::interrupt::{Event, pipeline, thread_pool};
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker::{self, Job, Staged};
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::kge::{
    GraphSize, KgeConfig, KgeEstimate, Metrics, Phase, Progress, Snapshot, Stop, Trained, Trainer, TripleSet, estimate,
};
use std::ffi::CStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is to be trained.
pub struct Request {
    pub choices: Choices,
    pub graph: Option<String>,
    pub triples: Option<pg_sys::Oid>,
    pub relations: Option<Vec<String>>,
    pub validation: Option<pg_sys::Oid>,
    pub validation_graph: Option<String>,
    pub validation_share: f64,
    pub threads: Option<i32>,
    pub neighbours: i32,
    pub name: Option<String>,
    pub activate: bool,
}

/// What a training came to.
pub struct Outcome {
    pub model_id: i64,
    pub name: String,
    pub epochs: i32,
    pub kept_epoch: i32,
    pub stopped: &'static str,
    pub loss: Option<f64>,
    pub validation: Option<Metrics>,
    pub entities: i64,
    pub relations: i64,
    pub triples: i64,
    pub triples_per_second: f64,
    pub neighbour_lists: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// The triples of a training.
pub struct Input {
    pub numbered: NumberedTriples,
    /// Learned; the numbered set is empty then.
    pub learned: Arc<TripleSet>,
    pub validation: Option<TripleSet>,
}

/// Trains a model and stores it. `None`: a job does the rest in transactions of its own, see [`Staged`].
///
/// Errors: 22023 for a choice that is not possible, 42704 unknown graph or relation, 42710 name taken, 55000 without
/// triples, 53000 over the memory limit, 22003 if it diverged before there was anything to keep.
pub fn train(request: Request) -> Result<Option<Outcome>> {
    let mut training = Training::load(request)?;
    if worker::is_staged() {
        worker::put_stages(Box::new(training));
        return Ok(None);
    }
    training.compute()?;
    training.store().map(Some)
}

/// A training between its stages.
struct Training {
    started: Instant,
    request: Request,
    config: KgeConfig,
    subject: Subject,
    recipe: Recipe,
    input: Input,
    pool: rayon::ThreadPool,
    /// How often a job saves where it is.
    checkpoint_interval: Option<Duration>,
    computed: Option<Computed>,
}

impl Training {
    /// Checks the request and reads the triples.
    fn load(request: Request) -> Result<Self> {
        let started = Instant::now();
        may_store(c"sgr_kge_train()")?;
        let config = request.choices.config(settings::memory_limit())?;
        check_share(request.validation_share)?;
        track_neighbours::check_count(request.neighbours)?;
        let threads = settings::threads(request.threads)?;
        model::check_name(request.name.as_deref())?;
        worker::phase("reading triples");
        let subject = Subject::of(request.graph.as_deref(), request.triples)?;
        let recipe = recipe(&request, &config, &subject, threads)?;
        let input = read(&recipe, &config, &subject)?;
        let pool = thread_pool(threads)?;
        let mut checkpoint_interval = settings::checkpoint_interval().filter(|_| worker::is_staged());
        let memory = estimate(&config, &input.size(), threads);
        let snapshot = memory.vectors.saturating_add(memory.optimizer).saturating_add(memory.copy);
        if checkpoint_interval.is_some() && memory.total().saturating_add(snapshot) > settings::memory_limit() {
            warning!(
                "there will be no checkpoints: one takes {} MB, and with the training that is more than sgr_graph.memory_limit",
                (snapshot >> 20) + 1
            );
            checkpoint_interval = None;
        }
        Ok(Self { started, request, config, subject, recipe, input, pool, checkpoint_interval, computed: None })
    }

    fn compute(&mut self) -> Result<()> {
        let learned = Arc::clone(&self.input.learned);
        let (validation, config, pool) = (self.input.validation.as_ref(), self.config.clone(), &self.pool);
        self.computed = Some(compute(pool, || Ok(Trainer::new(learned, validation, config, pool)?))?);
        Ok(())
    }

    /// The same in a job: goes on from the checkpoint of an earlier attempt, and leaves checkpoints.
    fn compute_in_job(&mut self, job: &Job) -> Result<()> {
        let learned = Arc::clone(&self.input.learned);
        let (validation, config, pool) = (self.input.validation.as_ref(), self.config.clone(), &self.pool);
        let fingerprint = checkpoint::fingerprint(&self.input, &config);
        let left = job.step(|| checkpoint::read(job, fingerprint, &config))?;
        let start = move || match left {
            Some((snapshot, so_far)) => Ok((Trainer::restore(learned, validation, config, snapshot, pool)?, so_far)),
            None => Ok((Trainer::new(learned, validation, config, pool)?, SoFar::default())),
        };
        let save =
            |snapshot: &Snapshot, so_far: &SoFar| job.step(|| checkpoint::write(job, fingerprint, snapshot, so_far));
        self.computed = Some(compute_saving(pool, start, self.checkpoint_interval, save)?);
        Ok(())
    }

    /// Writes what was computed. Errors: as [`train`]; 55000 if the graph went while it was learned.
    fn store(&mut self) -> Result<Outcome> {
        let Self { started, request, config, subject, recipe, input, pool, .. } = self;
        let Some(computed) = self.computed.take() else {
            return Err(Error::not_ready("nothing was trained"));
        };
        let k = track_neighbours::check_count(request.neighbours)?;
        let stopped = computed.stopped()?;
        run::lock(model::LOCK, "another session stores a model")?;
        model::check_name(request.name.as_deref())?;
        if !Subject::is_there(subject.graph_id)? {
            return Err(Error::not_ready(format!("graph \"{}\" was dropped while it was learned", subject.graph)));
        }
        let gone = entities_gone(&input.numbered.entities)?;
        if gone > 0 {
            return Err(Error::not_ready(format!("graph \"{}\" has changed while it was learned", subject.graph))
                .detail(format!("{gone} of its entities are gone; a model must not outlive what it was to forget"))
                .hint("train again"));
        }
        let parameters = parameters(recipe, subject, request);
        let run_id = run::note("kge_train", &parameters, &json!({}), 0.0)?;
        if request.activate {
            deactivate(subject.graph_id)?;
        }
        let Computed { trained, metrics, .. } = &computed;
        let row = Row { request, config, subject, input, stopped, parameters: &parameters, run_id };
        let model_id = row.insert(trained, metrics.as_ref())?;
        let (entities, relations) = (&input.numbered.entities, &input.numbered.relations);
        vectors::write(model_id, entities, relations, 0, &trained.embeddings)?;
        vectors::write_state(model_id, entities, relations, &trained.checkpoint)?;
        let name = request.name.clone().unwrap_or_else(|| format!("{}-{model_id}", config.model));
        let outcome = Outcome {
            model_id,
            name,
            stopped,
            epochs: trained.progress.epochs_done as i32,
            kept_epoch: trained.epoch as i32,
            loss: finite(trained.progress.loss),
            validation: *metrics,
            entities: entities.len() as i64,
            relations: relations.len() as i64,
            triples: input.learned.len() as i64,
            triples_per_second: computed.speed(),
            neighbour_lists: 0,
            elapsed_ms: 0.0,
            run_id,
        };
        let loaded = Loaded {
            entities: std::mem::take(&mut input.numbered.entities),
            relations: std::mem::take(&mut input.numbered.relations),
            embeddings: computed.trained.embeddings,
        };
        let k = if subject.graph_id == 0 { k } else { 0 };
        let neighbour_lists = track_neighbours::refresh(model_id, k, &loaded, pool)? as i64;
        finish(Outcome { neighbour_lists, ..outcome }, *started)
    }
}

impl Staged for Training {
    fn compute(&mut self, job: &Job) -> Result<()> {
        self.compute_in_job(job)
    }

    fn store(&mut self) -> Result<Value> {
        let outcome = Training::store(self)?;
        let metrics = outcome.validation.as_ref();
        Ok(json!([{
            "model_id": outcome.model_id, "model_name": outcome.name, "epochs_run": outcome.epochs,
            "kept_epoch": outcome.kept_epoch, "stopped": outcome.stopped, "final_loss": outcome.loss,
            "validation_mrr": metrics.map(|metrics| metrics.mrr),
            "validation_hits_at_1": metrics.map(|metrics| metrics.hits_at_1),
            "validation_hits_at_3": metrics.map(|metrics| metrics.hits_at_3),
            "validation_hits_at_10": metrics.map(|metrics| metrics.hits_at_10),
            "entities": outcome.entities, "relation_count": outcome.relations, "triples_learned": outcome.triples,
            "triples_per_second": outcome.triples_per_second, "neighbour_lists": outcome.neighbour_lists,
            "elapsed_ms": outcome.elapsed_ms, "run_id": outcome.run_id,
        }]))
    }
}

/// Notes what came out and how long it took.
pub fn finish(mut outcome: Outcome, started: Instant) -> Result<Outcome> {
    outcome.elapsed_ms = milliseconds(started);
    let result = json!({
        "model_id": outcome.model_id, "epochs": outcome.epochs, "kept_epoch": outcome.kept_epoch,
        "stopped": outcome.stopped, "loss": outcome.loss,
        "validation": outcome.validation.as_ref().map(model::metrics_json),
        "entities": outcome.entities, "relations": outcome.relations, "triples": outcome.triples,
        "triples_per_second": outcome.triples_per_second, "neighbour_lists": outcome.neighbour_lists,
    });
    run::complete(outcome.run_id, &result, outcome.elapsed_ms)?;
    Ok(outcome)
}

/// What a training with these choices would take.
pub struct Estimated {
    pub size: GraphSize,
    pub memory: KgeEstimate,
    pub limit: usize,
}

/// Reads the triples and counts; nothing is trained, and the limit does not matter.
///
/// Errors: as [`train`], but for memory.
pub fn estimated(request: &Request) -> Result<Estimated> {
    let config = request.choices.config(settings::memory_limit())?;
    check_share(request.validation_share)?;
    let threads = settings::threads(request.threads)?;
    let subject = Subject::existing(request.graph.as_deref(), request.triples)?;
    let input = read(&recipe(request, &config, &subject, threads)?, &config, &subject)?;
    let size = input.size();
    Ok(Estimated { size, memory: estimate(&config, &size, threads), limit: settings::memory_limit() })
}

impl Input {
    fn size(&self) -> GraphSize {
        GraphSize {
            entities: self.numbered.entities.len(),
            relations: self.numbered.relations.len(),
            triples: self.learned.len(),
            validation_triples: self.validation.as_ref().map_or(0, TripleSet::len),
        }
    }
}

fn check_share(share: f64) -> Result<()> {
    if (0.0..1.0).contains(&share) {
        return Ok(());
    }
    Err(Error::invalid(format!("validation_share must be at least 0 and below 1, not {share}")))
}

fn recipe(request: &Request, config: &KgeConfig, subject: &Subject, threads: usize) -> Result<Recipe> {
    // What the graph was made of just now is all of it.
    let triples = request.triples.filter(|_| !subject.made);
    let validation = Origin::of(request.validation, request.validation_graph.as_deref(), "the validation triples")?;
    let (validation, validation_graph) = match validation {
        Some(Origin::Relation(name)) => (Some(name), None),
        Some(Origin::Graph(name)) => (None, Some(name)),
        None => (None, None),
    };
    Ok(Recipe {
        choices: Choices::of(config),
        triples: triples.map(crate::triples_file::qualified_name).transpose()?,
        relations: request.relations.clone(),
        validation_share: if validation.is_some() || validation_graph.is_some() {
            0.0
        } else {
            request.validation_share
        },
        validation,
        validation_graph,
        threads: threads as i32,
    })
}

fn parameters(recipe: &Recipe, subject: &Subject, request: &Request) -> Value {
    let mut parameters = serde_json::to_value(recipe).unwrap_or_default();
    parameters["graph"] = json!(subject.graph);
    parameters["neighbours"] = json!(request.neighbours);
    parameters
}

/// Reads the triples of a training. Errors: 55000 if there are none.
fn read(recipe: &Recipe, config: &KgeConfig, subject: &Subject) -> Result<Input> {
    let relations = relations_of(subject.graph_id, recipe.relations.as_deref(), true)?;
    let mut reader = Reader::new();
    read_learned(&mut reader, recipe, subject.graph_id, &relations)?;
    let numbered = reader.finish()?;
    if numbered.triples.is_empty() {
        return Err(no_triples(subject));
    }
    if numbered.left_out > 0 {
        warning!(
            "{} triples were left out: graph \"{}\" does not have their entities or relations",
            numbered.left_out,
            subject.graph
        );
    }
    with_validation(numbered, recipe, config, subject.graph_id, &relations)
}

/// Reads what is to be learned into a reader.
pub fn read_learned(reader: &mut Reader, recipe: &Recipe, graph_id: i32, relations: &GraphRelations) -> Result<()> {
    match &recipe.triples {
        None => reader.graph(&relations.ids()),
        Some(name) => reader.named(&Origin::Relation(name.clone()), graph_id, &relations.ids()),
    }
}

/// Sets the validation part aside.
pub fn with_validation(
    mut numbered: NumberedTriples,
    recipe: &Recipe,
    config: &KgeConfig,
    graph_id: i32,
    relations: &GraphRelations,
) -> Result<Input> {
    let nothing = TripleSet::new(Vec::new(), Vec::new(), Vec::new(), 0, 0)?;
    let all = std::mem::replace(&mut numbered.triples, nothing);
    let origin = match (&recipe.validation, &recipe.validation_graph) {
        (Some(name), _) => Some(Origin::Relation(name.clone())),
        (None, Some(name)) => Some(Origin::Graph(name.clone())),
        (None, None) => None,
    };
    let (learned, validation) = match origin {
        Some(origin) => {
            let mut reader = Reader::over(&numbered.entities, false, &numbered.relations, false);
            reader.named(&origin, graph_id, &relations.ids())?;
            let validation = reader.finish()?;
            if validation.left_out > 0 {
                notice!(
                    "{} validation triples were left out: their entities or relations are in no other triple",
                    validation.left_out
                );
            }
            if validation.triples.is_empty() {
                return Err(Error::not_ready("there are no validation triples").hint(
                    "they are named as the graph names its entities and relations; validation_share sets some aside",
                ));
            }
            (all, Some(validation.triples))
        }
        None if recipe.validation_share > 0.0 => {
            let symmetric: Vec<bool> =
                numbered.relations.iter().map(|&id| relations.by_id(id).is_some_and(|r| r.is_symmetric)).collect();
            let (learned, validation) = split(all, recipe.validation_share, config.seed, &symmetric)?;
            (learned, (!validation.is_empty()).then_some(validation))
        }
        None => (all, None),
    };
    Ok(Input { numbered, learned: Arc::new(learned), validation })
}

fn no_triples(subject: &Subject) -> Error {
    let error = Error::not_ready(format!("graph \"{}\" has no triples to learn from", subject.graph));
    if subject.graph_id == 0 {
        error.hint("sgr_build_kg() makes them from the catalogue")
    } else {
        error.hint("sgr_triples_import() reads them from a file or relation")
    }
}

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
    Snapshot(Box<(Snapshot, SoFar)>, std::sync::mpsc::Sender<()>),
}

/// Trains on a thread of its own, and reports.
pub fn compute<F>(pool: &rayon::ThreadPool, start: F) -> Result<Computed>
where
    F: FnOnce() -> Result<Trainer> + Send,
{
    compute_saving(pool, || Ok((start()?, SoFar::default())), None, |_, _| Ok(()))
}

/// [`compute`], and has the main thread save a snapshot every so often: after `interval`, but not before ten times as long as
/// the last one took.
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
            let (mut saved, mut took) = (Instant::now(), Duration::ZERO);
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
                if interval.is_some_and(|interval| saved.elapsed() >= interval.max(10 * took))
                    && let Some(snapshot) = trainer.snapshot()
                {
                    let began = Instant::now();
                    let (done, wait) = std::sync::mpsc::channel();
                    if !output.send(News::Snapshot(Box::new((snapshot, so_far.clone())), done)) {
                        break;
                    }
                    // Two snapshots must not wait for the main thread; it drops the other end when it gives up.
                    let _ = wait.recv();
                    (saved, took) = (Instant::now(), began.elapsed());
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

/// How many of the entities are in no graph any more.
fn entities_gone(entities: &[i64]) -> Result<i64> {
    let mut gone = 0;
    let sql = "SELECT count(*) FROM unnest($1) AS e (entity_id)
               WHERE NOT EXISTS (SELECT FROM sgr.entities AS g WHERE g.entity_id = e.entity_id)";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Bigs(entities)], |row| {
        gone = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(gone)
}

/// What is written into `sgr.models`.
struct Row<'a> {
    request: &'a Request,
    config: &'a KgeConfig,
    subject: &'a Subject,
    input: &'a Input,
    stopped: &'static str,
    parameters: &'a Value,
    run_id: i64,
}

impl Row<'_> {
    fn insert(&self, trained: &Trained, metrics: Option<&Metrics>) -> Result<i64> {
        let size = self.input.size();
        let fusion = trained.embeddings.spec().fusion.logits.map(f64::from);
        let metrics = metrics.map(|metrics| model::metrics_json(metrics).to_string());
        let mut model_id = 0;
        let args = [
            Arg::Texts(&[self.request.name.clone(), metrics]),
            Arg::Text(self.config.model.name()),
            Arg::Int(self.subject.graph_id),
            Arg::Bool(self.request.activate),
            Arg::Int(self.config.dim as i32),
            Arg::Big(self.config.seed as i64),
            Arg::Int(trained.progress.epochs_done as i32),
            Arg::Int(trained.epoch as i32),
            Arg::Text(self.stopped),
            Arg::Float(trained.progress.loss),
            Arg::Bigs(&[size.entities, size.relations, size.triples, size.validation_triples].map(|n| n as i64)),
            Arg::Int(self.request.neighbours),
            Arg::Text(&self.parameters.to_string()),
            Arg::Floats(&fusion),
            Arg::Text(&model::checkpoint_json(&trained.checkpoint).to_string()),
            Arg::Big(self.run_id),
            Arg::Text(env!("CARGO_PKG_VERSION")),
        ];
        spi::select_fresh(include_str!("../../sql/queries/kge_model_insert.sql"), &Sources::NONE, &args, |row| {
            model_id = row.int(0).unwrap_or(0);
            Ok(())
        })?;
        Ok(model_id)
    }
}

/// Makes room for another active model of a graph.
pub fn deactivate(graph_id: i32) -> Result<()> {
    let sql = "UPDATE sgr.models SET is_active = false WHERE graph_id = $1 AND kind = 'kge' AND is_active";
    spi::execute(sql, &Sources::NONE, &[Arg::Int(graph_id)])?;
    Ok(())
}

/// A number that JSON and SQL can take.
pub fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// Errors: 25006 in a read-only transaction, 42501 without the rights to store a model; found before the work is done.
pub fn may_store(function: &'static CStr) -> Result<()> {
    let tables =
        [c"models", c"entity_embeddings", c"relation_embeddings", c"model_states", c"track_neighbours", c"runs"];
    rights::may_fill(function, &tables, "trains")
}
