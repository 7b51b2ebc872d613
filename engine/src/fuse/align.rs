//! Which rows of one kind mean one thing.
//!
//! # How
//!
//! 1. Rows of one URN, then of one URL, are one thing.
//! 2. Rows of equal keys ([`name_key`](super::name_key), [`tag_key`](super::tag_key) or
//!    [`label_key`](super::label_key)) are one thing, unless they contradict each other (below).
//! 3. Rows of similar keys are compared if they meet in a *block*: keys that are equal after one letter of each is taken
//!    away (the deletion neighbourhood of Garbe's SymSpell, 2012), or that have a member in common. A block is of about
//!    constant size, so the cost grows about linearly with the rows; blocks over [`AlignConfig::max_block`] are
//!    subdivided, then skipped and counted.
//!
//! Similar keys suffice by themselves only where a typing error is the likely reason: blanks, "and" or an article before
//! several words; a doubled letter or two swapped ones inside a word; a missing or a wrong letter inside a long one, or
//! beside words that hardly any other name has. Short names, ends of words ("Paul", "Paula"), first letters, another
//! order of words need [members in common](AlignConfig::min_common), and so do names that differ in a word like "DJ" or
//! "Official"; names that differ in any other word are different. Names whose numbers differ are never one thing.
//!
//! # Contradictions
//!
//! Two rows contradict each other if they have different URNs of one provider (two accounts), if the numbers in their
//! keys differ, if their keys are far apart, if very short artist names differ in an accent, or if labels are companies
//! of different trades ("Warner Records", "Warner Music"). Members in common outweigh different URNs and accents. Two
//! groups are never joined over a contradiction between any row of the one and any row of the other, so a chain of
//! small steps cannot connect what no single step would; rows that one URN or URL holds together are exempt, because
//! things are renamed. A row without a URN whose name several accounts bear belongs to none of them by its name alone.
//!
//! Links are taken in a fixed order (URN, URL, equal, similar; the most similar first), so the result does not depend on
//! the order of the rows or on the number of threads.

mod address;
mod blocks;
mod config;
mod evidence;
mod groups;
mod kinds;
mod members;
mod playlists;
mod same_name;
mod similar_name;
mod typo;

pub use config::{AlignConfig, DEFAULT_MAX_BLOCK, DEFAULT_MIN_COMMON, DEFAULT_MIN_OVERLAP, DEFAULT_MIN_SIMILARITY};

use super::FuseError;
use groups::Groups;
use kinds::Keyed;
use members::Members;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the rows are. Rows of different kinds are never aligned: call [`align`] for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// Artists; members are hashes of the titles of their tracks, and ISRCs.
    Artist,
    /// Playlists; members are their tracks.
    Playlist,
    /// Tags.
    Tag,
    /// Genres.
    Genre,
    /// Record companies.
    Label,
}

/// One row to be aligned.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The caller's handle, unique within a call; the smaller one wins a tie.
    pub id: i64,
    /// The name as it is displayed. A row without a visible character in its name has no name to be aligned by.
    pub name: &'a str,
    /// The identifier of the provider, "provider:kind:number"; what stands before the last colon is the provider.
    pub urn: Option<&'a str>,
    /// The page of the row. Scheme, "www.", fragment, trailing slash and tracking parameters do not matter.
    pub url: Option<&'a str>,
    /// How much hangs on the row, such as its tracks: the heaviest row of a group becomes canonical.
    pub weight: u32,
    /// Hashes of what the row owns, in any order; may be empty.
    pub members: &'a [u64],
    /// Who owns the playlist; not looked at for other kinds.
    pub owner: Option<i64>,
}

impl<'a> Row<'a> {
    /// A row that has nothing but a name and a weight.
    pub fn named(id: i64, name: &'a str, weight: u32) -> Self {
        Row { id, name, urn: None, url: None, weight, members: &[], owner: None }
    }
}

/// What an alias follows from, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// The same URN.
    SameUrn,
    /// The same URL.
    SameUrl,
    /// Equal keys.
    SameName,
    /// Playlists of one owner and title with nearly the same tracks.
    SameMembers,
    /// Similar keys, with members in common where the names alone do not suffice.
    SimilarName,
}

impl Method {
    /// The name of the method in tables: `urn`, `url`, `name`, `members` or `similar_name`.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::SameUrn => "urn",
            Method::SameUrl => "url",
            Method::SameName => "name",
            Method::SameMembers => "members",
            Method::SimilarName => "similar_name",
        }
    }
}

/// A row that means what another row means.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// The row that is replaced; never equal to `canonical`, and never the canonical row of another.
    pub alias: i64,
    /// The row that stands for the whole group: the greatest weight, then the smallest id.
    pub canonical: i64,
    /// The strongest relation between the two; if only a third row connects them, the relation to that one.
    pub method: Method,
    /// In [0, 1]: 1 for the same URN, URL or key; the share of common tracks for playlists ([`Method::SameMembers`]);
    /// the Jaro-Winkler similarity of the keys otherwise.
    pub similarity: f32,
    /// The reason in short, for people: `name key "beyonce"; 3 in common`.
    pub evidence: String,
}

/// What [`align`] found and how much work it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AlignReport {
    /// One per row that is not canonical, ordered by `alias`.
    pub aliases: Vec<Alias>,
    /// Pairs of different keys, or of playlists, that were compared.
    pub compared_pairs: u64,
    /// Blocks of two keys or more.
    pub blocks: u64,
    /// Blocks that stayed over [`AlignConfig::max_block`] after subdivision: their pairs were not compared.
    pub oversized_blocks: u64,
    /// Links that were not made because they contradict a row of the groups that they would join.
    pub refused_links: u64,
}

/// Finds the rows of one kind that mean one thing. See the [module](self) for the rules.
///
/// Runs on rayon's current pool. The report is the same for any order of rows and any number of threads.
///
/// # Errors
/// [`FuseError::InvalidConfig`], [`FuseError::DuplicateId`], [`FuseError::TooManyRows`], and
/// [`FuseError::Cancelled`] soon after `cancelled` is set.
pub fn align(
    kind: EntityKind,
    rows: &[Row],
    config: &AlignConfig,
    cancelled: &AtomicBool,
) -> Result<AlignReport, FuseError> {
    config.validate()?;
    let limit = u32::MAX as usize;
    if rows.len() >= limit {
        return Err(FuseError::TooManyRows { rows: rows.len(), limit: limit - 1 });
    }
    let rows = in_order(rows, cancelled)?;
    let keyed = Keyed::new(kind, &rows, cancelled)?;
    let members = Members::new(&rows, cancelled)?;
    let mut work =
        Work { kind, rows: &rows, keyed: &keyed, members: &members, config, cancelled, report: AlignReport::default() };
    let mut groups = Groups::new(&work);
    address::link(&mut work, &mut groups)?;
    if kind == EntityKind::Playlist {
        playlists::link(&mut work, &mut groups)?;
    } else {
        same_name::link(&mut work, &mut groups)?;
        similar_name::link(&mut work, &mut groups)?;
    }
    let mut report = std::mem::take(&mut work.report);
    report.aliases = evidence::aliases(&work, &mut groups)?;
    Ok(report)
}

/// The bytes that [`align`] needs besides the rows: `rows` of them, `name_bytes` in all their names, `members` in all
/// their member lists. An upper estimate for names of usual lengths.
pub fn memory_estimate(rows: usize, name_bytes: usize, members: usize) -> usize {
    // Measured with a million invented names: keys, groups and links by the row, deletion neighbourhoods (16 bytes for
    // each letter, in buffers that grow by doubling) by the letter, sorted copies and blocks by the member.
    let per_row = rows.saturating_mul(250);
    let per_letter = name_bytes.saturating_mul(40);
    let per_member = members.saturating_mul(56);
    per_row.saturating_add(per_letter).saturating_add(per_member)
}

/// What every stage looks at.
struct Work<'a> {
    kind: EntityKind,
    rows: &'a [Row<'a>],
    keyed: &'a Keyed,
    members: &'a Members,
    config: &'a AlignConfig,
    cancelled: &'a AtomicBool,
    report: AlignReport,
}

/// Stops the work if the caller wants that.
fn check(cancelled: &AtomicBool) -> Result<(), FuseError> {
    if cancelled.load(Ordering::Relaxed) { Err(FuseError::Cancelled) } else { Ok(()) }
}

/// The rows by id: row numbers then order as ids do, whatever order the caller has.
fn in_order<'a>(rows: &[Row<'a>], cancelled: &AtomicBool) -> Result<Vec<Row<'a>>, FuseError> {
    check(cancelled)?;
    let mut rows = rows.to_vec();
    if !rows.is_sorted_by_key(|row| row.id) {
        rows.sort_unstable_by_key(|row| row.id);
    }
    check(cancelled)?;
    match rows.windows(2).find(|pair| pair[0].id == pair[1].id) {
        Some(pair) => Err(FuseError::DuplicateId { id: pair[0].id }),
        None => Ok(rows),
    }
}
