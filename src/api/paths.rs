//! `sgr_paths`, `sgr_graph`, `sgr_adjacency_refresh`.

use crate::adjacency;
use crate::error::required;
use crate::paths::{self, Described, PathFinder, Wish};
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(stable, parallel_safe, requires = ["adjacency"])]
#[allow(clippy::type_complexity, clippy::too_many_arguments, reason = "arguments and columns of SQL")]
fn sgr_paths(
    a: Option<&str>,
    b: Option<&str>,
    k: default!(Option<i32>, 5),
    max_hops: default!(Option<i32>, 6),
    relations: default!(Option<Vec<Option<String>>>, "NULL"),
    kinds: default!(Option<Vec<Option<String>>>, "NULL"),
    relation_weights: default!(Option<JsonB>, "NULL"),
    graph: default!(Option<&str>, "'catalogue'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(hops, i32),
            name!(cost, f64),
            name!(path, String),
            name!(nodes, JsonB),
            name!(triples, JsonB),
        ),
    >,
    ErrorReport,
> {
    let wish = Wish {
        k: required("k", k)?,
        max_hops: required("max_hops", max_hops)?,
        relations,
        kinds,
        relation_weights: relation_weights.map(|weights| weights.0),
    };
    let mut finder = PathFinder::open(required("graph", graph)?)?;
    let (a, b) = (finder.node(required("a", a)?)?, finder.node(required("b", b)?)?);
    let found = finder.find(&a, &b, &wish)?;
    paths::remark(&a, &b, &wish, &found);
    let rows = finder.describe(&found.paths)?;
    Ok(TableIterator::new((1..).zip(rows).map(|(rank, row): (i32, Described)| {
        (rank, row.hops as i32, row.cost, row.line, JsonB(row.nodes), JsonB(row.triples))
    })))
}

#[pg_extern(stable, parallel_safe, requires = ["adjacency"])]
fn sgr_graph(
    center: Option<&str>,
    hops: default!(Option<i32>, 2),
    limit: default!(Option<i32>, 100),
    relations: default!(Option<Vec<Option<String>>>, "NULL"),
    graph: default!(Option<&str>, "'catalogue'"),
) -> Result<JsonB, ErrorReport> {
    let mut finder = PathFinder::open(required("graph", graph)?)?;
    let centre = finder.node(required("center", center)?)?;
    Ok(JsonB(finder.drawing(&centre, required("hops", hops)?, required("limit", limit)?, relations.as_deref())?))
}

#[pg_extern(volatile, parallel_unsafe, requires = ["adjacency"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_adjacency_refresh(
    graph: default!(Option<&str>, "'catalogue'"),
) -> Result<
    TableIterator<'static, (name!(graph_name, String), name!(triples, i64), name!(rows_written, i64))>,
    ErrorReport,
> {
    let graph = required("graph", graph)?;
    let written = adjacency::refresh(graph)?;
    Ok(TableIterator::once((graph.to_owned(), written.triples as i64, written.rows as i64)))
}
