//! `sgr_train`, `sgr_predict`, `sgr_predict_top`.

use crate::error::required;
use crate::recommender::predict::{self, Predicted};
use crate::recommender::train::{Outcome, Request, Training};
use crate::worker;
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_train(
    model: Option<&str>,
    split: default!(Option<&str>, "NULL"),
    name: default!(Option<&str>, "NULL"),
    params: default!(Option<JsonB>, "'{}'"),
    kind: default!(Option<&str>, "NULL"),
    seed: default!(Option<i64>, 0),
    threads: default!(Option<i32>, "NULL"),
    replace: default!(Option<bool>, false),
) -> Result<
    TableIterator<
        'static,
        (
            name!(model_id, i64),
            name!(model_name, String),
            name!(repeat, i32),
            name!(epochs, i32),
            name!(loss, Option<f64>),
            name!(users, i64),
            name!(items, i64),
            name!(interactions, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let load = || {
        Training::load(Request {
            model: required("model", model)?.to_owned(),
            split: split.map(str::to_owned),
            name: name.map(str::to_owned),
            params: required("params", params)?.0,
            kind: kind.map(str::to_owned),
            seed: required("seed", seed)?,
            threads,
            replace: required("replace", replace)?,
        })
    };
    let outcomes = worker::in_stages(load)?.unwrap_or_default();
    Ok(TableIterator::new(outcomes.into_iter().map(|outcome| {
        let Outcome { model_id, name, repeat, epochs, loss, users, items, interactions, elapsed_ms, run_id } = outcome;
        (model_id, name, repeat, epochs, loss, users, items, interactions, elapsed_ms, run_id)
    })))
}

#[pg_extern(stable, parallel_restricted, requires = ["kge"])]
fn sgr_predict(user_id: Option<i64>, track: Option<i64>, model: Option<&str>) -> Result<Option<f64>, ErrorReport> {
    Ok(predict::predict(required("user_id", user_id)?, required("track", track)?, required("model", model)?)?)
}

#[pg_extern(stable, parallel_restricted, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_predict_top(
    user_id: Option<i64>,
    model: Option<&str>,
    k: default!(Option<i32>, 10),
    include_known: default!(Option<bool>, false),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(track_id, i64),
            name!(title, Option<String>),
            name!(artist, Option<String>),
            name!(score, f64),
            name!(known, bool),
        ),
    >,
    ErrorReport,
> {
    let include_known = required("include_known", include_known)?;
    let found =
        predict::top(required("user_id", user_id)?, required("k", k)?, required("model", model)?, include_known)?;
    Ok(TableIterator::new((1..).zip(found).map(|(rank, predicted)| {
        let Predicted { track_id, title, artist, score, known } = predicted;
        (rank, track_id, title, artist, score, known)
    })))
}
