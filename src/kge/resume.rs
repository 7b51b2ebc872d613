//! Going on with a model: more epochs, or vectors for what is new since training.

use super::compute::{Computed, Resumable, checkpoint_interval, compute, computed};
use super::index;
use super::model::{self, Model};
use super::track_neighbours;
use super::train::{self, Input, Outcome, finish, finite, may_store, read_learned, with_validation};
use super::triples::{NumberedTriples, Reader, relations_of};
use super::vectors::{self, Loaded};
use crate::error::{Error, Result};
use crate::interrupt::thread_pool;
use crate::run;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker::{self, Job, Stages};
use pgrx::prelude::*;
use serde_json::json;
use sgr_engine::kge::{Checkpoint, Embeddings, KgeConfig, Trainer, estimate};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A training that goes on, between its stages.
pub struct Resuming {
    started: Instant,
    model: Model,
    /// Further ones, as they were asked for.
    epochs: i32,
    config: KgeConfig,
    entities: Vec<i64>,
    relations: Vec<i64>,
    /// Where it stands, until the training begins.
    start: Option<(Embeddings, Checkpoint)>,
    input: Input,
    pool: rayon::ThreadPool,
    threads: usize,
    checkpoint_interval: Option<Duration>,
    computed: Option<Computed>,
}

impl Resuming {
    /// A model, to be trained for so many more epochs, on the triples that its graph has now, as far as it has vectors for
    /// them.
    ///
    /// Errors: 42704 unknown model; 22023 less than one epoch; 55000 for an imported model; those of a training.
    pub fn load(model_id: i64, epochs: i32, threads: Option<i32>) -> Result<Self> {
        let started = Instant::now();
        may_store(c"sgr_kge_resume()")?;
        if epochs < 1 {
            return Err(Error::invalid(format!("epochs must be at least 1, not {epochs}"))
                .hint("it is the number of further epochs"));
        }
        let threads = settings::threads(threads)?;
        worker::begin_reading("reading triples")?;
        let mut model = Model::locked(model_id)?;
        let mut checkpoint = model.checkpoint()?;
        let recipe = &mut model.recipe;
        let total = i32::try_from(checkpoint.epochs_done).unwrap_or(i32::MAX).saturating_add(epochs);
        recipe.choices.epochs = Some(total);
        recipe.threads = threads as i32;
        let config = recipe.choices.config(settings::memory_limit())?;
        let Loaded { entities, relations, embeddings } = vectors::load(&model, true)?;
        let widths = [config.entity_state_width(), config.relation_state_width()];
        vectors::read_state(&model, &entities, &relations, widths, &mut checkpoint)?;
        let of_graph = relations_of(model.graph_id, model.recipe.relations.as_deref(), true)?;
        let mut reader = Reader::over(&entities, false, &relations, false);
        read_learned(&mut reader, &model.recipe, model.graph_id, &of_graph)?;
        let numbered = reader.finish()?;
        if numbered.triples.is_empty() {
            return Err(Error::not_ready(format!("of what model {model_id} learned, no triples are left")));
        }
        if numbered.left_out > 0 {
            notice!(
                "{} triples were left out: their entities or relations are new since training (sgr_kge_extend({model_id}) gives vectors to entities)",
                numbered.left_out
            );
        }
        let input = with_validation(numbered, &model.recipe, &config, model.graph_id, &of_graph)?;
        let pool = thread_pool(threads)?;
        let checkpoint_interval = checkpoint_interval(&estimate(&config, &input.size(), threads));
        Ok(Self {
            started,
            model,
            epochs,
            config,
            entities,
            relations,
            start: Some((embeddings, checkpoint)),
            input,
            pool,
            threads,
            checkpoint_interval,
            computed: None,
        })
    }
}

impl Stages for Resuming {
    type Outcome = Outcome;

    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        let Some((embeddings, checkpoint)) = self.start.take() else {
            return Err(Error::not_ready("the training has begun"));
        };
        let Self { model, config, input, pool, checkpoint_interval, .. } = &*self;
        let version = Some(model.version.as_str());
        let training = Resumable { input, config, version, interval: *checkpoint_interval, pool };
        let (learned, validation) = (Arc::clone(&input.learned), input.validation.as_ref());
        let start = || Ok(Trainer::resume(learned, validation, config.clone(), embeddings, checkpoint, pool)?);
        self.computed = Some(training.compute(job, start)?);
        Ok(())
    }

    /// Writes what was computed in place of what was there.
    ///
    /// Errors: 22003 if it diverged before there was anything to keep, 55000 if the model has changed meanwhile, or is gone.
    fn store(mut self) -> Result<Outcome> {
        let computed = computed(&mut self.computed)?;
        let Self { started, model, epochs, config, entities, relations, input, pool, threads, .. } = self;
        let model_id = model.model_id;
        let stopped = computed.stopped()?;
        model.lock_unchanged()?;
        let parameters = json!({ "model_id": model_id, "epochs": epochs, "threads": threads });
        let run_id = run::note("kge_resume", &parameters, &json!({}), 0.0)?;
        vectors::delete(model_id)?;
        let Computed { trained, metrics, .. } = &computed;
        vectors::write(model_id, &entities, &relations, 0, &trained.embeddings)?;
        vectors::write_state(model_id, &entities, &relations, &trained.checkpoint)?;
        let outcome = Outcome {
            model_id,
            name: model.name,
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
        let metrics = metrics.as_ref().map(|metrics| model::metrics_json(metrics).to_string());
        spi::execute(
            include_str!("../../sql/queries/kge_model_resumed.sql"),
            &Sources::NONE,
            &[
                Arg::Big(model_id),
                Arg::Int(outcome.epochs),
                Arg::Int(outcome.kept_epoch),
                Arg::Text(stopped),
                Arg::Float(trained.progress.loss),
                Arg::Texts(&[metrics, Some(model::checkpoint_json(&trained.checkpoint).to_string())]),
                Arg::Bigs(&[outcome.triples, input.validation.as_ref().map_or(0, |set| set.len() as i64)]),
                Arg::Int(config.epochs as i32),
                Arg::Floats(&trained.embeddings.spec().fusion.logits.map(f64::from)),
                Arg::Big(run_id),
            ],
        )?;
        let loaded = Loaded { entities, relations, embeddings: computed.trained.embeddings };
        let neighbour_lists = refresh_lists(model_id, model.graph_id, model.neighbours, &loaded, &pool)? as i64;
        finish(Outcome { neighbour_lists, ..outcome }, started)
    }
}

/// What an extension did.
pub struct Extended {
    /// Entities that have a vector now and had none.
    pub new_entities: i64,
    /// Triples that they were learned from.
    pub triples: i64,
    pub neighbour_lists: i64,
    pub elapsed_ms: f64,
    /// `None` if there was nothing to do.
    pub run_id: Option<i64>,
}

/// Gives vectors to the entities that are new in the graph since training; all others stay as they are, to the last bit.
///
/// Errors: 42704 unknown model, 53000 over the memory limit, 22003 if it diverged.
pub fn extend(model_id: i64, epochs: Option<i32>) -> Result<Extended> {
    let started = Instant::now();
    may_store(c"sgr_kge_extend()")?;
    let model = Model::locked(model_id)?;
    let mut recipe = model.recipe.clone();
    recipe.choices.epochs = epochs.or(recipe.choices.epochs);
    // One thread does it, and nothing is pretrained.
    recipe.choices.pretrain_epochs = Some(0);
    let config = recipe.choices.config(settings::memory_limit())?;
    let loaded = vectors::load(&model, true)?;
    let of_graph = relations_of(model.graph_id, recipe.relations.as_deref(), true)?;
    let mut reader = Reader::over(&loaded.entities, true, &loaded.relations, false);
    read_learned(&mut reader, &recipe, model.graph_id, &of_graph)?;
    let NumberedTriples { entities, triples, left_out, .. } = reader.finish()?;
    if left_out > 0 {
        notice!("{left_out} triples of relations that model {model_id} has not learned were left out");
    }
    let old = loaded.entities.len();
    let new_entities = (entities.len() - old) as i64;
    if new_entities == 0 {
        notice!("every entity of the triples has a vector: there was nothing to do");
        let elapsed_ms = run::milliseconds(started);
        return Ok(Extended { new_entities, triples: 0, neighbour_lists: 0, elapsed_ms, run_id: None });
    }
    let is_new = |&at: &usize| triples.heads()[at] as usize >= old || triples.tails()[at] as usize >= old;
    let learned = (0..triples.len()).filter(is_new).count() as i64;
    let pool = thread_pool(settings::threads(None)?)?;
    let Loaded { relations, embeddings, .. } = loaded;
    let triples = Arc::new(triples);
    let computed = compute(&pool, || Ok(Trainer::extend(embeddings, triples, config.clone(), &pool)?))?;
    computed.stopped()?;
    let run_id = run::note("kge_extend", &json!({ "model_id": model_id, "epochs": config.epochs }), &json!({}), 0.0)?;
    let embeddings = computed.trained.embeddings;
    vectors::write(model_id, &entities, &relations, old, &embeddings)?;
    spi::execute(
        "UPDATE sgr.models SET entities = $2, run_id = $3, changed_at = pg_catalog.now() WHERE model_id = $1",
        &Sources::NONE,
        &[Arg::Big(model_id), Arg::Big(entities.len() as i64), Arg::Big(run_id)],
    )?;
    let loaded = in_order(entities, relations, embeddings)?;
    let neighbour_lists = refresh_lists(model_id, model.graph_id, model.neighbours, &loaded, &pool)? as i64;
    let elapsed_ms = run::milliseconds(started);
    let result = json!({ "new_entities": new_entities, "triples": learned, "neighbour_lists": neighbour_lists });
    run::complete(run_id, &result, elapsed_ms)?;
    Ok(Extended { new_entities, triples: learned, neighbour_lists, elapsed_ms, run_id: Some(run_id) })
}

/// The model with its entities in ascending order: a new one may have a lower id than those that have long had vectors.
fn in_order(entities: Vec<i64>, relations: Vec<i64>, embeddings: Embeddings) -> Result<Loaded> {
    if entities.is_sorted() {
        return Ok(Loaded { entities, relations, embeddings });
    }
    let spec = *embeddings.spec();
    let mut order: Vec<usize> = (0..entities.len()).collect();
    order.sort_unstable_by_key(|&at| entities[at]);
    let (numbers, of_relations) = embeddings.into_tables();
    let sorted = order.iter().flat_map(|&at| &numbers[at * spec.dim..][..spec.dim]).copied().collect();
    let embeddings = Embeddings::new(spec, sorted, of_relations)?;
    Ok(Loaded { entities: order.iter().map(|&at| entities[at]).collect(), relations, embeddings })
}

fn refresh_lists(model_id: i64, graph_id: i32, k: i32, loaded: &Loaded, pool: &rayon::ThreadPool) -> Result<u64> {
    let k = if graph_id == 0 { track_neighbours::check_count(k)? } else { 0 };
    track_neighbours::refresh(model_id, k, loaded, pool)
}

/// Writes the neighbour lists of a model anew, with so many neighbours or as many as before. Returns how many lists.
///
/// Errors: 42704 unknown model, 22023 for a model of another graph or a number out of range.
pub fn refresh_neighbours(model_id: i64, neighbours: Option<i32>) -> Result<i64> {
    let started = Instant::now();
    may_store(c"sgr_kge_neighbors_refresh()")?;
    let model = Model::locked(model_id)?;
    if model.graph_id != 0 {
        return Err(Error::invalid(format!("model {model_id} is not one of the catalogue's graph"))
            .hint("lists are kept for tracks of the catalogue; sgr_kge_neighbors() finds neighbours of anything"));
    }
    let k = neighbours.unwrap_or(model.neighbours);
    track_neighbours::check_count(k)?;
    let loaded = vectors::load(&model, true)?;
    let pool = thread_pool(settings::threads(None)?)?;
    let lists = refresh_lists(model_id, 0, k, &loaded, &pool)? as i64;
    let parameters = json!({ "model_id": model_id, "neighbours": k });
    let elapsed = run::milliseconds(started);
    let run_id = run::note("kge_neighbors_refresh", &parameters, &json!({ "neighbour_lists": lists }), elapsed)?;
    spi::execute(
        "UPDATE sgr.models SET neighbours = $2, run_id = $3, changed_at = pg_catalog.now() WHERE model_id = $1",
        &Sources::NONE,
        &[Arg::Big(model_id), Arg::Int(k), Arg::Big(run_id)],
    )?;
    Ok(lists)
}

/// Deletes a model with all that belongs to it. Errors: 42704.
pub fn drop(model_id: i64) -> Result<()> {
    let id = [Arg::Big(model_id)];
    if crate::recommender::model::drop(model_id)? {
        return Ok(());
    }
    Model::locked(model_id)?;
    vectors::delete(model_id)?;
    track_neighbours::delete(model_id)?;
    spi::execute("DELETE FROM sgr.model_states WHERE model_id = $1", &Sources::NONE, &id)?;
    spi::execute("DELETE FROM sgr.models WHERE model_id = $1", &Sources::NONE, &id)?;
    index::remove(model_id)
}

/// Deletes the models of a graph. The caller holds the graph's lock.
pub fn drop_of_graph(graph_id: i32) -> Result<()> {
    let mut models = Vec::new();
    let sql = "SELECT model_id FROM sgr.models WHERE graph_id = $1";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Int(graph_id)], |row| {
        models.extend(row.int(0));
        Ok(())
    })?;
    models.into_iter().try_for_each(drop)
}

/// Makes a model the one that is taken when none is named, or no longer. Errors: 42704, 22023 for a recommender that cannot
/// be.
pub fn activate(model_id: i64, active: bool) -> Result<()> {
    run::lock(model::LOCK, "another session stores a model")?;
    if crate::recommender::model::activate(model_id, active)? {
        return Ok(());
    }
    let model = Model::locked(model_id)?;
    let args = [Arg::Big(model_id), Arg::Bool(active)];
    if active {
        train::deactivate(model.graph_id)?;
    }
    spi::execute("UPDATE sgr.models SET is_active = $2 WHERE model_id = $1", &Sources::NONE, &args)?;
    Ok(())
}
