//! Rows of `sgr.adjacency` for one call, and those that the session keeps from call to call.
//!
//! A search asks for some hundred rows, by index probes in batches: a cold session needs no more than that. Rows that were
//! read are kept until the graph has a new version, for one role, within `sgr_graph.graph_cache`.

use super::visibility::Visibility;
use crate::error::{Error, Result};
use crate::rights;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use pgrx::pg_sys;
use rustc_hash::FxHashMap;
use sgr_engine::graph::search::{Edges, Group, Header, Rows};
use std::cell::RefCell;

/// Rows of more edges are read when they are opened, not when their header is: they lie out of line.
const EDGES_AT_ONCE: u64 = 4096;
/// What a kept row takes beside its edges.
const ROW_BYTES: usize = 160;

/// A graph as it was written last.
pub struct Graph {
    generation: i32,
    version: String,
}

impl Graph {
    /// Errors: 55000 if the graph was never written.
    pub fn open(graph_id: i32) -> Result<Self> {
        let mut graph = None;
        spi::select(
            "SELECT generation, version::text FROM sgr.adjacency_state WHERE graph_id = $1",
            &Sources::NONE,
            &[Arg::Int(graph_id)],
            |row| {
                let version = row.text(1).unwrap_or_default().into_owned();
                graph = row.int(0).map(|generation| Self { generation: generation as i32, version });
                Ok(())
            },
        )?;
        graph.ok_or_else(|| {
            let error = Error::not_ready("the graph has not been built yet");
            if graph_id == 0 {
                error.hint("call sgr_build_kg(), or sgr_adjacency_refresh() after a restore")
            } else {
                error.hint("call sgr_adjacency_refresh()")
            }
        })
    }
}

struct Kept {
    header: Header,
    edges: Option<Edges>,
}

impl Kept {
    fn bytes(&self) -> usize {
        ROW_BYTES + self.header.groups.len() * size_of::<Group>() + self.edges.as_ref().map_or(0, Edges::bytes)
    }
}

/// Rows of one version of one graph, as one role sees them.
#[derive(Default)]
struct Cache {
    version: String,
    role: u32,
    bytes: usize,
    rows: FxHashMap<i64, Kept>,
    kinds: Vec<String>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache::default());
}

/// The rows of one call.
pub struct RowStore {
    graph: Graph,
    visibility: Visibility,
    /// Whether the rows may be kept for the next call.
    keeps: bool,
    /// Taken from the session, and given back at the end of the call.
    cache: Cache,
}

impl RowStore {
    /// Rows of a graph as the current role may see them.
    pub fn open(graph: Graph, visibility: Visibility) -> Result<Self> {
        let role = rights::current_role().to_u32();
        let keeps = may_keep(&visibility)?;
        let mut cache = if keeps { CACHE.take() } else { Cache::default() };
        if cache.version != graph.version || cache.role != role {
            cache = Cache { version: graph.version.clone(), role, ..Cache::default() };
        }
        Ok(Self { graph, visibility, keeps, cache })
    }

    /// What is hidden from the current role.
    pub fn visibility(&self) -> &Visibility {
        &self.visibility
    }

    /// The number that stands for a kind in headers.
    pub fn kind_number(&mut self, kind: &str) -> u16 {
        kind_number(&mut self.cache.kinds, kind)
    }

    /// Reads the headers of nodes, and the edges of those that have few.
    pub fn load_headers(&mut self, nodes: &[i64]) -> Result<()> {
        self.load(nodes, EDGES_AT_ONCE)
    }

    /// Reads the edges of a node.
    pub fn load_edges(&mut self, node: i64) -> Result<()> {
        self.load(&[node], u64::MAX)
    }

    fn load(&mut self, nodes: &[i64], most: u64) -> Result<()> {
        // What is hidden can only be told edge by edge, and the header counts what is seen.
        let most = if self.visibility.sees_everything() { most } else { u64::MAX };
        let mut loaded: FxHashMap<i64, Kept> = FxHashMap::default();
        let kinds = &mut self.cache.kinds;
        spi::select(
            include_str!("../../sql/queries/adjacency_rows.sql"),
            &Sources::NONE,
            &[Arg::Int(self.graph.generation), Arg::Bigs(nodes)],
            |row| {
                loaded.insert(row.int(0).unwrap_or(0), kept(row, kinds, most));
                Ok(())
            },
        )?;
        if !self.visibility.sees_everything() {
            let mut rows: Vec<(i64, &mut Header, &mut Edges)> = loaded
                .iter_mut()
                .filter_map(|(&id, kept)| kept.edges.as_mut().map(|edges| (id, &mut kept.header, edges)))
                .collect();
            rows.sort_unstable_by_key(|row| row.0);
            self.visibility.filter(&mut rows)?;
        }
        for &node in nodes {
            let row = loaded.remove(&node).unwrap_or_else(|| Kept {
                header: Header { kind: u16::MAX, ..Header::default() },
                edges: Some(Edges::default()),
            });
            self.cache.bytes += row.bytes();
            if let Some(before) = self.cache.rows.insert(node, row) {
                self.cache.bytes -= before.bytes();
            }
        }
        Ok(())
    }
}

/// Not where the role lacks the right to read the table, nor where it could be shown something else next time.
fn may_keep(visibility: &Visibility) -> Result<bool> {
    let table = rights::table(c"adjacency")?;
    Ok(visibility.sees_everything() && rights::has(table, pg_sys::ACL_SELECT) && !rights::row_security(table))
}

fn kept(row: &Row, kinds: &mut Vec<String>, most: u64) -> Kept {
    let groups: Box<[Group]> = row
        .ints(2)
        .unwrap_or_default()
        .iter()
        .zip(row.ints(3).unwrap_or_default())
        .map(|(&relation, &edges)| Group { relation, edges: u32::try_from(edges).unwrap_or(0) })
        .collect();
    let edges = (groups.iter().map(|group| u64::from(group.edges)).sum::<u64>() <= most).then(|| {
        let weights = row.floats(6).unwrap_or_default().into();
        match row.ints(4) {
            Some(neighbours) => Edges::narrow(neighbours, weights),
            None => Edges::new(row.bigints(5).unwrap_or_default(), weights),
        }
    });
    Kept { header: Header { kind: kind_number(kinds, &row.text(1).unwrap_or_default()), groups }, edges }
}

fn kind_number(kinds: &mut Vec<String>, kind: &str) -> u16 {
    let at = kinds.iter().position(|known| known == kind).unwrap_or_else(|| {
        kinds.push(kind.to_owned());
        kinds.len() - 1
    });
    u16::try_from(at).unwrap_or(u16::MAX)
}

impl Rows for RowStore {
    fn header(&self, node: i64) -> Option<&Header> {
        self.cache.rows.get(&node).map(|kept| &kept.header)
    }

    fn edges(&self, node: i64) -> Option<&Edges> {
        self.cache.rows.get(&node)?.edges.as_ref()
    }
}

impl Drop for RowStore {
    /// Gives the rows back to the session. Not while an error unwinds: Postgres must not be asked for the setting then.
    fn drop(&mut self) {
        if std::thread::panicking() || !self.keeps {
            return;
        }
        let mut cache = std::mem::take(&mut self.cache);
        if cache.bytes > settings::graph_cache() {
            cache.rows = FxHashMap::default();
            cache.bytes = 0;
        }
        CACHE.set(cache);
    }
}
