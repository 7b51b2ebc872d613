//! One record per id out of many documents.

use super::records::{Account, Interaction, InteractionKind, Playlist, Track};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// A record of which parts may be known.
pub(super) trait Record: Default + Send {
    fn id(&self) -> i64;
    /// Whether anything but the id is known.
    fn says_something(&self) -> bool;
    /// Takes over what `newer` knows.
    fn absorb(&mut self, newer: Self);
}

macro_rules! record {
    ($type:ident: $($field:ident)*) => {
        impl Record for $type {
            fn id(&self) -> i64 {
                self.id
            }

            fn says_something(&self) -> bool {
                $(self.$field.is_some())||*
            }

            fn absorb(&mut self, newer: Self) {
                $(if newer.$field.is_some() {
                    self.$field = newer.$field;
                })*
                self.fetched_at = newer.fetched_at;
                self.source = newer.source;
            }
        }
    };
}

record!(Account: name permalink_url city country_code followers_count);
record!(Track: artist_id title genre tags machine_tags permalink_url duration_ms label isrc bpm key_signature
    released_on created_at playback_count likes_count reposts_count comment_count);
record!(Playlist: owner_id title is_album tags permalink_url created_at modified_at is_public track_count likes_count
    entries);

/// Records that were pushed from the oldest to the newest, one per id.
#[derive(Debug, Default)]
pub(super) struct Gathered<T> {
    places: FxHashMap<i64, usize>,
    records: Vec<T>,
}

impl<T: Record> Gathered<T> {
    /// Adds what a record says. One that says nothing is dropped: memberships need no row.
    pub(super) fn push(&mut self, record: T) {
        if !record.says_something() {
            return;
        }
        let next = self.records.len();
        let place = *self.places.entry(record.id()).or_insert(next);
        match self.records.get_mut(place) {
            Some(before) => before.absorb(record),
            None => self.records.push(record),
        }
    }
}

/// What a run of documents says.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) artists: Gathered<Account>,
    pub(super) users: Gathered<Account>,
    pub(super) tracks: Gathered<Track>,
    pub(super) playlists: Gathered<Playlist>,
    pub(super) interactions: Vec<Interaction>,
    pub(super) follows: Vec<(i64, i64)>,
}

/// Merges runs of records, the oldest run first, and sorts by id.
pub(super) fn merge<T: Record>(runs: Vec<Gathered<T>>) -> Vec<T> {
    let mut all: Vec<T> = Vec::with_capacity(runs.iter().map(|run| run.records.len()).sum());
    for run in runs {
        all.extend(run.records);
    }
    // Sorting places is cheaper than sorting records, which are some hundred bytes each.
    let mut order: Vec<(i64, usize)> = all.iter().enumerate().map(|(place, record)| (record.id(), place)).collect();
    order.par_sort_unstable();
    let mut merged: Vec<T> = Vec::with_capacity(all.len());
    for (id, place) in order {
        let Some(record) = all.get_mut(place).map(std::mem::take) else { continue };
        match merged.last_mut() {
            Some(before) if before.id() == id => before.absorb(record),
            _ => merged.push(record),
        }
    }
    merged.shrink_to_fit();
    merged
}

/// One interaction per user, track and kind, sorted; the newest known time wins.
pub(super) fn merge_interactions(mut all: Vec<Interaction>) -> Vec<Interaction> {
    let key = |one: &Interaction| -> (i64, i64, InteractionKind) { (one.user_id, one.track_id, one.kind) };
    // Stable: what came later stays later.
    all.par_sort_by_key(key);
    all.dedup_by(|later, kept| {
        let same = key(later) == key(kept);
        if same {
            kept.occurred_at = later.occurred_at.or(kept.occurred_at);
        }
        same
    });
    all
}

/// No pair twice, sorted.
pub(super) fn merge_follows(mut all: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    all.par_sort_unstable();
    all.dedup();
    all
}
