//! Users with similar taste.

use super::RecommendError;
use super::signals::snap;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// A user's likes in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct UserFeatures {
    /// Distinct liked tracks.
    pub likes: u32,
    /// sqrt(Σ idf²) over them, see [`idf`](super::idf).
    pub norm: f64,
}

/// One user who likes one of the seed user's tracks.
#[derive(Debug, Clone, Copy)]
pub struct Listener {
    /// The user.
    pub user_id: i64,
    /// Inverse document frequency of the track.
    pub idf: f64,
}

/// A user with shared tracks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarUser {
    /// The user.
    pub user_id: i64,
    /// Tracks that both like.
    pub shared: u32,
    /// shared / (tracks of either), in [0, 1].
    pub jaccard: f64,
    /// shared / (tracks of the one with fewer), in [0, 1].
    pub overlap: f64,
    /// Cosine of the vectors that have idf(track) where the user likes the track, in [0, 1].
    pub idf_cosine: f64,
}

/// The features of every user, ascending by user. `users` and `tracks` are parallel columns in any order; a repeated
/// pair counts once. `idf_of` gives the inverse document frequency of a track among the users.
///
/// # Errors
/// [`RecommendError::Cancelled`] soon after `cancelled` was raised.
pub fn build_user_features(
    users: &[i64],
    tracks: &[i64],
    idf_of: impl Fn(i64) -> f64,
    cancelled: &AtomicBool,
) -> Result<Vec<(i64, UserFeatures)>, RecommendError> {
    let look = || if cancelled.load(Ordering::Relaxed) { Err(RecommendError::Cancelled) } else { Ok(()) };
    let mut likes: Vec<(i64, i64)> = users.iter().copied().zip(tracks.iter().copied()).collect();
    look()?;
    likes.sort_unstable();
    likes.dedup();
    look()?;
    let by_user = || likes.chunk_by(|a, b| a.0 == b.0);
    by_user()
        .map(|liked| {
            look()?;
            let squares: f64 = liked.iter().map(|(_, track)| idf_of(*track)).map(|weight| weight * weight).sum();
            let likes = u32::try_from(liked.len()).unwrap_or(u32::MAX);
            Ok((liked[0].0, UserFeatures { likes, norm: squares.sqrt() }))
        })
        .collect()
}

/// The `k` users with the largest IDF cosine to `seed`; ties: more shared tracks, then the smaller id.
///
/// `listeners` holds an entry for each other user and each of the seed's tracks that he likes. `features_of` says what
/// is known of a user; of an unknown one no more is assumed than the shared tracks.
pub fn most_similar_users(
    seed: UserFeatures,
    listeners: &[Listener],
    mut features_of: impl FnMut(i64) -> Option<UserFeatures>,
    k: usize,
) -> Vec<SimilarUser> {
    let mut met: FxHashMap<i64, (u32, f64)> = FxHashMap::default();
    for listener in listeners {
        let entry = met.entry(listener.user_id).or_default();
        entry.0 += 1;
        entry.1 += listener.idf * listener.idf;
    }
    let mut found: Vec<SimilarUser> = met
        .into_iter()
        .map(|(user_id, (shared, dot))| {
            let other = features_of(user_id).unwrap_or(UserFeatures { likes: shared, norm: dot.sqrt() });
            // Features are as old as the last refresh, the likes are not: never fewer than what is shared.
            let theirs = other.likes.max(shared);
            let mine = seed.likes.max(shared);
            let norms = seed.norm * other.norm;
            SimilarUser {
                user_id,
                shared,
                jaccard: f64::from(shared) / f64::from(mine + theirs - shared),
                overlap: f64::from(shared) / f64::from(mine.min(theirs)),
                idf_cosine: if norms > 0.0 { snap(dot / norms) } else { 0.0 },
            }
        })
        .collect();
    let order = |a: &SimilarUser, b: &SimilarUser| {
        b.idf_cosine.total_cmp(&a.idf_cosine).then(b.shared.cmp(&a.shared)).then(a.user_id.cmp(&b.user_id))
    };
    if k < found.len() {
        found.select_nth_unstable_by(k, order);
        found.truncate(k);
    }
    found.sort_unstable_by(order);
    found
}
