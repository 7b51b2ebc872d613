//! `sgr_import`, `sgr_import_jsonl`, `sgr_clean`, `sgr_quarantine_retry`.

use crate::clean;
use crate::documents::{self, Origin};
use crate::error::required;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(volatile, parallel_unsafe)]
fn sgr_import(
    body: Option<&str>,
    source: default!(Option<&str>, "'sgr_import'"),
    fetched_at: default!(Option<TimestampWithTimeZone>, "NULL"),
) -> Result<TableIterator<'static, (name!(documents, i64), name!(duplicates, i64), name!(quarantined, i64))>, ErrorReport>
{
    let origin = Origin { source: required("source", source)?, fetched_at };
    let imported = documents::import(required("body", body)?, &origin)?;
    Ok(TableIterator::once((imported.documents, imported.duplicates, imported.quarantined)))
}

#[pg_extern(volatile, parallel_unsafe)]
fn sgr_import_jsonl(
    path: Option<&str>,
    source: default!(Option<&str>, "NULL"),
    fetched_at: default!(Option<TimestampWithTimeZone>, "NULL"),
) -> Result<TableIterator<'static, (name!(documents, i64), name!(duplicates, i64), name!(quarantined, i64))>, ErrorReport>
{
    let path = required("path", path)?;
    let origin = Origin { source: source.unwrap_or(path), fetched_at };
    let imported = documents::import_file(path, &origin)?;
    Ok(TableIterator::once((imported.documents, imported.duplicates, imported.quarantined)))
}

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_clean(
    threads: default!(Option<i32>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(what, String),
            name!(found, i64),
            name!(inserted, Option<i64>),
            name!(updated, Option<i64>),
            name!(unchanged, Option<i64>),
            name!(rejected, Option<i64>),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let done = clean::clean(None, threads)?;
    let run_id = done.run_id;
    Ok(TableIterator::new(done.outcomes.into_iter().map(move |o| {
        let is_table = !matches!(o.what, "documents" | "objects" | "fields");
        let of_table = |count: i64| is_table.then_some(count);
        (
            o.what.to_owned(),
            o.found,
            of_table(o.inserted),
            of_table(o.updated),
            of_table(o.unchanged()),
            (!is_table).then_some(o.rejected),
            run_id,
        )
    })))
}

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_quarantine_retry(
    reason: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<'static, (name!(stage, String), name!(tried, i64), name!(solved, i64), name!(remaining, i64))>,
    ErrorReport,
> {
    let rows = documents::retry(reason)?;
    Ok(TableIterator::new(rows.into_iter().map(|r| (r.stage.to_owned(), r.tried, r.tried - r.remaining, r.remaining))))
}
