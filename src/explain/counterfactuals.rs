//! What the candidate would come to without some of its evidence: the score computed again over tables that lack it.
//!
//! A prediction is what really deleting the rows and `sgr_cooccur_refresh(mode => 'full')` would give, had nothing else
//! changed since the last refresh. Where that cannot be had exactly with the caller's rights, the unit is left out, and a
//! note says so.

use super::evidence::{may_read, playlists_need_a_row, shared_tags};
use super::{Question, Seed};
use crate::error::Result;
use crate::kind::Kind;
use crate::recommend::{LIKES, List, Overlay, Profile, Recount, Untagged, counted, proposed};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use serde::Serialize;
use sgr_engine::explain::{CounterfactualSearch, Outcome};
use sgr_engine::recommend::{Filter, rank, tagged_of};

/// Units of each sort that are tried, the strongest first.
const MOST_UNITS: usize = 20;

/// Evidence that makes a difference.
#[derive(Serialize)]
pub struct Counterfactual {
    without: Vec<Removal>,
    rank: Option<u32>,
    rank_was: Option<u32>,
    score: f64,
    sentence: String,
}

/// Something that is left out.
#[derive(Serialize, Clone)]
struct Removal {
    /// playlist, user, tag
    kind: &'static str,
    /// Of a playlist or user; a tag is known by its name.
    id: Option<i64>,
    name: Option<String>,
}

/// What can be left out by itself.
struct Unit {
    sort: Sort,
    /// Of the playlist, the user or the tag.
    id: i64,
    name: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// All entries of a playlist.
    Playlist,
    /// All likes of a user.
    User,
    /// A tag of the candidate.
    Tag,
}

/// At most `limit` counterfactuals, what moves the rank furthest first. `notes` says what was not looked at.
pub fn find(question: &Question, limit: usize, notes: &mut Vec<String>) -> Result<Vec<Counterfactual>> {
    let Some(was) = question.rank else { return Ok(Vec::new()) };
    if limit == 0 {
        return Ok(Vec::new());
    }
    if let Some(note) = not_refreshed(question)? {
        notes.push(note);
        return Ok(Vec::new());
    }
    spi::select(include_str!("../../sql/queries/changes_unseen_any.sql"), &Sources::NONE, &[], |_| {
        notes.push("counterfactuals are as of the last refresh: playlists or likes changed since".to_owned());
        Ok(())
    })?;
    let trial = Trial::prepare(question, notes)?;
    let outcome = Outcome { rank: Some(was), score: question.ranked.score };
    let mut search = CounterfactualSearch::new(trial.units.len(), outcome);
    while let Some(without) = search.next_set() {
        pgrx::check_for_interrupts!();
        search.tell(trial.outcome(&without)?);
    }
    Ok(search.into_found().into_iter().take(limit).map(|found| trial.told(&found.without, found.outcome)).collect())
}

/// Why nothing can be predicted, if the tables are not what a refresh of everything left.
fn not_refreshed(question: &Question) -> Result<Option<String>> {
    if question.features.behind() {
        let note = "no counterfactuals: one kind was counted anew by itself, call sgr_cooccur_refresh()";
        return Ok(Some(note.to_owned()));
    }
    let mut tracks = vec![question.candidate.track_id];
    if let Seed::Track(track) = question.seed {
        tracks.push(track);
    }
    let known = question.features.tracks(&tracks)?.len() == tracks.len();
    Ok((!known)
        .then(|| "no counterfactuals: a track came after the last refresh, call sgr_cooccur_refresh()".to_owned()))
}

/// Everything that a computation without some units needs.
struct Trial<'a> {
    question: &'a Question<'a>,
    /// Tracks with lists; ascending.
    seeds: Vec<i64>,
    units: Vec<Unit>,
    /// By playlists and by likes, where units of that sort can be left out.
    recounts: [Option<Recount>; 2],
}

impl<'a> Trial<'a> {
    fn prepare(question: &'a Question, notes: &mut Vec<String>) -> Result<Self> {
        let seeds = question.profile.seed_ids().to_vec();
        let mut trial = Trial { question, seeds, units: Vec::new(), recounts: [None, None] };
        let sources = question.sources;
        let candidate = Arg::Big(question.candidate.track_id);
        let strict = Arg::Bool(playlists_need_a_row(sources)?);
        let sql = include_str!("../../sql/queries/units_playlists.sql");
        let playlists = units(sql, Sort::Playlist, sources, &[Arg::Bigs(&trial.seeds), candidate, strict])?;
        trial.add_baskets(Kind::TracksByPlaylists, playlists, notes)?;
        if may_read(sources, "interactions")? {
            let user = match question.seed {
                Seed::User(user) => Some(user),
                Seed::Track(_) => None,
            };
            let candidate = Arg::Big(question.candidate.track_id);
            let sql = include_str!("../../sql/queries/units_users.sql");
            let users = units(sql, Sort::User, sources, &[Arg::Bigs(&trial.seeds), candidate, Arg::MaybeBig(user)])?;
            trial.add_baskets(Kind::TracksByLikes, users, notes)?;
        } else if question.profile.lists().iter().any(|list| list.kind == LIKES) {
            notes.push("users' likes are left out of the counterfactuals: this role may not read them".to_owned());
        }
        trial.add_tags(notes)?;
        Ok(trial)
    }

    fn add_baskets(&mut self, kind: Kind, mut found: Vec<Unit>, notes: &mut Vec<String>) -> Result<()> {
        let ids: Vec<i64> = found.iter().map(|unit| unit.id).collect();
        let counted = counted(kind, &ids)?;
        found.retain(|unit| counted.binary_search(&unit.id).is_ok());
        found.truncate(MOST_UNITS);
        if found.is_empty() {
            return Ok(());
        }
        let leavable: Vec<i64> = found.iter().map(|unit| unit.id).collect();
        let stored: Vec<&List> =
            self.question.profile.lists().iter().filter(|list| list.kind == i64::from(kind.id())).collect();
        match Recount::load(kind, &self.seeds, &leavable, &stored, self.question.sources)? {
            Some(recount) => {
                self.recounts[usize::from(kind == Kind::TracksByLikes)] = Some(recount);
                self.units.append(&mut found);
            }
            None => notes.push(format!(
                "{} are left out of the counterfactuals: what this role may read now does not give the counts of the last refresh",
                if kind == Kind::TracksByPlaylists { "playlists" } else { "users' likes" }
            )),
        }
        Ok(())
    }

    fn add_tags(&mut self, notes: &mut Vec<String>) -> Result<()> {
        if !self.question.is_catalogued(self.question.candidate.track_id) {
            return Ok(());
        }
        let shared = shared_tags(self.question);
        let mut tags = Vec::new();
        let mut exact = true;
        spi::select(include_str!("../../sql/queries/tag_names.sql"), &Sources::NONE, &[Arg::Ints(&shared)], |row| {
            let tracks = row.int(3).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            exact &= tagged_of(row.float(2).unwrap_or(0.0), tracks).is_some();
            let name = row.text(1).map(std::borrow::Cow::into_owned);
            tags.push(Unit { sort: Sort::Tag, id: row.int(0).unwrap_or(0), name });
            Ok(())
        })?;
        tags.truncate(MOST_UNITS);
        if exact {
            self.units.append(&mut tags);
        } else {
            notes.push(
                "tags are left out of the counterfactuals: their IDF does not give the number of tagged tracks"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// What the candidate comes to without these units.
    fn outcome(&self, without: &[usize]) -> Result<Outcome> {
        let question = self.question;
        let features = question.features.with(self.overlay(without)?);
        let candidate = question.candidate.track_id;
        let profile = match question.seed {
            Seed::Track(track) => {
                let gone = |seed: &sgr_engine::recommend::TrackFeatures| seed.playlists == 0 && seed.likes == 0;
                if !question.is_catalogued(track) && features.tracks(&[track])?.iter().all(gone) {
                    // Nothing would know of the seed any more.
                    return Ok(Outcome { rank: None, score: 0.0 });
                }
                Profile::of_track(track, &features, question.sources)?
            }
            Seed::User(user) => Profile::of_user(user, &features, question.sources)?,
        };
        let filter = Filter { exclude: profile.known().to_vec(), ..Filter::default() };
        let ranked = proposed(&profile, question.weights, &filter, usize::MAX, &features)?.ranked;
        if let Some(place) = ranked.iter().position(|ranked| ranked.track_id == candidate) {
            return Ok(Outcome { rank: Some(place as u32 + 1), score: ranked[place].score });
        }
        let tracks = features.tracks_or_blank(&[candidate])?;
        let alone = rank(&profile.signals(), question.weights, &tracks, &Filter::default(), 1);
        Ok(Outcome { rank: None, score: alone.first().map_or(0.0, |ranked| ranked.score) })
    }

    fn overlay(&self, without: &[usize]) -> Result<Overlay> {
        let ids = |sort: Sort| {
            let units = without.iter().map(|&unit| &self.units[unit]);
            let mut ids: Vec<i64> = units.filter(|unit| unit.sort == sort).map(|unit| unit.id).collect();
            ids.sort_unstable();
            ids
        };
        let mut overlay = Overlay::default();
        for (place, sort) in [Sort::Playlist, Sort::User].into_iter().enumerate() {
            let baskets = ids(sort);
            if let Some(recount) = self.recounts[place].as_ref().filter(|_| !baskets.is_empty()) {
                let left = recount.without(&self.seeds, &baskets)?;
                overlay.lists[place] = Some(left.lists);
                overlay.lose(place, left.fewer);
            }
        }
        overlay.find_most()?;
        let tag_ids: Vec<i32> = ids(Sort::Tag).into_iter().map(|tag| tag as i32).collect();
        if let Some(first) = tag_ids.first() {
            let (idf, with_tag) = self.question.features.stored_tag(*first)?.unwrap_or_default();
            let tagged = tagged_of(idf, with_tag).unwrap_or(0);
            let bare = self.question.candidate.tag_ids.len() == tag_ids.len();
            let tagged_left = if bare { tagged.saturating_sub(1) } else { tagged };
            overlay.untagged = Some(Untagged {
                track_id: self.question.candidate.track_id,
                tag_ids,
                tagged: bare.then_some(tagged_left),
                tagged_left,
            });
        }
        Ok(overlay)
    }

    fn told(&self, without: &[usize], outcome: Outcome) -> Counterfactual {
        let units: Vec<&Unit> = without.iter().map(|&unit| &self.units[unit]).collect();
        let was = self.question.rank.unwrap_or(0);
        let what = listed(&units.iter().map(|unit| unit.called()).collect::<Vec<_>>());
        Counterfactual {
            without: units.iter().map(|unit| unit.removal()).collect(),
            rank: outcome.rank,
            rank_was: self.question.rank,
            score: outcome.score,
            sentence: match outcome.rank {
                Some(rank) => format!("without {what} it would be rank {rank}, not {was}"),
                None => format!("without {what} it would not be proposed; it is rank {was}"),
            },
        }
    }
}

impl Unit {
    fn removal(&self) -> Removal {
        match self.sort {
            Sort::Playlist => Removal { kind: "playlist", id: Some(self.id), name: self.name.clone() },
            Sort::User => Removal { kind: "user", id: Some(self.id), name: self.name.clone() },
            Sort::Tag => Removal { kind: "tag", id: None, name: self.name.clone() },
        }
    }

    fn called(&self) -> String {
        match (self.sort, &self.name) {
            (Sort::Playlist, Some(name)) => format!("playlist \"{name}\""),
            (Sort::Playlist, None) => format!("playlist {}", self.id),
            (Sort::User, Some(name)) => format!("the likes of {name}"),
            (Sort::User, None) => format!("the likes of user {}", self.id),
            (Sort::Tag, name) => format!("its tag \"{}\"", name.as_deref().unwrap_or_default()),
        }
    }
}

/// "a", "a and b", "a, b and c".
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// (id, name) rows of a query.
fn units(sql: &'static str, sort: Sort, sources: &Sources, args: &[Arg]) -> Result<Vec<Unit>> {
    let mut found = Vec::new();
    spi::select(sql, sources, args, |row| {
        if let Some(id) = row.int(0) {
            found.push(Unit { sort, id, name: row.text(1).map(std::borrow::Cow::into_owned) });
        }
        Ok(())
    })?;
    Ok(found)
}
