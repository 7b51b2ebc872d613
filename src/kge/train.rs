//! Training: tables to triples, triples to vectors, vectors to tables.

use super::choices::Choices;
use super::compute::{Computed, Resumable, checkpoint_interval, computed};
use super::model::{self, Recipe};
use super::track_neighbours;
use super::triples::{GraphRelations, NumberedTriples, Origin, Reader, Subject, relations_of, split};
use super::vectors::{self, Loaded};
use crate::error::{Error, Result};
use crate::interrupt::thread_pool;
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker::{self, Job, Stages};
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::kge::{GraphSize, KgeConfig, KgeEstimate, Metrics, Trained, Trainer, TripleSet, estimate};
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

/// A training between its stages.
pub struct Training {
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
    ///
    /// Errors: 22023 for a choice that is not possible, 42704 unknown graph or relation, 42710 name taken, 55000 without
    /// triples, 53000 over the memory limit.
    pub fn load(request: Request) -> Result<Self> {
        let started = Instant::now();
        may_store(c"sgr_kge_train()")?;
        let config = request.choices.config(settings::memory_limit())?;
        check_share(request.validation_share)?;
        track_neighbours::check_count(request.neighbours)?;
        let threads = settings::threads(request.threads)?;
        model::check_name(request.name.as_deref())?;
        worker::begin_reading("reading triples")?;
        let subject = Subject::of(request.graph.as_deref(), request.triples)?;
        let recipe = recipe(&request, &config, &subject, threads)?;
        let input = read(&recipe, &config, &subject)?;
        let pool = thread_pool(threads)?;
        let checkpoint_interval = checkpoint_interval(&estimate(&config, &input.size(), threads));
        Ok(Self { started, request, config, subject, recipe, input, pool, checkpoint_interval, computed: None })
    }
}

impl Stages for Training {
    type Outcome = Outcome;

    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        let Self { config, input, pool, checkpoint_interval, .. } = &*self;
        let training = Resumable { input, config, version: None, interval: *checkpoint_interval, pool };
        let (learned, validation) = (Arc::clone(&input.learned), input.validation.as_ref());
        self.computed = Some(training.compute(job, || Ok(Trainer::new(learned, validation, config.clone(), pool)?))?);
        Ok(())
    }

    /// Writes what was computed.
    ///
    /// Errors: 22003 if it diverged before there was anything to keep, 42710 name taken, 55000 if the graph went while it was
    /// learned.
    fn store(mut self) -> Result<Outcome> {
        let computed = computed(&mut self.computed)?;
        let Self { started, request, config, subject, recipe, input, pool, .. } = &mut self;
        let k = track_neighbours::check_count(request.neighbours)?;
        let stopped = computed.stopped()?;
        run::hold_off_forgetting()?;
        run::lock(model::LOCK, "another session stores a model")?;
        model::check_name(request.name.as_deref())?;
        check_graph(subject.graph_id, &subject.graph, &input.numbered.entities)?;
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
/// Errors: as [`Training::load`], but for memory.
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
    pub fn size(&self) -> GraphSize {
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

/// Errors: 55000 if the graph, or some of the entities, went while they were learned.
pub fn check_graph(graph_id: i32, graph: &str, entities: &[i64]) -> Result<()> {
    if !Subject::is_there(graph_id)? {
        return Err(Error::not_ready(format!("graph \"{graph}\" was dropped while it was learned")));
    }
    let mut gone = 0;
    let sql = "SELECT count(*) FROM unnest($1) AS e (entity_id)
               WHERE NOT EXISTS (SELECT FROM sgr.entities AS g WHERE g.entity_id = e.entity_id)";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Bigs(entities)], |row| {
        gone = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    if gone == 0 {
        return Ok(());
    }
    Err(Error::not_ready(format!("graph \"{graph}\" has changed while it was learned"))
        .detail(format!("{gone} of its entities are gone; a model must not outlive what it was to forget"))
        .hint("train again"))
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
