//! `sgr_kge_resume`, `sgr_kge_extend`, `sgr_kge_eval`, `sgr_kge_neighbors_refresh`, `sgr_model_drop`,
//! `sgr_model_activate`, `sgr_embeddings_export`, `sgr_embeddings_import`.

use crate::error::required;
use crate::kge::evaluate::{Line, Ranking, Request};
use crate::kge::files;
use crate::kge::resume::{self, Extended, Resuming};
use crate::kge::train::Outcome;
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_kge_resume(
    model_id: Option<i64>,
    epochs: Option<i32>,
    threads: default!(Option<i32>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(model, i64),
            name!(model_name, String),
            name!(epochs_run, i32),
            name!(kept_epoch, i32),
            name!(stopped, String),
            name!(final_loss, Option<f64>),
            name!(validation_mrr, Option<f64>),
            name!(validation_hits_at_1, Option<f64>),
            name!(validation_hits_at_3, Option<f64>),
            name!(validation_hits_at_10, Option<f64>),
            name!(entities, i64),
            name!(relation_count, i64),
            name!(triples_learned, i64),
            name!(triples_per_second, f64),
            name!(neighbour_lists, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let load = || Resuming::load(required("model_id", model_id)?, required("epochs", epochs)?, threads);
    let Some(outcome) = worker::in_stages(load)? else { return Ok(TableIterator::empty()) };
    let Outcome { model_id, epochs, kept_epoch, stopped, loss, validation, entities, relations, triples, .. } = outcome;
    Ok(TableIterator::once((
        model_id,
        outcome.name,
        epochs,
        kept_epoch,
        stopped.to_owned(),
        loss,
        validation.map(|metrics| metrics.mrr),
        validation.map(|metrics| metrics.hits_at_1),
        validation.map(|metrics| metrics.hits_at_3),
        validation.map(|metrics| metrics.hits_at_10),
        entities,
        relations,
        triples,
        outcome.triples_per_second,
        outcome.neighbour_lists,
        outcome.elapsed_ms,
        outcome.run_id,
    )))
}

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_kge_extend(
    model_id: Option<i64>,
    epochs: default!(Option<i32>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(new_entities, i64),
            name!(triples_learned, i64),
            name!(neighbour_lists, i64),
            name!(elapsed_ms, f64),
            name!(run_id, Option<i64>),
        ),
    >,
    ErrorReport,
> {
    let Extended { new_entities, triples, neighbour_lists, elapsed_ms, run_id } =
        resume::extend(required("model_id", model_id)?, epochs)?;
    Ok(TableIterator::once((new_entities, triples, neighbour_lists, elapsed_ms, run_id)))
}

// pgrx has no type for regclass, so the declaration is written out; to Rust it is an oid.
#[pg_extern(sql = r#"
CREATE FUNCTION sgr_kge_eval(
    model_id bigint DEFAULT NULL, triples regclass DEFAULT NULL, graph text DEFAULT NULL, known regclass DEFAULT NULL,
    known_graph text DEFAULT NULL, threads integer DEFAULT NULL)
RETURNS TABLE (
    relation text, side text, ranks bigint, mrr double precision, mean_rank double precision,
    hits_at_1 double precision, hits_at_3 double precision, hits_at_10 double precision, raw_mrr double precision,
    raw_mean_rank double precision, raw_hits_at_1 double precision, raw_hits_at_3 double precision,
    raw_hits_at_10 double precision)
LANGUAGE c STABLE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_kge_eval(
    model_id: Option<i64>,
    triples: Option<pg_sys::Oid>,
    graph: Option<&str>,
    known: Option<pg_sys::Oid>,
    known_graph: Option<&str>,
    threads: Option<i32>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(relation, Option<String>),
            name!(side, String),
            name!(ranks, i64),
            name!(mrr, f64),
            name!(mean_rank, f64),
            name!(hits_at_1, f64),
            name!(hits_at_3, f64),
            name!(hits_at_10, f64),
            name!(raw_mrr, f64),
            name!(raw_mean_rank, f64),
            name!(raw_hits_at_1, f64),
            name!(raw_hits_at_3, f64),
            name!(raw_hits_at_10, f64),
        ),
    >,
    ErrorReport,
> {
    let request = Request { model_id, triples, graph, known, known_graph, threads };
    let lines = worker::in_stages(|| Ranking::load(&request))?.unwrap_or_default();
    Ok(TableIterator::new(lines.into_iter().map(|Line { relation, side, filtered, raw }| {
        (
            relation,
            side.to_owned(),
            filtered.count as i64,
            filtered.mrr,
            filtered.mean_rank,
            filtered.hits_at_1,
            filtered.hits_at_3,
            filtered.hits_at_10,
            raw.mrr,
            raw.mean_rank,
            raw.hits_at_1,
            raw.hits_at_3,
            raw.hits_at_10,
        )
    })))
}

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
fn sgr_kge_neighbors_refresh(
    model_id: Option<i64>,
    neighbours: default!(Option<i32>, "NULL"),
) -> Result<i64, ErrorReport> {
    Ok(resume::refresh_neighbours(required("model_id", model_id)?, neighbours)?)
}

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
fn sgr_model_drop(model_id: Option<i64>) -> Result<(), ErrorReport> {
    Ok(resume::drop(required("model_id", model_id)?)?)
}

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
fn sgr_model_activate(model_id: Option<i64>, active: default!(Option<bool>, true)) -> Result<(), ErrorReport> {
    Ok(resume::activate(required("model_id", model_id)?, required("active", active)?)?)
}

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_embeddings_export(
    model_id: Option<i64>,
    folder: Option<&str>,
) -> Result<
    TableIterator<
        'static,
        (
            name!(entities, i64),
            name!(relations, i64),
            name!(dim, i32),
            name!(bytes, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let done = files::export(model_id, required("folder", folder)?)?;
    Ok(TableIterator::once((done.entities, done.relations, done.dim, done.bytes, done.elapsed_ms, done.run_id)))
}

#[pg_extern(volatile, parallel_unsafe, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_embeddings_import(
    folder: Option<&str>,
    model: default!(Option<&str>, "NULL"),
    graph: default!(Option<&str>, "'catalogue'"),
    name: default!(Option<&str>, "NULL"),
    neighbours: default!(Option<i32>, 100),
    activate: default!(Option<bool>, false),
) -> Result<
    TableIterator<
        'static,
        (
            name!(model_id, i64),
            name!(entities, i64),
            name!(relations, i64),
            name!(left_out, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let done = files::import(&files::Wish {
        folder: required("folder", folder)?,
        model,
        graph: required("graph", graph)?,
        name,
        neighbours: required("neighbours", neighbours)?,
        activate: required("activate", activate)?,
    })?;
    let row = (done.model_id, done.entities, done.relations, done.left_out, done.elapsed_ms, done.run_id);
    Ok(TableIterator::once(row))
}
