//! `sgr.adjacency`: the edges of each entity in one row, written whenever `sgr.triples` was.
//!
//! A graph is written whole, or, after an incremental refresh, the rows of the entities whose triples changed.

use crate::bulk_write::{TableWriter, Value};
use crate::error::{Error, Result, memory_limit};
use crate::interrupt::{Event, pipeline};
use crate::run;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use crate::triples_file::graph_id;
use crate::worker;
use rustc_hash::{FxHashMap, FxHashSet};
use sgr_engine::graph::search::{Edges, Header};
use sgr_engine::graph::{Adjacency, AdjacencyBuilder, GraphError};

/// Rows that are read between two looks for a cancel request: some milliseconds.
const ROWS_PER_LOOK: u64 = 1 << 14;
/// Edges per block that goes to the main thread: some megabytes.
const EDGES_PER_BLOCK: usize = 1 << 17;
/// Of all entities, the part beyond which writing the graph whole is cheaper than writing single rows.
const LARGE_PART: f64 = 0.2;

/// How a graph was written.
#[derive(Default)]
pub struct Written {
    /// Rows of `sgr.adjacency`.
    pub rows: u64,
    /// Triples that were read.
    pub triples: u64,
}

/// The relations of a graph.
struct Relations {
    ids: Vec<i32>,
    symmetric: FxHashSet<i32>,
}

impl Relations {
    fn load(graph_id: i32) -> Result<Self> {
        let mut relations = Self { ids: Vec::new(), symmetric: FxHashSet::default() };
        spi::select_fresh(
            "SELECT relation_id, is_symmetric FROM sgr.relations WHERE graph_id = $1 ORDER BY relation_id",
            &Sources::NONE,
            &[Arg::Int(graph_id)],
            |row| {
                let id = row.int(0).unwrap_or(0) as i32;
                relations.ids.push(id);
                if row.bool(1) == Some(true) {
                    relations.symmetric.insert(id);
                }
                Ok(())
            },
        )?;
        Ok(relations)
    }
}

/// Writes all rows of a graph anew. Errors: 42704 unknown graph, 53000 over the memory limit.
pub fn refresh(graph: &str) -> Result<Written> {
    run::lock_graph()?;
    rebuild(graph_id(graph)?)
}

/// Writes all rows of a graph in the caller's transaction. The caller holds the lock of the graph.
///
/// Errors: 53000 over the memory limit.
pub fn rebuild(graph_id: i32) -> Result<Written> {
    worker::phase("adjacency");
    let relations = Relations::load(graph_id)?;
    let mut kinds = Kinds::default();
    let mut ids = Vec::new();
    spi::select_fresh(
        "SELECT entity_id, kind FROM sgr.entities WHERE graph_id = $1 ORDER BY entity_id",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
        |row| {
            ids.extend(row.int(0));
            kinds.push(&row.text(1).unwrap_or_default());
            look(ids.len() as u64);
            Ok(())
        },
    )?;
    let entities = ids.len() as i64;
    let mut builder = AdjacencyBuilder::new(ids, relations.symmetric, settings::memory_limit())?;
    let mut read = 0;
    spi::select_fresh(
        "SELECT head, relation, tail, weight FROM sgr.triples WHERE relation = ANY ($1)",
        &Sources::NONE,
        &[Arg::Ints(&relations.ids)],
        |row| {
            read += 1;
            look(read);
            push(&mut builder, row)
        },
    )?;
    let generation = next_generation()?;
    spi::execute(
        "DELETE FROM sgr.adjacency AS a USING sgr.adjacency_state AS s
         WHERE s.graph_id = $1 AND a.generation = s.generation",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
    )?;
    let rows = write(builder, generation, |at, _| Some(kinds.name(at)))?;
    save_state(graph_id, generation, entities, read as i64)?;
    Ok(Written { rows, triples: read })
}

/// Writes the rows of some entities of a graph, or the whole graph where that is cheaper or was never done. `touched`:
/// the heads and tails of all triples that changed, in any order; `None` for more than were listed.
///
/// Errors: as [`rebuild`].
pub fn update(graph_id: i32, touched: Option<&[i64]>) -> Result<Written> {
    let mut state = None;
    spi::select_fresh(
        "SELECT generation, entities FROM sgr.adjacency_state WHERE graph_id = $1",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
        |row| {
            state = row.int(0).zip(row.int(1));
            Ok(())
        },
    )?;
    match (state, touched) {
        (Some(_), Some([])) => Ok(Written::default()),
        (Some((generation, entities)), Some(touched)) if (touched.len() as f64) < LARGE_PART * entities as f64 => {
            rewrite(graph_id, generation as i32, touched)
        }
        _ => rebuild(graph_id),
    }
}

fn rewrite(graph_id: i32, generation: i32, touched: &[i64]) -> Result<Written> {
    let relations = Relations::load(graph_id)?;
    let mut triples = Vec::new();
    spi::select_fresh(
        include_str!("../sql/queries/adjacency_triples_of.sql"),
        &Sources::NONE,
        &[Arg::Bigs(touched), Arg::Ints(&relations.ids)],
        |row| {
            triples.push(triple(row));
            look(triples.len() as u64);
            Ok(())
        },
    )?;
    let mut ids: Vec<i64> = triples.iter().flat_map(|triple| [triple.0, triple.2]).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut builder = AdjacencyBuilder::new(ids, relations.symmetric, settings::memory_limit())?;
    for &(head, relation, tail, weight) in &triples {
        builder.push(head, relation, tail, weight)?;
    }
    let mut kinds: FxHashMap<i64, String> = FxHashMap::default();
    spi::select_fresh(
        "SELECT entity_id, kind FROM sgr.entities WHERE entity_id = ANY ($1)",
        &Sources::NONE,
        &[Arg::Bigs(touched)],
        |row| {
            kinds.insert(row.int(0).unwrap_or(0), row.text(1).unwrap_or_default().into_owned());
            Ok(())
        },
    )?;
    spi::execute(
        "DELETE FROM sgr.adjacency WHERE generation = $1 AND entity_id = ANY ($2)",
        &Sources::NONE,
        &[Arg::Int(generation), Arg::Bigs(touched)],
    )?;
    let read = triples.len() as u64;
    let rows = write(builder, generation, |_, id| kinds.get(&id).map(String::as_str))?;
    spi::execute(
        "UPDATE sgr.adjacency_state SET version = pg_catalog.gen_random_uuid() WHERE graph_id = $1",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
    )?;
    Ok(Written { rows, triples: read })
}

/// Whether a graph was ever written.
pub fn is_written(graph_id: i32) -> Result<bool> {
    let mut written = false;
    spi::select_fresh(
        "SELECT true FROM sgr.adjacency_state WHERE graph_id = $1",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
        |_| {
            written = true;
            Ok(())
        },
    )?;
    Ok(written)
}

/// Forgets a graph.
pub fn remove(graph_id: i32) -> Result<()> {
    for sql in [
        "DELETE FROM sgr.adjacency AS a USING sgr.adjacency_state AS s
         WHERE s.graph_id = $1 AND a.generation = s.generation",
        "DELETE FROM sgr.adjacency_state WHERE graph_id = $1",
    ] {
        spi::execute(sql, &Sources::NONE, &[Arg::Int(graph_id)])?;
    }
    Ok(())
}

fn triple(row: &Row) -> (i64, i32, i64, f32) {
    let id = |column| row.int(column).unwrap_or(0);
    (id(0), id(1) as i32, id(2), row.float(3).unwrap_or(0.0) as f32)
}

fn push(builder: &mut AdjacencyBuilder, row: &Row) -> Result<()> {
    let (head, relation, tail, weight) = triple(row);
    Ok(builder.push(head, relation, tail, weight)?)
}

fn look(rows: u64) {
    if rows.is_multiple_of(ROWS_PER_LOOK) {
        pgrx::check_for_interrupts!();
    }
}

/// Kinds by node number, as short as they are few.
#[derive(Default)]
struct Kinds {
    names: Vec<String>,
    of_node: Vec<u16>,
}

impl Kinds {
    fn push(&mut self, kind: &str) {
        let known = self.names.iter().position(|name| name == kind);
        let at = known.unwrap_or_else(|| {
            self.names.push(kind.to_owned());
            self.names.len() - 1
        });
        self.of_node.push(at as u16);
    }

    fn name(&self, node: usize) -> &str {
        self.of_node.get(node).map_or("entity", |&at| &self.names[usize::from(at)])
    }
}

/// Numbers and rows of some nodes.
type Block = Vec<(usize, i64, Header, Edges)>;

/// Makes the rows and writes those that have a kind and an edge.
fn write<'a>(
    builder: AdjacencyBuilder,
    generation: i32,
    kind_of: impl Fn(usize, i64) -> Option<&'a str>,
) -> Result<u64> {
    let mut table = TableWriter::open(c"adjacency")?;
    pipeline(
        |output| {
            let mut graph = builder.finish(output.cancelled())?;
            let mut at = 0;
            while at < graph.len() {
                if !output.send(block(&mut graph, &mut at)) {
                    break;
                }
            }
            Ok(())
        },
        |event| {
            if let Event::Block(block) = event {
                for (at, id, header, edges) in &block {
                    if let Some(kind) = kind_of(*at, *id) {
                        push_row(&mut table, generation, *id, kind, header, edges);
                    }
                }
            }
            Ok(())
        },
    )?;
    Ok(table.finish())
}

fn block(graph: &mut Adjacency, at: &mut usize) -> Block {
    let mut block = Vec::new();
    let mut edges = 0;
    while *at < graph.len() && edges < EDGES_PER_BLOCK {
        let (id, header, row) = graph.row(*at);
        edges += row.len() + 1;
        if !row.is_empty() {
            block.push((*at, id, header, row));
        }
        *at += 1;
    }
    block
}

fn push_row(table: &mut TableWriter, generation: i32, id: i64, kind: &str, header: &Header, edges: &Edges) {
    let relations: Vec<i32> = header.groups.iter().map(|group| group.relation).collect();
    let counts: Vec<i32> = header.groups.iter().map(|group| i32::try_from(group.edges).unwrap_or(i32::MAX)).collect();
    table.push(&[
        Value::Int(generation),
        Value::Big(id),
        Value::Text(kind),
        Value::Ints(&relations),
        Value::Ints(&counts),
        edges.narrow_ids().map_or(Value::Null, Value::Ints),
        edges.wide_ids().map_or(Value::Null, Value::Bigs),
        Value::Reals(edges.weights()),
    ]);
}

fn next_generation() -> Result<i32> {
    let mut generation = 0;
    // Rows of a generation that no state names are those of a graph that was just forgotten.
    spi::select_fresh("SELECT pg_catalog.max(generation) FROM sgr.adjacency_state", &Sources::NONE, &[], |row| {
        generation = row.int(0).unwrap_or(0) as i32;
        Ok(())
    })?;
    generation.checked_add(1).ok_or_else(|| {
        Error::new(pgrx::PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, "no more numbers for sgr.adjacency.generation")
            .hint("TRUNCATE sgr.adjacency, sgr.adjacency_state and call sgr_adjacency_refresh()")
    })
}

fn save_state(graph_id: i32, generation: i32, entities: i64, triples: i64) -> Result<()> {
    spi::execute(
        include_str!("../sql/queries/adjacency_state_save.sql"),
        &Sources::NONE,
        &[Arg::Int(graph_id), Arg::Int(generation), Arg::Big(entities), Arg::Big(triples)],
    )?;
    Ok(())
}

impl From<GraphError> for Error {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::MemoryLimit { needed, limit, .. } => {
                memory_limit(needed, limit, "the rows of the graph's edges", "leave relations out of the graph")
            }
            // Nobody sees it: the cancel request itself unwinds the main thread.
            GraphError::Cancelled => Self::new(pgrx::PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"),
            GraphError::OutOfRange { .. } | GraphError::InvalidRelationWeight { .. } => {
                Self::invalid(error.to_string())
            }
            other => Self::new(pgrx::PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, other.to_string()),
        }
    }
}
