//! The labels of one end of a search.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// No label.
pub const NONE: u32 = u32::MAX;

/// A partial path: a node, and the label that it was reached from.
#[derive(Debug, Clone, Copy)]
pub struct Label {
    pub node: u32,
    pub parent: u32,
    /// The label made before this one at the same node.
    pub next: u32,
    /// Of the last edge, negative if it was followed from tail to head.
    pub relation: i32,
    pub weight: f32,
    pub hops: u8,
    /// Cost up to the node, without the node's own.
    pub cost: f64,
}

impl Label {
    /// The label of an end.
    pub fn start(node: u32) -> Self {
        Self { node, parent: NONE, next: NONE, relation: 0, weight: 1.0, hops: 0, cost: 0.0 }
    }
}

/// What a label's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The cost of arriving: what the node itself costs is not known yet.
    Arrived,
    /// The cost of leaving.
    Weighed,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: f64,
    label: u32,
    stage: Stage,
}

impl Ord for Entry {
    /// The largest is the one with the least key; of equal ones, the label made first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key.total_cmp(&self.key).then(other.label.cmp(&self.label))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

/// Labels, and the order in which they are opened.
#[derive(Debug)]
pub struct Side {
    pub labels: Vec<Label>,
    queue: BinaryHeap<Entry>,
    /// Edges looked at.
    pub edges: u64,
    /// What leaving a node costs at least whose label has as many hops as the side goes; infinite without one.
    pub least_at_reach: f64,
}

impl Default for Side {
    fn default() -> Self {
        Self { labels: Vec::new(), queue: BinaryHeap::new(), edges: 0, least_at_reach: f64::INFINITY }
    }
}

impl Side {
    /// Keeps a label and returns its number.
    pub fn add(&mut self, label: Label) -> u32 {
        self.labels.push(label);
        (self.labels.len() - 1) as u32
    }

    pub fn push(&mut self, key: f64, label: u32, stage: Stage) {
        self.queue.push(Entry { key, label, stage });
    }

    /// Whether the first label's key is not its final one.
    pub fn is_unweighed(&self) -> bool {
        self.queue.peek().is_some_and(|entry| entry.stage == Stage::Arrived)
    }

    /// Puts the first label under its final key.
    pub fn replace_top(&mut self, key: f64, label: u32) {
        if let Some(mut top) = self.queue.peek_mut() {
            *top = Entry { key, label, stage: Stage::Weighed };
        }
    }

    pub fn pop(&mut self) {
        self.queue.pop();
    }

    pub fn top(&self) -> Option<(f64, u32, Stage)> {
        self.queue.peek().map(|entry| (entry.key, entry.label, entry.stage))
    }

    /// The least key; infinite when everything was opened.
    pub fn least_key(&self) -> f64 {
        self.queue.peek().map_or(f64::INFINITY, |entry| entry.key)
    }

    /// Takes labels of so many hops or more out of the queue. What the node of one costs at least that was not weighed
    /// is `node_cost`.
    pub fn keep_within(&mut self, hops: usize, node_cost: f64) {
        let (labels, least) = (&self.labels, &mut self.least_at_reach);
        self.queue.retain(|entry| {
            let label = &labels[entry.label as usize];
            // The label of the end itself costs nothing to leave.
            let is_within = usize::from(label.hops) < hops;
            if !is_within {
                let more = if entry.stage == Stage::Arrived && label.parent != NONE { node_cost } else { 0.0 };
                *least = least.min(entry.key + more);
            }
            is_within
        });
    }

    /// With nothing left to open.
    pub fn closed(mut self) -> Self {
        self.queue.clear();
        self
    }

    /// Shows the labels that were not weighed, in their order, until `wanted` of them answered yes.
    pub fn upcoming(&mut self, wanted: usize, mut is_wanted: impl FnMut(&Label) -> bool) {
        let mut seen = Vec::with_capacity(wanted);
        let mut found = 0;
        while found < wanted && seen.len() < 4 * wanted {
            let Some(entry) = self.queue.pop() else { break };
            seen.push(entry);
            if entry.stage == Stage::Arrived && is_wanted(&self.labels[entry.label as usize]) {
                found += 1;
            }
        }
        self.queue.extend(seen);
    }

    /// The label and those before it, back to the end; whether each has one before it.
    pub fn ancestry(&self, label: u32) -> impl Iterator<Item = (&Label, bool)> {
        std::iter::successors(self.labels.get(label as usize), |label| self.labels.get(label.parent as usize))
            .map(|label| (label, label.parent != NONE))
    }

    /// Whether the path of a label leads through a node.
    pub fn passes(&self, label: u32, node: u32) -> bool {
        self.ancestry(label).any(|(passed, _)| passed.node == node)
    }

    /// Whether the paths of two labels at one node share another one.
    pub fn crosses(&self, mine: u32, other: &Side, theirs: u32) -> bool {
        self.ancestry(mine).skip(1).any(|(passed, _)| other.passes(theirs, passed.node))
    }
}
