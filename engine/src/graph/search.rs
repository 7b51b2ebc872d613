//! The cheapest simple paths between two nodes, by bidirectional best-first search.
//!
//! # Cost
//!
//! An edge of weight w in (0, 1] and a relation that is worth ρ costs `(1 − ln w) / ρ`; a node between the ends with *d*
//! admitted edges costs `ln d`. So `exp(−cost)`, with every ρ = 1, is the chance that a walker who stops with
//! probability 1 − 1/e before each step, leaves a node by any of its edges alike and follows an edge with probability w
//! takes this path: a small playlist tells more than a hub, a heavy edge more than a light one, two hops more than four.
//!
//! # Search
//!
//! Labels (partial paths) grow from both ends. The key of a label is the cost at which it would *leave* its node, so a
//! hub is opened only when its own cost is due. A label is joined with all labels of the other side at its node.
//!
//! Of a path of at most H hops either side has to see only half. So once a search has looked at many edges, labels at the
//! *reach* of a side, ⌈H/2⌉ hops for the first and ⌊H/2⌋ for the other, are joined, but no longer opened: what is looked
//! at stays near the two ends even where they are far apart or no path is short enough. (Until then all labels are
//! opened that may go on, as the two sides then meet sooner where there are paths.)
//!
//! The search ends when no path that was not met can be better than the k-th best one. Let P be such a path and *m*, *n*
//! the first of its nodes, seen from either end, whose labels were not opened. Of these at most one is at its side's
//! reach, or else the two sides would have met. If none is, P costs at least the sum of the sides' least keys; if *m* is,
//! at least the least cost of leaving a node at the reach of its side plus the other side's least key, and likewise for *n*.
//! (Bidirectional search: Pohl 1971; labels of several paths per node: Hoffman and Pavley, JACM 6(4), 1959.)
//!
//! For one path a label is dropped if another at the node has neither more cost nor more hops (Dijkstra). For several that
//! would lose simple paths. So there are two searches: the first drops such labels and goes on until the paths that it met are
//! k or it has seen enough; their costs are a bound from above, and the distances that it found from below. The second
//! drops nothing but what these bounds rule out.
//!
//! The search asks for rows of edges when it needs them and never looks at the whole graph. The result does not depend
//! on which rows were at hand.

mod config;
mod rows;
mod side;
mod top;

pub use config::PathConfig;
pub use rows::{Edges, Group, Header, Rows};
pub use top::{Hop, Path};

use super::GraphError;
use rustc_hash::FxHashMap;
use side::{Label, NONE, Side, Stage};
use top::Best;

/// Headers asked for at once, at first and at most.
const FIRST_BATCH: usize = 8;
const LARGEST_BATCH: usize = 256;
/// Meeting points that wait for the header of their node.
const MEETINGS_AHEAD: usize = 64;
/// What a node between the ends costs at least: it has two edges.
const LEAST_NODE_COST: f64 = std::f64::consts::LN_2;

/// What the search wants of its caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To be called again: a chance to look for a cancel request.
    Working,
    /// The headers of these nodes, and their edges if that is as easy.
    NeedHeaders(Vec<i64>),
    /// The edges of this node.
    NeedEdges(i64),
    /// The end: [`PathSearch::paths`] has the result.
    Done,
}

/// What a search looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Explored {
    /// Nodes that were reached.
    pub nodes: usize,
    /// Partial paths that were opened.
    pub opened: u64,
    /// Edges that were looked at.
    pub edges: u64,
    /// `max_edges` ended the search: there may be better paths, or others.
    pub gave_up: bool,
}

#[derive(Clone, Copy)]
struct Node {
    id: i64,
    /// Newest label of each side, [`NONE`] without one.
    labels: [u32; 2],
    /// Least cost among them.
    cheapest: [f64; 2],
    /// Cost of passing through; NaN until the header was seen, infinite if the node must not be passed.
    cost: f64,
    admitted_edges: u32,
    /// The opening that last made a label here, and that label.
    touched: u32,
    label: u32,
    /// Least cost from either end as the first search found it: a lower bound.
    least: [f64; 2],
    /// The same for paths within the reach of a side.
    least_within: [f64; 2],
}

/// Two labels at one node.
struct Meeting {
    node: u32,
    labels: [u32; 2],
    /// Cost without the node's own.
    cost: f64,
}

/// A label whose edges are being followed, and how far that has come.
#[derive(Clone, Copy)]
struct Opening {
    side: usize,
    label: u32,
    /// Cost of leaving the node.
    key: f64,
    group: usize,
    /// Edges of the row that are done.
    done: usize,
}

/// A search for the cheapest simple paths between two nodes.
pub struct PathSearch {
    config: PathConfig,
    nodes: Vec<Node>,
    codes: FxHashMap<i64, u32>,
    sides: [Side; 2],
    meetings: Vec<Meeting>,
    /// The least cost among them; infinite without one.
    least_meeting: f64,
    best: Best,
    opening: Option<Opening>,
    openings: u32,
    batch: usize,
    explored: Explored,
    /// The search that drops labels; it comes first.
    first: bool,
    /// What that search knows of nodes that it did not reach, as in `Node::least`.
    unseen: [f64; 2],
    /// As in `Node::least_within`.
    unseen_within: [f64; 2],
    /// Hops beyond which labels of a side are not opened.
    reach: [usize; 2],
    /// When the sides begin to keep to their halves, in edges looked at.
    wide_until: u64,
}

/// The dense codes of the two ends.
const ENDS: [u32; 2] = [0, 1];

impl PathSearch {
    /// A search from `a` to `b`, which must differ.
    ///
    /// # Errors
    /// As [`PathConfig::validate`].
    pub fn new(a: i64, b: i64, config: PathConfig) -> Result<Self, GraphError> {
        config.validate()?;
        let mut search = Self {
            nodes: Vec::with_capacity(1024),
            codes: FxHashMap::default(),
            sides: [Side::default(), Side::default()],
            meetings: Vec::new(),
            least_meeting: f64::INFINITY,
            best: Best::new(config.k),
            opening: None,
            openings: 0,
            batch: FIRST_BATCH,
            explored: Explored::default(),
            first: true,
            unseen: [0.0; 2],
            unseen_within: [0.0; 2],
            reach: [config.max_hops; 2],
            wide_until: config.wide_edges,
            config,
        };
        for id in [a, b] {
            search.code(id);
        }
        search.start();
        Ok(search)
    }

    /// The paths found so far, best first; after [`Step::Done`] the result.
    pub fn paths(&self) -> Vec<Path> {
        self.best.paths()
    }

    /// What was looked at so far.
    pub fn explored(&self) -> Explored {
        Explored { nodes: self.nodes.len(), ..self.explored }
    }

    /// Makes the next step the last but for what it needs: what was found so far is the result.
    pub fn give_up(&mut self) {
        self.config.max_edges = 0;
    }

    /// Works until about `edges` more edges were looked at, or until something is needed.
    pub fn step(&mut self, rows: &impl Rows, edges: u64) -> Step {
        let pause = self.explored.edges.saturating_add(edges);
        loop {
            // First what an earlier step left half done, unless no time is left for it.
            if self.opening.is_some() && self.explored.edges >= self.config.max_edges {
                self.opening = None;
                self.explored.gave_up = true;
                return self.close(rows);
            }
            if let Some(need) = self.follow(rows, pause) {
                return need;
            }
            if let Some(need) = self.settle_meetings(rows) {
                return need;
            }
            if self.is_proven() {
                if self.settle_for_more() {
                    continue;
                }
                return Step::Done;
            }
            if self.explored.edges >= self.config.max_edges {
                self.explored.gave_up = true;
                return self.close(rows);
            }
            if self.explored.edges >= pause {
                return Step::Working;
            }
            if self.explored.edges >= self.wide_until {
                self.keep_to_halves();
            }
            // One at a time: each raises a key, and with it the proof may be there.
            if let Some(side) = [0, 1].into_iter().find(|&side| self.sides[side].is_unweighed()) {
                if !self.weigh_top(side, rows) {
                    return self.need_headers(rows);
                }
                continue;
            }
            self.begin(self.lighter_side());
        }
    }

    fn code(&mut self, id: i64) -> u32 {
        let next = self.nodes.len() as u32;
        *self.codes.entry(id).or_insert_with(|| {
            self.nodes.push(Node {
                id,
                labels: [NONE; 2],
                cheapest: [f64::INFINITY; 2],
                cost: f64::NAN,
                admitted_edges: 0,
                touched: 0,
                label: NONE,
                least: self.unseen,
                least_within: self.unseen_within,
            });
            next
        })
    }

    /// Puts one label at each end.
    fn start(&mut self) {
        for side in [0, 1] {
            let end = ENDS[side];
            let label = self.sides[side].add(Label::start(end));
            let node = &mut self.nodes[end as usize];
            (node.labels[side], node.cheapest[side]) = (label, 0.0);
            self.queue(side, label);
        }
    }

    /// After the first search: whether another one begins.
    fn settle_for_more(&mut self) -> bool {
        if !self.first || self.config.k == 1 || self.best.is_empty() || self.explored.gave_up {
            return false;
        }
        // A label that was not made, or was dropped because the path was found, has at least this cost.
        let worst = self.best.worst();
        self.unseen_within = self.least_keys().map(|key| key.min(worst));
        self.unseen = [0, 1].map(|side| self.unseen_within[side].min(self.sides[side].least_at_reach));
        for node in &mut self.nodes {
            for side in [0, 1] {
                node.least[side] = node.cheapest[side].min(self.unseen[side]);
                node.least_within[side] = node.cheapest[side].min(self.unseen_within[side]);
            }
            (node.labels, node.cheapest) = ([NONE; 2], [f64::INFINITY; 2]);
        }
        self.first = false;
        if self.wide_until != u64::MAX {
            self.wide_until = self.explored.edges.saturating_add(self.config.wide_edges);
        }
        self.meetings.clear();
        self.least_meeting = f64::INFINITY;
        self.sides = [Side::default(), Side::default()];
        self.start();
        true
    }

    fn least_keys(&self) -> [f64; 2] {
        [self.sides[0].least_key(), self.sides[1].least_key()]
    }

    /// What a path costs at least that a side may still find by opening its first label.
    fn least_by(&self, side: usize) -> f64 {
        let other = &self.sides[1 - side];
        self.sides[side].least_key() + other.least_key().min(other.least_at_reach)
    }

    /// What a path costs at least that was not met.
    fn least_left(&self) -> f64 {
        self.least_by(0).min(self.least_by(1))
    }

    fn is_proven(&self) -> bool {
        self.least_left() >= self.best.worst()
    }

    /// What passing through a node costs, from its header; `None` if that is needed.
    fn node_cost(&mut self, node: u32, rows: &impl Rows) -> Option<f64> {
        let known = self.nodes[node as usize].cost;
        if !known.is_nan() {
            return Some(known);
        }
        let header = rows.header(self.nodes[node as usize].id)?;
        let admitted = header.groups.iter().filter(|group| self.config.relation_weight(group.relation) > 0.0);
        let edges = admitted.fold(0_u32, |sum, group| sum.saturating_add(group.edges));
        let cost = if ENDS.contains(&node) {
            0.0
        } else if edges < 2 || !self.config.admits(header.kind) {
            f64::INFINITY
        } else {
            f64::from(edges).ln()
        };
        let node = &mut self.nodes[node as usize];
        (node.cost, node.admitted_edges) = (cost, edges);
        Some(cost)
    }

    /// Gives the first label of a side the key at which it leaves its node; `false` if the header is needed for that.
    fn weigh_top(&mut self, side: usize, rows: &impl Rows) -> bool {
        let Some((key, label, Stage::Arrived)) = self.sides[side].top() else { return true };
        let Label { node, cost, .. } = self.sides[side].labels[label as usize];
        // If it is more, a cheaper edge was found since, and the label is queued under its lower key, too.
        if key <= cost {
            let Some(leaving) = self.node_cost(node, rows) else { return false };
            let key = key + leaving;
            if key.is_finite() && key + self.nodes[node as usize].least[1 - side] < self.best.worst() {
                self.sides[side].replace_top(key, label);
                return true;
            }
        }
        self.sides[side].pop();
        true
    }

    /// Asks for the headers of the labels that come next, more each time: most of them will be needed.
    fn need_headers(&mut self, rows: &impl Rows) -> Step {
        let mut ids = Vec::with_capacity(self.batch);
        for side in &mut self.sides {
            let nodes = &self.nodes;
            side.upcoming(self.batch, |label| {
                let node = nodes[label.node as usize];
                let missing = node.cost.is_nan() && rows.header(node.id).is_none();
                if missing {
                    ids.push(node.id);
                }
                missing
            });
        }
        ids.sort_unstable();
        ids.dedup();
        self.batch = (self.batch * 2).min(LARGEST_BATCH);
        Step::NeedHeaders(ids)
    }

    /// From here on labels at the reach of a side are not opened.
    fn keep_to_halves(&mut self) {
        self.wide_until = u64::MAX;
        self.reach = [self.config.max_hops.div_ceil(2), self.config.max_hops / 2];
        for (side, reach) in self.sides.iter_mut().zip(self.reach) {
            side.keep_within(reach, LEAST_NODE_COST);
        }
    }

    /// Of the sides that may still find something, the one that has looked at fewer edges, counting those that it would
    /// look at next.
    fn lighter_side(&self) -> usize {
        let worst = self.best.worst();
        if let Some(idle) = [0, 1].into_iter().find(|&side| self.least_by(side) >= worst) {
            return 1 - idle;
        }
        let work = |side: usize| {
            let next = self.sides[side].top().map_or(0, |(_, label, _)| {
                self.nodes[self.sides[side].labels[label as usize].node as usize].admitted_edges
            });
            self.sides[side].edges + u64::from(next)
        };
        usize::from(work(1) < work(0))
    }

    /// Opens the first label of a side.
    fn begin(&mut self, side: usize) {
        if let Some((key, label, _)) = self.sides[side].top() {
            self.sides[side].pop();
            self.explored.opened += 1;
            self.openings += 1;
            self.opening = Some(Opening { side, label, key, group: 0, done: 0 });
        }
    }

    /// Follows the edges of the label that is being opened, until about `pause` edges were looked at in all: a hub takes
    /// several steps.
    fn follow(&mut self, rows: &impl Rows, pause: u64) -> Option<Step> {
        let mut opening = self.opening?;
        let id = self.nodes[self.sides[opening.side].labels[opening.label as usize].node as usize].id;
        let (Some(header), Some(edges)) = (rows.header(id), rows.edges(id)) else {
            return Some(Step::NeedEdges(id));
        };
        // Weights repeat: most relations have one for all edges of a node.
        let mut last = (1.0_f32, 0.0_f64);
        while let Some(group) = header.groups.get(opening.group) {
            let end: usize = header.groups[..=opening.group].iter().map(|group| group.edges as usize).sum();
            let worth = self.config.relation_weight(group.relation);
            if worth <= 0.0 {
                (opening.group, opening.done) = (opening.group + 1, end);
                continue;
            }
            let left = pause.saturating_sub(self.explored.edges).max(1);
            let next = end.min(opening.done.saturating_add(usize::try_from(left).unwrap_or(usize::MAX)));
            let part = opening.done..next;
            for (neighbour, weight) in edges.part(part.clone()) {
                if weight.to_bits() != last.0.to_bits() {
                    last = (weight, f64::from(weight).ln());
                }
                let cost = opening.key + (1.0 - last.1) / worth;
                // Also turns down weights that are no weights.
                if cost < self.best.worst() {
                    self.arrive(opening, neighbour, Hop { relation: group.relation, weight }, cost);
                }
            }
            self.explored.edges += part.len() as u64;
            self.sides[opening.side].edges += part.len() as u64;
            opening.done = next;
            if next == end {
                opening.group += 1;
            }
            if self.explored.edges >= pause && opening.group < header.groups.len() {
                self.opening = Some(opening);
                return Some(Step::Working);
            }
        }
        self.opening = None;
        None
    }

    /// Makes a label where an edge leads, unless the path has been there or the label cannot matter. Where another edge of
    /// the same opening led there, the cheaper one counts.
    fn arrive(&mut self, opening: Opening, neighbour: i64, hop: Hop, cost: f64) {
        let Opening { side, label: parent, .. } = opening;
        let code = self.code(neighbour);
        let node = self.nodes[code as usize];
        if node.touched == self.openings {
            let label = &mut self.sides[side].labels[node.label as usize];
            if cost < label.cost {
                (label.relation, label.weight, label.cost) = (hop.relation, hop.weight, cost);
                let cheapest = &mut self.nodes[code as usize].cheapest[side];
                *cheapest = cheapest.min(cost);
                self.enter(side, node.label);
            }
            return;
        }
        let hops = self.sides[side].labels[parent as usize].hops + 1;
        // A node that must not be passed is no use; what is not known of one is 0.
        let leaving = if node.cost.is_nan() { 0.0 } else { node.cost };
        let least = if self.is_at_reach(side, hops) { node.least_within } else { node.least };
        if cost + leaving + least[1 - side] >= self.best.worst() || self.sides[side].passes(parent, code) {
            return;
        }
        let mut at = node.labels[side];
        while self.first && at != NONE {
            let label = &self.sides[side].labels[at as usize];
            if label.cost <= cost && label.hops <= hops {
                return;
            }
            at = label.next;
        }
        let label = self.sides[side].add(Label {
            node: code,
            parent,
            next: node.labels[side],
            relation: hop.relation,
            weight: hop.weight,
            hops,
            cost,
        });
        let node = &mut self.nodes[code as usize];
        node.labels[side] = label;
        node.cheapest[side] = node.cheapest[side].min(cost);
        (node.touched, node.label) = (self.openings, label);
        self.enter(side, label);
    }

    fn is_at_reach(&self, side: usize, hops: u8) -> bool {
        usize::from(hops) >= self.reach[side]
    }

    /// Queues a label, if its path may go on, and joins it with those of the other side.
    fn enter(&mut self, side: usize, label: u32) {
        // Nothing goes on beyond the other end.
        if self.sides[side].labels[label as usize].node != ENDS[1 - side] {
            self.queue(side, label);
        }
        self.meet(side, label);
    }

    /// Queues a label, unless it is at its side's reach or at the last hop.
    fn queue(&mut self, side: usize, label: u32) {
        let Label { node, hops, cost, .. } = self.sides[side].labels[label as usize];
        if usize::from(hops) >= self.config.max_hops {
            // It ends here.
        } else if self.is_at_reach(side, hops) {
            let node_cost = self.nodes[node as usize].cost;
            let leaving = if node == ENDS[side] { 0.0 } else { node_cost.max(LEAST_NODE_COST) };
            let least = &mut self.sides[side].least_at_reach;
            *least = least.min(cost + leaving);
        } else {
            self.sides[side].push(cost, label, Stage::Arrived);
        }
    }

    /// Joins a new label with those of the other side at its node.
    fn meet(&mut self, side: usize, label: u32) {
        let Label { node, hops, cost, .. } = self.sides[side].labels[label as usize];
        let other = 1 - side;
        let met = self.nodes[node as usize];
        let mut at = if cost + met.cheapest[other] < self.best.worst() { met.labels[other] } else { NONE };
        while at != NONE {
            let theirs = self.sides[other].labels[at as usize];
            let total = cost + theirs.cost;
            if total < self.best.worst()
                && usize::from(hops) + usize::from(theirs.hops) <= self.config.max_hops
                && !self.sides[side].crosses(label, &self.sides[other], at)
            {
                let labels = if side == 0 { [label, at] } else { [at, label] };
                self.meetings.push(Meeting { node, labels, cost: total });
                self.least_meeting = self.least_meeting.min(total);
            }
            at = theirs.next;
        }
    }

    /// Turns meetings into paths when they may decide the search, or when there are many.
    fn settle_meetings(&mut self, rows: &impl Rows) -> Option<Step> {
        if self.meetings.is_empty() {
            return None;
        }
        if self.meetings.len() < MEETINGS_AHEAD && self.least_left() < self.least_meeting + LEAST_NODE_COST {
            return None;
        }
        let worst = self.best.worst();
        self.meetings.retain(|meeting| meeting.cost < worst);
        let mut missing = Vec::new();
        for at in 0..self.meetings.len() {
            let node = self.meetings[at].node;
            if self.node_cost(node, rows).is_none() {
                missing.push(self.nodes[node as usize].id);
            }
        }
        if !missing.is_empty() {
            missing.sort_unstable();
            missing.dedup();
            return Some(Step::NeedHeaders(missing));
        }
        self.least_meeting = f64::INFINITY;
        for meeting in std::mem::take(&mut self.meetings) {
            let cost = meeting.cost + self.nodes[meeting.node as usize].cost;
            if cost < self.best.worst() {
                let path = self.join(&meeting);
                self.best.add(path);
            }
        }
        None
    }

    /// When the search gives up: what has met already still counts.
    fn close(&mut self, rows: &impl Rows) -> Step {
        self.sides = std::mem::take(&mut self.sides).map(Side::closed);
        self.settle_meetings(rows).unwrap_or(Step::Done)
    }

    /// The path that two labels make, its cost added up from the first end to the other.
    fn join(&self, meeting: &Meeting) -> Path {
        let mut nodes = Vec::new();
        let mut hops = Vec::new();
        for (label, parent) in self.sides[0].ancestry(meeting.labels[0]) {
            nodes.push(label.node);
            if parent {
                hops.push(Hop { relation: label.relation, weight: label.weight });
            }
        }
        nodes.reverse();
        hops.reverse();
        for (label, parent) in self.sides[1].ancestry(meeting.labels[1]) {
            if label.node != meeting.node {
                nodes.push(label.node);
            }
            if parent {
                // Followed from the other end.
                hops.push(Hop { relation: -label.relation, weight: label.weight });
            }
        }
        let mut cost = 0.0;
        for (at, hop) in hops.iter().enumerate() {
            cost += (1.0 - f64::from(hop.weight).ln()) / self.config.relation_weight(hop.relation);
            if at + 1 < hops.len() {
                cost += self.nodes[nodes[at + 1] as usize].cost;
            }
        }
        Path { cost, nodes: nodes.iter().map(|&node| self.nodes[node as usize].id).collect(), hops }
    }
}
