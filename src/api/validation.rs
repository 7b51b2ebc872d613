//! `sgr_kg_components`; the rest of the validation is in `sql/validation.sql`.

use crate::components;
use crate::error::required;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_kg_components(
    graph_id: Option<i32>,
) -> Result<
    TableIterator<'static, (name!(components, i64), name!(largest, i64), name!(isolated, i64), name!(entities, i64))>,
    ErrorReport,
> {
    let graph = components::summary(required("graph_id", graph_id)?)?;
    Ok(TableIterator::once((graph.components as i64, graph.largest as i64, graph.isolated as i64, graph.nodes as i64)))
}
