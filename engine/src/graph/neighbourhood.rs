//! What lies around a node, thinned so that it can be drawn.
//!
//! Nodes are chosen hop by hop. Each hop gets an equal part of the places that are left; within it the nodes of the hop before take turns,
//! within a node its relations take turns, and within a relation the heaviest edges come first. So a hub of a thousand
//! edges fills no more of the picture than its neighbours do, and no relation drowns another.

use super::GraphError;
use super::search::{Edges, Header, Rows, Step};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// What to take in.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourhoodConfig {
    /// Edges from the centre, 1 to [`MAX_HOPS`](Self::MAX_HOPS).
    pub hops: usize,
    /// Most nodes, the centre among them, 1 to [`MAX_LIMIT`](Self::MAX_LIMIT).
    pub limit: usize,
    /// Relations that are followed, by number; `None` follows all.
    pub relations: Option<Vec<i32>>,
}

impl NeighbourhoodConfig {
    /// Largest `hops`.
    pub const MAX_HOPS: usize = 4;
    /// Largest `limit`.
    pub const MAX_LIMIT: usize = 10_000;
    /// Default of `hops`.
    pub const DEFAULT_HOPS: usize = 2;
    /// Default of `limit`.
    pub const DEFAULT_LIMIT: usize = 100;

    fn follows(&self, relation: i32) -> bool {
        self.relations.as_ref().is_none_or(|relations| relations.contains(&relation.abs()))
    }
}

/// A node of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// The node.
    pub node: i64,
    /// Hops from the centre.
    pub hops: usize,
    /// Its edges of the relations that are followed, shown or not.
    pub edges: u64,
}

/// An edge of the picture, from head to tail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawnEdge {
    /// Its head.
    pub head: i64,
    /// The relation's number.
    pub relation: i32,
    /// Its tail.
    pub tail: i64,
    /// In (0, 1].
    pub weight: f32,
}

/// The nodes around a centre and the edges between them; stepped, as [`PathSearch`](super::search::PathSearch) is.
#[derive(Debug)]
pub struct Neighbourhood {
    config: NeighbourhoodConfig,
    members: Vec<Member>,
    chosen: FxHashMap<i64, usize>,
    /// Where the members of the hop that is being opened begin.
    opening: usize,
    hop: usize,
    edges: Vec<DrawnEdge>,
}

/// The candidates of one node: a queue per relation.
type Turns = VecDeque<VecDeque<i64>>;

impl Neighbourhood {
    /// Around `centre`.
    ///
    /// # Errors
    /// [`GraphError::OutOfRange`].
    pub fn new(centre: i64, config: NeighbourhoodConfig) -> Result<Self, GraphError> {
        let range = |what: &'static str, value: usize, most: usize| {
            if (1..=most).contains(&value) { Ok(()) } else { Err(GraphError::OutOfRange { what, value, most }) }
        };
        range("hops", config.hops, NeighbourhoodConfig::MAX_HOPS)?;
        range("limit", config.limit, NeighbourhoodConfig::MAX_LIMIT)?;
        Ok(Self {
            config,
            members: vec![Member { node: centre, hops: 0, edges: 0 }],
            chosen: [(centre, 0)].into_iter().collect(),
            opening: 0,
            hop: 0,
            edges: Vec::new(),
        })
    }

    /// The centre first, then hop by hop.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Every edge between members, each once, in the order of heads, relations and tails. Those between two nodes whose
    /// edges are too many to be at hand are left out, unless a hop went through one of them.
    pub fn edges(&self) -> &[DrawnEdge] {
        &self.edges
    }

    /// Takes in one hop, or, after the last one, the edges.
    pub fn step(&mut self, rows: &impl Rows) -> Step {
        let frontier = &self.members[self.opening..];
        let missing: Vec<i64> =
            frontier.iter().map(|member| member.node).filter(|&node| rows.header(node).is_none()).collect();
        if !missing.is_empty() {
            return Step::NeedHeaders(missing);
        }
        let full = self.members.len() >= self.config.limit;
        if full || frontier.is_empty() || self.hop == self.config.hops {
            self.draw(rows);
            return Step::Done;
        }
        let mut turns: Vec<Turns> = Vec::with_capacity(frontier.len());
        for member in frontier {
            let (Some(header), Some(edges)) = (rows.header(member.node), rows.edges(member.node)) else {
                return Step::NeedEdges(member.node);
            };
            turns.push(self.turns(header, edges));
        }
        self.hop += 1;
        self.opening = self.members.len();
        let hops_left = self.config.hops - self.hop + 1;
        let places = (self.config.limit - self.members.len()).div_ceil(hops_left);
        self.choose(turns, places);
        Step::Working
    }

    /// The neighbours of a node by relation, heaviest edges first.
    fn turns(&self, header: &Header, edges: &Edges) -> Turns {
        let mut turns = Turns::new();
        for (group, range) in header.parts() {
            if !self.config.follows(group.relation) {
                continue;
            }
            let mut order: Vec<(i64, f32)> = edges.part(range).collect();
            // More than fit are never looked at.
            let most = self.config.limit.min(order.len());
            let by_weight = |x: &(i64, f32), y: &(i64, f32)| y.1.total_cmp(&x.1).then(x.0.cmp(&y.0));
            if most < order.len() {
                order.select_nth_unstable_by(most, by_weight);
                order.truncate(most);
            }
            order.sort_unstable_by(by_weight);
            turns.push_back(order.into_iter().map(|(neighbour, _)| neighbour).collect());
        }
        turns
    }

    fn choose(&mut self, turns: Vec<Turns>, mut places: usize) {
        let mut nodes: VecDeque<Turns> = turns.into();
        while places > 0 {
            let Some(mut relations) = nodes.pop_front() else { break };
            // The node's turn: the next relation that still has somebody new.
            let mut taken = None;
            while let Some(mut queue) = relations.pop_front() {
                taken = std::iter::from_fn(|| queue.pop_front()).find(|node| !self.chosen.contains_key(node));
                if let Some(node) = taken {
                    self.chosen.insert(node, self.members.len());
                    self.members.push(Member { node, hops: self.hop, edges: 0 });
                    places -= 1;
                    relations.push_back(queue);
                    break;
                }
            }
            if taken.is_some() {
                nodes.push_back(relations);
            }
        }
    }

    /// The edges between members, and how many each has in all.
    fn draw(&mut self, rows: &impl Rows) {
        let mut seen: FxHashSet<(i64, i32, i64)> = FxHashSet::default();
        for at in 0..self.members.len() {
            let node = self.members[at].node;
            let Some(header) = rows.header(node) else { continue };
            for (group, range) in header.parts() {
                if !self.config.follows(group.relation) {
                    continue;
                }
                self.members[at].edges += u64::from(group.edges);
                let Some(edges) = rows.edges(node) else { continue };
                for (other, weight) in edges.part(range) {
                    let relation = group.relation.abs();
                    let (head, tail) = if group.relation > 0 { (node, other) } else { (other, node) };
                    if self.chosen.contains_key(&other) && seen.insert((head, relation, tail)) {
                        self.edges.push(DrawnEdge { head, relation, tail, weight });
                    }
                }
            }
        }
        self.edges.sort_unstable_by_key(|edge| (edge.head, edge.relation, edge.tail));
    }
}

impl Default for NeighbourhoodConfig {
    fn default() -> Self {
        Self { hops: Self::DEFAULT_HOPS, limit: Self::DEFAULT_LIMIT, relations: None }
    }
}
