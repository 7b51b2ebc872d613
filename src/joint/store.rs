//! `sgr_joint_train`: a model for each repeat of a split, or one of all interactions, and its way into tables and back.

use super::checkpoint::{Checkpoints, Intervals};
use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::train::{Finished, Inputs, Training, run};
use crate::error::{Error, Result};
use crate::evaluate::{StoredSplit, StoredSplitName, check_learned};
use crate::interrupt::thread_pool;
use crate::recommender::arrays::{self, Array, Arrays};
use crate::recommender::train::{check_name, claim_name};
use crate::rights;
use crate::run::{self as runs, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker::{self, Job, Stages};
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::recommend::mkr::{MkrConfig, MkrError, MkrModel, MkrParameters, MkrShape};
use sgr_engine::recommend::models::Recommender;
use std::borrow::Cow;
use std::time::Instant;

/// What is to be trained.
pub struct Request {
    pub split: Option<String>,
    pub graph: GraphWish,
    pub choices: Choices,
    pub validation_share: f64,
    pub name: Option<String>,
    pub threads: Option<i32>,
    pub replace: bool,
}

/// A model that was trained.
pub struct Outcome {
    pub model_id: i64,
    pub model_name: String,
    pub repeat: i32,
    pub epochs_run: i32,
    pub kept_epoch: i32,
    pub stopped: &'static str,
    pub rec_loss: Option<f64>,
    pub kge_loss: Option<f64>,
    pub validation_auc: Option<f64>,
    pub validation_user_auc: Option<f64>,
    pub users: i64,
    pub items: i64,
    pub interactions: i64,
    pub entities: i64,
    pub triples_learned: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// A model for each repeat of a split on its training part, or one of all interactions, between the stages of their making.
pub struct Trainings {
    name: String,
    replace: bool,
    split: Option<StoredSplitName>,
    config: MkrConfig,
    inputs: Inputs,
    parameters: Value,
    /// By repeat.
    trainings: Vec<Training>,
    intervals: Intervals,
    finished: Vec<Finished>,
}

impl Trainings {
    /// Checks the request, and reads interactions and triples.
    ///
    /// Errors: 22023 for a choice that is not possible, 42704 unknown split, graph or relation, 42710 name taken, 55000 without
    /// interactions or triples, 53000 over the memory limit, 42501, 25006.
    pub fn load(request: Request) -> Result<Self> {
        rights::may_fill(c"sgr_joint_train()", &[c"models", c"model_arrays", c"runs"], "trains")?;
        let config = request.choices.config(settings::memory_limit())?;
        let is_random = request.choices.is_random();
        let name = request.name.unwrap_or_else(|| "mkr".to_owned());
        if name.is_empty() {
            return Err(Error::invalid("name must not be empty").hint("NULL names it mkr"));
        }
        let threads = settings::threads(request.threads)?;
        worker::begin_reading("reading interactions and triples")?;
        let (data, split) = match &request.split {
            Some(split) => {
                let stored = StoredSplit::load(split)?;
                (Data::of_split(&stored)?, Some(stored.name()))
            }
            None => (Data::of_all(request.validation_share, config.seed)?, None),
        };
        if split.is_none() {
            // It will be asked again: whether that is allowed is to be known before the work is done.
            check_learned(&data.user_ids, &data.item_ids)?;
        }
        let graph = match config.no_kge {
            true => Graph::none(data.item_ids.len())?,
            false => request.graph.read(&data.item_ids, data.of_playlists)?,
        };
        let pool = thread_pool(threads)?;
        // In a job, the models that are replaced stay until there are others.
        match worker::is_staged() {
            true => drop(check_name(&name, request.replace)?),
            false => claim_name(&name, request.replace)?,
        }
        let parameters = json!({
            "model": "mkr", "split": request.split, "name": name, "params": Choices::of(&config, is_random),
            "graph": graph.origin, "validation_share": request.split.is_none().then_some(request.validation_share),
            "threads": threads,
        });
        let inputs = Inputs::new(data, graph, pool)?;
        let training = |repeat| Training { what: name.clone(), repeat, config: config.clone(), is_random };
        let trainings: Vec<Training> = (0..inputs.data.repeats.len()).map(training).collect();
        check_memory(&trainings, &inputs)?;
        let intervals = Intervals::new(&trainings, &inputs);
        let replace = request.replace;
        Ok(Self { name, replace, split, config, inputs, parameters, trainings, intervals, finished: Vec::new() })
    }

    fn store_one(&self, repeat: usize, Finished { model, summary }: Finished) -> Result<Outcome> {
        let started = Instant::now();
        let Self { name, config, inputs, parameters, .. } = self;
        let (data, graph) = (&inputs.data, &inputs.graph);
        let stopped = summary.stopped();
        if summary.kept_epoch == 0 {
            let message = format!("the training {stopped}");
            return Err(Error::new(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, message)
                .detail("there is no epoch from before that to keep")
                .hint("lower lr_rec, lr_kge or l2, take fewer layers or a larger init_scale"));
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let run_id = runs::note("joint_train", parameters, &json!({}), 0.0)?;
        let [rec_loss, kge_loss] = summary.losses();
        let areas = summary.areas();
        let [validation_auc, validation_user_auc] = areas.unwrap_or_default();
        let mut outcome = Outcome {
            model_id: 0,
            model_name: name.clone(),
            repeat: repeat as i32 + 1,
            epochs_run: summary.epochs as i32,
            kept_epoch: summary.kept_epoch as i32,
            stopped,
            rec_loss,
            kge_loss,
            validation_auc,
            validation_user_auc,
            users: count(data.user_ids.len()),
            items: count(data.item_ids.len()),
            interactions: count(data.repeats[repeat].train.len()),
            entities: count(graph.triples.entity_count()),
            triples_learned: count(graph.triples.len()),
            elapsed_ms: 0.0,
            run_id,
        };
        let metrics = areas.map_or(Value::Null, |[auc, user_auc]| json!({ "auc": auc, "user_auc": user_auc }));
        let mut stored = parameters.clone();
        stored["shape"] = shape_json(model.shape());
        let metrics_text = if metrics.is_null() { String::new() } else { metrics.to_string() };
        let args = [
            Arg::Text(name),
            Arg::Big(self.split.as_ref().map_or(0, |split| split.split_id)),
            Arg::Int(outcome.repeat),
            Arg::Int(config.dim as i32),
            Arg::Big(config.seed as i64),
            Arg::Int(outcome.epochs_run),
            Arg::Int(outcome.kept_epoch),
            Arg::Text(stopped),
            Arg::Float(rec_loss.unwrap_or(f64::NAN)),
            Arg::Text(&metrics_text),
            Arg::Bigs(&[
                outcome.users,
                outcome.items,
                outcome.interactions,
                outcome.entities,
                count(graph.triples.relation_count()),
                outcome.triples_learned,
            ]),
            Arg::Text(&stored.to_string()),
            Arg::Big(run_id),
            Arg::Text(env!("CARGO_PKG_VERSION")),
        ];
        spi::select_fresh(include_str!("../../sql/queries/joint_model_insert.sql"), &Sources::NONE, &args, |row| {
            outcome.model_id = row.int(0).unwrap_or(0);
            Ok(())
        })?;
        let parameters_of = model.parameters();
        arrays::write(
            outcome.model_id,
            &[
                ("users", Array::Ids(Cow::Borrowed(&data.user_ids))),
                ("items", Array::Ids(Cow::Borrowed(&data.item_ids))),
                ("entity_of_item", Array::positions(model.entity_of_item())),
                ("user_vectors", Array::Numbers(&parameters_of.users)),
                ("item_vectors", Array::Numbers(&parameters_of.items)),
                ("entity_vectors", Array::Numbers(&parameters_of.entities)),
                ("relation_vectors", Array::Numbers(&parameters_of.relations)),
                ("weights", Array::Numbers(&parameters_of.shared)),
            ],
        )?;
        outcome.elapsed_ms = summary.elapsed_ms() + milliseconds(started);
        let result = json!({
            "model_id": outcome.model_id, "repeat": outcome.repeat, "epochs": outcome.epochs_run,
            "kept_epoch": outcome.kept_epoch, "stopped": stopped, "loss": rec_loss, "kge_loss": kge_loss,
            "validation": metrics, "users": outcome.users, "items": outcome.items,
            "interactions": outcome.interactions, "entities": outcome.entities, "triples": outcome.triples_learned,
            "mixture": model.prediction_weights(), "replace": self.replace,
        });
        runs::complete(run_id, &result, outcome.elapsed_ms)?;
        Ok(outcome)
    }
}

impl Stages for Trainings {
    type Outcome = Vec<Outcome>;

    /// Trains. A job goes on from the checkpoint of an earlier attempt, and leaves checkpoints.
    ///
    /// Errors: 55000 for a part without both labels.
    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        let Self { trainings, inputs, intervals, finished, .. } = self;
        let checkpoints = Checkpoints::read(job, *intervals, trainings, inputs)?;
        run(trainings, inputs, checkpoints, |_, training| {
            finished.push(training);
            Ok(())
        })
    }

    /// Writes what was computed.
    ///
    /// Errors: 22003 if it diverged or collapsed before there was anything to keep, 42710 name taken, 55000 if the split, a user or
    /// an item went while it was learned.
    fn store(mut self) -> Result<Vec<Outcome>> {
        runs::hold_off_forgetting()?;
        let data = &self.inputs.data;
        match &self.split {
            Some(split) => split.check(Some([&data.user_ids, &data.item_ids]))?,
            None => check_learned(&data.user_ids, &data.item_ids)?,
        }
        claim_name(&self.name, self.replace)?;
        let finished = std::mem::take(&mut self.finished);
        finished.into_iter().enumerate().map(|(repeat, finished)| self.store_one(repeat, finished)).collect()
    }
}

/// The models of the repeats wait for the last one. Errors: 53000 if they need more than is allowed.
fn check_memory(trainings: &[Training], inputs: &Inputs) -> Result<()> {
    let [first, others @ ..] = trainings else { return Ok(()) };
    let memory = inputs.estimate(first);
    let needed = memory.total().saturating_add(memory.parameters.saturating_mul(others.len()));
    let limit = settings::memory_limit();
    if needed > limit { Err(MkrError::MemoryLimit { needed, limit }.into()) } else { Ok(()) }
}

/// A shape as it stands in `sgr.models.parameters`.
fn shape_json(shape: &MkrShape) -> Value {
    json!({
        "dim": shape.dim, "cross_depth": shape.cross_depth, "high_depth": shape.high_depth, "no_cross": shape.no_cross,
        "single_activation": shape.single_activation, "single_pred": shape.single_pred, "users": shape.users,
        "items": shape.items, "item_rows": shape.item_rows, "entity_rows": shape.entity_rows,
        "relations": shape.relations,
    })
}

/// The shape in the parameters of a stored model, if it is there.
pub fn shape_of(parameters: &Value) -> Option<MkrShape> {
    let shape = &parameters["shape"];
    let count = |name: &str| shape[name].as_u64().and_then(|count| usize::try_from(count).ok());
    let flag = |name: &str| shape[name].as_bool();
    Some(MkrShape {
        dim: count("dim")?,
        cross_depth: count("cross_depth")?,
        high_depth: count("high_depth")?,
        no_cross: flag("no_cross")?,
        single_activation: flag("single_activation")?,
        single_pred: flag("single_pred")?,
        users: count("users")?,
        items: count("items")?,
        item_rows: count("item_rows")?,
        entity_rows: count("entity_rows")?,
        relations: count("relations")?,
    })
}

/// A stored model of so many users and items. Errors: 55000 if arrays are missing or do not fit.
pub fn restore(shape: &MkrShape, arrays: &mut Arrays, users: usize, items: usize) -> Result<Box<dyn Recommender>> {
    if (shape.users, shape.items) != (users, items) {
        let (actual, expected) = (users.min(items), shape.users.min(shape.items));
        return Err(MkrError::Mismatch { what: "users or items", actual, expected }.into());
    }
    let parameters = MkrParameters {
        users: arrays.numbers("user_vectors"),
        items: arrays.numbers("item_vectors"),
        entities: arrays.numbers("entity_vectors"),
        relations: arrays.numbers("relation_vectors"),
        shared: arrays.numbers("weights"),
    };
    let model = MkrModel::new(*shape, arrays.positions("entity_of_item")?, parameters)?;
    Ok(Box::new(model.predictor()))
}
