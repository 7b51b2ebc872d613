//! `sgr_joint_train`: a model for each repeat of a split, or one of all interactions, and its way into tables and back.

use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::train::{Finished, Job, run_jobs, stopped};
use crate::error::{Error, Result};
use crate::evaluate::StoredSplit;
use crate::interrupt::thread_pool;
use crate::recommender::arrays::{self, Array, Arrays};
use crate::recommender::train::claim_name;
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::recommend::mkr::{MkrConfig, MkrError, MkrModel, MkrParameters, MkrShape, Validation};
use sgr_engine::recommend::models::Recommender;
use std::borrow::Cow;
use std::time::Instant;

/// What is to be trained.
pub struct Request<'a> {
    pub split: Option<&'a str>,
    pub graph: GraphWish,
    pub choices: Choices,
    pub validation_share: f64,
    pub name: Option<&'a str>,
    pub threads: Option<i32>,
    pub replace: bool,
}

/// A model that was trained.
pub struct Outcome {
    pub model_id: i64,
    pub name: String,
    pub repeat: i32,
    pub epochs: i32,
    pub kept_epoch: i32,
    pub stopped: &'static str,
    pub loss: Option<f64>,
    pub kge_loss: Option<f64>,
    pub validation: Option<Validation>,
    pub users: i64,
    pub items: i64,
    pub interactions: i64,
    pub entities: i64,
    pub relations: i64,
    pub triples: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// Trains a model for each repeat of a split on its training part, or one on all interactions, and stores them.
///
/// Errors: 22023 for a choice that is not possible, 42704 unknown split, graph or relation, 42710 name taken, 55000 without
/// interactions, negatives or triples, 53000 over the memory limit, 22003 if it diverged or collapsed before there was
/// anything to keep, 42501, 25006.
pub fn train(request: &Request) -> Result<Vec<Outcome>> {
    rights::may_fill(c"sgr_joint_train()", &[c"models", c"model_arrays", c"runs"], "trains")?;
    let config = request.choices.config(settings::memory_limit())?;
    let is_random = request.choices.is_random();
    let name = request.name.unwrap_or("mkr");
    if name.is_empty() {
        return Err(Error::invalid("name must not be empty").hint("NULL names it mkr"));
    }
    let threads = settings::threads(request.threads)?;
    let (data, split_id) = match request.split {
        Some(split) => {
            let stored = StoredSplit::load(split)?;
            (Data::of_split(&stored)?, stored.split_id)
        }
        None => (Data::of_all(request.validation_share, config.seed)?, 0),
    };
    let graph = match config.no_kge {
        true => Graph::none(data.item_ids.len())?,
        false => request.graph.read(&data.item_ids, data.of_playlists)?,
    };
    let pool = thread_pool(threads)?;
    claim_name(name, request.replace)?;
    let parameters = json!({
        "model": "mkr", "split": request.split, "name": name, "params": Choices::of(&config, is_random),
        "graph": graph.origin, "validation_share": request.split.is_none().then_some(request.validation_share),
        "threads": threads,
    });
    let jobs: Vec<Job> =
        (0..data.repeats.len()).map(|repeat| Job { what: name, repeat, config: config.clone(), is_random }).collect();
    let mut outcomes = Vec::new();
    run_jobs(&jobs, &data, &graph, &pool, |repeat, finished| {
        outcomes.push(store(request, name, repeat, split_id, &config, &data, &graph, &parameters, finished)?);
        Ok(())
    })?;
    Ok(outcomes)
}

#[allow(clippy::too_many_arguments)] // What was asked for, what was read, and what came of it.
fn store(
    request: &Request,
    name: &str,
    repeat: usize,
    split_id: i64,
    config: &MkrConfig,
    data: &Data,
    graph: &Graph,
    parameters: &Value,
    finished: Finished,
) -> Result<Outcome> {
    let started = Instant::now();
    let Finished { trained, validation, elapsed_ms } = finished;
    let progress = &trained.progress;
    if trained.epoch == 0 {
        let what = stopped(&trained);
        return Err(Error::new(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, format!("the training {what}"))
            .detail("there is no epoch from before that to keep")
            .hint("lower lr_rec, lr_kge or l2, take fewer layers or a larger init_scale"));
    }
    let finite = |number: f64| number.is_finite().then_some(number);
    let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let run_id = run::note("joint_train", parameters, &json!({}), 0.0)?;
    let mut outcome = Outcome {
        model_id: 0,
        name: name.to_owned(),
        repeat: repeat as i32 + 1,
        epochs: progress.epochs_done as i32,
        kept_epoch: trained.epoch as i32,
        stopped: stopped(&trained),
        loss: finite(progress.rec_loss),
        kge_loss: finite(progress.kge_loss),
        validation,
        users: count(data.user_ids.len()),
        items: count(data.item_ids.len()),
        interactions: count(data.repeats[repeat].train.len()),
        entities: count(graph.triples.entity_count()),
        relations: count(graph.triples.relation_count()),
        triples: count(graph.triples.len()),
        elapsed_ms: 0.0,
        run_id,
    };
    let metrics = validation.map_or(
        Value::Null,
        |validation| json!({ "auc": finite(validation.pooled_auc), "user_auc": finite(validation.per_user_auc) }),
    );
    let mut stored = parameters.clone();
    stored["shape"] = shape_json(trained.model.shape());
    let metrics_text = if metrics.is_null() { String::new() } else { metrics.to_string() };
    let args = [
        Arg::Text(name),
        Arg::Big(split_id),
        Arg::Int(outcome.repeat),
        Arg::Int(config.dim as i32),
        Arg::Big(config.seed as i64),
        Arg::Int(outcome.epochs),
        Arg::Int(outcome.kept_epoch),
        Arg::Text(outcome.stopped),
        Arg::Float(outcome.loss.unwrap_or(f64::NAN)),
        Arg::Text(&metrics_text),
        Arg::Bigs(&[
            outcome.users,
            outcome.items,
            outcome.interactions,
            outcome.entities,
            outcome.relations,
            outcome.triples,
        ]),
        Arg::Text(&stored.to_string()),
        Arg::Big(run_id),
        Arg::Text(env!("CARGO_PKG_VERSION")),
    ];
    spi::select_fresh(include_str!("../../sql/queries/joint_model_insert.sql"), &Sources::NONE, &args, |row| {
        outcome.model_id = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    let parameters_of = trained.model.parameters();
    arrays::write(
        outcome.model_id,
        &[
            ("users", Array::Ids(Cow::Borrowed(&data.user_ids))),
            ("items", Array::Ids(Cow::Borrowed(&data.item_ids))),
            ("entity_of_item", Array::positions(trained.model.entity_of_item())),
            ("user_vectors", Array::Numbers(&parameters_of.users)),
            ("item_vectors", Array::Numbers(&parameters_of.items)),
            ("entity_vectors", Array::Numbers(&parameters_of.entities)),
            ("relation_vectors", Array::Numbers(&parameters_of.relations)),
            ("weights", Array::Numbers(&parameters_of.shared)),
        ],
    )?;
    outcome.elapsed_ms = elapsed_ms + milliseconds(started);
    let result = json!({
        "model_id": outcome.model_id, "repeat": outcome.repeat, "epochs": outcome.epochs,
        "kept_epoch": outcome.kept_epoch, "stopped": outcome.stopped, "loss": outcome.loss,
        "kge_loss": outcome.kge_loss, "validation": metrics, "users": outcome.users, "items": outcome.items,
        "interactions": outcome.interactions, "entities": outcome.entities, "triples": outcome.triples,
        "mixture": trained.model.prediction_weights(),
        "replace": request.replace,
    });
    run::complete(run_id, &result, outcome.elapsed_ms)?;
    Ok(outcome)
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
