//! `sgr_fuse`: which rows mean one thing, and who is credited, written to `sgr.entity_aliases` and `sgr.credits`.
//!
//! The engine decides; this module reads the names with their evidence, lets what users said stand over what was found,
//! and writes only the decisions that differ from those in the tables.

use crate::error::{Error, Result, memory_limit};
use crate::interrupt::{Output, pipeline, thread_pool};
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::text_columns::{text, text_columns};
use crate::worker;
use pgrx::PgSqlErrorCode;
use rustc_hash::FxHashMap;
use serde_json::json;
use sgr_engine::fuse::align::{AlignConfig, EntityKind, Row, align, memory_estimate};
use sgr_engine::fuse::credits::{Credit, KnownNames, artist_credits, title_credits};
use sgr_engine::fuse::{FuseError, name_key, tag_key};
use std::hash::{Hash, Hasher};
use std::time::Instant;

/// What became of one kind of entity, or of the credits.
pub struct Outcome {
    pub kind: &'static str,
    /// "full", or "unchanged" where nothing that it reads has changed.
    pub mode: &'static str,
    pub rows_read: i64,
    /// Aliases, or credits, that stand now; those that users set are not among them.
    pub decisions: i64,
    pub added: i64,
    pub changed: i64,
    pub removed: i64,
    pub elapsed_ms: f64,
}

/// What a run did.
pub struct Done {
    pub run_id: i64,
    pub outcomes: Vec<Outcome>,
}

/// A row that may mean the same as another, as the engine takes it.
#[derive(Default)]
struct Named {
    /// Its key in `sgr.entity_aliases`.
    key: String,
    name: String,
    urn: Option<String>,
    url: Option<String>,
    weight: u32,
    members: Vec<u64>,
    owner: Option<i64>,
}

/// A decision as it goes to `sgr.entity_aliases`.
struct Decision {
    alias: String,
    canonical: String,
    method: String,
    similarity: f32,
    evidence: String,
}

/// Fuses in the caller's transaction.
///
/// Errors: 53000 over the memory limit, 22023 for arguments out of range.
pub fn fuse(min_similarity: Option<f64>, threads: Option<i32>) -> Result<Done> {
    worker::phase("fusing");
    let started = Instant::now();
    let mut config = AlignConfig::default();
    if let Some(min_similarity) = min_similarity {
        if !(0.5..=1.0).contains(&min_similarity) {
            return Err(Error::invalid(format!("min_similarity must be between 0.5 and 1, not {min_similarity}")));
        }
        config.min_similarity = min_similarity as f32;
    }
    let pool = thread_pool(settings::threads(threads)?)?;
    run::lock_graph()?;
    let sources = Sources::load()?;
    let seen = run::seen(run::LAST_CHANGE)?;
    let parameters = parameters(&config, &sources)?;
    let changes = Changes::load(&sources, &parameters)?;
    let mut fusion = Fusion { sources: &sources, config, pool, outcomes: Vec::new() };
    let artists = changes.any(&["artist", "track"]);
    fusion.kind("artist", EntityKind::Artist, artists, Fusion::artists)?;
    fusion.kind("playlist", EntityKind::Playlist, changes.any(&["playlist", "entries"]), Fusion::playlists)?;
    fusion.kind("tag", EntityKind::Tag, changes.any(&["track"]), |fusion| {
        fusion.spellings(include_str!("../sql/queries/fuse_tags.sql"))
    })?;
    fusion.kind("genre", EntityKind::Genre, changes.any(&["track"]), |fusion| {
        fusion.spellings(include_str!("../sql/queries/fuse_genres.sql"))
    })?;
    fusion.kind("label", EntityKind::Label, changes.any(&["track"]), |fusion| {
        fusion.spellings(include_str!("../sql/queries/fuse_labels.sql"))
    })?;
    fusion.credits(artists)?;
    let outcomes = fusion.outcomes;
    if outcomes.iter().any(|o| o.added + o.changed + o.removed > 0) {
        // Which triples hang on a decision is not noted: the next refresh compares all.
        spi::execute("INSERT INTO sgr.graph_changes (what) VALUES ('alias')", &Sources::NONE, &[])?;
    }
    let result: serde_json::Map<String, serde_json::Value> = outcomes
        .iter()
        .map(|o| {
            let counts = json!({ "mode": o.mode, "rows_read": o.rows_read, "decisions": o.decisions,
                "added": o.added, "changed": o.changed, "removed": o.removed });
            (o.kind.to_owned(), counts)
        })
        .collect();
    let run_id = run::note("fuse", &parameters, &result.into(), milliseconds(started))?;
    // The note above is for the triples.
    let seen = seen.with_own(run::LAST_CHANGE)?;
    run::save_stage("fuse", run_id, &seen, &parameters)?;
    Ok(Done { run_id, outcomes })
}

/// Everything that the decisions follow from besides the catalogue: other parameters mean that all is decided anew.
fn parameters(config: &AlignConfig, sources: &Sources) -> Result<serde_json::Value> {
    let mut words = json!(null);
    spi::select_fresh(include_str!("../sql/queries/fuse_words.sql"), &Sources::NONE, &[], |row| {
        words = json!(row.text(0));
        Ok(())
    })?;
    Ok(json!({
        "min_similarity": config.min_similarity.to_string(),
        "sources": sources.expand("{playlist_tracks} {playlists} {tracks} {artists}"),
        "words": words,
    }))
}

/// What changed since the last run.
struct Changes {
    everything: bool,
    noted: Vec<String>,
}

impl Changes {
    fn load(sources: &Sources, parameters: &serde_json::Value) -> Result<Self> {
        let before = run::stage_state("fuse")?;
        let same = before.is_some_and(|before| before.parameters == *parameters);
        let mut changes = Self { everything: !same || sources.any_mapped(), noted: Vec::new() };
        let sql = include_str!("../sql/queries/graph_changes_unseen.sql");
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Text("fuse")], |row| {
            changes.noted.extend(row.text(0).map(|what| what.into_owned()));
            Ok(())
        })?;
        // What a user said about one entity bears on all that mean the same.
        changes.everything |= changes.noted.iter().any(|what| what == "alias");
        Ok(changes)
    }

    fn any(&self, of: &[&str]) -> bool {
        self.everything || self.noted.iter().any(|what| of.contains(&what.as_str()))
    }
}

struct Fusion<'a> {
    sources: &'a Sources,
    config: AlignConfig,
    pool: rayon::ThreadPool,
    outcomes: Vec<Outcome>,
}

impl Fusion<'_> {
    /// Reads, decides and writes one kind.
    fn kind(
        &mut self,
        kind: &'static str,
        entity: EntityKind,
        wanted: bool,
        read: impl FnOnce(&Self) -> Result<Vec<Named>>,
    ) -> Result<()> {
        let started = Instant::now();
        let mut outcome = Outcome::unchanged(kind);
        if wanted {
            outcome.mode = "full";
            let named = read(self)?;
            outcome.rows_read = named.len() as i64;
            let mut decisions = self.align(entity, &named)?;
            let words = synonyms(kind, &named)?;
            let said = said_by_users(kind)?;
            collapse(&mut decisions, words, &said);
            outcome.decisions = decisions.len() as i64;
            write_aliases(kind, &decisions, &mut outcome)?;
        }
        outcome.elapsed_ms = milliseconds(started);
        self.outcomes.push(outcome);
        Ok(())
    }

    fn align(&self, kind: EntityKind, named: &[Named]) -> Result<Vec<Decision>> {
        let bytes = named.iter().map(|row| row.name.len()).sum();
        let members = named.iter().map(|row| row.members.len()).sum();
        let (needed, limit) = (memory_estimate(named.len(), bytes, members), settings::memory_limit());
        if needed > limit {
            return Err(memory_limit(needed, limit, "comparing names", "fuse a smaller catalogue"));
        }
        let report = pipeline(
            |output: &Output<()>| {
                let rows: Vec<Row> = (named.iter().zip(0..))
                    .map(|(row, id)| Row {
                        id,
                        name: &row.name,
                        urn: row.urn.as_deref(),
                        url: row.url.as_deref(),
                        weight: row.weight,
                        members: &row.members,
                        owner: row.owner,
                    })
                    .collect();
                Ok(self.pool.install(|| align(kind, &rows, &self.config, output.cancelled()))?)
            },
            |_| Ok(()),
        )?;
        Ok(report
            .aliases
            .into_iter()
            .filter_map(|alias| {
                Some(Decision {
                    alias: named.get(usize::try_from(alias.alias).ok()?)?.key.clone(),
                    canonical: named.get(usize::try_from(alias.canonical).ok()?)?.key.clone(),
                    method: alias.method.as_str().to_owned(),
                    similarity: alias.similarity,
                    evidence: alias.evidence,
                })
            })
            .collect())
    }

    /// Artists, each with its tracks' titles and ISRCs.
    fn artists(&self) -> Result<Vec<Named>> {
        let mut named = Vec::new();
        let mut places: FxHashMap<i64, usize> = FxHashMap::default();
        spi::select_fresh(include_str!("../sql/queries/fuse_artists.sql"), self.sources, &[], |row| {
            if let (Some(id), Some(name)) = (row.int(0), row.text(1)) {
                places.insert(id, named.len());
                named.push(Named {
                    key: id.to_string(),
                    name: name.into_owned(),
                    urn: row.text(2).map(|urn| urn.into_owned()),
                    url: row.text(3).map(|url| url.into_owned()),
                    ..Named::default()
                });
            }
            Ok(())
        })?;
        spi::select_fresh(include_str!("../sql/queries/fuse_artist_tracks.sql"), self.sources, &[], |row| {
            if let Some(artist) = row.int(0).and_then(|id| places.get(&id)).and_then(|&at| named.get_mut(at)) {
                artist.weight = artist.weight.saturating_add(1);
                if let Some(title) = row.text(1) {
                    artist.members.push(hash(&name_key(&title)));
                }
                if let Some(isrc) = row.text(2) {
                    artist.members.push(hash(isrc.as_ref()));
                }
            }
            Ok(())
        })?;
        Ok(named)
    }

    /// Playlists that share owner and title with another, each with its tracks.
    fn playlists(&self) -> Result<Vec<Named>> {
        let mut named = Vec::new();
        let mut places: FxHashMap<i64, usize> = FxHashMap::default();
        spi::select_fresh(include_str!("../sql/queries/fuse_playlists.sql"), self.sources, &[], |row| {
            if let (Some(id), Some(title)) = (row.int(0), row.text(1)) {
                places.insert(id, named.len());
                named.push(Named {
                    key: id.to_string(),
                    name: title.into_owned(),
                    owner: row.int(2),
                    ..Named::default()
                });
            }
            Ok(())
        })?;
        let mut alike: FxHashMap<(i64, String), Vec<i64>> = FxHashMap::default();
        for (&id, &at) in &places {
            if let Some(owner) = named[at].owner {
                alike.entry((owner, name_key(&named[at].name))).or_default().push(id);
            }
        }
        let candidates: Vec<i64> = alike.into_values().filter(|ids| ids.len() > 1).flatten().collect();
        if !candidates.is_empty() {
            let sql = include_str!("../sql/queries/fuse_playlist_tracks.sql");
            spi::select_fresh(sql, self.sources, &[Arg::Bigs(&candidates)], |row| {
                let place = row.int(0).and_then(|id| places.get(&id));
                if let (Some(playlist), Some(track)) = (place.and_then(|&at| named.get_mut(at)), row.int(1)) {
                    playlist.weight = playlist.weight.saturating_add(1);
                    playlist.members.push(track as u64);
                }
                Ok(())
            })?;
        }
        Ok(named)
    }

    /// Tags, genres or labels: spellings with the number of tracks that use them.
    fn spellings(&self, sql: &'static str) -> Result<Vec<Named>> {
        let mut named = Vec::new();
        spi::select_fresh(sql, self.sources, &[], |row| {
            if let (Some(key), Some(tracks)) = (row.text(0), row.int(1)) {
                let weight = u32::try_from(tracks).unwrap_or(u32::MAX);
                named.push(Named { name: key.to_string(), key: key.into_owned(), weight, ..Named::default() });
            }
            Ok(())
        })?;
        Ok(named)
    }

    /// Credits in the names of artists and in the titles of tracks.
    fn credits(&mut self, wanted: bool) -> Result<()> {
        let started = Instant::now();
        let mut outcome = Outcome::unchanged("credit");
        if wanted {
            outcome.mode = "full";
            let artists = self.artists()?;
            let mut titles = Vec::new();
            spi::select_fresh(include_str!("../sql/queries/fuse_titles.sql"), self.sources, &[], |row| {
                titles.extend(row.int(0).zip(row.text(1).map(|title| title.into_owned())));
                Ok(())
            })?;
            let labels = self.spellings(include_str!("../sql/queries/fuse_labels.sql"))?;
            outcome.rows_read = (artists.len() + titles.len()) as i64;
            let mut whole = Vec::new();
            let sql = "SELECT name FROM sgr.known_artist_names";
            spi::select_fresh(sql, &Sources::NONE, &[], |row| {
                whole.extend(row.text(0).map(|name| name.into_owned()));
                Ok(())
            })?;
            let rows = pipeline(
                |output: &Output<()>| {
                    Ok(self.pool.install(|| credit_rows(&artists, &titles, &whole, &labels, output.cancelled())))
                },
                |_| Ok(()),
            )?;
            outcome.decisions = rows.len() as i64;
            write_credits(&rows, &mut outcome)?;
        }
        outcome.elapsed_ms = milliseconds(started);
        self.outcomes.push(outcome);
        Ok(())
    }
}

impl Outcome {
    fn unchanged(kind: &'static str) -> Self {
        let (rows_read, decisions, added, changed, removed) = (0, 0, 0, 0, 0);
        Self { kind, mode: "unchanged", rows_read, decisions, added, changed, removed, elapsed_ms: 0.0 }
    }
}

/// A row of `sgr.credits`.
struct CreditRow {
    origin: &'static str,
    origin_id: i64,
    ordinal: i32,
    artist_key: String,
    credit: Credit,
}

fn credit_rows(
    artists: &[Named],
    titles: &[(i64, String)],
    whole: &[String],
    labels: &[Named],
    cancelled: &std::sync::atomic::AtomicBool,
) -> Vec<CreditRow> {
    use rayon::prelude::*;
    use std::sync::atomic::Ordering::Relaxed;

    let mut known = KnownNames::from_counts(artists.iter().map(|artist| (artist.name.as_str(), artist.weight)));
    for name in whole {
        known.add(name);
    }
    for label in labels {
        known.add_label(&label.name);
    }
    for (_, title) in titles {
        if cancelled.load(Relaxed) {
            return Vec::new();
        }
        known.add_title(title);
    }
    let split: Vec<Vec<Credit>> = artists
        .par_iter()
        .map(|artist| if cancelled.load(Relaxed) { Vec::new() } else { artist_credits(&artist.name, &known) })
        .collect();
    // Who a credited name is: the heaviest artist row of that name that is no list of names itself.
    let mut by_name: FxHashMap<String, usize> = FxHashMap::default();
    for (at, artist) in artists.iter().enumerate().filter(|&(at, _)| split[at].len() < 2) {
        let best = by_name.entry(name_key(&artist.name)).or_insert(at);
        if artist.weight > artists[*best].weight {
            *best = at;
        }
    }
    let key_of = |name: &str| {
        let key = name_key(name);
        by_name.get(&key).map_or_else(|| format!("name:{key}"), |&at| artists[at].key.clone())
    };
    let rows = |origin: &'static str, origin_id: i64, credits: Vec<Credit>| -> Vec<CreditRow> {
        (credits.into_iter().zip(1..))
            .map(|(credit, ordinal)| CreditRow { origin, origin_id, ordinal, artist_key: key_of(&credit.name), credit })
            .collect()
    };
    let mut all: Vec<CreditRow> = (artists.iter().zip(split))
        .filter(|(_, credits)| credits.len() > 1)
        .flat_map(|(artist, credits)| rows("artist", artist.key.parse().unwrap_or(0), credits))
        .collect();
    all.par_extend(titles.par_iter().flat_map_iter(|(track_id, title)| {
        let credits = if cancelled.load(Relaxed) { Vec::new() } else { title_credits(title, &known) };
        rows("title", *track_id, credits)
    }));
    all
}

fn write_credits(rows: &[CreditRow], outcome: &mut Outcome) -> Result<()> {
    let columns = text_columns(rows, |row| {
        vec![
            text(row.origin),
            text(row.origin_id),
            text(row.ordinal),
            text(&row.artist_key),
            text(&row.credit.name),
            text(row.credit.role.as_str()),
        ]
    });
    write_differences(include_str!("../sql/queries/credits_put.sql"), columns, 6, &[], outcome)
}

fn write_aliases(kind: &'static str, decisions: &[Decision], outcome: &mut Outcome) -> Result<()> {
    let columns = text_columns(decisions, |decision| {
        vec![
            text(&decision.alias),
            text(&decision.canonical),
            text(&decision.method),
            text(decision.similarity),
            text(&decision.evidence),
        ]
    });
    write_differences(include_str!("../sql/queries/aliases_put.sql"), columns, 5, &[kind], outcome)
}

/// Runs a statement that takes `width` columns of text, then `more`, and returns what it added, changed and removed.
fn write_differences(
    sql: &'static str,
    mut columns: Vec<Vec<Option<String>>>,
    width: usize,
    more: &[&str],
    outcome: &mut Outcome,
) -> Result<()> {
    columns.resize_with(width, Vec::new);
    let mut args: Vec<Arg> = columns.iter().map(|column| Arg::Texts(column)).collect();
    args.extend(more.iter().map(|text| Arg::Text(text)));
    spi::select_fresh(sql, &Sources::NONE, &args, |row| {
        outcome.added = row.int(0).unwrap_or(0);
        outcome.changed = row.int(1).unwrap_or(0);
        outcome.removed = row.int(2).unwrap_or(0);
        Ok(())
    })?;
    Ok(())
}

/// Synonyms of `sgr.tag_aliases` among the tags or genres: (alias, canonical) keys.
fn synonyms(kind: &str, named: &[Named]) -> Result<Vec<(String, String)>> {
    if !matches!(kind, "tag" | "genre") {
        return Ok(Vec::new());
    }
    let mut canonical: FxHashMap<String, String> = FxHashMap::default();
    spi::select_fresh(include_str!("../sql/queries/fuse_synonyms.sql"), &Sources::NONE, &[], |row| {
        if let (Some(alias), Some(tag)) = (row.text(0), row.text(1)) {
            canonical.insert(tag_key(&alias), tag.into_owned());
        }
        Ok(())
    })?;
    // The spelling that most tracks use stands for the synonym's tag, or the tag itself where none does.
    let mut spelling: FxHashMap<String, &Named> = FxHashMap::default();
    for row in named {
        let best = spelling.entry(tag_key(&row.key)).or_insert(row);
        if (row.weight, std::cmp::Reverse(&row.key)) > (best.weight, std::cmp::Reverse(&best.key)) {
            *best = row;
        }
    }
    Ok(named
        .iter()
        .filter_map(|row| {
            let tag = canonical.get(&tag_key(&row.key))?;
            let to = spelling.get(&tag_key(tag)).map_or_else(|| tag.clone(), |row| row.key.clone());
            (to != row.key).then(|| (row.key.clone(), to))
        })
        .collect())
}

/// What users said of this kind: alias to canonical; to itself where it is to stand for itself.
fn said_by_users(kind: &str) -> Result<FxHashMap<String, String>> {
    let mut said = FxHashMap::default();
    let sql = "SELECT alias_key, canonical_key FROM sgr.entity_aliases WHERE kind = $1 AND forced";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(kind)], |row| {
        if let (Some(alias), Some(canonical)) = (row.text(0), row.text(1)) {
            said.insert(alias.into_owned(), canonical.into_owned());
        }
        Ok(())
    })?;
    Ok(said)
}

/// Lets synonyms stand over what was found and users over both, and makes every alias name what is no alias itself.
fn collapse(decisions: &mut Vec<Decision>, words: Vec<(String, String)>, said: &FxHashMap<String, String>) {
    let synonyms: FxHashMap<String, String> = words.into_iter().collect();
    decisions.retain(|d| !said.contains_key(&d.alias) && !synonyms.contains_key(&d.alias));
    decisions.extend(synonyms.into_iter().filter(|(alias, _)| !said.contains_key(alias)).map(|(alias, canonical)| {
        let evidence = format!("sgr.tag_aliases: {canonical}");
        Decision { alias, canonical, method: "synonym".to_owned(), similarity: 1.0, evidence }
    }));
    let mut next: FxHashMap<String, String> =
        decisions.iter().map(|d| (d.alias.clone(), d.canonical.clone())).collect();
    next.extend(said.iter().map(|(alias, canonical)| (alias.clone(), canonical.clone())));
    let end = |key: &str| {
        let mut at = key;
        // A circle of decisions ends after as many steps as there are; its members then stand for themselves.
        for _ in 0..=next.len() {
            match next.get(at) {
                Some(further) if further != at => at = further,
                _ => return at.to_owned(),
            }
        }
        key.to_owned()
    };
    for decision in decisions.iter_mut() {
        decision.canonical = end(&decision.canonical);
    }
    decisions.retain(|d| d.alias != d.canonical);
    decisions.sort_by(|a, b| a.alias.cmp(&b.alias));
}

/// A 64-bit hash for the engine's sets of members.
fn hash(text: &str) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

impl From<FuseError> for Error {
    fn from(error: FuseError) -> Self {
        match error {
            // Nobody sees it: the cancel request itself unwinds the main thread.
            FuseError::Cancelled => Self::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"),
            other => Self::invalid(other.to_string()),
        }
    }
}
