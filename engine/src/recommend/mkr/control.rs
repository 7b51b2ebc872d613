//! The control that keeps the benefit of a knowledge graph honest.

use crate::kge::TripleSet;
use crate::kge::sampling::{self, Use};

/// The same triples with the tails exchanged within each relation: a graph of the same size, relations and degrees that
/// says nothing. What training gains from it, it does not gain from knowledge.
pub fn permute_tails(graph: &TripleSet, seed: u64) -> TripleSet {
    let mut places: Vec<u32> = (0..graph.len() as u32).collect();
    places.sort_by_key(|&place| graph.relations()[place as usize]);
    let mut tails = graph.tails().to_vec();
    let relation = |place: u32| graph.relations()[place as usize];
    for places in places.chunk_by(|&a, &b| relation(a) == relation(b)) {
        let mut sources = places.to_vec();
        let mut rng = sampling::stream(seed, Use::TailPermutation, u64::from(relation(places[0])), 0);
        sampling::shuffle(&mut sources, &mut rng);
        for (&to, from) in places.iter().zip(sources) {
            tails[to as usize] = graph.tails()[from as usize];
        }
    }
    graph.with_tails(tails)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn relations_keep_their_tails() {
        let (heads, relations) = ((0..60).collect::<Vec<u32>>(), (0..60).map(|i| i % 3).collect::<Vec<u32>>());
        let tails: Vec<u32> = (0..60).map(|i| 60 + i / 4).collect();
        let graph = TripleSet::new(heads, relations, tails, 75, 3).unwrap();
        let permuted = permute_tails(&graph, 7);
        assert_eq!((graph.heads(), graph.relations()), (permuted.heads(), permuted.relations()));
        let count = |graph: &TripleSet| {
            let mut counts = HashMap::new();
            for (&relation, &tail) in graph.relations().iter().zip(graph.tails()) {
                *counts.entry((relation, tail)).or_insert(0) += 1;
            }
            counts
        };
        assert_eq!(count(&graph), count(&permuted));
        assert_ne!(graph.tails(), permuted.tails());
        assert_eq!(permute_tails(&graph, 7), permuted);
        assert_ne!(permute_tails(&graph, 8), permuted);
    }
}
