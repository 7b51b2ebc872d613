//! `sgr_joint_train`, `sgr_ablate`, `sgr_sweep`.

use crate::error::{Result, required};
use crate::joint::ablate::{self, Comparison};
use crate::joint::store::{self, Trainings};
use crate::joint::sweep::{self, Search, Trial};
use crate::joint::{Choices, GraphWish};
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

// pgrx has no type for regclass, so the declarations are written out; to Rust it is an oid.
#[pg_extern(sql = r#"
CREATE FUNCTION sgr_joint_train(
    split text DEFAULT NULL, triples regclass DEFAULT NULL, graph text DEFAULT NULL, relations text[] DEFAULT NULL,
    rec_dim integer DEFAULT NULL, kge_dim integer DEFAULT NULL, cross_depth integer DEFAULT NULL,
    high_depth integer DEFAULT NULL, epochs integer DEFAULT NULL, lr_rec double precision DEFAULT NULL,
    lr_kge double precision DEFAULT NULL, kge_weight double precision DEFAULT NULL, l2 double precision DEFAULT NULL,
    kge_interval integer DEFAULT NULL, kge_interval_unit text DEFAULT NULL, kge_negatives integer DEFAULT NULL,
    batch_size integer DEFAULT NULL, no_cross boolean DEFAULT NULL, single_activation boolean DEFAULT NULL,
    single_pred boolean DEFAULT NULL, no_kge boolean DEFAULT NULL, random_kg boolean DEFAULT NULL,
    init_scale double precision DEFAULT NULL, selection text DEFAULT NULL, validate_every integer DEFAULT NULL,
    patience integer DEFAULT NULL, seed bigint DEFAULT 0, validation_share double precision DEFAULT 0.1,
    name text DEFAULT NULL, replace boolean DEFAULT false, threads integer DEFAULT NULL)
RETURNS TABLE (
    model_id bigint, model_name text, repeat integer, epochs_run integer, kept_epoch integer, stopped text,
    rec_loss double precision, kge_loss double precision, validation_auc double precision,
    validation_user_auc double precision, users bigint, items bigint, interactions bigint, entities bigint,
    triples_learned bigint, elapsed_ms double precision, run_id bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["evaluate", "kge"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_joint_train(
    split: Option<&str>,
    triples: Option<pg_sys::Oid>,
    graph: Option<&str>,
    relations: Option<Vec<Option<String>>>,
    rec_dim: Option<i32>,
    kge_dim: Option<i32>,
    cross_depth: Option<i32>,
    high_depth: Option<i32>,
    epochs: Option<i32>,
    lr_rec: Option<f64>,
    lr_kge: Option<f64>,
    kge_weight: Option<f64>,
    l2: Option<f64>,
    kge_interval: Option<i32>,
    kge_interval_unit: Option<String>,
    kge_negatives: Option<i32>,
    batch_size: Option<i32>,
    no_cross: Option<bool>,
    single_activation: Option<bool>,
    single_pred: Option<bool>,
    no_kge: Option<bool>,
    random_kg: Option<bool>,
    init_scale: Option<f64>,
    selection: Option<String>,
    validate_every: Option<i32>,
    patience: Option<i32>,
    seed: Option<i64>,
    validation_share: Option<f64>,
    name: Option<&str>,
    replace: Option<bool>,
    threads: Option<i32>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(model_id, i64),
            name!(model_name, String),
            name!(repeat, i32),
            name!(epochs_run, i32),
            name!(kept_epoch, i32),
            name!(stopped, String),
            name!(rec_loss, Option<f64>),
            name!(kge_loss, Option<f64>),
            name!(validation_auc, Option<f64>),
            name!(validation_user_auc, Option<f64>),
            name!(users, i64),
            name!(items, i64),
            name!(interactions, i64),
            name!(entities, i64),
            name!(triples_learned, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let load = || {
        let choices = Choices {
            rec_dim,
            kge_dim,
            cross_depth,
            high_depth,
            epochs,
            lr_rec,
            lr_kge,
            kge_weight,
            l2,
            kge_interval,
            kge_interval_unit,
            kge_negatives,
            batch_size,
            no_cross,
            single_activation,
            single_pred,
            no_kge,
            random_kg,
            init_scale,
            selection,
            validate_every,
            patience,
            seed: Some(required("seed", seed)?),
        };
        Trainings::load(store::Request {
            split: split.map(str::to_owned),
            graph: GraphWish::new(graph, triples, relations)?,
            choices,
            validation_share: required("validation_share", validation_share)?,
            name: name.map(str::to_owned),
            threads,
            replace: required("replace", replace)?,
        })
    };
    let outcomes = worker::in_stages(load)?;
    Ok(TableIterator::new(outcomes.unwrap_or_default().into_iter().map(|outcome| {
        (
            outcome.model_id,
            outcome.model_name,
            outcome.repeat,
            outcome.epochs_run,
            outcome.kept_epoch,
            outcome.stopped.to_owned(),
            outcome.rec_loss,
            outcome.kge_loss,
            outcome.validation_auc,
            outcome.validation_user_auc,
            outcome.users,
            outcome.items,
            outcome.interactions,
            outcome.entities,
            outcome.triples_learned,
            outcome.elapsed_ms,
            outcome.run_id,
        )
    })))
}

#[pg_extern(sql = r#"
CREATE FUNCTION sgr_ablate(
    split text, flags text[] DEFAULT NULL, triples regclass DEFAULT NULL, graph text DEFAULT NULL,
    relations text[] DEFAULT NULL, params jsonb DEFAULT NULL, seeds integer DEFAULT 1, baseline text DEFAULT 'full',
    metrics text[] DEFAULT NULL, part text DEFAULT 'test', resamples integer DEFAULT 1000,
    level double precision DEFAULT 0.95, threads integer DEFAULT NULL)
RETURNS TABLE (
    variant text, metric text, value double precision, spread double precision, low double precision,
    high double precision, difference double precision, difference_low double precision,
    difference_high double precision, trainings integer, mean_epoch double precision, elapsed_ms double precision)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["evaluate", "kge"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_ablate(
    split: Option<&str>,
    flags: Option<Vec<Option<String>>>,
    triples: Option<pg_sys::Oid>,
    graph: Option<&str>,
    relations: Option<Vec<Option<String>>>,
    params: Option<pgrx::JsonB>,
    seeds: Option<i32>,
    baseline: Option<&str>,
    metrics: Option<Vec<Option<String>>>,
    part: Option<&str>,
    resamples: Option<i32>,
    level: Option<f64>,
    threads: Option<i32>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(variant, String),
            name!(metric, String),
            name!(value, Option<f64>),
            name!(spread, Option<f64>),
            name!(low, Option<f64>),
            name!(high, Option<f64>),
            name!(difference, Option<f64>),
            name!(difference_low, Option<f64>),
            name!(difference_high, Option<f64>),
            name!(trainings, i32),
            name!(mean_epoch, f64),
            name!(elapsed_ms, f64),
        ),
    >,
    ErrorReport,
> {
    let load = || {
        Comparison::load(ablate::Request {
            split: required("split", split)?.to_owned(),
            flags: names("flags", flags)?,
            graph: GraphWish::new(graph, triples, relations)?,
            params: params.map(|params| params.0),
            seeds: required("seeds", seeds)?,
            baseline: required("baseline", baseline)?.to_owned(),
            metrics: names("metrics", metrics)?,
            part: required("part", part)?.to_owned(),
            resamples: required("resamples", resamples)?,
            level: required("level", level)?,
            threads,
        })
    };
    let lines = worker::in_stages(load)?;
    Ok(TableIterator::new(lines.unwrap_or_default().into_iter().map(|line| {
        (
            line.variant,
            line.metric.to_owned(),
            line.value,
            line.spread,
            line.low,
            line.high,
            line.difference,
            line.difference_low,
            line.difference_high,
            line.trainings,
            line.mean_epoch,
            line.elapsed_ms,
        )
    })))
}

#[pg_extern(sql = r#"
CREATE FUNCTION sgr_sweep(
    model text, grid jsonb, split text, budget integer DEFAULT 20, method text DEFAULT 'random',
    metric text DEFAULT 'user_auc', triples regclass DEFAULT NULL, graph text DEFAULT NULL,
    relations text[] DEFAULT NULL, seed bigint DEFAULT 0, threads integer DEFAULT NULL)
RETURNS TABLE (
    rank integer, trial integer, round integer, params jsonb, value double precision, spread double precision,
    kept_epoch double precision, elapsed_ms double precision)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["evaluate", "kge"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_sweep(
    model: Option<&str>,
    grid: Option<pgrx::JsonB>,
    split: Option<&str>,
    budget: Option<i32>,
    method: Option<&str>,
    metric: Option<&str>,
    triples: Option<pg_sys::Oid>,
    graph: Option<&str>,
    relations: Option<Vec<Option<String>>>,
    seed: Option<i64>,
    threads: Option<i32>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(trial, i32),
            name!(round, i32),
            name!(params, pgrx::JsonB),
            name!(value, Option<f64>),
            name!(spread, Option<f64>),
            name!(kept_epoch, f64),
            name!(elapsed_ms, f64),
        ),
    >,
    ErrorReport,
> {
    let load = || {
        Search::load(sweep::Request {
            model: required("model", model)?.to_owned(),
            grid: required("grid", grid)?.0,
            split: required("split", split)?.to_owned(),
            budget: required("budget", budget)?,
            method: required("method", method)?.to_owned(),
            metric: required("metric", metric)?.to_owned(),
            graph: GraphWish::new(graph, triples, relations)?,
            seed: required("seed", seed)?,
            threads,
        })
    };
    let trials = worker::in_stages(load)?;
    Ok(TableIterator::new(trials.unwrap_or_default().into_iter().map(|trial| {
        let Trial { rank, trial, round, params, value, spread, kept_epoch, elapsed_ms } = trial;
        (rank, trial, round, pgrx::JsonB(params), value, spread, kept_epoch, elapsed_ms)
    })))
}

/// Errors: 22004 for NULL among the names.
fn names(argument: &str, names: Option<Vec<Option<String>>>) -> Result<Option<Vec<String>>> {
    let what = format!("an element of {argument}");
    names.map(|names| names.into_iter().map(|name| required(&what, name)).collect()).transpose()
}
