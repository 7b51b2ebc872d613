//! Recommendation: reads what the signals need, lets the engine rank, and words the reasons.

pub mod by_model;
mod feature_cache;
mod feature_reader;
mod lists;
mod overlay;
mod profile;
mod reason;
mod recount;

use crate::error::{Error, Result};
use crate::features;
use crate::lookup::shortened;
use crate::recommender::model::{NO_MODEL, active, is_of_playlists};
use crate::recommender::predict::Asked;
use crate::related::{Named, track_names};
use crate::sources::Sources;
use crate::spi::{self, Arg};
pub use feature_reader::FeatureReader;
pub use lists::{List, overlay_drift};
pub use overlay::{Overlay, Untagged};
pub use profile::{LIKES, PLAYLISTS, Profile, unknown_track};
pub use reason::{plural, who_like_both};
pub use recount::{Recount, counted};

use feature_reader::track_features;
use sgr_engine::recommend::{Filter, Ranked, SIGNALS, Signal, TrackFeatures, Weights, fold_tag, rank};
use std::collections::HashMap;

/// The row set of `sgr.signals` that is taken where none is named.
const DEFAULT_PROFILE: &str = "default";

/// The arguments that both recommenders share.
pub struct Wish<'a> {
    /// Rows wanted.
    pub k: i32,
    /// Only tracks of these genres.
    pub genres: Option<Vec<Option<String>>>,
    /// Only tracks with at least one of these tags.
    pub tags: Option<Vec<Option<String>>>,
    /// The row set of `sgr.signals`.
    pub profile: &'a str,
}

/// A row of `sgr_recommend` and `sgr_recommend_user`.
pub struct Recommendation {
    /// Scores, contributions, evidence.
    pub ranked: Ranked,
    /// Title, if known.
    pub title: Option<String>,
    /// Artist's name, if known.
    pub artist: Option<String>,
    /// One readable line.
    pub because: String,
    /// Whether a recommender scored it, and no signal.
    pub by_model: bool,
}

/// Tracks like one track. Errors: 42704 unknown track or profile, 22023 bad arguments.
pub fn for_track(track_id: i64, wish: &Wish, exclude_same_artist: bool) -> Result<Vec<Recommendation>> {
    let k = size(wish.k)?;
    let sources = Sources::load()?;
    let features = FeatureReader::open()?;
    let profile = Profile::of_track(track_id, &features, &sources)?;
    let mut filter = filter(wish)?;
    filter.exclude = vec![track_id];
    filter.not_by = if exclude_same_artist { profile.artist_of_seed() } else { None };
    recommend(&profile, filter, wish, k, &features, &sources)
}

/// The user for the model that is to answer, `None` for the signals: the model that is named, or else the active blend. A profile
/// that is named, or `signals` as the model, asks the signals, and so does a user of whom the active blend knows nothing.
///
/// Errors: 42704 unknown model, or a user of whom the named one knows nothing.
pub fn asked(user_id: i64, profile: &str, model: Option<&str>) -> Result<Option<Asked>> {
    match model {
        Some(NO_MODEL) => Ok(None),
        Some(model) if is_of_playlists(model)? => Err(Error::invalid(format!(
            "model \"{}\" learned from a split of playlists: it knows no users",
            shortened(model)
        ))
        .hint("sgr_predict() and sgr_predict_top() take the playlist in place of the user")),
        Some(model) => Ok(Some(Asked::new(user_id, model)?)),
        None if profile != DEFAULT_PROFILE => Ok(None),
        None => match active()? {
            Some(model) => Ok(Asked::if_known(user_id, &model).unwrap_or_else(|error| {
                pgrx::warning!("the active model \"{model}\" cannot be asked, the signals answer: {}", error.message());
                None
            })),
            None => Ok(None),
        },
    }
}

/// Tracks for one user, by the signals or by a recommender. Errors: as [`for_track`], 42704 for a user of whom nothing is
/// known; with a model also those of `sgr_predict`.
pub fn for_user(user_id: i64, wish: &Wish, include_known: bool, model: Option<&str>) -> Result<Vec<Recommendation>> {
    if let Some(asked) = asked(user_id, wish.profile, model)? {
        return by_model::for_user(user_id, wish, include_known, &asked);
    }
    let k = size(wish.k)?;
    let sources = Sources::load()?;
    let features = FeatureReader::open()?;
    let profile = Profile::of_user(user_id, &features, &sources)?;
    let mut filter = filter(wish)?;
    if !include_known {
        filter.exclude = profile.known().to_vec();
    }
    recommend(&profile, filter, wish, k, &features, &sources)
}

/// `k` as a number of rows. Errors: 22023.
pub fn size(k: i32) -> Result<usize> {
    usize::try_from(k)
        .map_err(|_| Error::invalid(format!("k must not be negative, not {k}")).hint("k is the number of rows wanted"))
}

fn recommend(
    profile: &Profile,
    filter: Filter,
    wish: &Wish,
    k: usize,
    features: &FeatureReader,
    sources: &Sources,
) -> Result<Vec<Recommendation>> {
    let weights = weights(wish.profile)?;
    let Proposed { mut ranked, track_ids } = proposed(profile, &weights, &filter, k, features)?;
    if ranked.len() < k {
        fill(&mut ranked, k, &profile.signals(), &weights, &filter, track_ids, sources)?;
    }
    let names = names(&ranked, profile, sources)?;
    Ok(ranked
        .into_iter()
        .map(|ranked| {
            let because = reason::because(&ranked, profile.is_user(), |track_id| {
                names.get(&track_id).and_then(|(title, _)| title.clone())
            });
            let (title, artist) = names.get(&ranked.track_id).cloned().unwrap_or_default();
            Recommendation { ranked, title, artist, because, by_model: false }
        })
        .collect())
}

/// What the signals propose.
pub struct Proposed {
    /// The best `k` that the filter admits.
    pub ranked: Vec<Ranked>,
    /// All of them, ascending.
    pub track_ids: Vec<i64>,
}

/// Lets the signals of a profile propose, and ranks.
pub fn proposed(
    profile: &Profile,
    weights: &Weights,
    filter: &Filter,
    k: usize,
    features: &FeatureReader,
) -> Result<Proposed> {
    let signals = profile.signals();
    let mut track_ids = Vec::with_capacity(512);
    for signal in signals {
        signal.propose(&mut track_ids);
    }
    track_ids.sort_unstable();
    track_ids.dedup();
    let candidates = features.tracks_or_blank(&track_ids)?;
    Ok(Proposed { ranked: rank(&signals, weights, &candidates, filter, k), track_ids })
}

/// Appends the most popular tracks that the filter admits until there are `k`, then those nobody counted yet. They
/// stand behind everything that was proposed, so that the first rows do not depend on `k`.
fn fill(
    ranked: &mut Vec<Ranked>,
    k: usize,
    signals: &[&dyn Signal; SIGNALS.len()],
    weights: &Weights,
    filter: &Filter,
    mut proposed: Vec<i64>,
    sources: &Sources,
) -> Result<()> {
    proposed.extend(&filter.exclude);
    for track in more_popular(filter, proposed, k - ranked.len(), sources)? {
        ranked.extend(rank(signals, weights, std::slice::from_ref(&track), filter, 1));
    }
    Ok(())
}

/// The most popular tracks that the filter admits, then those nobody counted yet, without those of `seen`: at most so many.
fn more_popular(filter: &Filter, seen: Vec<i64>, missing: usize, sources: &Sources) -> Result<Vec<TrackFeatures>> {
    let arg = |wanted: &Option<Vec<i32>>| wanted.clone().unwrap_or_default();
    let (genres, tags) = (arg(&filter.genres), arg(&filter.tags));
    let mut more = Vec::new();
    spi::select(
        include_str!("../sql/queries/features_popular.sql"),
        &Sources::NONE,
        &[
            Arg::Bigs(&seen),
            Arg::MaybeBig(filter.not_by),
            Arg::Bool(filter.genres.is_none()),
            Arg::Ints(&genres),
            Arg::Bool(filter.tags.is_none()),
            Arg::Ints(&tags),
            Arg::Big(missing as i64),
        ],
        |row| {
            more.push(track_features(row));
            Ok(())
        },
    )?;
    // Tracks that came after the last refresh have no features yet; what they are is read from the catalogue.
    if more.len() < missing {
        let mut new = Vec::new();
        spi::select(include_str!("../sql/queries/tracks_without_features.sql"), sources, &[], |row| {
            new.extend(row.int(0));
            Ok(())
        })?;
        new.retain(|id| !seen.contains(id));
        more.extend(features::from_catalogue(&new, sources)?.into_iter().filter(|track| filter.admits(track)));
    }
    more.truncate(missing);
    Ok(more)
}

/// The weights of a profile. Errors: 42704.
pub fn weights(profile: &str) -> Result<Weights> {
    let mut pairs: Vec<(String, f64)> = Vec::with_capacity(SIGNALS.len());
    spi::select(include_str!("../sql/queries/signal_weights.sql"), &Sources::NONE, &[Arg::Text(profile)], |row| {
        if let (Some(signal), Some(weight)) = (row.text(0), row.float(1)) {
            pairs.push((signal.into_owned(), weight));
        }
        Ok(())
    })?;
    if pairs.is_empty() {
        return Err(Error::unknown(format!("no signal profile \"{profile}\""))
            .hint("SELECT DISTINCT profile FROM sgr.signals lists them; sgr_signal_set makes one"));
    }
    Ok(Weights::from_pairs(pairs.iter().map(|(signal, weight)| (signal.as_str(), *weight)))?)
}

fn filter(wish: &Wish) -> Result<Filter> {
    Ok(Filter {
        genres: wish.genres.as_deref().map(tag_ids).transpose()?,
        tags: wish.tags.as_deref().map(tag_ids).transpose()?,
        ..Filter::default()
    })
}

fn tag_ids(names: &[Option<String>]) -> Result<Vec<i32>> {
    let folded: Vec<Option<String>> = names.iter().map(|name| name.as_deref().and_then(fold_tag)).collect();
    let mut ids = Vec::with_capacity(folded.len());
    spi::select(
        "SELECT t.tag_id FROM sgr.tag_index AS t WHERE t.tag = ANY ($1)",
        &Sources::NONE,
        &[Arg::Texts(&folded)],
        |row| {
            ids.extend(row.int(0).map(|id| id as i32));
            Ok(())
        },
    )?;
    Ok(ids)
}

/// Whether any row of the catalogue mentions a track.
pub fn is_known(track_id: i64, sources: &Sources) -> Result<bool> {
    let mut known = false;
    spi::select(include_str!("../sql/queries/track_exists.sql"), sources, &[Arg::Big(track_id)], |_| {
        known = true;
        Ok(())
    })?;
    Ok(known)
}

/// Title and artist of the ranked tracks, and of the profile's tracks that their reasons name.
fn names(ranked: &[Ranked], profile: &Profile, sources: &Sources) -> Result<HashMap<i64, Named>> {
    let mut ids: Vec<i64> = ranked.iter().map(|ranked| ranked.track_id).collect();
    if profile.is_user() {
        ids.extend(ranked.iter().filter_map(reason::strongest));
        ids.sort_unstable();
        ids.dedup();
    }
    track_names(&ids, sources)
}
