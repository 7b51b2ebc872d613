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

/// The edges of a node, group after group as its header has them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edges {
    /// The nodes at their other ends.
    pub neighbours: Box<[i64]>,
    /// Their weights in (0, 1].
    pub weights: Box<[f32]>,
}

/// Rows of edges at hand. A node without edges has an empty header.
pub trait Rows {
    /// The header of a node; `None` if it has to be loaded.
    fn header(&self, node: i64) -> Option<&Header>;
    /// The edges of a node; `None` if they have to be loaded.
    fn edges(&self, node: i64) -> Option<&Edges>;
}
