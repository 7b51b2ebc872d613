//! What is chosen around a node.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use proptest::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use sgr_engine::graph::neighbourhood::{Neighbourhood, NeighbourhoodConfig};
use sgr_engine::graph::search::{Edges, Header, Rows, Step};
use sgr_engine::graph::{AdjacencyBuilder, GraphError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

struct Graph {
    rows: FxHashMap<i64, (Header, Edges)>,
    loaded: FxHashSet<i64>,
}

impl Graph {
    fn new(nodes: i64, triples: &[(i64, i32, i64, f32)]) -> Self {
        let mut builder = AdjacencyBuilder::new((0..nodes).collect(), FxHashSet::default(), usize::MAX).unwrap();
        for &(head, relation, tail, weight) in triples {
            builder.push(head, relation, tail, weight).unwrap();
        }
        let mut rows = builder.finish(&AtomicBool::new(false)).unwrap();
        let rows = (0..rows.len()).map(|at| rows.row(at)).map(|(id, header, edges)| (id, (header, edges))).collect();
        Self { rows, loaded: FxHashSet::default() }
    }

    fn around(&mut self, centre: i64, config: NeighbourhoodConfig) -> Neighbourhood {
        let mut drawn = Neighbourhood::new(centre, config).unwrap();
        loop {
            match drawn.step(self) {
                Step::Working => {}
                Step::NeedHeaders(nodes) => self.loaded.extend(nodes),
                Step::NeedEdges(node) => panic!("the edges of {node} came with its header"),
                Step::Done => return drawn,
            }
        }
    }
}

impl Rows for Graph {
    fn header(&self, node: i64) -> Option<&Header> {
        self.loaded.contains(&node).then(|| &self.rows[&node].0)
    }

    fn edges(&self, node: i64) -> Option<&Edges> {
        self.loaded.contains(&node).then(|| &self.rows[&node].1)
    }
}

/// A track (0) with two tags, a playlist of 500 and a hub of 500 likers.
fn track_with_hubs() -> (i64, Vec<(i64, i32, i64, f32)>) {
    let mut triples = vec![(0, 5, 1, 1.0), (0, 5, 2, 1.0), (0, 3, 3, 0.2)];
    triples.extend((10..510).map(|track| (track, 3, 3, 0.2)));
    triples.extend((510..1010).map(|user| (0, 9, user, 1.0)));
    (1010, triples)
}

#[test]
fn relations_take_turns_however_many_edges_they_have() {
    let (nodes, triples) = track_with_hubs();
    let drawn = Graph::new(nodes, &triples)
        .around(0, NeighbourhoodConfig { hops: 1, limit: 8, ..NeighbourhoodConfig::default() });
    let chosen: Vec<i64> = drawn.members().iter().map(|member| member.node).collect();
    assert_eq!(chosen, [0, 3, 1, 510, 2, 511, 512, 513]);
    assert_eq!(drawn.members()[0].edges, 503);
}

#[test]
fn every_hop_gets_its_part_of_the_places() {
    let (nodes, triples) = track_with_hubs();
    let config = NeighbourhoodConfig { hops: 2, limit: 21, ..NeighbourhoodConfig::default() };
    let drawn = Graph::new(nodes, &triples).around(0, config);
    let of_hop = |hops| drawn.members().iter().filter(|member| member.hops == hops).count();
    assert_eq!([of_hop(0), of_hop(1), of_hop(2)], [1, 10, 10]);
}

#[test]
fn a_relation_that_was_not_asked_for_is_neither_followed_nor_counted() {
    let (nodes, triples) = track_with_hubs();
    let config = NeighbourhoodConfig { relations: Some(vec![5]), ..NeighbourhoodConfig::default() };
    let drawn = Graph::new(nodes, &triples).around(0, config);
    let members: Vec<(i64, u64)> = drawn.members().iter().map(|member| (member.node, member.edges)).collect();
    assert_eq!(members, [(0, 2), (1, 1), (2, 1)]);
}

#[test]
fn what_is_out_of_range_is_refused() {
    for (hops, limit, what) in [(0, 1, "hops"), (5, 1, "hops"), (1, 0, "limit"), (1, 10_001, "limit")] {
        let config = NeighbourhoodConfig { hops, limit, relations: None };
        assert!(matches!(Neighbourhood::new(0, config), Err(GraphError::OutOfRange { what: w, .. }) if w == what));
    }
}

proptest! {
    #[test]
    fn members_are_near_and_edges_are_those_between_them(
        triples in prop::collection::vec((0_i64..12, 1_i32..4, 0_i64..12, 0.1_f32..1.0), 0..40),
        hops in 1_usize..5,
        limit in 1_usize..15,
    ) {
        let distinct: BTreeMap<(i64, i32, i64), f32> =
            triples.iter().filter(|t| t.0 != t.2).map(|t| ((t.0, t.1, t.2), t.3)).collect();
        let triples: Vec<_> = distinct.iter().map(|(&(head, relation, tail), &weight)| (head, relation, tail, weight)).collect();
        let drawn = Graph::new(12, &triples).around(0, NeighbourhoodConfig { hops, limit, relations: None });
        let mut distance = BTreeMap::from([(0_i64, 0_usize)]);
        for hop in 1..=hops {
            for t in &triples {
                for (from, to) in [(t.0, t.2), (t.2, t.0)] {
                    if distance.get(&from) == Some(&(hop - 1)) {
                        distance.entry(to).or_insert(hop);
                    }
                }
            }
        }
        let members: BTreeSet<i64> = drawn.members().iter().map(|member| member.node).collect();
        prop_assert_eq!(members.len(), drawn.members().len());
        prop_assert!(members.len() <= limit);
        for member in drawn.members() {
            prop_assert!(distance.get(&member.node).is_some_and(|&near| near <= member.hops), "{member:?}");
        }
        // Where there is room for all, all are there.
        if distance.len() <= limit / hops {
            prop_assert_eq!(&members, &distance.keys().copied().collect());
        }
        let between: Vec<_> = triples.iter().filter(|t| members.contains(&t.0) && members.contains(&t.2)).copied().collect();
        let edges: Vec<_> = drawn.edges().iter().map(|e| (e.head, e.relation, e.tail, e.weight)).collect();
        prop_assert_eq!(edges, between);
    }
}
