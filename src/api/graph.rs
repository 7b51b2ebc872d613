//! `sgr_fuse`, `sgr_triples_refresh`.

use crate::error::required;
use crate::fuse;
use crate::triples;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_triples_refresh(
    co_occurs_limit: default!(Option<i32>, 10),
    similar_taste_limit: default!(Option<i32>, 10),
    mode: default!(Option<&str>, "'auto'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(relation, String),
            name!(mode, String),
            name!(considered, i64),
            name!(inserted, i64),
            name!(updated, i64),
            name!(deleted, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let refreshed = triples::refresh(&triples::Request {
        co_occurs_limit: required("co_occurs_limit", co_occurs_limit)?,
        similar_taste_limit: required("similar_taste_limit", similar_taste_limit)?,
        mode: required("mode", mode)?.to_owned(),
    })?;
    let run_id = refreshed.run_id;
    Ok(TableIterator::new(refreshed.outcomes.into_iter().map(move |o| {
        (o.relation.to_owned(), o.mode.to_owned(), o.considered, o.inserted, o.updated, o.deleted, o.elapsed_ms, run_id)
    })))
}

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_fuse(
    min_similarity: default!(Option<f64>, "NULL"),
    threads: default!(Option<i32>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(kind, String),
            name!(mode, String),
            name!(rows_read, i64),
            name!(decisions, i64),
            name!(added, i64),
            name!(changed, i64),
            name!(removed, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let done = fuse::fuse(min_similarity, threads)?;
    let run_id = done.run_id;
    Ok(TableIterator::new(done.outcomes.into_iter().map(move |o| {
        (
            o.kind.to_owned(),
            o.mode.to_owned(),
            o.rows_read,
            o.decisions,
            o.added,
            o.changed,
            o.removed,
            o.elapsed_ms,
            run_id,
        )
    })))
}
