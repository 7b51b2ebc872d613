//! Triples in files of the server: `sgr_triples_export`, `sgr_triples_import`, and the named graphs they read and fill.

mod export;
mod import;

pub use export::export;
pub use import::{Imported, Origin, import, qualified_name, read_relation};

use crate::adjacency;
use crate::error::{self, Error, Result};
use crate::run;
use crate::server_file;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use sgr_engine::export::ExportError;
use std::fmt;
use std::path::Path;

/// The graph that is made from the catalogue, not from files.
const CATALOGUE: &str = "catalogue";

/// How triples stand in a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Parquet,
    Tsv,
}

impl Format {
    /// The format that was asked for, or that the file's name tells. Errors: 22023.
    fn choose(asked: Option<&str>, path: &str) -> Result<Self> {
        match asked {
            Some("parquet") => return Ok(Self::Parquet),
            Some("tsv") => return Ok(Self::Tsv),
            Some(other) => {
                return Err(Error::invalid(format!("unknown format \"{other}\"")).hint("use one of parquet, tsv"));
            }
            None => {}
        }
        let ending = Path::new(path).extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("parquet") => Ok(Self::Parquet),
            Some("tsv" | "txt") => Ok(Self::Tsv),
            _ => Err(Error::invalid(format!("the name of file \"{path}\" does not tell its format"))
                .hint("end it in .parquet or .tsv, or set format to parquet or tsv")),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Parquet => "parquet",
            Self::Tsv => "tsv",
        })
    }
}

/// The id of a graph. Errors: 42704 with the names of those that there are.
pub fn graph_id(graph: &str) -> Result<i32> {
    let mut id = None;
    spi::select("SELECT graph_id FROM sgr.graphs WHERE graph = $1", &Sources::NONE, &[Arg::Text(graph)], |row| {
        id = row.int(0);
        Ok(())
    })?;
    if let Some(id) = id {
        return Ok(id as i32);
    }
    let mut known = String::new();
    spi::select(
        "SELECT pg_catalog.string_agg(graph, ', ' ORDER BY graph_id) FROM sgr.graphs",
        &Sources::NONE,
        &[],
        |row| {
            known = row.text(0).unwrap_or_default().into_owned();
            Ok(())
        },
    )?;
    Err(Error::unknown(format!("graph \"{graph}\" does not exist")).hint(format!("the graphs are: {known}")))
}

/// The id of a graph, if there is one of this name.
pub fn find(graph: &str) -> Result<Option<i32>> {
    let mut id = None;
    spi::select_fresh(
        "SELECT graph_id FROM sgr.graphs WHERE graph = $1",
        &Sources::NONE,
        &[Arg::Text(graph)],
        |row| {
            id = row.int(0).map(|id| id as i32);
            Ok(())
        },
    )?;
    Ok(id)
}

/// Errors: 22023 for the graph that is not filled from files.
fn not_the_catalogue(graph: &str, what: &str) -> Result<()> {
    if graph == CATALOGUE {
        return Err(Error::invalid(format!("graph \"{CATALOGUE}\" cannot be {what}"))
            .hint("it is made from the catalogue by sgr_triples_refresh(); choose another name"));
    }
    if graph.is_empty() {
        return Err(Error::invalid("graph must have a name"));
    }
    Ok(())
}

/// Deletes a graph with its models and returns the number of its triples. Errors: 42704 unknown graph, 22023 the catalogue's.
pub fn drop_graph(graph: &str) -> Result<i64> {
    not_the_catalogue(graph, "dropped")?;
    run::lock_graph()?;
    let id = graph_id(graph)?;
    crate::kge::resume::drop_of_graph(id)?;
    let triples = empty(id)?;
    adjacency::remove(id)?;
    spi::execute("DELETE FROM sgr.graphs WHERE graph_id = $1", &Sources::NONE, &[Arg::Int(id)])?;
    Ok(triples)
}

/// Deletes what a graph holds and returns the number of its triples.
fn empty(graph_id: i32) -> Result<i64> {
    let id = [Arg::Int(graph_id)];
    let triples = spi::execute(
        "DELETE FROM sgr.triples AS t USING sgr.relations AS r WHERE r.graph_id = $1 AND t.relation = r.relation_id",
        &Sources::NONE,
        &id,
    )?;
    spi::execute("DELETE FROM sgr.relations WHERE graph_id = $1", &Sources::NONE, &id)?;
    spi::execute("DELETE FROM sgr.entities WHERE graph_id = $1", &Sources::NONE, &id)?;
    Ok(triples as i64)
}

/// What the engine says about a file, as an error of SQL.
fn failed(verb: &str, path: &str, error: ExportError) -> Error {
    match error {
        ExportError::Io(error) => server_file::failed(verb, path, &error),
        ExportError::MemoryLimit { needed, limit, what } => {
            error::memory_limit(needed, limit, what, "take fewer triples at a time")
        }
        ExportError::TooManyNames { .. } => {
            Error::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, error.to_string())
        }
        other => Error::new(PgSqlErrorCode::ERRCODE_BAD_COPY_FILE_FORMAT, format!("cannot read file \"{path}\""))
            .detail(other.to_string()),
    }
}
