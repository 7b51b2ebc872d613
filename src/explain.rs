//! Why a track was recommended: the terms of its score, the evidence behind them, and what it would be without.
//!
//! Nothing here is a story about the score. The signals are those of the recommender, read the same way and added up
//! the same way; evidence is rows of the graph; a counterfactual is the same computation over tables that lack
//! something.

pub mod by_terms;
mod counterfactuals;
mod evidence;
mod seeds;
mod table;

use crate::error::{Error, Result};
use crate::features;
use crate::paths::{self, PathFinder};
use crate::recommend::{FeatureReader, Profile, is_known, proposed, unknown_track, weights};
use crate::related::{Named, track_names};
use crate::sources::Sources;
use crate::spi;
pub use counterfactuals::Counterfactual;
pub use evidence::Triple;
use seeds::SeedEvidence;
use serde::Serialize;
use serde_json::Value;
use sgr_engine::recommend::{Filter, Ranked, SIGNALS, TrackFeatures, Weights, rank};
use std::collections::HashMap;
pub use table::Row;

/// What a candidate is explained for.
#[derive(Clone, Copy)]
pub enum Seed {
    /// As `sgr_recommend` proposes it.
    Track(i64),
    /// As `sgr_recommend_user` proposes it.
    User(i64),
}

/// An explanation; the field names are the keys of `sgr_explanations`.
#[derive(Serialize)]
pub struct Explanation {
    #[serde(rename = "for")]
    seed: Subject,
    candidate: Subject,
    profile: String,
    score: f64,
    /// `None` where no signal proposes the candidate, or the user has it already.
    rank: Option<u32>,
    /// Tracks that the signals propose.
    proposed: u32,
    confidence: f64,
    fallback: Option<&'static str>,
    contributions: Vec<Contribution>,
    paths: Vec<Path>,
    evidence: Vec<Triple>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<Vec<SeedEvidence>>,
    counterfactuals: Vec<Counterfactual>,
    notes: Vec<String>,
    #[serde(skip)]
    pieces: Vec<evidence::Piece>,
}

/// A track or a user.
#[derive(Serialize)]
struct Subject {
    kind: &'static str,
    id: i64,
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artist: Option<String>,
}

/// One term of the score.
#[derive(Serialize)]
struct Contribution {
    signal: &'static str,
    weight: f64,
    value: f64,
    contribution: f64,
    share_percent: f64,
    detail: String,
}

/// A path through the graph from the seed to the candidate.
#[derive(Serialize)]
struct Path {
    /// From 1.
    rank: u32,
    hops: u32,
    cost: f64,
    /// In one readable line.
    path: String,
    /// Its edges.
    triples: Value,
}

/// How much of it is wanted.
pub struct Wish<'a> {
    /// The row set of `sgr.signals`.
    pub profile: &'a str,
    /// Pieces of evidence of each sort.
    pub evidence: usize,
    /// Paths through the graph.
    pub paths: usize,
    /// Counterfactuals; 0 looks for none.
    pub counterfactuals: usize,
}

/// What every part of an explanation is made from.
struct Question<'a> {
    seed: Seed,
    candidate: &'a TrackFeatures,
    profile: &'a Profile,
    weights: &'a Weights,
    ranked: &'a Ranked,
    rank: Option<u32>,
    features: &'a FeatureReader,
    sources: &'a Sources,
    names: &'a HashMap<i64, Named>,
}

impl Question<'_> {
    /// Title of a track whose catalogue row the caller may read.
    fn title(&self, track_id: i64) -> Option<String> {
        self.names.get(&track_id).and_then(|(title, _)| title.clone())
    }

    /// Whether the caller may read a track's catalogue row.
    fn is_catalogued(&self, track_id: i64) -> bool {
        self.names.contains_key(&track_id)
    }
}

/// Explains a candidate. Errors: 22023 for a track beside itself, 42704 unknown track, user or profile, 55000 before
/// the first refresh or without a graph.
pub fn explain(seed: Seed, candidate: i64, wish: &Wish) -> Result<Explanation> {
    if let Seed::Track(track) = seed
        && track == candidate
    {
        return Err(Error::invalid(format!("track and candidate are the same: {track}"))
            .hint("a track is explained beside another one; sgr_unveil(track) reports on one"));
    }
    let sources = Sources::load()?;
    let features = FeatureReader::open()?;
    paths::require_graph()?;
    let profile = match seed {
        Seed::Track(track) => Profile::of_track(track, &features, &sources)?,
        Seed::User(user) => Profile::of_user(user, &features, &sources)?,
    };
    let weights = weights(wish.profile)?;
    let filter = Filter { exclude: profile.known().to_vec(), ..Filter::default() };
    let proposals = proposed(&profile, &weights, &filter, usize::MAX, &features)?;
    let place = proposals.ranked.iter().position(|ranked| ranked.track_id == candidate);
    let track = if proposals.track_ids.binary_search(&candidate).is_ok() {
        features.tracks_or_blank(&[candidate])?.pop().unwrap_or_default()
    } else {
        unproposed(candidate, &features, &sources)?
    };
    let alone = rank(&profile.signals(), &weights, std::slice::from_ref(&track), &Filter::default(), 1);
    let Some(ranked) = alone.into_iter().next() else { return Err(unknown_track(candidate)) };
    let rank = place.map(|place| place as u32 + 1);

    let carried = seeds::strongest(&profile, &track, &ranked);
    let mut named: Vec<i64> = carried.iter().map(|seed| seed.track_id).collect();
    named.push(candidate);
    named.extend(match seed {
        Seed::Track(track) => Some(track),
        Seed::User(_) => None,
    });
    let names = track_names(&named, &sources)?;
    let question = Question {
        seed,
        candidate: &track,
        profile: &profile,
        weights: &weights,
        ranked: &ranked,
        rank,
        features: &features,
        sources: &sources,
        names: &names,
    };
    let mut notes = Vec::new();
    if rank.is_none() {
        notes.push(why_no_rank(&question));
    }
    let pieces = evidence::find(&question, &carried, wish.evidence)?;
    let counterfactuals = counterfactuals::find(&question, wish.counterfactuals, &mut notes)?;
    let subject = |id: i64| {
        let (name, artist) = names.get(&id).cloned().unwrap_or_default();
        Subject { kind: "track", id, name, artist }
    };
    Ok(Explanation {
        seed: match seed {
            Seed::Track(track) => subject(track),
            Seed::User(id) => Subject { kind: "user", id, name: user_name(id, &sources)?, artist: None },
        },
        candidate: subject(candidate),
        profile: wish.profile.to_owned(),
        score: ranked.score,
        rank,
        proposed: proposals.ranked.len() as u32,
        confidence: ranked.confidence,
        fallback: ranked.fallback,
        contributions: contributions(&question),
        paths: paths(seed, candidate, wish.paths, &sources)?,
        evidence: evidence::triples(&pieces),
        seeds: profile.is_user().then(|| carried.into_iter().map(|seed| seed.named(&names)).collect()),
        counterfactuals,
        notes,
        pieces,
    })
}

/// The best paths from the seed to the candidate, as far as the graph has both and the role may see them.
fn paths(seed: Seed, candidate: i64, wanted: usize, sources: &Sources) -> Result<Vec<Path>> {
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let mut finder = PathFinder::of_catalogue(sources)?;
    let from = match seed {
        Seed::Track(track) => finder.if_known("track", track)?,
        Seed::User(user) => finder.if_known("user", user)?,
    };
    let (Some(from), Some(to)) = (from, finder.if_known("track", candidate)?) else { return Ok(Vec::new()) };
    let found = finder.find(&from, &to, &paths::Wish::best(i32::try_from(wanted).unwrap_or(i32::MAX)))?;
    let described = finder.describe(&found.paths)?;
    Ok((1..)
        .zip(described)
        .map(|(rank, path)| Path {
            rank,
            hops: path.hops as u32,
            cost: path.cost,
            path: path.line,
            triples: path.triples.into_iter().map(paths::Triple::without_ids).collect(),
        })
        .collect())
}

/// A candidate that no signal proposes, as the recommender fills up with it.
fn unproposed(candidate: i64, features: &FeatureReader, sources: &Sources) -> Result<TrackFeatures> {
    if let Some(track) = features.tracks(&[candidate])?.pop() {
        return Ok(track);
    }
    if let Some(track) = features::from_catalogue(&[candidate], sources)?.pop() {
        return Ok(track);
    }
    if is_known(candidate, sources)? {
        Ok(TrackFeatures { track_id: candidate, ..TrackFeatures::default() })
    } else {
        Err(unknown_track(candidate))
    }
}

fn why_no_rank(question: &Question) -> String {
    if question.profile.is_user() && question.profile.known().binary_search(&question.candidate.track_id).is_ok() {
        "the user has this track already: it is scored, but not proposed, and has no rank".to_owned()
    } else {
        "no signal proposes this track: it is scored, but has no rank".to_owned()
    }
}

fn user_name(user: i64, sources: &Sources) -> Result<Option<String>> {
    let mut name = None;
    if !evidence::may_read(sources, "users")? {
        return Ok(name);
    }
    let args = [spi::Arg::Bigs(&[user])];
    spi::select(include_str!("../sql/queries/user_names.sql"), sources, &args, |row| {
        name = row.text(1).map(std::borrow::Cow::into_owned);
        Ok(())
    })?;
    Ok(name)
}

fn contributions(question: &Question) -> Vec<Contribution> {
    let ranked = question.ranked;
    let details = table::details(question);
    SIGNALS
        .into_iter()
        .zip(details)
        .enumerate()
        .map(|(i, (signal, detail))| Contribution {
            signal,
            weight: question.weights.values()[i],
            value: ranked.evidence[i].value,
            contribution: ranked.contributions[i],
            share_percent: share(ranked.contributions[i], ranked.score),
            detail,
        })
        .collect()
}

/// A part of the score in percent.
fn share(part: f64, score: f64) -> f64 {
    if score > 0.0 { 100.0 * part / score } else { 0.0 }
}
