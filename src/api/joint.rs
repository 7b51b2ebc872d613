//! `sgr_ablate`, `sgr_sweep`.

use crate::error::{Result, required};
use crate::joint::GraphWish;
use crate::joint::ablate::{self, Line};
use crate::joint::sweep::{self, Trial};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

// pgrx has no type for regclass, so the declarations are written out; to Rust it is an oid.
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
    let lines = ablate::ablate(&ablate::Request {
        split: required("split", split)?,
        flags: names("flags", flags)?,
        graph: GraphWish::new(graph, triples, relations)?,
        params: params.map(|params| params.0),
        seeds: required("seeds", seeds)?,
        baseline: required("baseline", baseline)?,
        metrics: names("metrics", metrics)?,
        part: required("part", part)?,
        resamples: required("resamples", resamples)?,
        level: required("level", level)?,
        threads,
    })?;
    Ok(TableIterator::new(lines.into_iter().map(|line| {
        let Line { interval, difference_interval, .. } = line;
        (
            line.variant,
            line.metric.name().to_owned(),
            line.value,
            line.spread,
            interval.map(|interval| interval.low),
            interval.map(|interval| interval.high),
            line.difference,
            difference_interval.map(|interval| interval.low),
            difference_interval.map(|interval| interval.high),
            line.trainings,
            line.epochs,
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
    let trials = sweep::sweep(&sweep::Request {
        model: required("model", model)?,
        grid: required("grid", grid)?.0,
        split: required("split", split)?,
        budget: required("budget", budget)?,
        method: required("method", method)?,
        metric: required("metric", metric)?,
        graph: GraphWish::new(graph, triples, relations)?,
        seed: required("seed", seed)?,
        threads,
    })?;
    Ok(TableIterator::new(trials.into_iter().map(|trial| {
        let Trial { trial, round, params, value, spread, kept_epoch, elapsed_ms, rank } = trial;
        (rank, trial, round, pgrx::JsonB(params), value, spread, kept_epoch, elapsed_ms)
    })))
}

/// Errors: 22004 for NULL among the names.
fn names(argument: &str, names: Option<Vec<Option<String>>>) -> Result<Option<Vec<String>>> {
    let what = format!("an element of {argument}");
    names.map(|names| names.into_iter().map(|name| required(&what, name)).collect()).transpose()
}
