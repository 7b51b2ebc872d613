//! Adding the signals up and ranking the candidates.

use super::{Evidence, RecommendError, SIGNALS, Signal, TrackFeatures};

/// Pieces of evidence at which the confidence is one half.
const HALF_CONFIDENCE: f64 = 5.0;
/// Positions in [`SIGNALS`].
const PLAYLISTS: usize = 0;
const LIKES: usize = 1;
const TAGS: usize = 2;
const ARTIST: usize = 3;
const EMBEDDING: usize = 5;

/// The weights of the signals, not negative, summing to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights([f64; SIGNALS.len()]);

impl Weights {
    /// From (signal, weight) pairs, divided by their sum. A signal that is not named has weight 0.
    ///
    /// # Errors
    /// Unknown names, negative or infinite weights, a sum of 0.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self, RecommendError> {
        let mut weights = [0.0; SIGNALS.len()];
        for (signal, weight) in pairs {
            let at = SIGNALS
                .iter()
                .position(|known| *known == signal)
                .ok_or_else(|| RecommendError::UnknownSignal { name: signal.to_owned() })?;
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(RecommendError::InvalidWeight { signal: signal.to_owned(), weight });
            }
            weights[at] = weight;
        }
        let sum: f64 = weights.iter().sum();
        if sum <= 0.0 || !sum.is_finite() {
            return Err(RecommendError::InvalidWeight { signal: "all signals".to_owned(), weight: sum });
        }
        // Weights that sum to 1 but for rounding stay as they were written.
        let sum = if (sum - 1.0).abs() < 1e-9 { 1.0 } else { sum };
        Ok(Self(weights.map(|weight| weight / sum)))
    }

    /// In the order of [`SIGNALS`].
    pub fn values(&self) -> &[f64; SIGNALS.len()] {
        &self.0
    }
}

/// Which candidates may appear at all.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Never these: the seed, what the user already has. Ascending.
    pub exclude: Vec<i64>,
    /// Not by this artist.
    pub not_by: Option<i64>,
    /// Only of these genres, by tag id.
    pub genres: Option<Vec<i32>>,
    /// Only with at least one of these tags.
    pub tags: Option<Vec<i32>>,
}

impl Filter {
    /// Whether a candidate passes.
    pub fn admits(&self, candidate: &TrackFeatures) -> bool {
        self.exclude.binary_search(&candidate.track_id).is_err()
            && (self.not_by.is_none() || candidate.artist_id != self.not_by)
            && self.genres.as_ref().is_none_or(|genres| candidate.genre_id.is_some_and(|id| genres.contains(&id)))
            && self.tags.as_ref().is_none_or(|tags| candidate.tag_ids.iter().any(|id| tags.contains(id)))
    }
}

/// A ranked candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The track.
    pub track_id: i64,
    /// `weight · value` per signal, in the order of [`SIGNALS`].
    pub contributions: [f64; SIGNALS.len()],
    /// The sum of the contributions, added from the first to the last.
    pub score: f64,
    /// What each signal rests on.
    pub evidence: [Evidence; SIGNALS.len()],
    /// In [0, 1), see [`confidence`].
    pub confidence: f64,
    /// Without co-occurrence: what the answer rests on instead ("artist", "tags", "embedding" or "popularity").
    pub fallback: Option<&'static str>,
}

/// e / (e + 5) with e = playlists together + users together + shared tags / 2 + 1 for the same artist: 0 without
/// evidence, one half at 5 pieces, near 1 at a hundred. A signal of value 0 (a tag that every track has) counts nothing. It says how much is known, not how good the track is.
pub fn confidence(evidence: &[Evidence; SIGNALS.len()]) -> f64 {
    let count = |signal: usize| if evidence[signal].value > 0.0 { f64::from(evidence[signal].count) } else { 0.0 };
    let amount = count(PLAYLISTS) + count(LIKES) + count(TAGS) / 2.0 + count(ARTIST);
    amount / (amount + HALF_CONFIDENCE)
}

/// Scores the candidates that the filter admits and returns the best `k`: score descending, then track id ascending.
///
/// `candidates` must name each track once.
pub fn rank(
    signals: &[&dyn Signal; SIGNALS.len()],
    weights: &Weights,
    candidates: &[TrackFeatures],
    filter: &Filter,
    k: usize,
) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .filter(|candidate| filter.admits(candidate))
        .map(|candidate| score(signals, weights, candidate))
        .collect();
    let order = |a: &Ranked, b: &Ranked| b.score.total_cmp(&a.score).then(a.track_id.cmp(&b.track_id));
    if k < ranked.len() {
        ranked.select_nth_unstable_by(k, order);
        ranked.truncate(k);
    }
    ranked.sort_unstable_by(order);
    ranked
}

fn score(signals: &[&dyn Signal; SIGNALS.len()], weights: &Weights, candidate: &TrackFeatures) -> Ranked {
    let evidence = signals.map(|signal| signal.score(candidate));
    let contributions: [f64; SIGNALS.len()] = std::array::from_fn(|i| weights.values()[i] * evidence[i].value);
    Ranked {
        track_id: candidate.track_id,
        contributions,
        score: contributions.iter().fold(0.0, |sum, contribution| sum + contribution),
        evidence,
        confidence: confidence(&evidence),
        fallback: fallback(&contributions),
    }
}

fn fallback(contributions: &[f64; SIGNALS.len()]) -> Option<&'static str> {
    let holds = |signal: usize| contributions[signal] > 0.0;
    if holds(PLAYLISTS) || holds(LIKES) {
        None
    } else if holds(ARTIST) {
        Some("artist")
    } else if holds(TAGS) {
        Some("tags")
    } else if holds(EMBEDDING) {
        Some("embedding")
    } else {
        Some("popularity")
    }
}
