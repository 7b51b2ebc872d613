//! Path search against enumeration of all simple paths, on random small graphs.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use proptest::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use sgr_engine::graph::search::{Edges, Header, Path, PathConfig, PathSearch, Rows, Step};
use sgr_engine::graph::{AdjacencyBuilder, GraphError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

#[derive(Debug, Clone, Copy)]
struct Triple {
    head: i64,
    relation: i32,
    tail: i64,
    weight: f32,
}

/// Nodes 0..n, kind = id % 3. Only what was asked for is at hand.
struct Graph {
    all: FxHashMap<i64, (Header, Edges)>,
    headers: FxHashSet<i64>,
    edges: FxHashSet<i64>,
    eager: bool,
}

impl Graph {
    fn new(nodes: i64, triples: &[Triple], eager: bool) -> Self {
        let mut builder = AdjacencyBuilder::new((0..nodes).collect(), FxHashSet::default(), usize::MAX).unwrap();
        for t in triples {
            builder.push(t.head, t.relation, t.tail, t.weight).unwrap();
        }
        let mut rows = builder.finish(&AtomicBool::new(false)).unwrap();
        let all = (0..rows.len())
            .map(|at| {
                let (id, mut header, edges) = rows.row(at);
                header.kind = (id % 3) as u16;
                (id, (header, edges))
            })
            .collect();
        Self { all, headers: FxHashSet::default(), edges: FxHashSet::default(), eager }
    }

    fn search(&mut self, a: i64, b: i64, config: PathConfig) -> PathSearch {
        let mut search = PathSearch::new(a, b, config).unwrap();
        for _ in 0..1_000_000 {
            match search.step(self, 7) {
                Step::Working => {}
                Step::NeedHeaders(ids) => {
                    assert!(!ids.is_empty());
                    for id in ids {
                        assert!(self.headers.insert(id), "asked for header {id} twice");
                    }
                }
                Step::NeedEdges(id) => assert!(self.edges.insert(id), "asked for edges of {id} twice"),
                Step::Done => return search,
            }
        }
        panic!("no end");
    }
}

impl Rows for Graph {
    fn header(&self, node: i64) -> Option<&Header> {
        (self.eager || self.headers.contains(&node)).then(|| &self.all[&node].0)
    }

    fn edges(&self, node: i64) -> Option<&Edges> {
        (self.eager || self.edges.contains(&node)).then(|| &self.all[&node].1)
    }
}

/// Every simple path with its cost, by depth-first search.
fn enumerate(nodes: i64, triples: &[Triple], a: i64, b: i64, config: &PathConfig) -> Vec<(f64, Vec<i64>)> {
    let worth = |relation: i32| config.relation_weights.get(&relation).copied().unwrap_or(config.other_relations);
    let mut cheapest: BTreeMap<(i64, i64), f64> = BTreeMap::new();
    let mut degrees = vec![0_u32; nodes as usize];
    let mut distinct = BTreeSet::new();
    for t in triples {
        if t.head == t.tail || worth(t.relation) <= 0.0 || !distinct.insert((t.head, t.relation, t.tail)) {
            continue;
        }
        let cost = (1.0 - f64::from(t.weight).ln()) / worth(t.relation);
        for (from, to) in [(t.head, t.tail), (t.tail, t.head)] {
            degrees[from as usize] += 1;
            let known = cheapest.entry((from, to)).or_insert(f64::INFINITY);
            *known = known.min(cost);
        }
    }
    let mut found = Vec::new();
    let mut path = vec![a];
    extend(&mut path, 0.0, b, config, &cheapest, &degrees, &mut found);
    found.sort_by(|x: &(f64, Vec<i64>), y| x.0.total_cmp(&y.0));
    found
}

fn extend(
    path: &mut Vec<i64>,
    cost: f64,
    b: i64,
    config: &PathConfig,
    cheapest: &BTreeMap<(i64, i64), f64>,
    degrees: &[u32],
    found: &mut Vec<(f64, Vec<i64>)>,
) {
    let at = *path.last().unwrap();
    if at == b {
        found.push((cost, path.clone()));
        return;
    }
    if path.len() > config.max_hops {
        return;
    }
    let inner = path.len() > 1;
    if inner && config.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&((at % 3) as u16))) {
        return;
    }
    let leaving = if inner { f64::from(degrees[at as usize]).ln() } else { 0.0 };
    for (&(_, to), step) in cheapest.range((at, i64::MIN)..=(at, i64::MAX)) {
        if !path.contains(&to) {
            path.push(to);
            extend(path, cost + leaving + step, b, config, cheapest, degrees, found);
            path.pop();
        }
    }
}

/// Distinct triples of nodes 0..n.
fn graphs() -> impl Strategy<Value = (i64, Vec<Triple>)> {
    (2_i64..10).prop_flat_map(|nodes| {
        let triple = (0..nodes, 1_i32..4, 0..nodes, prop_oneof![Just(1.0_f32), 0.01_f32..1.0])
            .prop_map(|(head, relation, tail, weight)| Triple { head, relation, tail, weight });
        (Just(nodes), prop::collection::vec(triple, 0..28)).prop_map(|(nodes, mut triples)| {
            let mut seen = BTreeSet::new();
            triples.retain(|t| seen.insert((t.head, t.relation, t.tail)));
            (nodes, triples)
        })
    })
}

fn configs() -> impl Strategy<Value = PathConfig> {
    let weights = prop::collection::btree_map(1_i32..4, prop_oneof![Just(0.0), Just(1.0), 0.2_f64..3.0], 0..3);
    let kinds = prop_oneof![3 => Just(None), 1 => Just(Some(vec![0_u16])), 1 => Just(Some(vec![1_u16, 2]))];
    let counts = (1_usize..12, 1_usize..9, prop_oneof![0_u64..60, Just(u64::MAX)]);
    (counts, weights, prop_oneof![4 => Just(1.0), 1 => Just(0.0)], kinds).prop_map(
        |((k, max_hops, wide_edges), weights, other_relations, kinds)| PathConfig {
            k,
            max_hops,
            wide_edges,
            relation_weights: weights.into_iter().collect(),
            other_relations,
            kinds,
            ..PathConfig::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8000))]

    #[test]
    fn the_best_paths_are_those_of_an_enumeration((nodes, triples) in graphs(), config in configs(), eager: bool) {
        let (a, b) = (0, nodes - 1);
        let search = Graph::new(nodes, &triples, eager).search(a, b, config.clone());
        let paths = search.paths();
        let all = enumerate(nodes, &triples, a, b, &config);
        prop_assert!(!search.explored().gave_up);
        prop_assert_eq!(paths.len(), all.len().min(config.k));
        let mut seen = BTreeSet::new();
        for (path, (cost, _)) in paths.iter().zip(&all) {
            prop_assert!((path.cost - cost).abs() < 1e-9, "{} is not {}", path.cost, cost);
            prop_assert!(seen.insert(path.nodes.clone()), "a path twice");
            let same = all.iter().find(|(_, nodes)| *nodes == path.nodes);
            prop_assert!(same.is_some_and(|(cost, _)| (path.cost - cost).abs() < 1e-9), "no such path");
            check_hops(path, &triples);
        }
    }

    #[test]
    fn rows_at_hand_change_nothing((nodes, triples) in graphs(), config in configs()) {
        let lazy = Graph::new(nodes, &triples, false).search(0, nodes - 1, config.clone());
        let eager = Graph::new(nodes, &triples, true).search(0, nodes - 1, config);
        prop_assert_eq!(lazy.paths(), eager.paths());
        prop_assert_eq!(lazy.explored(), eager.explored());
    }
}

fn check_hops(path: &Path, triples: &[Triple]) {
    assert_eq!(path.hops.len() + 1, path.nodes.len());
    for (ends, hop) in path.nodes.windows(2).zip(&path.hops) {
        let (head, tail) = if hop.relation > 0 { (ends[0], ends[1]) } else { (ends[1], ends[0]) };
        let is_there =
            |t: &Triple| t.head == head && t.tail == tail && t.relation == hop.relation.abs() && t.weight == hop.weight;
        assert!(triples.iter().any(is_there), "{ends:?} {hop:?}");
    }
}

/// Two tracks in a playlist of three, and both with the tag of a thousand.
fn playlist_and_hub() -> (i64, Vec<Triple>) {
    let edge = |head, relation, tail, weight| Triple { head, relation, tail, weight };
    let mut triples: Vec<Triple> = (0..1000).map(|track| edge(track, 5, 1001, 1.0)).collect();
    triples.extend([0, 1, 2].map(|track| edge(track, 3, 1000, 0.5)));
    (1002, triples)
}

#[test]
fn a_small_playlist_is_worth_more_than_a_hub() {
    let (nodes, triples) = playlist_and_hub();
    let config = PathConfig { k: 2, max_hops: 2, ..PathConfig::default() };
    let paths = Graph::new(nodes, &triples, false).search(0, 1, config).paths();
    let seen: Vec<&[i64]> = paths.iter().map(|path| path.nodes.as_slice()).collect();
    assert_eq!(seen, [[0, 1000, 1], [0, 1001, 1]]);
    let expected = 2.0 * (1.0 - 0.5_f64.ln()) + 3.0_f64.ln();
    assert!((paths[0].cost - expected).abs() < 1e-12);
    assert!((paths[1].cost - (2.0 + 1000.0_f64.ln())).abs() < 1e-12);
}

#[test]
fn a_hub_is_not_opened_before_its_cost_is_due() {
    let (nodes, triples) = playlist_and_hub();
    let config = PathConfig { k: 1, max_hops: 2, ..PathConfig::default() };
    let search = Graph::new(nodes, &triples, false).search(0, 1, config);
    assert!(search.explored().edges < 20, "{:?}", search.explored());
}

#[test]
fn a_search_that_may_not_look_at_much_says_that_it_gave_up() {
    let (nodes, triples) = playlist_and_hub();
    for (k, max_edges) in [(1, 1), (5, 1), (5, 6), (50, 1500)] {
        let config = PathConfig { k, max_edges, ..PathConfig::default() };
        let search = Graph::new(nodes, &triples, false).search(0, 1, config);
        assert!(search.explored().gave_up, "{k} {max_edges}");
        assert!(search.paths().len() < k.max(2));
    }
}

#[test]
fn an_end_without_edges_ends_the_search_at_once() {
    let (nodes, triples) = playlist_and_hub();
    let search = Graph::new(nodes + 1, &triples, false).search(0, nodes, PathConfig::default());
    assert_eq!(search.paths(), []);
    assert!(search.explored().edges < 5 && !search.explored().gave_up);
}

#[test]
fn what_is_out_of_range_is_refused() {
    let refused = |config: PathConfig| PathSearch::new(0, 1, config).err();
    let out = |what, value, most| Some(GraphError::OutOfRange { what, value, most });
    assert_eq!(refused(PathConfig { k: 0, ..PathConfig::default() }), out("k", 0, 1000));
    assert_eq!(refused(PathConfig { k: 1001, ..PathConfig::default() }), out("k", 1001, 1000));
    assert_eq!(refused(PathConfig { max_hops: 0, ..PathConfig::default() }), out("max_hops", 0, 16));
    assert_eq!(refused(PathConfig { max_hops: 17, ..PathConfig::default() }), out("max_hops", 17, 16));
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        let relation_weights = [(4, weight)].into_iter().collect();
        let error = refused(PathConfig { relation_weights, ..PathConfig::default() });
        assert!(matches!(error, Some(GraphError::InvalidRelationWeight { relation: 4, .. })));
    }
}

#[test]
fn rows_count_loops_mirrors_and_strangers_once() {
    let symmetric = [2].into_iter().collect();
    // Ids that lie far apart are searched for, others are looked up.
    for ids in [vec![1, 2, 5], vec![i64::MIN, 2, i64::MAX]] {
        let [a, b, c] = [ids[0], ids[1], ids[2]];
        let mut builder = AdjacencyBuilder::new(ids, FxHashSet::clone(&symmetric), usize::MAX).unwrap();
        for (head, relation, tail) in [(a, 1, b), (b, 1, a), (a, 1, a), (a, 2, c), (c, 2, a), (a, 1, 3), (4, 1, b)] {
            builder.push(head, relation, tail, 0.5).unwrap();
        }
        let mut rows = builder.finish(&AtomicBool::new(false)).unwrap();
        assert_eq!((rows.len(), rows.triples(), rows.skipped()), (3, 4, 2));
        let (id, header, edges) = rows.row(0);
        assert_eq!(id, a);
        let groups: Vec<(i32, u32)> = header.groups.iter().map(|g| (g.relation, g.edges)).collect();
        assert_eq!(groups, [(1, 1), (-1, 1), (2, 1)]);
        assert_eq!(edges.iter().map(|edge| edge.0).collect::<Vec<i64>>(), [b, b, c]);
    }
}

#[test]
fn rows_over_the_limit_are_refused_before_they_are_made() {
    let error = AdjacencyBuilder::new((0..1000).collect(), FxHashSet::default(), 1000).err();
    assert!(matches!(error, Some(GraphError::MemoryLimit { limit: 1000, .. })));
    let limit = AdjacencyBuilder::memory_estimate(1000, 10_000);
    let mut builder = AdjacencyBuilder::new((0..1000).collect(), FxHashSet::default(), limit).unwrap();
    let pushed = (0..20_000_i64).map(|at| builder.push(at % 1000, 1, (at / 7) % 1000, 1.0)).find(Result::is_err);
    assert!(matches!(pushed, Some(Err(GraphError::MemoryLimit { .. }))));
}
