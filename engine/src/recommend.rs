//! Recommendation as a weighted sum of signals, so that the explanation is the computation.
//!
//! A [`Signal`] does two things: it proposes candidates, and it gives a candidate a value in [0, 1] with the evidence
//! behind it. [`rank`] adds up `weight · value` over the signals, weights summing to 1: the contributions that are
//! reported *are* the terms of that sum, added in the order of the signals.
//!
//! | signal | value of candidate c for the seed s (a track) or the profile P (a user's tracks) | source |
//! | --- | --- | --- |
//! | [`Cooccurrence`] | w(s, c) = cosine(s, c) · t/(t+1) with t common baskets; for a profile Σ w(i, c) over i in P, divided by the largest such sum | item-kNN, Sarwar et al., WWW 2001 |
//! | [`TagOverlap`] | cosine of the IDF-weighted tag vectors | Salton & Buckley 1988 |
//! | [`SharedArtist`] | 1 same artist, 0.5 collaborator; for a profile n/(n+1) with n tracks by the artist | – |
//! | [`Popularity`] | ln(1+n)/ln(1+max n), n = playlists + likes | – |
//! | [`Proximity`] | cosine of the embeddings where it is positive; for a profile Σ cosine(i, c) over i in P, divided by the largest such sum | – |
//!
//! [`models`] are recommenders that learn from interactions, and [`blend`] combines what they say into one probability that
//! is again a sum. [`mkr`] learns from interactions and the knowledge graph jointly.

pub mod blend;
mod features;
pub mod mkr;
pub mod models;
mod ranking;
mod signals;
mod tags;
mod users;

pub use features::{
    TOP_TRACKS_PER_TAG, TagDictionary, TagRow, TrackFeatures, TrackInput, build_features, features_of, fold_tag, idf,
    popularity, tag_norm, tagged_of,
};
pub use ranking::{Filter, Ranked, Weights, confidence, rank};
pub use signals::{
    Cooccurrence, Evidence, NearList, NeighbourList, Popularity, Proximity, SHRINKAGE, SharedArtist, Signal,
    TagOverlap, shrunk,
};
pub use tags::{TagList, TagNeighbour, most_similar_by_tags};
pub use users::{Listener, SimilarUser, UserFeatures, build_user_features, most_similar_users};

/// The names of the signals, in the order in which their contributions are added up.
pub const SIGNALS: [&str; 6] = ["playlists", "likes", "tags", "artist", "popularity", "embedding"];

/// Why a recommendation could not be computed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecommendError {
    /// A name that is not in [`SIGNALS`].
    #[error("unknown signal \"{name}\": use one of playlists, likes, tags, artist, popularity, embedding")]
    UnknownSignal {
        /// The name as it was given.
        name: String,
    },
    /// The caller raised the flag that long calls look at.
    #[error("cancelled")]
    Cancelled,
    /// A weight that is negative or not finite, or weights that are all 0.
    #[error("invalid weight of signal \"{signal}\": {weight}; weights are finite, not negative and not all 0")]
    InvalidWeight {
        /// Whose weight.
        signal: String,
        /// The weight as it was given.
        weight: f64,
    },
}
