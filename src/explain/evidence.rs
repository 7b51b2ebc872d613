//! Evidence: what the two have in common, as rows of the graph that the caller may know of.
//!
//! The graph was made by somebody who may have seen more than the caller does. So a playlist or a like is taken from the
//! relation it came from, read with the caller's rights, and only then looked up in `sgr.triples`.

use super::seeds::SeedEvidence;
use super::{Question, Seed, share};
use crate::error::Result;
use crate::kind::Kind;
use crate::load;
use crate::recommend::{List, PLAYLISTS, counted, plural, who_like_both};
use crate::rights;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use serde::Serialize;
use sgr_engine::recommend::SIGNALS;
use std::collections::{BTreeSet, HashMap};

/// Relations of the catalogue's graph, as in `sgr.relations`.
const HAS_GENRE: i32 = 1;
const BY_ARTIST: i32 = 2;
const IN_PLAYLIST: i32 = 3;
const COLLAB_WITH: i32 = 4;
const CREATED_BY: i32 = 8;
const LIKED_BY: i32 = 9;
const CO_OCCURS_WITH: i32 = 12;
/// Positions in [`SIGNALS`].
const LIKES_SIGNAL: usize = 1;
const TAGS_SIGNAL: usize = 2;

/// A row of `sgr.kg_triples`.
#[derive(Serialize, Clone)]
pub struct Triple {
    head: String,
    head_kind: String,
    relation: String,
    tail: String,
    tail_kind: String,
    weight: f64,
    source: String,
    head_id: i64,
    tail_id: i64,
}

/// head, relation, tail.
type Key = (i64, i32, i64);

/// One thing that the two have in common: a line for people, or triples, or both.
#[derive(Default)]
pub struct Piece {
    pub reason: Option<String>,
    pub detail: Option<String>,
    pub share_percent: Option<f64>,
    keys: Vec<Key>,
    triples: Vec<Triple>,
}

impl Piece {
    fn line(reason: String, detail: impl Into<Option<String>>) -> Self {
        Self { reason: Some(reason), detail: detail.into(), ..Self::default() }
    }

    fn of(keys: Vec<Key>) -> Self {
        Self { keys, ..Self::default() }
    }
}

/// The triples of all pieces, each once.
pub fn triples(pieces: &[Piece]) -> Vec<Triple> {
    let mut seen = BTreeSet::new();
    let all = pieces.iter().flat_map(|piece| piece.keys.iter().zip(&piece.triples));
    all.filter(|(key, _)| seen.insert(**key)).map(|(_, triple)| triple.clone()).collect()
}

/// What speaks for the candidate, at most `limit` pieces of each sort. Pieces whose triples the graph does not have
/// (any more) are left out.
pub fn find(question: &Question, carried: &[SeedEvidence], limit: usize) -> Result<Vec<Piece>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let candidate = question.candidate.track_id;
    let reader = Reader {
        question,
        entities: entities(question, carried)?,
        strict: playlists_need_a_row(question.sources)?,
        may_be_hidden: playlists_may_be_hidden(question.sources)?,
        likes_readable: may_read(question.sources, "interactions")?,
        limit,
    };
    let mut pieces = Vec::new();
    match question.seed {
        Seed::Track(seed) => {
            reader.playlists(seed, candidate, None, &mut pieces)?;
            reader.co_occurrence(seed, candidate, &mut pieces)?;
            reader.users(seed, candidate, &mut pieces)?;
            reader.tags(seed, candidate, &mut pieces)?;
            reader.artists(seed, candidate, &mut pieces)?;
            reader.tag_names(&mut pieces)?;
        }
        Seed::User(user) => {
            // Of each of the user's tracks less, so that all of it is about as much.
            let few = Reader { limit: limit.div_ceil(carried.len().max(1)), ..reader };
            for seed in carried {
                let title = question.title(seed.track_id).unwrap_or_else(|| format!("track {}", seed.track_id));
                let mut own = Piece::line(format!("goes with your \"{title}\""), Some(seed.detail()));
                own.share_percent = Some(share(seed.contribution, question.ranked.score));
                pieces.push(own);
                few.belonging(user, seed.track_id, &mut pieces)?;
                few.playlists(seed.track_id, candidate, Some(&title), &mut pieces)?;
                few.co_occurrence(seed.track_id, candidate, &mut pieces)?;
                if few.likes_readable {
                    few.user_names(seed.track_id, candidate, Some(&title), &mut pieces)?;
                }
                few.tags(seed.track_id, candidate, &mut pieces)?;
                few.artists(seed.track_id, candidate, &mut pieces)?;
            }
            Reader { limit, ..few }.tag_names(&mut pieces)?;
        }
    }
    resolve(&mut pieces)?;
    pieces.retain(|piece| piece.triples.len() == piece.keys.len());
    Ok(pieces)
}

struct Reader<'a> {
    question: &'a Question<'a>,
    /// Tracks of the graph.
    entities: HashMap<i64, i64>,
    strict: bool,
    /// Whether there may be playlists that the caller may not read.
    may_be_hidden: bool,
    likes_readable: bool,
    limit: usize,
}

impl Reader<'_> {
    fn limit(&self) -> Arg<'static> {
        Arg::Big(i64::try_from(self.limit).unwrap_or(i64::MAX))
    }

    /// Both as entities of the graph.
    fn both(&self, seed: i64, candidate: i64) -> Option<(i64, i64)> {
        Some((*self.entities.get(&seed)?, *self.entities.get(&candidate)?))
    }

    /// Playlists that hold both.
    fn playlists(&self, seed: i64, candidate: i64, yours: Option<&str>, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some((a, b)) = self.both(seed, candidate) else { return Ok(()) };
        let mut shared: Vec<(i64, i64)> = Vec::new();
        let sql = include_str!("../../sql/queries/evidence_playlists_shared.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Bigs(&[a, b])], |row| {
            shared.extend(row.int(0).zip(row.int(1)));
            Ok(())
        })?;
        // Which of them may be read is looked up for few at a time: most often the first ones will do.
        let mut left = self.limit;
        for few in shared.chunks(2 * self.limit) {
            let ids: Vec<i64> = few.iter().map(|(playlist, _)| *playlist).collect();
            let mut names: HashMap<i64, String> = HashMap::new();
            let args = [Arg::Bigs(&ids), Arg::Big(seed), Arg::Big(candidate), Arg::Bool(self.strict)];
            let sql = include_str!("../../sql/queries/evidence_playlists_readable.sql");
            spi::select(sql, self.question.sources, &args, |row| {
                names.extend(row.int(0).zip(row.text(1).map(std::borrow::Cow::into_owned)));
                Ok(())
            })?;
            for (playlist, tracks) in few {
                let Some(name) = names.get(playlist).filter(|_| left > 0) else { continue };
                left -= 1;
                let with = yours.map_or_else(String::new, |title| format!(" with your \"{title}\""));
                let mut piece = Piece::line(format!("in playlist \"{name}\"{with}"), Some(plural(*tracks, "track")));
                piece.keys = vec![(a, IN_PLAYLIST, *playlist), (b, IN_PLAYLIST, *playlist)];
                pieces.push(piece);
            }
            if left == 0 {
                break;
            }
        }
        Ok(())
    }

    /// That they are counted together, if the caller may read every playlist that this was counted from.
    fn co_occurrence(&self, seed: i64, candidate: i64, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some((a, b)) = self.both(seed, candidate) else { return Ok(()) };
        let mut known = triple_exists((a, CO_OCCURS_WITH, b))?;
        if known && self.may_be_hidden {
            let together = self.counted_together(seed, candidate)?;
            let args = [Arg::Big(seed), Arg::Big(candidate), Arg::Bool(self.strict)];
            let sql = include_str!("../../sql/queries/evidence_counted_together.sql");
            let readable = load::ids_seen(sql, self.question.sources, &args)?;
            let readable = counted(Kind::TracksByPlaylists, &readable)?.len() as i64;
            known = together.is_some_and(|together| readable >= together);
        }
        if known {
            pieces.push(Piece::of(vec![(a, CO_OCCURS_WITH, b)]));
        }
        Ok(())
    }

    /// Counted playlists that hold both, by either's list.
    fn counted_together(&self, seed: i64, candidate: i64) -> Result<Option<i64>> {
        let of = |lists: &[List], track: i64, other: i64| {
            let list = lists.iter().find(|list| list.kind == PLAYLISTS && list.track_id == track)?;
            let at = list.neighbours.iter().position(|neighbour| *neighbour == other)?;
            Some(i64::from(list.together[at]))
        };
        match of(self.question.profile.lists(), seed, candidate) {
            Some(together) => Ok(Some(together)),
            None => Ok(of(&self.question.features.lists(&[candidate])?, candidate, seed)),
        }
    }

    /// Users who like both: how many, and who, for those who may know.
    fn users(&self, seed: i64, candidate: i64, pieces: &mut Vec<Piece>) -> Result<()> {
        let count = self.question.ranked.evidence[LIKES_SIGNAL].count;
        if count > 0 {
            let hidden = "names need SELECT on the likes".to_owned();
            pieces.push(Piece::line(who_like_both(count), (!self.likes_readable).then_some(hidden)));
        }
        if self.likes_readable { self.user_names(seed, candidate, None, pieces) } else { Ok(()) }
    }

    fn user_names(&self, seed: i64, candidate: i64, yours: Option<&str>, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some((a, b)) = self.both(seed, candidate) else { return Ok(()) };
        let args = [Arg::Big(seed), Arg::Big(candidate), self.limit()];
        let sql = include_str!("../../sql/queries/evidence_users.sql");
        spi::select(sql, self.question.sources, &args, |row| {
            let user = row.int(0).unwrap_or(0);
            let name = row.text(1).unwrap_or_default();
            let both = yours.map_or_else(|| "both".to_owned(), |title| format!("it and your \"{title}\""));
            let mut piece = Piece::line(format!("{name} likes {both}"), None);
            piece.keys = vec![(a, LIKED_BY, user), (b, LIKED_BY, user)];
            pieces.push(piece);
            Ok(())
        })?;
        Ok(())
    }

    /// Tags and genres as the graph has them, where the caller may read the tracks that they come from.
    fn tags(&self, seed: i64, candidate: i64, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some((a, b)) = self.readable(seed, candidate) else { return Ok(()) };
        let sql = include_str!("../../sql/queries/evidence_tags.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Big(a), Arg::Big(b), self.limit()], |row| {
            let relation = row.int(0).map_or(HAS_GENRE, |relation| relation as i32);
            let tag = row.int(1).unwrap_or(0);
            pieces.push(Piece::of(vec![(a, relation, tag), (b, relation, tag)]));
            Ok(())
        })?;
        Ok(())
    }

    /// The same artist, or artists who worked together.
    fn artists(&self, seed: i64, candidate: i64, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some((a, b)) = self.readable(seed, candidate) else { return Ok(()) };
        let sql = include_str!("../../sql/queries/evidence_artists.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Big(a), Arg::Big(b), self.limit()], |row| {
            let (mine, theirs) = (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0));
            let mut keys = vec![(a, BY_ARTIST, mine), (b, BY_ARTIST, theirs)];
            let names = (row.text(2).unwrap_or_default(), row.text(3).unwrap_or_default());
            let line = if mine == theirs {
                format!("same artist \"{}\"", names.0)
            } else {
                keys.insert(1, (mine, COLLAB_WITH, theirs));
                format!("\"{}\" worked with \"{}\"", names.0, names.1)
            };
            let mut piece = Piece::line(line, None);
            piece.keys = keys;
            pieces.push(piece);
            Ok(())
        })?;
        Ok(())
    }

    /// Why a track is one of the user's.
    fn belonging(&self, user: i64, seed: i64, pieces: &mut Vec<Piece>) -> Result<()> {
        let Some(&track) = self.entities.get(&seed) else { return Ok(()) };
        let mut keys = Vec::new();
        if self.likes_readable {
            let sql = include_str!("../../sql/queries/evidence_likes.sql");
            spi::select(sql, self.question.sources, &[Arg::Big(user), Arg::Big(seed)], |row| {
                keys = vec![(track, LIKED_BY, row.int(0).unwrap_or(0))];
                Ok(())
            })?;
        }
        if keys.is_empty() {
            let args = [Arg::Big(user), Arg::Big(track), Arg::Bool(self.strict)];
            spi::select(include_str!("../../sql/queries/evidence_owned.sql"), self.question.sources, &args, |row| {
                let (playlist, owner) = (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0));
                keys = vec![(track, IN_PLAYLIST, playlist), (playlist, CREATED_BY, owner)];
                Ok(())
            })?;
        }
        if !keys.is_empty() {
            pieces.push(Piece::of(keys));
        }
        Ok(())
    }

    /// The shared tags as the signal counts them, the rarest first.
    fn tag_names(&self, pieces: &mut Vec<Piece>) -> Result<()> {
        let question = self.question;
        if question.ranked.evidence[TAGS_SIGNAL].count == 0 || !question.is_catalogued(question.candidate.track_id) {
            return Ok(());
        }
        let shared = shared_tags(question);
        let mut left = self.limit;
        spi::select(include_str!("../../sql/queries/tag_names.sql"), &Sources::NONE, &[Arg::Ints(&shared)], |row| {
            if left > 0 {
                left -= 1;
                let tracks = plural(row.int(3).unwrap_or(0), "track");
                pieces.push(Piece::line(
                    format!("shared tag \"{}\"", row.text(1).unwrap_or_default()),
                    Some(format!("IDF {:.2}, {tracks}", row.float(2).unwrap_or(0.0))),
                ));
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Both, if the caller may read their rows of the catalogue.
    fn readable(&self, seed: i64, candidate: i64) -> Option<(i64, i64)> {
        let readable = self.question.is_catalogued(seed) && self.question.is_catalogued(candidate);
        if readable { self.both(seed, candidate) } else { None }
    }
}

/// Tags that the candidate shares with the profile, by tag id.
pub fn shared_tags(question: &Question) -> Vec<i32> {
    debug_assert_eq!(SIGNALS[TAGS_SIGNAL], "tags");
    let of_profile: BTreeSet<i32> = question.profile.seeds().iter().flat_map(|seed| seed.tag_ids.clone()).collect();
    question.candidate.tag_ids.iter().copied().filter(|tag| of_profile.contains(tag)).collect()
}

/// Whether a playlist without a readable row of its own is to be passed over: where row-level security may hide rows,
/// and where the user's own relation says which playlists there are.
pub fn playlists_need_a_row(sources: &Sources) -> Result<bool> {
    Ok(sources.is_mapped("playlists") || rights::row_security(rights::table(c"playlists")?))
}

/// Whether row-level security, or a view in place of the catalogue's tables, may hide playlists from the caller.
fn playlists_may_be_hidden(sources: &Sources) -> Result<bool> {
    Ok(playlists_need_a_row(sources)?
        || sources.is_mapped("playlist_tracks")
        || rights::row_security(rights::table(c"playlist_tracks")?))
}

/// Whether the role may SELECT from what a catalogue role reads.
pub fn may_read(sources: &Sources, role: &str) -> Result<bool> {
    let relation = sources.relation_name(role)?;
    let mut may = false;
    spi::select(include_str!("../../sql/queries/may_read.sql"), &Sources::NONE, &[Arg::Text(&relation)], |row| {
        may = row.bool(0) == Some(true);
        Ok(())
    })?;
    Ok(may)
}

fn entities(question: &Question, carried: &[SeedEvidence]) -> Result<HashMap<i64, i64>> {
    let mut tracks: Vec<i64> = carried.iter().map(|seed| seed.track_id).collect();
    tracks.push(question.candidate.track_id);
    if let Seed::Track(track) = question.seed {
        tracks.push(track);
    }
    let mut entities = HashMap::new();
    let sql = include_str!("../../sql/queries/evidence_track_entities.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(&tracks)], |row| {
        entities.extend(row.int(0).zip(row.int(1)));
        Ok(())
    })?;
    Ok(entities)
}

fn triple_exists((head, relation, tail): Key) -> Result<bool> {
    let mut exists = false;
    let sql = "SELECT FROM sgr.triples AS x WHERE x.head = $1 AND x.relation = $2 AND x.tail = $3";
    spi::select(sql, &Sources::NONE, &[Arg::Big(head), Arg::Int(relation), Arg::Big(tail)], |_| {
        exists = true;
        Ok(())
    })?;
    Ok(exists)
}

/// Reads the triples of all pieces.
fn resolve(pieces: &mut [Piece]) -> Result<()> {
    let keys: Vec<Key> = pieces.iter().flat_map(|piece| piece.keys.clone()).collect();
    let heads: Vec<i64> = keys.iter().map(|key| key.0).collect();
    let relations: Vec<i32> = keys.iter().map(|key| key.1).collect();
    let tails: Vec<i64> = keys.iter().map(|key| key.2).collect();
    let mut found: HashMap<Key, Triple> = HashMap::with_capacity(keys.len());
    let args = [Arg::Bigs(&heads), Arg::Ints(&relations), Arg::Bigs(&tails)];
    spi::select(include_str!("../../sql/queries/evidence_triples.sql"), &Sources::NONE, &args, |row| {
        let text = |column| row.text(column).unwrap_or_default().into_owned();
        let place = row.int(0).and_then(|place| usize::try_from(place - 1).ok()).unwrap_or(0);
        found.insert(
            keys[place],
            Triple {
                head: text(1),
                head_kind: text(2),
                relation: text(3),
                tail: text(4),
                tail_kind: text(5),
                weight: shortest(row.float(6).unwrap_or(0.0)),
                source: text(7),
                head_id: row.int(8).unwrap_or(0),
                tail_id: row.int(9).unwrap_or(0),
            },
        );
        Ok(())
    })?;
    for piece in pieces {
        piece.triples = piece.keys.iter().filter_map(|key| found.get(key).cloned()).collect();
    }
    Ok(())
}

/// A `real` as the double that prints like it.
fn shortest(real: f64) -> f64 {
    (real as f32).to_string().parse().unwrap_or(real)
}
