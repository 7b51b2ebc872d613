//! Triples to rows: the edges of each node side by side.

use super::GraphError;
use super::search::{Edges, Group, Header};
use rustc_hash::FxHashSet;
use std::sync::atomic::{AtomicBool, Ordering};

/// Triples between two looks at the flag: some milliseconds.
const TRIPLES_PER_LOOK: usize = 1 << 18;
/// Ids may leave gaps of this many numbers, plus three per id, before they are searched for instead of looked up.
const FREE_SPAN: usize = 1 << 16;

/// An edge as its node has it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    neighbour: u32,
    /// Negative at the tail.
    relation: i32,
    weight: f32,
}

/// Collects triples.
#[derive(Debug)]
pub struct AdjacencyBuilder {
    ids: Vec<i64>,
    /// Codes by distance from the first id; empty where the ids lie too far apart.
    table: Vec<u32>,
    symmetric: FxHashSet<i32>,
    limit: usize,
    heads: Vec<u32>,
    tails: Vec<u32>,
    relations: Vec<i32>,
    weights: Vec<f32>,
    skipped: u64,
}

impl AdjacencyBuilder {
    /// For the nodes `ids`, ascending, each once. Relations in `symmetric` have a mirror image for each triple, which is
    /// the tail's edge. `limit`: bytes that builder and result may take.
    ///
    /// # Errors
    /// Over the limit; more than `u32::MAX` nodes.
    pub fn new(ids: Vec<i64>, symmetric: FxHashSet<i32>, limit: usize) -> Result<Self, GraphError> {
        let most = u32::MAX as usize;
        if ids.len() >= most {
            return Err(GraphError::TooManyNodes { limit: most });
        }
        let span = match (ids.first(), ids.last()) {
            (Some(first), Some(last)) => usize::try_from(last.wrapping_sub(*first) as u64).unwrap_or(usize::MAX),
            _ => 0,
        };
        let mut builder = Self {
            ids,
            table: Vec::new(),
            symmetric,
            limit,
            heads: Vec::new(),
            tails: Vec::new(),
            relations: Vec::new(),
            weights: Vec::new(),
            skipped: 0,
        };
        if span < builder.ids.len().saturating_mul(4).saturating_add(FREE_SPAN) {
            builder.fits(span.saturating_mul(size_of::<u32>()))?;
            builder.table = vec![u32::MAX; span + 1];
            if let Some(&first) = builder.ids.first() {
                for (code, id) in (0..).zip(&builder.ids) {
                    builder.table[id.wrapping_sub(first) as usize] = code;
                }
            }
        }
        builder.fits(0)?;
        Ok(builder)
    }

    /// Bytes that `triples` triples over `nodes` nodes take while they become rows.
    pub fn memory_estimate(nodes: usize, triples: usize) -> usize {
        let per_node = size_of::<i64>() + size_of::<u32>() + 2 * size_of::<usize>();
        let per_triple = 4 * size_of::<u32>() + 2 * size_of::<Entry>();
        nodes.saturating_mul(per_node).saturating_add(triples.saturating_mul(per_triple))
    }

    /// Adds a triple. A loop is no edge, and neither is a triple one of whose ends is no node; those are counted.
    ///
    /// # Errors
    /// Over the limit.
    pub fn push(&mut self, head: i64, relation: i32, tail: i64, weight: f32) -> Result<(), GraphError> {
        let (Some(head), Some(tail)) = (self.code(head), self.code(tail)) else {
            self.skipped += 1;
            return Ok(());
        };
        if head == tail {
            return Ok(());
        }
        if self.heads.len() == self.heads.capacity() {
            // Columns double: old and new ones stand side by side for a moment, less than the rows take later.
            let more = self.heads.len().max(1 << 12);
            self.fits(Self::memory_estimate(0, self.heads.len() + more))?;
            self.heads.reserve_exact(more);
            self.tails.reserve_exact(more);
            self.relations.reserve_exact(more);
            self.weights.reserve_exact(more);
        }
        self.heads.push(head);
        self.tails.push(tail);
        self.relations.push(relation);
        self.weights.push(weight);
        Ok(())
    }

    fn fits(&self, more: usize) -> Result<(), GraphError> {
        let table = self.table.len() * size_of::<u32>();
        let needed = Self::memory_estimate(self.ids.len(), 0).saturating_add(table).saturating_add(more);
        if needed > self.limit {
            return Err(GraphError::MemoryLimit { nodes: self.ids.len(), needed, limit: self.limit });
        }
        Ok(())
    }

    fn code(&self, id: i64) -> Option<u32> {
        if self.table.is_empty() {
            return self.ids.binary_search(&id).ok().map(|code| code as u32);
        }
        let distance = id.checked_sub(*self.ids.first()?)?;
        let code = *self.table.get(usize::try_from(distance).ok()?)?;
        (code != u32::MAX).then_some(code)
    }

    /// The rows. Counting sort by node: O(nodes + triples).
    ///
    /// # Errors
    /// [`GraphError::Cancelled`] soon after `cancelled` was raised.
    pub fn finish(self, cancelled: &AtomicBool) -> Result<Adjacency, GraphError> {
        let look = |at: usize| {
            if at.is_multiple_of(TRIPLES_PER_LOOK) && cancelled.load(Ordering::Relaxed) {
                Err(GraphError::Cancelled)
            } else {
                Ok(())
            }
        };
        let mirrored = |at: usize| self.symmetric.contains(&self.relations[at]);
        let mut offsets = vec![0_usize; self.ids.len() + 1];
        for at in 0..self.heads.len() {
            look(at)?;
            offsets[self.heads[at] as usize + 1] += 1;
            if !mirrored(at) {
                offsets[self.tails[at] as usize + 1] += 1;
            }
        }
        for node in 0..self.ids.len() {
            offsets[node + 1] += offsets[node];
        }
        let edges = *offsets.last().unwrap_or(&0);
        let mut next = offsets.clone();
        let mut entries = vec![Entry { neighbour: 0, relation: 0, weight: 0.0 }; edges];
        for at in 0..self.heads.len() {
            look(at)?;
            let (head, tail) = (self.heads[at], self.tails[at]);
            let (relation, weight) = (self.relations[at], self.weights[at]);
            let place = &mut next[head as usize];
            entries[*place] = Entry { neighbour: tail, relation, weight };
            *place += 1;
            if !mirrored(at) {
                let place = &mut next[tail as usize];
                entries[*place] = Entry { neighbour: head, relation: -relation, weight };
                *place += 1;
            }
        }
        Ok(Adjacency { ids: self.ids, offsets, entries, triples: self.heads.len() as u64, skipped: self.skipped })
    }
}

/// Rows of edges for all nodes. The edges of node `n` are `entries[offsets[n]..offsets[n + 1]]`.
#[derive(Debug)]
pub struct Adjacency {
    ids: Vec<i64>,
    offsets: Vec<usize>,
    entries: Vec<Entry>,
    triples: u64,
    skipped: u64,
}

impl Adjacency {
    /// Nodes, with edges or without.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Triples that became edges.
    pub fn triples(&self) -> u64 {
        self.triples
    }

    /// Triples one of whose ends is no node.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// The row of node number `at` in the order of the ids: its id, its groups, its edges. Kinds are the caller's to set.
    ///
    /// # Panics
    /// If there is no such node.
    pub fn row(&mut self, at: usize) -> (i64, Header, Edges) {
        let entries = &mut self.entries[self.offsets[at]..self.offsets[at + 1]];
        entries.sort_unstable_by_key(|entry| (entry.relation.abs(), entry.relation < 0, entry.neighbour));
        let groups = entries
            .chunk_by(|a, b| a.relation == b.relation)
            .map(|group| Group { relation: group[0].relation, edges: group.len() as u32 })
            .collect();
        let neighbours: Vec<i64> = entries.iter().map(|entry| self.ids[entry.neighbour as usize]).collect();
        let edges = Edges::new(&neighbours, entries.iter().map(|entry| entry.weight).collect());
        (self.ids[at], Header { kind: 0, groups }, edges)
    }
}
