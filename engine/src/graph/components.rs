//! Connected components of an undirected graph whose edges come one by one.

use super::GraphError;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

/// Room for this many nodes is made at first, and doubled whenever it is used up.
const FIRST_NODES: usize = 1 << 10;

/// Bytes per node outside the map: its parent, the size of its tree, whether an edge touches it.
const COLUMN_BYTES: usize = 2 * size_of::<u32>() + size_of::<bool>();

/// Disjoint sets of nodes (union by size with path halving: Tarjan and van Leeuwen, JACM 1984): *m* edges over *n* nodes
/// take O((n + m) α(n)) time, about constant per edge, and memory that depends on the nodes alone.
///
/// Nodes are any `i64`. The result does not depend on the order of the edges.
#[derive(Debug)]
pub struct Components {
    limit: usize,
    /// Nodes that there is room for.
    room: usize,
    codes: FxHashMap<i64, u32>,
    parents: Vec<u32>,
    /// Of a root: nodes of its tree.
    sizes: Vec<u32>,
    touched: Vec<bool>,
}

/// The components of a graph in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ComponentSummary {
    /// Distinct nodes.
    pub nodes: usize,
    /// Maximal sets of nodes that paths connect; a node without edges is one by itself.
    pub components: usize,
    /// Nodes of the largest component; 0 in an empty graph.
    pub largest: usize,
    /// Nodes that no edge touches. One whose only edge is a loop is not among them.
    pub isolated: usize,
}

impl Components {
    /// An empty graph that may take `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            room: 0,
            codes: FxHashMap::default(),
            parents: Vec::new(),
            sizes: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// Bytes that a graph of `nodes` nodes takes: between 18 and 45 per node, depending on how full its map is.
    pub fn memory_estimate(nodes: usize) -> usize {
        // The map keeps 1/8 of its slots free, and their number is a power of two; each has one byte of its own.
        let slots = nodes.saturating_mul(8).div_ceil(7).checked_next_power_of_two().unwrap_or(usize::MAX);
        slots.saturating_mul(size_of::<(i64, u32)>() + 1).saturating_add(nodes.saturating_mul(COLUMN_BYTES))
    }

    /// Bytes that the graph takes now, by [`memory_estimate`](Self::memory_estimate).
    pub fn memory_bytes(&self) -> usize {
        if self.room == 0 { 0 } else { Self::memory_estimate(self.room) }
    }

    /// Makes room for `nodes` nodes in all, so that nothing has to move while they come.
    ///
    /// # Errors
    /// Over the memory limit.
    pub fn reserve(&mut self, nodes: usize) -> Result<(), GraphError> {
        if nodes > self.room { self.make_room(nodes) } else { Ok(()) }
    }

    /// Adds a node, unless it is there.
    ///
    /// # Errors
    /// Over the memory limit, or more than `u32::MAX` nodes.
    pub fn add_node(&mut self, id: i64) -> Result<(), GraphError> {
        self.code(id).map(|_| ())
    }

    /// Adds an edge between two nodes, and those of them that are not there. Its direction does not matter.
    ///
    /// # Errors
    /// As [`add_node`](Self::add_node).
    pub fn add_edge(&mut self, a: i64, b: i64) -> Result<(), GraphError> {
        let (a, b) = (self.code(a)?, self.code(b)?);
        self.touched[a as usize] = true;
        self.touched[b as usize] = true;
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            let (small, large) = if self.sizes[a as usize] < self.sizes[b as usize] { (a, b) } else { (b, a) };
            self.parents[small as usize] = large;
            self.sizes[large as usize] += self.sizes[small as usize];
        }
        Ok(())
    }

    /// Counts what was added so far.
    pub fn summary(&self) -> ComponentSummary {
        let roots = self.parents.iter().zip(0_u32..).filter(|&(&parent, code)| parent == code);
        let mut summary = ComponentSummary {
            nodes: self.parents.len(),
            isolated: self.touched.iter().filter(|&&touched| !touched).count(),
            ..ComponentSummary::default()
        };
        for (_, code) in roots {
            summary.components += 1;
            summary.largest = summary.largest.max(self.sizes[code as usize] as usize);
        }
        summary
    }

    /// The dense code of a node, which is added if need be.
    fn code(&mut self, id: i64) -> Result<u32, GraphError> {
        let next = self.parents.len();
        if next == self.room {
            if let Some(&code) = self.codes.get(&id) {
                return Ok(code);
            }
            self.grow()?;
        }
        match self.codes.entry(id) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(free) => {
                let code = u32::try_from(next).map_err(|_| GraphError::TooManyNodes { limit: u32::MAX as usize })?;
                free.insert(code);
                self.parents.push(code);
                self.sizes.push(1);
                self.touched.push(false);
                Ok(code)
            }
        }
    }

    fn grow(&mut self) -> Result<(), GraphError> {
        self.make_room(self.room.saturating_mul(2).max(FIRST_NODES))
    }

    fn make_room(&mut self, room: usize) -> Result<(), GraphError> {
        // Old and new tables stand side by side while their content moves.
        let needed = self.memory_bytes().saturating_add(Self::memory_estimate(room));
        if needed > self.limit {
            return Err(GraphError::MemoryLimit { nodes: room, needed, limit: self.limit });
        }
        let more = room - self.parents.len();
        self.codes.reserve(more);
        self.parents.reserve_exact(more);
        self.sizes.reserve_exact(more);
        self.touched.reserve_exact(more);
        self.room = room;
        Ok(())
    }

    fn root(&mut self, mut code: u32) -> u32 {
        while self.parents[code as usize] != code {
            let grandparent = self.parents[self.parents[code as usize] as usize];
            self.parents[code as usize] = grandparent;
            code = grandparent;
        }
        code
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    const NO_LIMIT: usize = usize::MAX;

    fn summary_of(nodes: &[i64], edges: &[(i64, i64)]) -> ComponentSummary {
        let mut graph = Components::new(NO_LIMIT);
        for &node in nodes {
            graph.add_node(node).unwrap();
        }
        for &(a, b) in edges {
            graph.add_edge(a, b).unwrap();
        }
        graph.summary()
    }

    #[test]
    fn empty_graph_has_no_component() {
        assert_eq!(summary_of(&[], &[]), ComponentSummary::default());
        assert_eq!(Components::new(0).summary(), ComponentSummary::default());
    }

    #[test]
    fn two_paths_a_loop_and_a_lonely_node() {
        let edges = [(1, 2), (3, 2), (3, 1), (i64::MIN, i64::MAX), (-7, -7)];
        let expected = ComponentSummary { nodes: 7, components: 4, largest: 3, isolated: 1 };
        assert_eq!(summary_of(&[1, 2, 9], &edges), expected);
    }

    #[test]
    fn long_chain_in_any_order_is_one_component() {
        let n = 200_000_i64;
        let expected = ComponentSummary { nodes: n as usize, components: 1, largest: n as usize, isolated: 0 };
        let forth: Vec<(i64, i64)> = (1..n).map(|i| (i - 1, i)).collect();
        let back: Vec<(i64, i64)> = forth.iter().rev().map(|&(a, b)| (b, a)).collect();
        assert_eq!(summary_of(&[], &forth), expected);
        assert_eq!(summary_of(&[], &back), expected);
    }

    #[test]
    fn memory_is_refused_before_it_is_taken_and_what_was_added_stays() {
        let limit = Components::memory_estimate(FIRST_NODES);
        let mut graph = Components::new(limit);
        for id in 0..FIRST_NODES as i64 {
            graph.add_edge(0, id).unwrap();
        }
        let before = graph.summary();
        let refused = graph.add_edge(0, -1);
        assert!(
            matches!(refused, Err(GraphError::MemoryLimit { nodes, needed, limit: l })
                if nodes == 2 * FIRST_NODES && needed > limit && l == limit),
            "{refused:?}"
        );
        assert_eq!(graph.summary(), before);
        // Known nodes need no room.
        graph.add_edge(1, 2).unwrap();
        assert_eq!(
            Components::new(0).add_node(1),
            Err(GraphError::MemoryLimit { nodes: FIRST_NODES, needed: limit, limit: 0 })
        );
    }

    #[test]
    fn room_made_at_once_costs_what_was_estimated() {
        let limit = Components::memory_estimate(50_000);
        assert!(
            matches!(Components::new(limit - 1).reserve(50_000), Err(GraphError::MemoryLimit { needed, .. }) if needed == limit)
        );
        let mut graph = Components::new(limit);
        graph.reserve(50_000).unwrap();
        graph.reserve(3).unwrap();
        for id in 0..50_000 {
            graph.add_node(id).unwrap();
        }
        assert!(graph.add_node(-1).is_err());
        assert_eq!(graph.summary().nodes, 50_000);
    }

    #[test]
    fn the_estimate_covers_what_is_allocated() {
        for nodes in [1, 1_000, 1_024, 1_025, 57_344, 57_345, 1_000_000] {
            let mut graph = Components::new(NO_LIMIT);
            for id in 0..nodes {
                graph.add_node(id * 31).unwrap();
            }
            let map = graph.codes.capacity() * 8 / 7 * (size_of::<(i64, u32)>() + 1);
            let columns = graph.parents.capacity() * COLUMN_BYTES;
            let taken = map + columns;
            // The map's capacity is 7/8 of its slots, rounded.
            assert!(graph.memory_bytes() + 64 >= taken, "{nodes}: {} < {taken}", graph.memory_bytes());
            assert!(graph.memory_bytes() < 2 * taken + 1_000, "{nodes}: {} ≫ {taken}", graph.memory_bytes());
        }
    }

    /// By repeated relabelling, as slow as it is plain.
    fn plain(nodes: &[i64], edges: &[(i64, i64)]) -> ComponentSummary {
        let ends = edges.iter().flat_map(|&(a, b)| [a, b]);
        let all: BTreeSet<i64> = nodes.iter().copied().chain(ends.clone()).collect();
        let touched: BTreeSet<i64> = ends.collect();
        let mut label: BTreeMap<i64, i64> = all.iter().map(|&id| (id, id)).collect();
        loop {
            let before = label.clone();
            for (a, b) in edges {
                let least = label[a].min(label[b]);
                label.insert(*a, least);
                label.insert(*b, least);
            }
            if label == before {
                break;
            }
        }
        let mut sizes: BTreeMap<i64, usize> = BTreeMap::new();
        for component in label.values() {
            *sizes.entry(*component).or_default() += 1;
        }
        ComponentSummary {
            nodes: all.len(),
            components: sizes.len(),
            largest: sizes.values().copied().max().unwrap_or(0),
            isolated: all.len() - touched.len(),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_plain_relabelling(
            nodes in proptest::collection::vec(-40_i64..40, 0..30),
            edges in proptest::collection::vec((-40_i64..40, -40_i64..40), 0..60),
        ) {
            prop_assert_eq!(summary_of(&nodes, &edges), plain(&nodes, &edges));
        }
    }
}
