//! The signals: each proposes candidates and gives a candidate a value in [0, 1] with the evidence behind it.

use super::TrackFeatures;
use rustc_hash::FxHashMap;

/// A value and what it rests on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Evidence {
    /// In [0, 1].
    pub value: f64,
    /// How much of it there is: playlists, users, tags; 1 for a shared artist.
    pub count: u32,
    /// The track of the profile that weighed most, where the signal knows, and in how many baskets it was met.
    pub strongest: Option<(i64, u32)>,
}

/// One reason to recommend a track.
pub trait Signal {
    /// Adds the ids of tracks worth scoring.
    fn propose(&self, candidates: &mut Vec<i64>);
    /// The value of one candidate, proposed by whichever signal.
    fn score(&self, candidate: &TrackFeatures) -> Evidence;
}

/// The nearest neighbours of one seed track, as parallel columns.
#[derive(Debug, Clone, Copy)]
pub struct NeighbourList<'a> {
    /// The seed.
    pub track_id: i64,
    /// Baskets that hold the seed.
    pub baskets: i32,
    /// Neighbours.
    pub neighbours: &'a [i64],
    /// Baskets that hold both.
    pub together: &'a [i32],
    /// Baskets that hold the neighbour.
    pub neighbour_baskets: &'a [i32],
}

#[derive(Debug, Clone, Copy, Default)]
struct Met {
    sum: f64,
    together: u32,
    largest: f64,
    strongest: i64,
    strongest_together: u32,
}

/// Added to the number of common baskets when a cosine is shrunk: one common basket counts half, nine count nine tenths.
/// (Significance weighting as in Herlocker et al., SIGIR 1999, with the smooth form of Bell & Koren 2007.)
/// One common basket of two small ones has a large cosine and says little: on HetRec Last.FM, item-kNN with top-100
/// lists rises from Recall@20 .231 to .241 with it.
pub const SHRINKAGE: f64 = 1.0;

/// `cosine · together / (together + SHRINKAGE)`.
pub fn shrunk(cosine: f64, together: i64) -> f64 {
    cosine * together as f64 / (together as f64 + SHRINKAGE)
}

/// Co-occurrence in baskets: shrunk cosine similarity, summed over the seeds.
#[derive(Debug, Default)]
pub struct Cooccurrence {
    met: FxHashMap<i64, Met>,
    /// What a sum is divided by: 1 for a single seed, the largest sum for a profile.
    scale: f64,
}

impl Cooccurrence {
    /// Adds the lists up. With `relative`, values are divided by the largest sum, so that the strongest candidate
    /// has 1; without, there must be one list, and its cosines are the values.
    pub fn new<'a>(lists: impl IntoIterator<Item = NeighbourList<'a>>, relative: bool) -> Self {
        let mut met: FxHashMap<i64, Met> = FxHashMap::default();
        for list in lists {
            let rows = list.neighbours.iter().zip(list.together).zip(list.neighbour_baskets);
            for ((&neighbour, &together), &baskets) in rows {
                let cosine = f64::from(together) / (f64::from(list.baskets) * f64::from(baskets)).sqrt();
                // Counts that were read while they changed may not fit together for a moment.
                let cosine = if cosine.is_finite() { cosine.clamp(0.0, 1.0) } else { 0.0 };
                let cosine = shrunk(cosine, together.into());
                let entry = met.entry(neighbour).or_default();
                entry.sum += cosine;
                let together = u32::try_from(together).unwrap_or(0);
                entry.together = entry.together.saturating_add(together);
                if cosine > entry.largest {
                    entry.largest = cosine;
                    entry.strongest = list.track_id;
                    entry.strongest_together = together;
                }
            }
        }
        let largest = met.values().map(|met| met.sum).fold(0.0, f64::max);
        let scale = if relative && largest > 0.0 { largest } else { 1.0 };
        Self { met, scale }
    }
}

impl Signal for Cooccurrence {
    fn propose(&self, candidates: &mut Vec<i64>) {
        candidates.extend(self.met.keys());
    }

    fn score(&self, candidate: &TrackFeatures) -> Evidence {
        self.met.get(&candidate.track_id).map_or_else(Evidence::default, |met| Evidence {
            value: (met.sum / self.scale).min(1.0),
            count: met.together,
            strongest: Some((met.strongest, met.strongest_together)),
        })
    }
}

/// Shared tags, rare ones counting more.
#[derive(Debug, Default)]
pub struct TagOverlap {
    /// (tag, weight of the tag in the profile's vector · idf), ascending by tag.
    weights: Vec<(i32, f64)>,
    norm: f64,
    proposals: Vec<i64>,
}

impl TagOverlap {
    /// `profile`: (tag, tracks of the profile that have it, idf of the tag), ascending by tag; `proposals`: tracks
    /// with the rarest of these tags.
    pub fn new(profile: &[(i32, u32, f64)], proposals: Vec<i64>) -> Self {
        let component = |&(_, tracks, idf): &(i32, u32, f64)| f64::from(tracks) * idf;
        let norm = profile.iter().map(component).map(|x| x * x).sum::<f64>().sqrt();
        let weights = profile.iter().map(|entry| (entry.0, component(entry) * entry.2)).collect();
        Self { weights, norm, proposals }
    }
}

impl Signal for TagOverlap {
    fn propose(&self, candidates: &mut Vec<i64>) {
        candidates.extend(&self.proposals);
    }

    fn score(&self, candidate: &TrackFeatures) -> Evidence {
        let (mut dot, mut count) = (0.0, 0);
        let mut mine = self.weights.iter().peekable();
        for tag_id in &candidate.tag_ids {
            while mine.next_if(|(id, _)| id < tag_id).is_some() {}
            if let Some((_, weight)) = mine.next_if(|(id, _)| id == tag_id) {
                dot += weight;
                count += 1;
            }
        }
        let norms = self.norm * candidate.tag_norm;
        let value = if norms > 0.0 { snap(dot / norms) } else { 0.0 };
        Evidence { value, count, strongest: None }
    }
}

/// A cosine that rounding left a hair beside 1 is 1: identical tags look identical.
pub(super) fn snap(cosine: f64) -> f64 {
    if cosine > 1.0 - 1e-12 { 1.0 } else { cosine }
}

/// Tracks by the same artist or by those who made tracks with him.
#[derive(Debug, Default)]
pub struct SharedArtist {
    values: FxHashMap<i64, f64>,
    proposals: Vec<i64>,
}

impl SharedArtist {
    /// `values`: what a track by each artist is worth, in [0, 1]; `proposals`: tracks by these artists.
    pub fn new(values: impl IntoIterator<Item = (i64, f64)>, proposals: Vec<i64>) -> Self {
        Self { values: values.into_iter().collect(), proposals }
    }
}

impl Signal for SharedArtist {
    fn propose(&self, candidates: &mut Vec<i64>) {
        candidates.extend(&self.proposals);
    }

    fn score(&self, candidate: &TrackFeatures) -> Evidence {
        candidate
            .artist_id
            .and_then(|artist| self.values.get(&artist))
            .map_or_else(Evidence::default, |&value| Evidence { value, count: 1, strongest: None })
    }
}

/// How much a track is played at all. Proposes nothing: it only breaks ties and orders what is filled up.
#[derive(Debug, Default)]
pub struct Popularity;

impl Signal for Popularity {
    fn propose(&self, _candidates: &mut Vec<i64>) {}

    fn score(&self, candidate: &TrackFeatures) -> Evidence {
        Evidence { value: f64::from(candidate.popularity), count: candidate.playlists, strongest: None }
    }
}

/// The tracks whose embeddings are nearest to that of one seed track, as parallel columns.
#[derive(Debug, Clone, Copy)]
pub struct NearList<'a> {
    /// The seed.
    pub track_id: i64,
    /// Neighbours.
    pub neighbours: &'a [i64],
    /// Cosine of the two vectors, in [-1, 1].
    pub cosines: &'a [f32],
}

#[derive(Debug, Clone, Copy, Default)]
struct Near {
    sum: f64,
    seeds: u32,
    largest: f64,
    strongest: i64,
}

/// Proximity of embeddings: cosine where it is positive, summed over the seeds.
#[derive(Debug, Default)]
pub struct Proximity {
    near: FxHashMap<i64, Near>,
    /// As in [`Cooccurrence`].
    scale: f64,
}

impl Proximity {
    /// Adds the lists up; `relative` as in [`Cooccurrence::new`].
    pub fn new<'a>(lists: impl IntoIterator<Item = NearList<'a>>, relative: bool) -> Self {
        let mut near: FxHashMap<i64, Near> = FxHashMap::default();
        for list in lists {
            for (&neighbour, &cosine) in list.neighbours.iter().zip(list.cosines) {
                let cosine = f64::from(cosine);
                // Also passes over what is no number.
                if cosine > 0.0 {
                    let entry = near.entry(neighbour).or_default();
                    entry.sum += cosine.min(1.0);
                    entry.seeds += 1;
                    if cosine > entry.largest {
                        entry.largest = cosine;
                        entry.strongest = list.track_id;
                    }
                }
            }
        }
        let largest = near.values().map(|near| near.sum).fold(0.0, f64::max);
        let scale = if relative && largest > 0.0 { largest } else { 1.0 };
        Self { near, scale }
    }
}

impl Signal for Proximity {
    fn propose(&self, candidates: &mut Vec<i64>) {
        candidates.extend(self.near.keys());
    }

    fn score(&self, candidate: &TrackFeatures) -> Evidence {
        self.near.get(&candidate.track_id).map_or_else(Evidence::default, |near| Evidence {
            value: (near.sum / self.scale).min(1.0),
            count: near.seeds,
            strongest: Some((near.strongest, near.seeds)),
        })
    }
}
