//! What a full refresh would write if some evidence were gone.

use super::feature_cache::Tag;
use super::lists::List;
use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use rustc_hash::FxHashMap;
use sgr_engine::recommend::idf;

/// The differences; [`FeatureReader`](super::FeatureReader) reads through them.
#[derive(Default)]
pub struct Overlay {
    /// The seeds' lists by playlists and by likes, where those are counted again.
    pub lists: [Option<Vec<List>>; 2],
    /// How many playlists and likes fewer a track has.
    pub fewer: FxHashMap<i64, [u32; 2]>,
    /// The largest sum of playlists and likes that is left, if `fewer` says anything.
    pub most: Option<u64>,
    /// Whether that is another one than now.
    pub most_changed: bool,
    /// A track that lost tags.
    pub untagged: Option<Untagged>,
}

/// A track that lost tags.
pub struct Untagged {
    pub track_id: i64,
    /// What it lost.
    pub tag_ids: Vec<i32>,
    /// The number of tracks with any tag, if that changed: then so did the IDF of every tag.
    pub tagged: Option<usize>,
    /// The number of tracks with any tag that is left.
    pub tagged_left: usize,
}

impl Untagged {
    /// Whether the length of the IDF vector of a track with these tags is another one.
    pub fn touches(&self, tag_ids: &[i32]) -> bool {
        self.tagged.is_some() || tag_ids.iter().any(|tag| self.tag_ids.contains(tag))
    }
}

impl Overlay {
    /// The IDF of a tag.
    pub fn idf(&self, tag_id: i32, tag: &Tag) -> f64 {
        match &self.untagged {
            Some(untagged) if untagged.tag_ids.contains(&tag_id) => {
                idf(untagged.tagged_left, tag.tracks.saturating_sub(1))
            }
            Some(Untagged { tagged: Some(tagged), .. }) => idf(*tagged, tag.tracks),
            _ => tag.idf,
        }
    }

    /// Whether the track no longer has the tag.
    pub fn untags(&self, track_id: i64, tag_id: i32) -> bool {
        self.untagged
            .as_ref()
            .is_some_and(|untagged| untagged.track_id == track_id && untagged.tag_ids.contains(&tag_id))
    }

    /// Notes that tracks lost baskets: `place` 0 for playlists, 1 for likes.
    pub fn lose(&mut self, place: usize, fewer: impl IntoIterator<Item = (i64, u32)>) {
        for (track_id, count) in fewer {
            self.fewer.entry(track_id).or_default()[place] += count;
        }
    }

    /// Finds the largest sum of playlists and likes that is left.
    pub fn find_most(&mut self) -> Result<()> {
        if self.fewer.is_empty() {
            return Ok(());
        }
        // Of so many tracks, and those that tie with the last, at least one lost nothing: no other can be above it.
        let enough = Arg::Big(self.fewer.len() as i64 + 1);
        let (mut before, mut left) = (0, 0);
        spi::select(include_str!("../../sql/queries/features_top.sql"), &Sources::NONE, &[enough], |row| {
            let count = |column| row.int(column).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
            let sum = count(1) + count(2);
            let lost = row.int(0).and_then(|id| self.fewer.get(&id)).map_or(0, |lost| u64::from(lost[0] + lost[1]));
            before = sum.max(before);
            left = sum.saturating_sub(lost).max(left);
            Ok(())
        })?;
        self.most = Some(left);
        self.most_changed = before != left;
        Ok(())
    }
}
