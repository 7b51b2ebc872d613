//! Exact search for the tracks whose tags are most like those of one track.

use super::signals::snap;
use rustc_hash::FxHashMap;

/// The inverted list of one tag, as parallel columns.
#[derive(Debug, Clone, Copy)]
pub struct TagList<'a> {
    /// Inverse document frequency of the tag.
    pub idf: f64,
    /// Every track that has the tag.
    pub track_ids: &'a [i64],
    /// Length of each track's IDF vector.
    pub track_norms: &'a [f64],
}

/// A track with shared tags.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TagNeighbour {
    /// The track.
    pub track_id: i64,
    /// Cosine of the IDF vectors, in [0, 1].
    pub similarity: f64,
    /// Tags that both have.
    pub shared: u32,
}

/// The `k` tracks with the largest IDF cosine to a seed whose tags have these lists and whose IDF vector has length
/// `norm`; ties: more shared tags, then the smaller id. The seed itself is left out.
pub fn most_similar_by_tags(lists: &[TagList], norm: f64, seed: i64, k: usize) -> Vec<TagNeighbour> {
    let mut met: FxHashMap<i64, (f64, f64, u32)> = FxHashMap::default();
    for list in lists {
        let weight = list.idf * list.idf;
        for (&track_id, &track_norm) in list.track_ids.iter().zip(list.track_norms) {
            let entry = met.entry(track_id).or_insert((0.0, track_norm, 0));
            entry.0 += weight;
            entry.2 += 1;
        }
    }
    met.remove(&seed);
    let mut found: Vec<TagNeighbour> = met
        .into_iter()
        .map(|(track_id, (dot, track_norm, shared))| {
            let norms = norm * track_norm;
            let similarity = if norms > 0.0 { snap(dot / norms) } else { 0.0 };
            TagNeighbour { track_id, similarity, shared }
        })
        .collect();
    let order = |a: &TagNeighbour, b: &TagNeighbour| {
        b.similarity.total_cmp(&a.similarity).then(b.shared.cmp(&a.shared)).then(a.track_id.cmp(&b.track_id))
    };
    if k < found.len() {
        found.select_nth_unstable_by(k, order);
        found.truncate(k);
    }
    found.sort_unstable_by(order);
    found
}
