//! A graph as the search sees it: rows of edges that are there already or have to be asked for.

use std::ops::Range;

/// The edges of a node that have one relation and one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// The relation's number, at least 1; negative where the node is the tail.
    pub relation: i32,
    /// How many edges.
    pub edges: u32,
}

/// What is known of a node before its edges are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// A number for the node's kind, the caller's choice.
    pub kind: u16,
    /// Ascending by number of the relation, heads before tails.
    pub groups: Box<[Group]>,
}

impl Header {
    /// Each group, with the places of its edges in [`Edges`].
    pub fn parts(&self) -> impl Iterator<Item = (Group, Range<usize>)> {
        self.groups.iter().scan(0, |from, &group| {
            let part = *from..*from + group.edges as usize;
            *from = part.end;
            Some((group, part))
        })
    }
}

/// The edges of a node, group after group as its header has them: the nodes at their other ends, and weights in (0, 1].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edges {
    neighbours: Ids,
    weights: Box<[f32]>,
}

/// Ids in half the space where they fit: what a session keeps of a graph is mostly these.
#[derive(Debug, Clone, PartialEq)]
enum Ids {
    Narrow(Box<[i32]>),
    Wide(Box<[i64]>),
}

impl Default for Ids {
    fn default() -> Self {
        Ids::Narrow(Box::default())
    }
}

impl Ids {
    fn len(&self) -> usize {
        match self {
            Ids::Narrow(ids) => ids.len(),
            Ids::Wide(ids) => ids.len(),
        }
    }

    fn get(&self, at: usize) -> Option<i64> {
        match self {
            Ids::Narrow(ids) => ids.get(at).map(|&id| id.into()),
            Ids::Wide(ids) => ids.get(at).copied(),
        }
    }
}

impl Edges {
    /// Edges to these nodes, with a weight each; what one list is longer by than the other is left out.
    pub fn new(neighbours: &[i64], weights: Box<[f32]>) -> Self {
        let narrow: Option<Box<[i32]>> = neighbours.iter().map(|&id| i32::try_from(id).ok()).collect();
        Self { neighbours: narrow.map_or_else(|| Ids::Wide(neighbours.into()), Ids::Narrow), weights }
    }

    /// [`new`](Self::new) for ids that are narrow already.
    pub fn narrow(neighbours: &[i32], weights: Box<[f32]>) -> Self {
        Self { neighbours: Ids::Narrow(neighbours.into()), weights }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.neighbours.len().min(self.weights.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let ids = match &self.neighbours {
            Ids::Narrow(ids) => size_of_val::<[i32]>(ids),
            Ids::Wide(ids) => size_of_val::<[i64]>(ids),
        };
        ids + size_of_val::<[f32]>(&self.weights)
    }

    /// The node at the other end of an edge, and the edge's weight.
    pub fn get(&self, at: usize) -> Option<(i64, f32)> {
        Some((self.neighbours.get(at)?, *self.weights.get(at)?))
    }

    /// [`get`](Self::get) for these places, as far as there are edges.
    pub fn part(&self, places: Range<usize>) -> impl Iterator<Item = (i64, f32)> + '_ {
        places.map_while(|at| self.get(at))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (i64, f32)> + '_ {
        self.part(0..self.len())
    }

    /// The nodes at the other ends, if the numbers of all fit.
    pub fn narrow_ids(&self) -> Option<&[i32]> {
        match &self.neighbours {
            Ids::Narrow(ids) => Some(ids),
            Ids::Wide(_) => None,
        }
    }

    /// The nodes at the other ends, if not.
    pub fn wide_ids(&self) -> Option<&[i64]> {
        match &self.neighbours {
            Ids::Narrow(_) => None,
            Ids::Wide(ids) => Some(ids),
        }
    }

    /// The weights.
    pub fn weights(&self) -> &[f32] {
        &self.weights
    }
}

/// Rows of edges at hand. A node without edges has an empty header.
pub trait Rows {
    /// The header of a node; `None` if it has to be loaded.
    fn header(&self, node: i64) -> Option<&Header>;
    /// The edges of a node; `None` if they have to be loaded.
    fn edges(&self, node: i64) -> Option<&Edges>;
}
