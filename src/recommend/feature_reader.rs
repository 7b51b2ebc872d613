//! What the signals read, from `sgr.track_features`, `sgr.tag_index` and the neighbour lists: the tables as they are
//! (from the session's cache where that is allowed), or as they would be without some evidence.

use super::feature_cache::{self as cache, Tag};
use super::lists::{self, List};
use super::overlay::Overlay;
use super::profile::{LIKES, PLAYLISTS};
use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use sgr_engine::recommend::{TrackFeatures, popularity, tag_norm};
use std::collections::{BTreeSet, HashMap};

/// The features as one call sees them.
pub struct FeatureReader {
    cached: bool,
    behind: bool,
    overlay: Option<Overlay>,
}

impl FeatureReader {
    /// Errors: 55000 before the first refresh.
    pub fn open() -> Result<Self> {
        let mut version = String::new();
        let mut behind = false;
        spi::select(include_str!("../../sql/queries/feature_version.sql"), &Sources::NONE, &[], |row| {
            version = row.text(0).unwrap_or_default().into_owned();
            behind = row.bool(2).unwrap_or(false);
            Ok(())
        })?;
        if version.is_empty() {
            return Err(Error::not_ready("nothing has been counted yet").hint("call sgr_cooccur_refresh() first"));
        }
        Ok(Self { cached: cache::open(&version)?, behind, overlay: None })
    }

    /// Whether counts were refreshed that the features do not show yet.
    pub fn behind(&self) -> bool {
        self.behind
    }

    /// The same tables as a full refresh would write them without some evidence.
    pub fn with(&self, overlay: Overlay) -> Self {
        Self { overlay: Some(overlay), ..*self }
    }

    /// The features of those of the tracks that have any, in no order. `track_ids` must not repeat.
    pub fn tracks(&self, track_ids: &[i64]) -> Result<Vec<TrackFeatures>> {
        let mut found = self.stored_tracks(track_ids)?;
        if let Some(overlay) = &self.overlay {
            self.lay_over(overlay, &mut found)?;
        }
        Ok(found)
    }

    /// As [`FeatureReader::tracks`]; tracks without features are known by their id alone.
    pub fn tracks_or_blank(&self, track_ids: &[i64]) -> Result<Vec<TrackFeatures>> {
        let mut found = self.tracks(track_ids)?;
        if found.len() < track_ids.len() {
            found.sort_unstable_by_key(|track| track.track_id);
            let missing: Vec<TrackFeatures> = track_ids
                .iter()
                .filter(|id| found.binary_search_by_key(*id, |track| track.track_id).is_err())
                .map(|&track_id| TrackFeatures { track_id, ..TrackFeatures::default() })
                .collect();
            found.extend(missing);
        }
        Ok(found)
    }

    /// (tag, IDF) of those of the tags that are known, ascending. `tag_ids` must not repeat.
    pub fn idfs(&self, tag_ids: &[i32]) -> Result<Vec<(i32, f64)>> {
        let mut found = Vec::with_capacity(tag_ids.len());
        self.stored_tags(tag_ids, |tag_id, tag| {
            found.push((tag_id, self.overlay.as_ref().map_or(tag.idf, |overlay| overlay.idf(tag_id, tag))));
        })?;
        found.sort_unstable_by_key(|&(tag_id, _)| tag_id);
        Ok(found)
    }

    /// (IDF, tracks) of one tag as stored. `None` if there is no such tag.
    pub fn stored_tag(&self, tag_id: i32) -> Result<Option<(f64, usize)>> {
        let mut found = None;
        self.stored_tags(&[tag_id], |_, tag| found = Some((tag.idf, tag.tracks)))?;
        Ok(found)
    }

    /// Of each tag, the `limit` most popular tracks that have it, at most [`TOP_TRACKS_PER_TAG`]; together, in no order.
    ///
    /// [`TOP_TRACKS_PER_TAG`]: sgr_engine::recommend::TOP_TRACKS_PER_TAG
    pub fn top_tracks(&self, tag_ids: &[i32], limit: usize) -> Result<Vec<i64>> {
        let mut found = Vec::with_capacity(tag_ids.len() * limit);
        let Some(overlay) = &self.overlay else {
            self.stored_tags(tag_ids, |_, tag| found.extend(tag.top.iter().take(limit)))?;
            return Ok(found);
        };
        let mut lists: Vec<Vec<i64>> = Vec::with_capacity(tag_ids.len());
        let mut incomplete: Vec<i32> = Vec::new();
        self.stored_tags(tag_ids, |tag_id, tag| {
            let left: Vec<i64> = tag.top.iter().copied().filter(|track| !overlay.untags(*track, tag_id)).collect();
            // Those that lost nothing stay in their order, and what lost something can only have fallen.
            let settled = left.iter().filter(|track| !overlay.fewer.contains_key(track)).count();
            if tag.tracks <= tag.top.len() || (settled >= limit && !overlay.most_changed) {
                lists.push(left);
            } else {
                incomplete.push(tag_id);
            }
        })?;
        let sql = "SELECT t.tag_id, t.track_ids FROM sgr.tag_index AS t WHERE t.tag_id = ANY ($1)";
        if !incomplete.is_empty() {
            spi::select(sql, &Sources::NONE, &[Arg::Ints(&incomplete)], |row| {
                let tag_id = row.int(0).unwrap_or(0) as i32;
                let all = row.bigints(1).unwrap_or_default();
                lists.push(all.iter().copied().filter(|track| !overlay.untags(*track, tag_id)).collect());
                Ok(())
            })?;
        }
        for list in lists {
            found.extend(self.most_popular(&list, limit)?);
        }
        Ok(found)
    }

    /// The `limit` most popular tracks by these artists.
    pub fn tracks_by(&self, artists: &[i64], limit: usize) -> Result<Vec<i64>> {
        // Tracks that lost something can only fall: so many more are enough.
        let more = match &self.overlay {
            Some(overlay) if overlay.most_changed => usize::MAX,
            Some(overlay) => limit + overlay.fewer.len(),
            None => limit,
        };
        let mut tracks = Vec::with_capacity(limit);
        let args = [Arg::Bigs(artists), Arg::Big(i64::try_from(more).unwrap_or(i64::MAX))];
        spi::select(include_str!("../../sql/queries/tracks_by_artists.sql"), &Sources::NONE, &args, |row| {
            tracks.extend(row.int(0));
            Ok(())
        })?;
        if more == limit { Ok(tracks) } else { self.most_popular(&tracks, limit) }
    }

    /// The neighbour lists of the seeds, by kind, then by seed.
    pub fn lists(&self, seeds: &[i64]) -> Result<Vec<List>> {
        let Some(overlay) = &self.overlay else { return lists::stored(seeds) };
        match &overlay.lists {
            [Some(playlists), Some(likes)] => Ok([playlists.as_slice(), likes].concat()),
            recounted => {
                let mut lists = lists::stored(seeds)?;
                for (kind, list) in [PLAYLISTS, LIKES].into_iter().zip(recounted) {
                    if let Some(list) = list {
                        lists.retain(|stored| stored.kind != kind);
                        lists.extend(list.iter().cloned());
                    }
                }
                lists.sort_by_key(|list| (list.kind, list.track_id));
                Ok(lists)
            }
        }
    }

    fn stored_tracks(&self, track_ids: &[i64]) -> Result<Vec<TrackFeatures>> {
        let mut found = Vec::with_capacity(track_ids.len());
        let missing = if self.cached { cache::tracks(track_ids, &mut found) } else { track_ids.to_vec() };
        if missing.is_empty() {
            return Ok(found);
        }
        let from_cache = found.len();
        let sql = include_str!("../../sql/queries/features_by_id.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Bigs(&missing)], |row| {
            found.push(track_features(row));
            Ok(())
        })?;
        if self.cached {
            cache::keep_tracks(&found[from_cache..]);
        }
        Ok(found)
    }

    fn stored_tags(&self, tag_ids: &[i32], mut each: impl FnMut(i32, &Tag)) -> Result<()> {
        let missing = if self.cached { cache::tags(tag_ids, &mut each) } else { tag_ids.to_vec() };
        if missing.is_empty() {
            return Ok(());
        }
        let sql = include_str!("../../sql/queries/tags_by_id.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Ints(&missing)], |row| {
            if let (Some(tag_id), Some(idf)) = (row.int(0), row.float(1)) {
                let tracks = usize::try_from(row.int(2).unwrap_or(0)).unwrap_or(0);
                let tag = Tag { idf, tracks, top: row.bigints(3).unwrap_or_default().to_vec() };
                each(tag_id as i32, &tag);
                if self.cached {
                    cache::keep_tag(tag_id as i32, tag);
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    /// In the order in which a refresh lists them.
    fn most_popular(&self, track_ids: &[i64], limit: usize) -> Result<Vec<i64>> {
        let mut tracks = self.tracks(track_ids)?;
        tracks.sort_unstable_by(|a, b| b.popularity.total_cmp(&a.popularity).then(a.track_id.cmp(&b.track_id)));
        Ok(tracks.into_iter().take(limit).map(|track| track.track_id).collect())
    }

    fn lay_over(&self, overlay: &Overlay, tracks: &mut [TrackFeatures]) -> Result<()> {
        if let Some(most) = overlay.most {
            for track in &mut *tracks {
                if let Some([playlists, likes]) = overlay.fewer.get(&track.track_id) {
                    track.playlists = track.playlists.saturating_sub(*playlists);
                    track.likes = track.likes.saturating_sub(*likes);
                }
                track.popularity = popularity(u64::from(track.playlists) + u64::from(track.likes), most);
            }
        }
        let Some(untagged) = &overlay.untagged else { return Ok(()) };
        let mut changed: Vec<&mut TrackFeatures> =
            tracks.iter_mut().filter(|track| untagged.touches(&track.tag_ids)).collect();
        for track in changed.iter_mut().filter(|track| track.track_id == untagged.track_id) {
            track.tag_ids.retain(|tag| !untagged.tag_ids.contains(tag));
            track.genre_id = track.genre_id.filter(|tag| !untagged.tag_ids.contains(tag));
        }
        let tag_ids: BTreeSet<i32> = changed.iter().flat_map(|track| track.tag_ids.iter().copied()).collect();
        let tag_ids: Vec<i32> = tag_ids.into_iter().collect();
        let idfs: HashMap<i32, f64> = self.idfs(&tag_ids)?.into_iter().collect();
        for track in changed {
            track.tag_norm = tag_norm(track.tag_ids.iter().map(|tag| idfs.get(tag).copied().unwrap_or(0.0)));
        }
        Ok(())
    }
}

/// A row of `sgr.track_features`, all columns.
pub fn track_features(row: &Row) -> TrackFeatures {
    let count = |column| row.int(column).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    TrackFeatures {
        track_id: row.int(0).unwrap_or_default(),
        artist_id: row.int(1),
        genre_id: row.int(2).map(|id| id as i32),
        tag_ids: row.ints(3).unwrap_or_default().to_vec(),
        tag_norm: row.float(4).unwrap_or(0.0),
        playlists: count(5),
        likes: count(6),
        popularity: row.float(7).unwrap_or(0.0) as f32,
    }
}
