//! Tracks for a user in the order of a recommender's scores, which no signal explains.

use super::feature_reader::FeatureReader;
use super::{Recommendation, Wish, more_popular, size, track_names};
use crate::error::Result;
use crate::recommender::predict;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::{Evidence, Ranked, SIGNALS};
use std::collections::HashMap;

/// Tracks whose features are read at a time.
const BLOCK: usize = 256;

/// The tracks that a recommender scores highest for a user and that pass the filters; if these are fewer than `k`, then the
/// most popular of the others.
///
/// Errors: those of [`predict::predict`]; 22023 bad arguments, 55000 before the first refresh.
pub fn for_user(user_id: i64, wish: &Wish, include_known: bool, model: &str) -> Result<Vec<Recommendation>> {
    let k = size(wish.k)?;
    let sources = Sources::load()?;
    let features = FeatureReader::open()?;
    let mut filter = super::filter(wish)?;
    if !include_known {
        filter.exclude = known(user_id, &sources)?;
    }
    let scored = predict::ranked(user_id, model)?;
    let mut ranked = Vec::with_capacity(k.min(scored.len()));
    for block in scored.chunks(BLOCK) {
        if ranked.len() >= k {
            break;
        }
        let ids: Vec<i64> = block.iter().map(|&(track_id, _)| track_id).collect();
        let tracks = features.tracks_or_blank(&ids)?;
        let admitted: HashMap<i64, bool> = tracks.iter().map(|track| (track.track_id, filter.admits(track))).collect();
        let admitted = block.iter().filter(|(track_id, _)| admitted.get(track_id) == Some(&true));
        ranked.extend(admitted.take(k - ranked.len()).map(|&(track_id, score)| row(track_id, score.into(), None)));
    }
    if ranked.len() < k {
        let mut seen: Vec<i64> = ranked.iter().map(|ranked| ranked.track_id).collect();
        seen.extend(&filter.exclude);
        let more = more_popular(&filter, seen, k - ranked.len(), &sources)?;
        ranked.extend(more.iter().map(|track| row(track.track_id, 0.0, Some("popularity"))));
    }
    let ids: Vec<i64> = ranked.iter().map(|ranked| ranked.track_id).collect();
    let mut names = track_names(&ids, &sources)?;
    let recommendations = ranked.into_iter().map(|ranked| {
        let (title, artist) = names.remove(&ranked.track_id).unwrap_or_default();
        let because = match ranked.fallback {
            None => format!("model \"{model}\" scores it {:.4}", ranked.score),
            Some(_) => format!("popular; model \"{model}\" says nothing of it"),
        };
        Recommendation { ranked, title, artist, because, by_model: true }
    });
    Ok(recommendations.collect())
}

/// What a user has: likes, the tracks of playlists, and interactions of any kind; ascending.
fn known(user_id: i64, sources: &Sources) -> Result<Vec<i64>> {
    let mut known = predict::taken(user_id)?;
    spi::select(include_str!("../../sql/queries/user_tracks.sql"), sources, &[Arg::Big(user_id)], |row| {
        known.extend(row.int(0));
        Ok(())
    })?;
    known.sort_unstable();
    known.dedup();
    Ok(known)
}

fn row(track_id: i64, score: f64, fallback: Option<&'static str>) -> Ranked {
    Ranked {
        track_id,
        contributions: [0.0; SIGNALS.len()],
        score,
        evidence: [Evidence::default(); SIGNALS.len()],
        confidence: 0.0,
        fallback,
    }
}
