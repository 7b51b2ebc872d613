//! Reading `sgr.track_features` and `sgr.tag_index`, from the session's cache where that is allowed.

use super::feature_cache::{self as cache, Tag};
use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use sgr_engine::recommend::TrackFeatures;

/// The features as one call sees them.
pub struct FeatureReader {
    cached: bool,
}

impl FeatureReader {
    /// Errors: 55000 before the first refresh.
    pub fn open() -> Result<Self> {
        let mut version = String::new();
        spi::select(include_str!("../../sql/queries/feature_version.sql"), &Sources::NONE, &[], |row| {
            version = row.text(0).unwrap_or_default().into_owned();
            Ok(())
        })?;
        if version.is_empty() {
            return Err(Error::not_ready("nothing has been counted yet").hint("call sgr_cooccur_refresh() first"));
        }
        Ok(Self { cached: cache::open(&version)? })
    }

    /// The features of those of the tracks that have any, in no order. `track_ids` must not repeat.
    pub fn tracks(&self, track_ids: &[i64]) -> Result<Vec<TrackFeatures>> {
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

    /// IDF and most popular tracks of tags.
    pub fn tags(&self, tag_ids: &[i32], mut each: impl FnMut(i32, &Tag)) -> Result<()> {
        let missing = if self.cached { cache::tags(tag_ids, &mut each) } else { tag_ids.to_vec() };
        if missing.is_empty() {
            return Ok(());
        }
        let sql = include_str!("../../sql/queries/tags_by_id.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Ints(&missing)], |row| {
            if let (Some(tag_id), Some(idf)) = (row.int(0), row.float(1)) {
                let tag = (idf, row.bigints(2).unwrap_or_default().to_vec());
                each(tag_id as i32, &tag);
                if self.cached {
                    cache::keep_tag(tag_id as i32, tag);
                }
            }
            Ok(())
        })?;
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
