//! Connected components of a named graph.

use crate::error::{Error, Result};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::graph::{ComponentSummary, Components};

/// Rows between two looks for a cancel request: some milliseconds.
const ROWS_PER_LOOK: u32 = 1 << 14;

/// Reads the entities and triples of a graph row by row; only the entities take memory.
pub fn summary(graph_id: i32) -> Result<ComponentSummary> {
    let mut graph = Components::new(settings::memory_limit());
    spi::select(
        "SELECT pg_catalog.count(*) FROM sgr.entities AS e WHERE e.graph_id = $1",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
        |row| Ok(graph.reserve(row.int(0).and_then(|n| usize::try_from(n).ok()).unwrap_or(0))?),
    )?;
    let mut rows = 0_u32;
    let mut look = move || {
        rows = rows.wrapping_add(1);
        if rows.is_multiple_of(ROWS_PER_LOOK) {
            pgrx::check_for_interrupts!();
        }
    };
    spi::select(
        "SELECT e.entity_id FROM sgr.entities AS e WHERE e.graph_id = $1",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
        |row| {
            look();
            row.int(0).map_or(Ok(()), |id| graph.add_node(id).map_err(Error::from))
        },
    )?;
    spi::select(include_str!("../sql/queries/graph_edges.sql"), &Sources::NONE, &[Arg::Int(graph_id)], |row| {
        look();
        row.int(0).zip(row.int(1)).map_or(Ok(()), |(head, tail)| graph.add_edge(head, tail).map_err(Error::from))
    })?;
    Ok(graph.summary())
}
