//! Tracks for a user in the order of a recommender's scores, which no signal explains. A blend explains them by its terms.

use super::feature_reader::FeatureReader;
use super::{Recommendation, Wish, more_popular, size, track_names};
use crate::error::Result;
use crate::recommender::predict::{self, Asked};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::blend::{Blend, Explained};
use sgr_engine::recommend::{Evidence, Ranked, SIGNALS};
use std::collections::HashMap;

/// Tracks whose features are read at a time.
const BLOCK: usize = 256;
/// Terms of a blend that the reason names.
const TERMS: usize = 3;

/// The tracks that a recommender scores highest for a user and that pass the filters; if these are fewer than `k`, then the
/// most popular of the others.
///
/// Errors: those of [`Asked::scores`]; 22023 bad arguments, 55000 before the first refresh.
pub fn for_user(user_id: i64, wish: &Wish, include_known: bool, asked: &Asked) -> Result<Vec<Recommendation>> {
    let k = size(wish.k)?;
    let sources = Sources::load()?;
    let features = FeatureReader::open()?;
    let mut filter = super::filter(wish)?;
    if !include_known {
        filter.exclude = known(user_id, &sources)?;
    }
    let scored = predict::ranked(asked)?;
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
    let reasons = reasons(&mut ranked, asked)?;
    if ranked.len() < k {
        let mut seen: Vec<i64> = ranked.iter().map(|ranked| ranked.track_id).collect();
        seen.extend(&filter.exclude);
        let more = more_popular(&filter, seen, k - ranked.len(), &sources)?;
        ranked.extend(more.iter().map(|track| row(track.track_id, 0.0, Some("popularity"))));
    }
    let ids: Vec<i64> = ranked.iter().map(|ranked| ranked.track_id).collect();
    let mut names = track_names(&ids, &sources)?;
    let popular = || format!("popular; model \"{}\" says nothing of it", asked.model_name());
    let reasons = reasons.into_iter().map(Some).chain(std::iter::repeat_with(|| None));
    let recommendations = ranked.into_iter().zip(reasons).map(|(ranked, reason)| {
        let (title, artist) = names.remove(&ranked.track_id).unwrap_or_default();
        let because = reason.unwrap_or_else(popular);
        Recommendation { ranked, title, artist, because, by_model: true }
    });
    Ok(recommendations.collect())
}

/// Why each row stands there. The score of a blend becomes what its terms add up to, the log-odds; that keeps the order.
fn reasons(ranked: &mut [Ranked], asked: &Asked) -> Result<Vec<String>> {
    let Some(blend) = asked.blend() else {
        let reason = |ranked: &Ranked| format!("model \"{}\" scores it {:.4}", asked.model_name(), ranked.score);
        return Ok(ranked.iter().map(reason).collect());
    };
    let tracks: Vec<i64> = ranked.iter().map(|ranked| ranked.track_id).collect();
    let explained = asked.explained(&tracks)?.into_iter().flatten();
    let reasons = ranked.iter_mut().zip(explained).map(|(ranked, explained)| {
        ranked.score = explained.score;
        reason(blend, &explained)
    });
    Ok(reasons.collect())
}

/// The probability, and the terms that moved it most.
fn reason(blend: &Blend, explained: &Explained) -> String {
    let terms = by_size(&explained.contributions).into_iter().take(TERMS);
    let terms: Vec<String> =
        terms.map(|at| format!("{} {:+.2}", blend.term_name(at), explained.contributions[at])).collect();
    format!("probability {:.2}: {}", explained.probability, terms.join(", "))
}

/// The places of numbers, the largest first, whatever their sign.
pub fn by_size(numbers: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&a, &b| numbers[b].abs().total_cmp(&numbers[a].abs()));
    order
}

/// What a user has: likes, the tracks of playlists, and interactions of any kind; ascending.
pub fn known(user_id: i64, sources: &Sources) -> Result<Vec<i64>> {
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
