//! Features and tags that this backend has read already.
//!
//! A recommendation looks at some hundred candidates, and an index probe for each is most of its time. The rows change
//! only when a refresh writes them, which gives `sgr.feature_state` a new version: the cache holds for one version
//! and one role, and is bounded by `sgr_graph.feature_cache`.

use crate::error::Result;
use crate::rights;
use crate::settings;
use pgrx::pg_sys;
use rustc_hash::FxHashMap;
use sgr_engine::recommend::TrackFeatures;
use std::cell::RefCell;

/// A tag.
pub struct Tag {
    pub idf: f64,
    /// Tracks that have it.
    pub tracks: usize,
    /// The most popular of them.
    pub top: Vec<i64>,
}

#[derive(Default)]
struct Cache {
    version: String,
    role: u32,
    bytes: usize,
    tracks: FxHashMap<i64, TrackFeatures>,
    tags: FxHashMap<i32, Tag>,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::new(Cache::default());
}

/// Makes the cache hold for this version of the features. Returns whether it may be used at all: not where the role
/// lacks the right to read the tables, nor where row-level security could show it something else next time.
pub fn open(version: &str) -> Result<bool> {
    for name in [c"track_features", c"tag_index"] {
        let table = rights::table(name)?;
        if !rights::has(table, pg_sys::ACL_SELECT) || rights::row_security(table) {
            return Ok(false);
        }
    }
    let role = rights::current_role().to_u32();
    CACHE.with_borrow_mut(|cache| {
        if cache.version != version || cache.role != role {
            *cache = Cache { version: version.to_owned(), role, ..Cache::default() };
        }
    });
    Ok(true)
}

/// Moves the known ones of `ids` to `found` and returns the others.
pub fn tracks(ids: &[i64], found: &mut Vec<TrackFeatures>) -> Vec<i64> {
    CACHE.with_borrow(|cache| {
        let mut missing = Vec::new();
        for id in ids {
            match cache.tracks.get(id) {
                Some(track) => found.push(track.clone()),
                None => missing.push(*id),
            }
        }
        missing
    })
}

/// Keeps features that were read from the table.
pub fn keep_tracks(tracks: &[TrackFeatures]) {
    keep(tracks.iter().map(|track| size_of::<TrackFeatures>() + 24 + 4 * track.tag_ids.len()).sum(), |cache| {
        cache.tracks.extend(tracks.iter().map(|track| (track.track_id, track.clone())));
    });
}

/// As [`tracks`], for tags.
pub fn tags(ids: &[i32], mut found: impl FnMut(i32, &Tag)) -> Vec<i32> {
    CACHE.with_borrow(|cache| {
        let mut missing = Vec::new();
        for id in ids {
            match cache.tags.get(id) {
                Some(tag) => found(*id, tag),
                None => missing.push(*id),
            }
        }
        missing
    })
}

/// Keeps a tag that was read from the table.
pub fn keep_tag(tag_id: i32, tag: Tag) {
    keep(size_of::<Tag>() + 24 + 8 * tag.top.len(), |cache| {
        cache.tags.insert(tag_id, tag);
    });
}

fn keep(bytes: usize, insert: impl FnOnce(&mut Cache)) {
    let limit = settings::feature_cache();
    CACHE.with_borrow_mut(|cache| {
        if cache.bytes + bytes > limit {
            cache.tracks.clear();
            cache.tags.clear();
            cache.bytes = 0;
        }
        if bytes <= limit {
            insert(cache);
            cache.bytes += bytes;
        }
    });
}
