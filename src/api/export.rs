//! `sgr_triples_export`, `sgr_triples_import`, `sgr_graph_drop`.

use crate::error::{Error, required};
use crate::triples_file::{self, Imported, Origin};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(volatile, parallel_unsafe, requires = ["graph_tables"])]
#[allow(clippy::type_complexity, reason = "the columns of the result")]
fn sgr_triples_export(
    path: Option<&str>,
    format: default!(Option<&str>, "NULL"),
    graph: default!(Option<&str>, "'catalogue'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(file, String),
            name!(file_format, String),
            name!(triples, i64),
            name!(bytes, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let path = required("path", path)?;
    let done = triples_file::export(path, format, required("graph", graph)?)?;
    let row = (path.to_owned(), done.format.to_string(), done.triples, done.bytes, done.elapsed_ms, done.run_id);
    Ok(TableIterator::once(row))
}

// pgrx has no type for regclass, so the declaration is written out; to Rust it is an oid.
#[pg_extern(sql = r#"
CREATE FUNCTION sgr_triples_import(
    path text DEFAULT NULL, relation regclass DEFAULT NULL, graph text DEFAULT NULL, format text DEFAULT NULL,
    replace boolean DEFAULT false)
RETURNS TABLE (
    graph_name text, triples bigint, inserted bigint, duplicates bigint, entities bigint, relations bigint,
    rejected bigint, elapsed_ms double precision, run_id bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["graph_tables"])]
#[allow(clippy::type_complexity, reason = "the columns of the result")]
fn sgr_triples_import(
    path: Option<&str>,
    relation: Option<pg_sys::Oid>,
    graph: Option<&str>,
    format: Option<&str>,
    replace: Option<bool>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(graph_name, String),
            name!(triples, i64),
            name!(inserted, i64),
            name!(duplicates, i64),
            name!(entities, i64),
            name!(relations, i64),
            name!(rejected, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let from = match (path, relation) {
        (Some(path), None) => Origin::File { path, format },
        (None, Some(relation)) => Origin::Relation(relation),
        _ => return Err(Error::invalid("exactly one of path and relation is needed").into()),
    };
    let graph = required("graph", graph)?;
    let Imported { triples, inserted, duplicates, entities, relations, rejected, elapsed_ms, run_id } =
        triples_file::import(&from, graph, required("replace", replace)?)?;
    let graph = graph.to_owned();
    let row = (graph, triples, inserted, duplicates, entities, relations, rejected, elapsed_ms, run_id);
    Ok(TableIterator::once(row))
}

#[pg_extern(volatile, parallel_unsafe, requires = ["graph_tables"])]
fn sgr_graph_drop(graph: Option<&str>) -> Result<i64, ErrorReport> {
    Ok(triples_file::drop_graph(required("graph", graph)?)?)
}
