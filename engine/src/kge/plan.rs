//! In which order an epoch takes the triples, and where it cuts them into chunks.

use super::sampling::{self, Use};
use super::triples::TripleSet;
use std::ops::Range;

/// The chunks of one epoch: a different order each time.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Places in the triples.
    order: Vec<u32>,
    chunks: Vec<Range<u32>>,
}

impl Plan {
    /// The plan of an epoch, which follows from the seed and the epoch alone. With `one_relation`, a chunk holds one
    /// relation only, and may be shorter than `chunk`.
    pub(super) fn shuffle(&mut self, triples: &TripleSet, chunk: usize, one_relation: bool, seed: u64, epoch: u32) {
        let mut rng = sampling::stream(seed, Use::Order, u64::from(epoch), 0);
        self.order.clear();
        self.order.extend(0..triples.len() as u32);
        sampling::shuffle(&mut self.order, &mut rng);
        self.chunks.clear();
        if one_relation {
            let relation = |&at: &u32| triples.relations()[at as usize];
            self.order.sort_by_key(relation); // stable: still shuffled within a relation
            let mut start = 0;
            for same in self.order.chunk_by(|a, b| relation(a) == relation(b)) {
                let end = start + same.len() as u32;
                self.chunks.extend((start..end).step_by(chunk).map(|from| from..end.min(from + chunk as u32)));
                start = end;
            }
            for last in (1..self.chunks.len()).rev() {
                self.chunks.swap(last, sampling::below(&mut rng, last + 1));
            }
        } else {
            let end = triples.len() as u32;
            self.chunks.extend((0..end).step_by(chunk).map(|from| from..end.min(from + chunk as u32)));
        }
    }

    /// Forgets the chunks, and keeps the room for them.
    pub(super) fn clear(&mut self) {
        self.chunks.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.len()
    }

    /// The places of one chunk.
    pub(super) fn chunk(&self, at: usize) -> &[u32] {
        let chunk = &self.chunks[at];
        &self.order[chunk.start as usize..chunk.end as usize]
    }
}
