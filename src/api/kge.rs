//! `sgr_kge_train`, `sgr_kge_estimate`, `sgr_kge_score`, `sgr_kge_predict`, `sgr_kge_neighbors`.

use crate::error::{Result, required};
use crate::kge::Choices;
use crate::kge::questions::{self, Question};
use crate::kge::train::{self, Outcome, Request, Training};
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

// pgrx has no type for regclass, so two declarations are written out; to Rust it is an oid.
#[pg_extern(sql = r#"
CREATE FUNCTION sgr_kge_train(
    model text DEFAULT 'transe', dim integer DEFAULT NULL, epochs integer DEFAULT NULL, graph text DEFAULT NULL,
    triples regclass DEFAULT NULL, relations text[] DEFAULT NULL, validation_share double precision DEFAULT 0.05,
    validation regclass DEFAULT NULL, validation_graph text DEFAULT NULL, validate_every integer DEFAULT NULL,
    patience integer DEFAULT NULL, validation_sample integer DEFAULT NULL, loss text DEFAULT NULL,
    norm text DEFAULT NULL, reciprocal boolean DEFAULT NULL, margin double precision DEFAULT NULL,
    negatives integer DEFAULT NULL,
    corruption text DEFAULT NULL, filter_negatives boolean DEFAULT NULL, type_constrained boolean DEFAULT NULL,
    adversarial_temperature double precision DEFAULT NULL, activation text DEFAULT NULL,
    optimizer text DEFAULT NULL, learning_rate double precision DEFAULT NULL, schedule text DEFAULT NULL,
    regularizer text DEFAULT NULL, regularization double precision DEFAULT NULL,
    entity_constraint text DEFAULT NULL, init_scale double precision DEFAULT NULL, chunk integer DEFAULT NULL,
    pretrain_epochs integer DEFAULT NULL, keep_copy boolean DEFAULT NULL, seed bigint DEFAULT 0,
    threads integer DEFAULT NULL, neighbours integer DEFAULT 100, name text DEFAULT NULL,
    activate boolean DEFAULT true)
RETURNS TABLE (
    model_id bigint, model_name text, epochs_run integer, kept_epoch integer, stopped text, final_loss double precision,
    validation_mrr double precision, validation_hits_at_1 double precision, validation_hits_at_3 double precision,
    validation_hits_at_10 double precision, entities bigint, relation_count bigint, triples_learned bigint,
    triples_per_second double precision, neighbour_lists bigint, elapsed_ms double precision, run_id bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["kge"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_kge_train(
    model: Option<&str>,
    dim: Option<i32>,
    epochs: Option<i32>,
    graph: Option<&str>,
    triples: Option<pg_sys::Oid>,
    relations: Option<Vec<Option<String>>>,
    validation_share: Option<f64>,
    validation: Option<pg_sys::Oid>,
    validation_graph: Option<&str>,
    validate_every: Option<i32>,
    patience: Option<i32>,
    validation_sample: Option<i32>,
    loss: Option<&str>,
    norm: Option<&str>,
    reciprocal: Option<bool>,
    margin: Option<f64>,
    negatives: Option<i32>,
    corruption: Option<&str>,
    filter_negatives: Option<bool>,
    type_constrained: Option<bool>,
    adversarial_temperature: Option<f64>,
    activation: Option<&str>,
    optimizer: Option<&str>,
    learning_rate: Option<f64>,
    schedule: Option<&str>,
    regularizer: Option<&str>,
    regularization: Option<f64>,
    entity_constraint: Option<&str>,
    init_scale: Option<f64>,
    chunk: Option<i32>,
    pretrain_epochs: Option<i32>,
    keep_copy: Option<bool>,
    seed: Option<i64>,
    threads: Option<i32>,
    neighbours: Option<i32>,
    name: Option<&str>,
    activate: Option<bool>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(model_id, i64),
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
    let load = || {
        let choices = Choices {
            model: required("model", model)?.to_owned(),
            dim,
            norm: owned(norm),
            reciprocal,
            epochs,
            pretrain_epochs,
            chunk,
            negatives,
            corruption: owned(corruption),
            filter_negatives,
            type_constrained,
            loss: owned(loss),
            margin,
            adversarial_temperature,
            activation: owned(activation),
            optimizer: owned(optimizer),
            learning_rate,
            schedule: owned(schedule),
            regularizer: owned(regularizer),
            regularization,
            entity_constraint: owned(entity_constraint),
            init_scale,
            validate_every,
            patience,
            validation_sample,
            keep_copy,
            seed,
        };
        Training::load(Request {
            choices,
            graph: owned(graph),
            triples,
            relations: names(relations)?,
            validation,
            validation_graph: owned(validation_graph),
            validation_share: required("validation_share", validation_share)?,
            threads,
            neighbours: required("neighbours", neighbours)?,
            name: owned(name),
            activate: required("activate", activate)?,
        })
    };
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

#[pg_extern(sql = r#"
CREATE FUNCTION sgr_kge_estimate(
    model text DEFAULT 'transe', dim integer DEFAULT NULL, reciprocal boolean DEFAULT NULL, graph text DEFAULT NULL,
    triples regclass DEFAULT NULL, relations text[] DEFAULT NULL, validation_share double precision DEFAULT 0.05,
    validation regclass DEFAULT NULL, validation_graph text DEFAULT NULL, negatives integer DEFAULT NULL,
    corruption text DEFAULT NULL, filter_negatives boolean DEFAULT NULL, type_constrained boolean DEFAULT NULL,
    optimizer text DEFAULT NULL, chunk integer DEFAULT NULL, keep_copy boolean DEFAULT NULL,
    threads integer DEFAULT NULL)
RETURNS TABLE (
    entities bigint, relation_count bigint, triples_learned bigint, validation_triples bigint, vectors_bytes bigint,
    optimizer_bytes bigint, copy_bytes bigint, triples_bytes bigint, threads_bytes bigint, memory_bytes bigint,
    memory_limit bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["kge"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_kge_estimate(
    model: Option<&str>,
    dim: Option<i32>,
    reciprocal: Option<bool>,
    graph: Option<&str>,
    triples: Option<pg_sys::Oid>,
    relations: Option<Vec<Option<String>>>,
    validation_share: Option<f64>,
    validation: Option<pg_sys::Oid>,
    validation_graph: Option<&str>,
    negatives: Option<i32>,
    corruption: Option<&str>,
    filter_negatives: Option<bool>,
    type_constrained: Option<bool>,
    optimizer: Option<&str>,
    chunk: Option<i32>,
    keep_copy: Option<bool>,
    threads: Option<i32>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(entities, i64),
            name!(relation_count, i64),
            name!(triples_learned, i64),
            name!(validation_triples, i64),
            name!(vectors_bytes, i64),
            name!(optimizer_bytes, i64),
            name!(copy_bytes, i64),
            name!(triples_bytes, i64),
            name!(threads_bytes, i64),
            name!(memory_bytes, i64),
            name!(memory_limit, i64),
        ),
    >,
    ErrorReport,
> {
    let choices = Choices {
        model: required("model", model)?.to_owned(),
        dim,
        reciprocal,
        chunk,
        negatives,
        corruption: owned(corruption),
        filter_negatives,
        type_constrained,
        optimizer: owned(optimizer),
        keep_copy,
        ..Choices::default()
    };
    let estimated = train::estimated(&Request {
        choices,
        graph: owned(graph),
        triples,
        relations: names(relations)?,
        validation,
        validation_graph: owned(validation_graph),
        validation_share: required("validation_share", validation_share)?,
        threads,
        neighbours: 0,
        name: None,
        activate: false,
    })?;
    let (size, memory) = (estimated.size, estimated.memory);
    let bytes = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    Ok(TableIterator::once((
        bytes(size.entities),
        bytes(size.relations),
        bytes(size.triples),
        bytes(size.validation_triples),
        bytes(memory.vectors),
        bytes(memory.optimizer),
        bytes(memory.copy),
        bytes(memory.triples),
        bytes(memory.threads),
        bytes(memory.total()),
        bytes(estimated.limit),
    )))
}

#[pg_extern(stable, parallel_restricted, requires = ["kge"])]
fn sgr_kge_score(
    head: Option<&str>,
    relation: Option<&str>,
    tail: Option<&str>,
    activation: default!(Option<&str>, "'identity'"),
    model_id: default!(Option<i64>, "NULL"),
) -> std::result::Result<f64, ErrorReport> {
    let (head, relation, tail) = (required("head", head)?, required("relation", relation)?, required("tail", tail)?);
    Ok(questions::score(head, relation, tail, required("activation", activation)?, model_id)?)
}

#[pg_extern(stable, parallel_restricted, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_kge_predict(
    head: default!(Option<&str>, "NULL"),
    relation: default!(Option<&str>, "NULL"),
    tail: default!(Option<&str>, "NULL"),
    k: default!(Option<i32>, 10),
    kind: default!(Option<&str>, "NULL"),
    include_known: default!(Option<bool>, true),
    model_id: default!(Option<i64>, "NULL"),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(entity, String),
            name!(name, Option<String>),
            name!(score, f64),
            name!(plausibility, f64),
            name!(is_known, bool),
            name!(entity_id, i64),
        ),
    >,
    ErrorReport,
> {
    let answers = questions::predict(&Question {
        head,
        relation: required("relation", relation)?,
        tail,
        k: required("k", k)?,
        kind,
        include_known: required("include_known", include_known)?,
        model_id,
    })?;
    Ok(TableIterator::new((1..).zip(answers).map(|(rank, answer)| {
        let node = answer.node;
        let (score, plausibility) = (answer.score.into(), answer.plausibility.into());
        (rank, node.full_name(), node.name, score, plausibility, answer.known, node.entity_id)
    })))
}

#[pg_extern(stable, parallel_restricted, requires = ["kge"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_kge_neighbors(
    entity: Option<&str>,
    k: default!(Option<i32>, 10),
    kind: default!(Option<&str>, "NULL"),
    model_id: default!(Option<i64>, "NULL"),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(neighbor, String),
            name!(name, Option<String>),
            name!(cosine, f64),
            name!(entity_id, i64),
        ),
    >,
    ErrorReport,
> {
    let neighbours = questions::neighbours(required("entity", entity)?, required("k", k)?, kind, model_id)?;
    Ok(TableIterator::new((1..).zip(neighbours).map(|(rank, found)| {
        let node = found.node;
        (rank, node.full_name(), node.name, found.cosine.into(), node.entity_id)
    })))
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// Errors: 22004 for NULL among the names.
fn names(names: Option<Vec<Option<String>>>) -> Result<Option<Vec<String>>> {
    names.map(|names| names.into_iter().map(|name| required("an element of relations", name)).collect()).transpose()
}
