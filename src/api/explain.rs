//! `sgr_explain`, `sgr_explain_user`, `sgr_explanations`, `sgr_explanations_user`.

use crate::error::{Error, required};
use crate::explain::{self, Row, Seed, Wish, by_terms};
use crate::recommend;
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// Pieces of evidence of each sort in the table.
const EVIDENCE: usize = 10;
/// Paths in the table.
const PATHS: usize = 3;

/// The columns that both tables have; see [`rows`].
type Reasons = TableIterator<
    'static,
    (
        name!(part, String),
        name!(rank, Option<i32>),
        name!(reason, String),
        name!(weight, Option<f64>),
        name!(value, Option<f64>),
        name!(contribution, Option<f64>),
        name!(share_percent, Option<f64>),
        name!(detail, Option<String>),
    ),
>;

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_explain(
    track: Option<i64>,
    candidate: Option<i64>,
    profile: default!(Option<&str>, "'default'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(part, String),
            name!(rank, Option<i32>),
            name!(reason, String),
            name!(weight, Option<f64>),
            name!(value, Option<f64>),
            name!(contribution, Option<f64>),
            name!(share_percent, Option<f64>),
            name!(detail, Option<String>),
        ),
    >,
    ErrorReport,
> {
    rows(Seed::Track(required("track", track)?), candidate, profile)
}

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_explain_user(
    user_id: Option<i64>,
    candidate: Option<i64>,
    profile: default!(Option<&str>, "'default'"),
    model: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(part, String),
            name!(rank, Option<i32>),
            name!(reason, String),
            name!(weight, Option<f64>),
            name!(value, Option<f64>),
            name!(contribution, Option<f64>),
            name!(share_percent, Option<f64>),
            name!(detail, Option<String>),
        ),
    >,
    ErrorReport,
> {
    let user_id = required("user_id", user_id)?;
    match recommend::asked(user_id, required("profile", profile)?, model)? {
        Some(asked) => Ok(table(by_terms::rows(user_id, required("candidate", candidate)?, &asked)?)),
        None => rows(Seed::User(user_id), candidate, profile),
    }
}

// Counting again starts threads, which a parallel worker should not.
#[pg_extern(stable, parallel_restricted)]
fn sgr_explanations(
    track: Option<i64>,
    candidate: Option<i64>,
    profile: default!(Option<&str>, "'default'"),
    counterfactuals: default!(Option<i32>, 5),
    evidence: default!(Option<i32>, 10),
    paths: default!(Option<i32>, 3),
) -> Result<JsonB, ErrorReport> {
    document(Seed::Track(required("track", track)?), candidate, profile, [counterfactuals, evidence, paths])
}

#[pg_extern(stable, parallel_restricted)]
fn sgr_explanations_user(
    user_id: Option<i64>,
    candidate: Option<i64>,
    profile: default!(Option<&str>, "'default'"),
    counterfactuals: default!(Option<i32>, 5),
    evidence: default!(Option<i32>, 10),
    paths: default!(Option<i32>, 3),
) -> Result<JsonB, ErrorReport> {
    document(Seed::User(required("user_id", user_id)?), candidate, profile, [counterfactuals, evidence, paths])
}

fn rows(seed: Seed, candidate: Option<i64>, profile: Option<&str>) -> Result<Reasons, ErrorReport> {
    let wish = Wish { profile: required("profile", profile)?, evidence: EVIDENCE, paths: PATHS, counterfactuals: 0 };
    let explanation = explain::explain(seed, required("candidate", candidate)?, &wish)?;
    Ok(table(explanation.rows()))
}

fn table(rows: Vec<Row>) -> Reasons {
    TableIterator::new(rows.into_iter().map(|row| {
        let rank = row.rank.map(|rank| i32::try_from(rank).unwrap_or(i32::MAX));
        let part = row.part.to_owned();
        (part, rank, row.reason, row.weight, row.value, row.contribution, row.share_percent, row.detail)
    }))
}

fn document(
    seed: Seed,
    candidate: Option<i64>,
    profile: Option<&str>,
    [counterfactuals, evidence, paths]: [Option<i32>; 3],
) -> Result<JsonB, ErrorReport> {
    let wish = Wish {
        profile: required("profile", profile)?,
        evidence: amount("evidence", evidence)?,
        counterfactuals: amount("counterfactuals", counterfactuals)?,
        paths: amount("paths", paths)?,
    };
    let explanation = explain::explain(seed, required("candidate", candidate)?, &wish)?;
    let value = serde_json::to_value(explanation)
        .map_err(|error| Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, error.to_string()))?;
    Ok(JsonB(value))
}

/// Errors: 22004, 22023.
fn amount(name: &str, value: Option<i32>) -> Result<usize, Error> {
    let value = required(name, value)?;
    usize::try_from(value).map_err(|_| {
        Error::invalid(format!("{name} must not be negative, not {value}")).hint("it is the most to return; 0 for none")
    })
}
