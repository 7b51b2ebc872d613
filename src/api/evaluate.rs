//! `sgr_eval_split`, `sgr_eval`.

use crate::error::{Error, required};
use crate::evaluate::judge::{Judging, Line, Request};
use crate::evaluate::split::{self, Stored};
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

// pgrx has no type for regclass, so the declarations are written out; to Rust it is an oid.
#[pg_extern(sql = r#"
CREATE FUNCTION sgr_eval_split(
    name text, ratios double precision[] DEFAULT '{0.6,0.2,0.2}', protocol text DEFAULT 'mkr',
    negatives integer DEFAULT NULL, seed bigint DEFAULT 0, repeats integer DEFAULT 1, kind text DEFAULT NULL,
    relation regclass DEFAULT NULL, replace boolean DEFAULT false)
RETURNS TABLE (
    split_id bigint, users bigint, items bigint, positives bigint, train bigint, validation bigint, test bigint,
    single_users bigint, missing_negatives bigint, elapsed_ms double precision, run_id bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["evaluate"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_eval_split(
    name: Option<&str>,
    ratios: Option<Vec<Option<f64>>>,
    protocol: Option<&str>,
    negatives: Option<i32>,
    seed: Option<i64>,
    repeats: Option<i32>,
    kind: Option<&str>,
    relation: Option<pg_sys::Oid>,
    replace: Option<bool>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(split_id, i64),
            name!(users, i64),
            name!(items, i64),
            name!(positives, i64),
            name!(train, i64),
            name!(validation, i64),
            name!(test, i64),
            name!(single_users, i64),
            name!(missing_negatives, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let stored = split::store(&split::Request {
        name: required("name", name)?,
        ratios: required("ratios", ratios)?,
        protocol: required("protocol", protocol)?,
        negatives,
        seed: required("seed", seed)?,
        repeats: required("repeats", repeats)?,
        kind,
        relation,
        replace: required("replace", replace)?,
    })?;
    let Stored { split_id, users, items, positives, train, validation, test, .. } = stored;
    let Stored { single_users, missing_negatives, elapsed_ms, run_id, .. } = stored;
    Ok(TableIterator::once((
        split_id,
        users,
        items,
        positives,
        train,
        validation,
        test,
        single_users,
        missing_negatives,
        elapsed_ms,
        run_id,
    )))
}

#[pg_extern(sql = r#"
CREATE FUNCTION sgr_eval(
    split text, models text[] DEFAULT NULL, metrics text[] DEFAULT NULL, k integer DEFAULT 10,
    scores regclass DEFAULT NULL, baseline text DEFAULT NULL, bands boolean DEFAULT false, part text DEFAULT 'test',
    resamples integer DEFAULT 1000, level double precision DEFAULT 0.95, bins integer DEFAULT 15,
    seed bigint DEFAULT 0, threads integer DEFAULT NULL)
RETURNS TABLE (
    model text, metric text, at_k integer, band text, value double precision, spread double precision,
    low double precision, high double precision, difference double precision, difference_low double precision,
    difference_high double precision, users bigint)
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["evaluate"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_eval(
    split: Option<&str>,
    models: Option<Vec<Option<String>>>,
    metrics: Option<Vec<Option<String>>>,
    k: Option<i32>,
    scores: Option<pg_sys::Oid>,
    baseline: Option<&str>,
    bands: Option<bool>,
    part: Option<&str>,
    resamples: Option<i32>,
    level: Option<f64>,
    bins: Option<i32>,
    seed: Option<i64>,
    threads: Option<i32>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(model, String),
            name!(metric, String),
            name!(at_k, Option<i32>),
            name!(band, Option<String>),
            name!(value, Option<f64>),
            name!(spread, Option<f64>),
            name!(low, Option<f64>),
            name!(high, Option<f64>),
            name!(difference, Option<f64>),
            name!(difference_low, Option<f64>),
            name!(difference_high, Option<f64>),
            name!(users, i64),
        ),
    >,
    ErrorReport,
> {
    let load = || {
        Judging::load(&Request {
            split: required("split", split)?,
            models: names("models", models)?,
            metrics: names("metrics", metrics)?,
            k: required("k", k)?,
            scores,
            baseline,
            bands: required("bands", bands)?,
            part: required("part", part)?,
            resamples: required("resamples", resamples)?,
            level: required("level", level)?,
            bins: required("bins", bins)?,
            seed: required("seed", seed)?,
            threads,
        })
    };
    let lines = worker::in_stages(load)?.unwrap_or_default();
    Ok(TableIterator::new(lines.into_iter().map(|line| {
        let Line { interval, difference_interval, .. } = line;
        (
            line.model,
            line.metric.name().to_owned(),
            line.k,
            line.band.map(|band| band.name().to_owned()),
            line.value,
            line.spread,
            interval.map(|interval| interval.low),
            interval.map(|interval| interval.high),
            line.difference,
            difference_interval.map(|interval| interval.low),
            difference_interval.map(|interval| interval.high),
            line.users,
        )
    })))
}

/// A list of names without NULLs.
fn names(argument: &str, names: Option<Vec<Option<String>>>) -> crate::error::Result<Option<Vec<String>>> {
    let Some(names) = names else { return Ok(None) };
    let names: Option<Vec<String>> = names.into_iter().collect();
    match names {
        Some(names) => Ok(Some(names)),
        None => Err(Error::invalid(format!("{argument} must not hold NULL"))),
    }
}
