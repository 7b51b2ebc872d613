//! `sgr_clean`: documents to catalogue rows, in the caller's transaction.
//!
//! Documents are read in the order of their time, some megabytes at once: the engine reads and merges one portion on
//! its threads while the main thread writes the portion before it, so memory does not grow with their number.

use crate::error::{Error, Result};
use crate::interrupt::{Event, Output, pipeline, thread_pool};
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::text_columns::{maybe, maybe_array, text, text_columns};
use crate::worker;
use pgrx::PgSqlErrorCode;
use serde_json::json;
use sgr_engine::catalog::{self, Account, CatalogError, Cleaned, Document, Interaction, Playlist, Rejection, Track};
use std::collections::HashSet;
use std::time::Instant;

/// Bytes of documents that are read at once.
const PORTION_BYTES: i64 = 8 << 20;
/// Documents that are read at once.
const PORTION_DOCUMENTS: usize = 20_000;

/// What became of one kind of thing.
#[derive(Default)]
pub struct Outcome {
    pub what: &'static str,
    /// Documents, objects in them, rows after merging.
    pub found: i64,
    pub inserted: i64,
    pub updated: i64,
    pub rejected: i64,
}

impl Outcome {
    /// Rows that were as the documents say already.
    pub fn unchanged(&self) -> i64 {
        self.found - self.inserted - self.updated
    }
}

/// What is counted, in the order of [`Done::outcomes`].
#[derive(Clone, Copy)]
enum What {
    Documents,
    Objects,
    Fields,
    Artists,
    Users,
    Tracks,
    Playlists,
    Entries,
    Interactions,
    Follows,
}

/// The names of [`What`].
const NAMES: [&str; 10] = [
    "documents",
    "objects",
    "fields",
    "artists",
    "users",
    "tracks",
    "playlists",
    "playlist_tracks",
    "interactions",
    "follows",
];

/// What a run did.
pub struct Done {
    pub run_id: i64,
    pub outcomes: Vec<Outcome>,
}

struct Stored {
    document_id: i64,
    fetched_at: i64,
    source: String,
    body: String,
}

/// Cleans the documents that are new since the last run, or those named.
///
/// Errors: 22023 for a wrong number of threads.
pub fn clean(chosen: Option<&[i64]>, threads: Option<i32>) -> Result<Done> {
    let started = Instant::now();
    let pool = thread_pool(settings::threads(threads)?)?;
    worker::phase("cleaning");
    run::lock_graph()?;
    let seen = run::seen("SELECT pg_catalog.max(document_id) FROM sgr.raw_documents")?;
    let mut writer = Writer { outcomes: NAMES.iter().map(|&what| Outcome { what, ..Outcome::default() }).collect() };
    let mut before: Option<Cleaned> = None;
    for portion in portions(chosen)? {
        let stored = read(&portion)?;
        let cleaned = pipeline(
            |output: &Output<()>| {
                let documents: Vec<Document> = stored
                    .iter()
                    .map(|d| Document {
                        document_id: d.document_id,
                        fetched_at: d.fetched_at,
                        source: &d.source,
                        body: &d.body,
                    })
                    .collect();
                Ok(pool.install(|| catalog::clean(&documents, output.cancelled()))?)
            },
            |event| match (event, before.take()) {
                (Event::Started, Some(cleaned)) => writer.write(&cleaned),
                _ => Ok(()),
            },
        )?;
        before = Some(cleaned);
    }
    if let Some(cleaned) = before {
        writer.write(&cleaned)?;
    }
    let parameters = json!({ "chosen": chosen.map(<[i64]>::len) });
    let result: serde_json::Map<String, serde_json::Value> = (writer.outcomes.iter())
        .map(|o| {
            let counts =
                json!({ "found": o.found, "inserted": o.inserted, "updated": o.updated, "rejected": o.rejected });
            (o.what.to_owned(), counts)
        })
        .collect();
    let run_id = run::note("clean", &parameters, &result.into(), milliseconds(started))?;
    if chosen.is_none() {
        run::save_stage("clean", run_id, &seen, &parameters)?;
    }
    Ok(Done { run_id, outcomes: writer.outcomes })
}

/// The documents to read, in the order of their time, cut into portions.
fn portions(chosen: Option<&[i64]>) -> Result<Vec<Vec<i64>>> {
    let mut portions: Vec<Vec<i64>> = Vec::new();
    let mut bytes = i64::MAX;
    let (sql, args) = match chosen {
        None => (include_str!("../sql/queries/documents_pending.sql"), vec![]),
        Some(ids) => (include_str!("../sql/queries/documents_chosen.sql"), vec![Arg::Bigs(ids)]),
    };
    spi::select_fresh(sql, &Sources::NONE, &args, |row| {
        let (Some(id), length) = (row.int(0), row.int(1).unwrap_or(0)) else { return Ok(()) };
        bytes = bytes.saturating_add(length);
        match portions.last_mut() {
            Some(portion) if bytes <= PORTION_BYTES && portion.len() < PORTION_DOCUMENTS => portion.push(id),
            _ => {
                bytes = length;
                portions.push(vec![id]);
            }
        }
        Ok(())
    })?;
    Ok(portions)
}

fn read(ids: &[i64]) -> Result<Vec<Stored>> {
    let mut documents = Vec::with_capacity(ids.len());
    let sql = include_str!("../sql/queries/documents_read.sql");
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Bigs(ids)], |row| {
        if let (Some(document_id), Some(fetched_at), Some(source), Some(body)) =
            (row.int(0), row.int(1), row.text(2), row.text(3))
        {
            documents.push(Stored { document_id, fetched_at, source: source.into_owned(), body: body.into_owned() });
        }
        Ok(())
    })?;
    Ok(documents)
}

struct Writer {
    outcomes: Vec<Outcome>,
}

impl Writer {
    fn write(&mut self, cleaned: &Cleaned) -> Result<()> {
        self.artists(&cleaned.artists)?;
        self.users(&cleaned.users)?;
        self.artists_from_users(cleaned)?;
        self.tracks(&cleaned.tracks)?;
        let outdated = outdated_entries(&cleaned.playlists)?;
        self.playlists(&cleaned.playlists)?;
        self.entries(&cleaned.playlists, &outdated)?;
        self.interactions(&cleaned.interactions)?;
        self.follows(&cleaned.follows)?;
        self.documents(cleaned)
    }

    fn count(&mut self, what: What) -> &mut Outcome {
        &mut self.outcomes[what as usize]
    }

    /// Runs a statement that returns how many rows were inserted and how many updated.
    fn put(&mut self, what: What, found: usize, sql: &'static str, args: &[Arg]) -> Result<()> {
        let outcome = self.count(what);
        outcome.found += found as i64;
        if found == 0 {
            return Ok(());
        }
        spi::select_fresh(sql, &Sources::NONE, args, |row| {
            outcome.inserted += row.int(0).unwrap_or(0);
            outcome.updated += row.int(1).unwrap_or(0);
            Ok(())
        })?;
        Ok(())
    }

    fn put_text<T>(
        &mut self,
        what: What,
        sql: &'static str,
        rows: &[T],
        fields: impl Fn(&T) -> Vec<Option<String>>,
    ) -> Result<()> {
        let columns = text_columns(rows, fields);
        let args: Vec<Arg> = columns.iter().map(|column| Arg::Texts(column)).collect();
        self.put(what, rows.len(), sql, &args)
    }

    fn artists(&mut self, accounts: &[Account]) -> Result<()> {
        self.put_text(What::Artists, include_str!("../sql/queries/clean_artists.sql"), accounts, account)
    }

    fn users(&mut self, accounts: &[Account]) -> Result<()> {
        self.put_text(What::Users, include_str!("../sql/queries/clean_users.sql"), accounts, account)
    }

    fn artists_from_users(&mut self, cleaned: &Cleaned) -> Result<()> {
        let ids: Vec<i64> = cleaned.artists.iter().chain(&cleaned.users).map(|account| account.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        // The rows were counted when they were found.
        let sql = include_str!("../sql/queries/clean_artists_from_users.sql");
        spi::execute(sql, &Sources::NONE, &[Arg::Bigs(&ids)])?;
        Ok(())
    }

    fn tracks(&mut self, tracks: &[Track]) -> Result<()> {
        self.put_text(What::Tracks, include_str!("../sql/queries/clean_tracks.sql"), tracks, |t| {
            vec![
                text(t.id),
                text(&t.urn),
                maybe(&t.artist_id),
                t.title.clone(),
                t.genre.clone(),
                maybe_array(&t.tags),
                maybe_array(&t.machine_tags),
                t.permalink_url.clone(),
                maybe(&t.duration_ms),
                t.label.clone(),
                t.isrc.clone(),
                maybe(&t.bpm),
                t.key_signature.clone(),
                maybe(&t.released_on),
                maybe(&t.created_at),
                maybe(&t.playback_count),
                maybe(&t.likes_count),
                maybe(&t.reposts_count),
                maybe(&t.comment_count),
                text(&t.source),
                text(t.fetched_at),
            ]
        })
    }

    fn playlists(&mut self, playlists: &[Playlist]) -> Result<()> {
        self.put_text(What::Playlists, include_str!("../sql/queries/clean_playlists.sql"), playlists, |p| {
            vec![
                text(p.id),
                text(&p.urn),
                maybe(&p.owner_id),
                p.title.clone(),
                maybe(&p.is_album),
                maybe_array(&p.tags),
                p.permalink_url.clone(),
                maybe(&p.created_at),
                maybe(&p.modified_at),
                maybe(&p.is_public),
                maybe(&p.track_count),
                maybe(&p.likes_count),
                text(&p.source),
                text(p.fetched_at),
            ]
        })
    }

    /// Makes the entries of playlists what the newest document says.
    fn entries(&mut self, playlists: &[Playlist], outdated: &HashSet<i64>) -> Result<()> {
        let (mut ids, mut lengths) = (Vec::new(), Vec::new());
        let (mut of, mut positions, mut tracks, mut times) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for playlist in playlists {
            let Some(entries) = playlist.entries.as_ref().filter(|_| !outdated.contains(&playlist.id)) else {
                continue;
            };
            ids.push(playlist.id);
            lengths.push(i32::try_from(entries.len()).unwrap_or(i32::MAX));
            for (entry, position) in entries.iter().zip(1..) {
                of.push(playlist.id);
                positions.push(position);
                tracks.push(entry.track_id);
                times.push(seconds(entry.added_at));
            }
        }
        let args = [Arg::Bigs(&of), Arg::Ints(&positions), Arg::Bigs(&tracks), Arg::Floats(&times), Arg::Bigs(&ids)];
        self.put(What::Entries, of.len(), include_str!("../sql/queries/clean_entries.sql"), &args)?;
        if !ids.is_empty() {
            let sql = include_str!("../sql/queries/clean_entries_left.sql");
            let left = spi::execute(sql, &Sources::NONE, &[Arg::Bigs(&ids), Arg::Ints(&lengths)])?;
            self.count(What::Entries).updated += left as i64;
            self.count(What::Entries).found += left as i64;
        }
        Ok(())
    }

    fn interactions(&mut self, interactions: &[Interaction]) -> Result<()> {
        let users: Vec<i64> = interactions.iter().map(|i| i.user_id).collect();
        let tracks: Vec<i64> = interactions.iter().map(|i| i.track_id).collect();
        let kinds: Vec<Option<String>> = interactions.iter().map(|i| text(i.kind.as_str())).collect();
        let times: Vec<f64> = interactions.iter().map(|i| seconds(i.occurred_at)).collect();
        let args = [Arg::Bigs(&users), Arg::Bigs(&tracks), Arg::Texts(&kinds), Arg::Floats(&times)];
        self.put(What::Interactions, users.len(), include_str!("../sql/queries/clean_interactions.sql"), &args)
    }

    fn follows(&mut self, follows: &[(i64, i64)]) -> Result<()> {
        let (users, followed): (Vec<i64>, Vec<i64>) = follows.iter().copied().unzip();
        let args = [Arg::Bigs(&users), Arg::Bigs(&followed)];
        self.put(What::Follows, users.len(), include_str!("../sql/queries/clean_follows.sql"), &args)
    }

    /// Notes what the documents are, and what of them could not be used.
    fn documents(&mut self, cleaned: &Cleaned) -> Result<()> {
        let ids: Vec<i64> = cleaned.documents.iter().map(|d| d.document_id).collect();
        let kinds: Vec<Option<String>> = cleaned.documents.iter().map(|d| text(d.kind.as_str())).collect();
        let external: Vec<Option<String>> = cleaned.documents.iter().map(|d| d.external_id.clone()).collect();
        for report in &cleaned.documents {
            self.count(What::Documents).found += 1;
            self.count(What::Documents).rejected += i64::from(report.loaded == 0 && report.rejected > 0);
            self.count(What::Objects).found += i64::from(report.found);
            self.count(What::Objects).rejected += i64::from(report.rejected);
        }
        spi::execute(include_str!("../sql/queries/clean_quarantine_forget.sql"), &Sources::NONE, &[Arg::Bigs(&ids)])?;
        spi::execute(
            include_str!("../sql/queries/clean_documents.sql"),
            &Sources::NONE,
            &[Arg::Bigs(&ids), Arg::Texts(&kinds), Arg::Texts(&external)],
        )?;
        self.quarantine(&cleaned.rejections)
    }

    fn quarantine(&mut self, rejections: &[Rejection]) -> Result<()> {
        if rejections.is_empty() {
            return Ok(());
        }
        let fields = rejections.iter().filter(|rejection| !rejection.whole).count() as i64;
        self.count(What::Fields).found += fields;
        self.count(What::Fields).rejected += fields;
        let columns = text_columns(rejections, |r| {
            vec![text(r.document_id), text(r.reason.as_str()), text(r.whole), text(&r.path), r.value.clone()]
        });
        let args: Vec<Arg> = columns.iter().map(|column| Arg::Texts(column)).collect();
        spi::execute(include_str!("../sql/queries/clean_quarantine.sql"), &Sources::NONE, &args)?;
        Ok(())
    }
}

/// Playlists whose stored entries come from a newer document than these.
fn outdated_entries(playlists: &[Playlist]) -> Result<HashSet<i64>> {
    let mut outdated = HashSet::new();
    let (ids, times): (Vec<i64>, Vec<i64>) =
        playlists.iter().filter(|p| p.entries.is_some()).map(|p| (p.id, p.fetched_at)).unzip();
    if !ids.is_empty() {
        let sql = include_str!("../sql/queries/clean_entries_outdated.sql");
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Bigs(&ids), Arg::Bigs(&times)], |row| {
            outdated.extend(row.int(0));
            Ok(())
        })?;
    }
    Ok(outdated)
}

fn account(a: &Account) -> Vec<Option<String>> {
    vec![
        text(a.id),
        text(&a.urn),
        a.name.clone(),
        a.permalink_url.clone(),
        a.city.clone(),
        a.country_code.clone(),
        maybe(&a.followers_count),
        text(&a.source),
        text(a.fetched_at),
    ]
}

/// Microseconds as seconds, NaN for unknown: `unnest` then needs no NULLs. The INSERT turns NaN into NULL.
fn seconds(time: Option<i64>) -> f64 {
    time.map_or(f64::NAN, |time| time as f64 / 1e6)
}

impl From<CatalogError> for Error {
    fn from(error: CatalogError) -> Self {
        match error {
            // Nobody sees it: the cancel request itself unwinds the main thread.
            CatalogError::Cancelled => Self::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"),
            other => Self::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, other.to_string()),
        }
    }
}
