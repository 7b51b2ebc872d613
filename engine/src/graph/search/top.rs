//! The best paths found so far.

use rustc_hash::FxHashSet;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An edge of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hop {
    /// The relation's number, negative if the path follows it from tail to head.
    pub relation: i32,
    /// Weight of the edge, in (0, 1].
    pub weight: f32,
}

/// A simple path.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// See the [module](super).
    pub cost: f64,
    /// From one end to the other; no node twice.
    pub nodes: Vec<i64>,
    /// The edges between them: the cheapest, where two nodes have several.
    pub hops: Vec<Hop>,
}

/// Least cost first, then fewest hops, then by the nodes.
#[derive(Debug)]
struct Ordered(Path);

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        a.cost.total_cmp(&b.cost).then(a.hops.len().cmp(&b.hops.len())).then_with(|| a.nodes.cmp(&b.nodes))
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ordered {}

/// At most k paths, each once.
#[derive(Debug)]
pub struct Best {
    k: usize,
    /// The worst on top.
    paths: BinaryHeap<Ordered>,
    /// A path is met once at each of its nodes that both sides have labels of.
    known: FxHashSet<Vec<i64>>,
}

impl Best {
    pub fn new(k: usize) -> Self {
        Self { k, paths: BinaryHeap::with_capacity(k + 1), known: FxHashSet::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// What a path must cost less than to be among the best: infinite until there are k.
    pub fn worst(&self) -> f64 {
        if self.paths.len() < self.k { f64::INFINITY } else { self.paths.peek().map_or(f64::INFINITY, |p| p.0.cost) }
    }

    pub fn add(&mut self, path: Path) {
        if self.known.insert(path.nodes.clone()) {
            self.paths.push(Ordered(path));
            if self.paths.len() > self.k {
                self.paths.pop();
            }
        }
    }

    /// Best first.
    pub fn paths(&self) -> Vec<Path> {
        let mut ordered: Vec<&Ordered> = self.paths.iter().collect();
        ordered.sort_unstable();
        ordered.into_iter().map(|path| path.0.clone()).collect()
    }
}
