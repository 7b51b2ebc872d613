//! From API documents to catalogue records: the cleaning stage.
//!
//! [`clean`] takes JSON documents of the SoundCloud API as they arrived, reads them in parallel and gives one record per
//! artist, user, track and playlist, with the interactions and follows that the documents tell of. Bad input never stops
//! it: what cannot be used becomes a [`Rejection`], of one field if the rest can be used, of the object or document
//! otherwise.
//!
//! # Shapes
//! Tracks, playlists, system playlists and users of API v1 and v2, alone, in a `{collection, next_href}` page or in a
//! bare array; wrappers around them (likes, reposts, plays, activities). Things are named by `id`, by `urn` or by both.
//! A page tells *whose* likes, reposts, followers or playlist entries it holds only by the URL of its call, which is
//! looked for in [`Document::source`], then in `next_href`; only the path counts, not the host.
//!
//! # What wins
//! Documents are ordered by `fetched_at`, then `document_id`. Per id and field, the newest known value wins, and unknown
//! never overwrites known. Unknown is what is absent, `null`, an empty text, a count of -1, a count of 0 where the
//! uploader hides counts (`reveal_stats`), or a value that was rejected. Of two members with one key in an object the
//! last wins, as in Postgres' `jsonb`. A playlist's entries are one field: a newer list replaces the older one whole.
//!
//! # What gives no record
//! - A *stub*, of which only the id is known: as an entry of a playlist or as the uploader of a track the id is kept there.
//! - Likes and reposts of playlists: the catalogue has none. The playlists themselves are loaded.
//! - Part of a playlist's tracks (a page with a next one, or an empty list where `track_count` is not 0): the tracks are
//!   loaded, the entries stay unknown, and a [`Reason::PartialPage`] says so.
//! - Members that the catalogue has no column for, such as descriptions.
//!
//! ```
//! use sgr_engine::catalog::{Document, clean};
//! use std::sync::atomic::AtomicBool;
//!
//! # fn main() -> Result<(), sgr_engine::catalog::CatalogError> {
//! let body = r#"{"kind": "track", "urn": "soundcloud:tracks:7", "title": "Dawn", "playback_count": null, "bpm": 1e400}"#;
//! let documents = [Document { document_id: 1, fetched_at: 0, source: "dump", body }];
//! let cleaned = clean(&documents, &AtomicBool::new(false))?;
//! assert_eq!(cleaned.tracks[0].title.as_deref(), Some("Dawn"));
//! assert_eq!(cleaned.tracks[0].playback_count, None);
//! assert_eq!(cleaned.rejections[0].reason.as_str(), "number_out_of_range");
//! assert_eq!(cleaned.rejections[0].path, "bpm");
//! # Ok(())
//! # }
//! ```

mod dates;
mod entities;
mod error;
mod glance;
mod identity;
mod links;
mod merge;
mod object;
mod reader;
mod records;
mod redact;
mod rejection;
mod scan;
mod shape;
mod tags;
mod values;

pub(crate) use dates::timestamp;
pub use error::CatalogError;
pub use glance::{Glance, Item, ItemKind, Owner, glance};
pub use identity::system_playlist_id;
pub(crate) use identity::{Namespace, number_or_urn};
pub use records::{
    Account, Cleaned, Document, DocumentReport, Entry, Interaction, InteractionKind, Kind, Playlist, Track,
};
pub(crate) use redact::{is_credential, redact};
pub use rejection::{MAX_EXCERPT_CHARS, Reason, Rejection};
pub use tags::tag_list;
pub use values::{MAX_BPM, MAX_TAG_LIST_BYTES, MAX_TEXT_BYTES};

use merge::{Records, merge, merge_follows, merge_interactions};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Arrays and objects inside each other, at most. Documents of the API have fewer than 10 levels.
pub const MAX_DEPTH: u32 = 128;

/// Rejections that are listed per document; more are only counted. A document of 50 MB may hold 25 million bad elements.
pub const MAX_REJECTIONS_PER_DOCUMENT: usize = 1000;

/// Bodies per unit of parallel work, in bytes.
const RUN_BYTES: usize = 1 << 20;

/// What one unit of parallel work found.
#[derive(Default)]
struct Run {
    records: Records,
    reports: Vec<DocumentReport>,
    rejections: Vec<Rejection>,
}

/// Reads documents in parallel on rayon's current pool and merges them: one record per id, field by field, the newest
/// known value wins (by `fetched_at`, then `document_id`, then place in the document). See the [module](self).
///
/// The result depends neither on the order of `documents` nor on the number of threads, as long as no two documents have
/// the same `document_id`.
///
/// # Errors
/// [`CatalogError::Cancelled`].
pub fn clean(documents: &[Document], cancelled: &AtomicBool) -> Result<Cleaned, CatalogError> {
    let mut ordered: Vec<&Document> = documents.iter().collect();
    ordered.sort_by_key(|document| (document.fetched_at, document.document_id));
    let runs: Vec<Run> = runs(&ordered)
        .into_par_iter()
        .map(|documents| read_run(documents, cancelled))
        .collect::<Result<_, CatalogError>>()?;

    let (mut artists, mut users, mut tracks, mut playlists) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut interactions, mut follows) = (Vec::new(), Vec::new());
    let mut cleaned = Cleaned::default();
    for run in runs {
        let Run { records, reports, rejections } = run;
        artists.push(records.artists);
        users.push(records.users);
        tracks.push(records.tracks);
        playlists.push(records.playlists);
        interactions.extend(records.interactions);
        follows.extend(records.follows);
        cleaned.documents.extend(reports);
        cleaned.rejections.extend(rejections);
    }
    let check = || if cancelled.load(Ordering::Relaxed) { Err(CatalogError::Cancelled) } else { Ok(()) };
    cleaned.tracks = merge(tracks);
    check()?;
    cleaned.artists = merge(artists);
    check()?;
    cleaned.users = merge(users);
    cleaned.playlists = merge(playlists);
    check()?;
    cleaned.interactions = merge_interactions(interactions);
    cleaned.follows = merge_follows(follows);
    // Stable: the rejections of one document keep their order.
    cleaned.documents.par_sort_by_key(|report| report.document_id);
    cleaned.rejections.par_sort_by_key(|rejection| rejection.document_id);
    Ok(cleaned)
}

/// Cuts documents into runs of about [`RUN_BYTES`].
fn runs<'s, 'd>(ordered: &'s [&'d Document<'d>]) -> Vec<&'s [&'d Document<'d>]> {
    let mut runs = Vec::new();
    let mut rest = ordered;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |document: &&&Document| {
            let before = bytes;
            bytes += document.body.len();
            before < RUN_BYTES
        };
        let length = rest.iter().take_while(fits).count().max(1);
        let (run, tail) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        runs.push(run);
        rest = tail;
    }
    runs
}

fn read_run(documents: &[&Document], cancelled: &AtomicBool) -> Result<Run, CatalogError> {
    let mut run = Run::default();
    // Most documents of an import share their source.
    let mut sources: FxHashMap<&str, Arc<str>> = FxHashMap::default();
    for document in documents {
        let source = sources.entry(document.source).or_insert_with(|| Arc::from(&*redact::redact(document.source)));
        let source = Arc::clone(source);
        let report = reader::read(document, source, &mut run.records, &mut run.rejections, cancelled);
        run.reports.push(report);
        if cancelled.load(Ordering::Relaxed) {
            return Err(CatalogError::Cancelled);
        }
    }
    Ok(run)
}
