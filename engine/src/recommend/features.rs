//! What the signals need to know of each track, and the tags with their inverse document frequency.

use super::RecommendError;
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tracks listed per tag as candidates.
pub const TOP_TRACKS_PER_TAG: usize = 100;

/// A track as the catalogue has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackInput {
    /// The track.
    pub track_id: i64,
    /// Its main artist.
    pub artist_id: Option<i64>,
    /// Counts as a tag, and can be filtered by.
    pub genre: Option<String>,
    /// As written; folded by [`fold_tag`].
    pub tags: Vec<String>,
    /// Playlists that hold it.
    pub playlists: u32,
    /// Users who like it.
    pub likes: u32,
}

/// A track as the signals read it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrackFeatures {
    /// The track.
    pub track_id: i64,
    /// Its main artist.
    pub artist_id: Option<i64>,
    /// Its genre's tag.
    pub genre_id: Option<i32>,
    /// Ascending, without repetition.
    pub tag_ids: Vec<i32>,
    /// sqrt(Σ idf²) over `tag_ids`.
    pub tag_norm: f64,
    /// Playlists that hold it.
    pub playlists: u32,
    /// Users who like it.
    pub likes: u32,
    /// In [0, 1], see [`popularity`].
    pub popularity: f32,
}

/// A tag with its tracks.
#[derive(Debug, Clone, PartialEq)]
pub struct TagRow {
    /// 1, 2, … in the order of the folded names.
    pub tag_id: i32,
    /// Folded name.
    pub tag: String,
    /// See [`idf`].
    pub idf: f64,
    /// All tracks with the tag, most popular first, then by id.
    pub track_ids: Vec<i64>,
    /// Their `tag_norm`, in the same order.
    pub track_norms: Vec<f64>,
}

/// Known tags: ids by folded name, and the IDF of each.
#[derive(Debug, Clone, Default)]
pub struct TagDictionary {
    known: FxHashMap<String, (i32, f64)>,
}

impl TagDictionary {
    /// Adds a tag.
    pub fn insert(&mut self, tag: String, tag_id: i32, idf: f64) {
        self.known.insert(tag, (tag_id, idf));
    }
}

/// The form in which tags are compared: trimmed, inner white space as one blank, lower case. `None` if nothing is left.
pub fn fold_tag(tag: &str) -> Option<String> {
    let folded = tag.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    (!folded.is_empty()).then_some(folded)
}

/// Inverse document frequency ln((1 + tagged) / (1 + with_tag)): 0 for a tag that every tagged track has.
/// (Spärck Jones 1972; the added ones keep it finite, as in common text libraries.)
pub fn idf(tagged: usize, with_tag: usize) -> f64 {
    ((1.0 + tagged as f64) / (1.0 + with_tag as f64)).ln()
}

/// Length of an IDF vector, sqrt(Σ idf²), added up in the order of the tags' ids.
pub fn tag_norm(idfs: impl Iterator<Item = f64>) -> f64 {
    idfs.map(|idf| idf * idf).sum::<f64>().sqrt()
}

/// The number of tagged tracks that [`idf`] was computed from, given its value and the tracks with the tag. `None` if
/// there is no such number.
pub fn tagged_of(idf_of_tag: f64, with_tag: usize) -> Option<usize> {
    let tagged = ((1.0 + with_tag as f64) * idf_of_tag.exp() - 1.0).round();
    (tagged >= 0.0 && idf(tagged as usize, with_tag).to_bits() == idf_of_tag.to_bits()).then_some(tagged as usize)
}

/// ln(1 + count) / ln(1 + most), in [0, 1]; 0 when nothing was counted at all.
pub fn popularity(count: u64, most: u64) -> f32 {
    if most == 0 { 0.0 } else { ((1.0 + count as f64).ln() / (1.0 + most as f64).ln()).min(1.0) as f32 }
}

/// The features of one track by a known dictionary; tags that it does not know are left out.
pub fn features_of(track: &TrackInput, dictionary: &TagDictionary, most: u64) -> TrackFeatures {
    let find = |tag: &str| fold_tag(tag).and_then(|folded| dictionary.known.get(&folded).copied());
    let genre = track.genre.as_deref().and_then(find);
    let mut tags: Vec<(i32, f64)> = track.tags.iter().filter_map(|tag| find(tag)).chain(genre).collect();
    tags.sort_unstable_by_key(|&(tag_id, _)| tag_id);
    tags.dedup_by_key(|&mut (tag_id, _)| tag_id);
    TrackFeatures {
        track_id: track.track_id,
        artist_id: track.artist_id,
        genre_id: genre.map(|(tag_id, _)| tag_id),
        tag_norm: tag_norm(tags.iter().map(|&(_, idf)| idf)),
        tag_ids: tags.into_iter().map(|(tag_id, _)| tag_id).collect(),
        playlists: track.playlists,
        likes: track.likes,
        popularity: popularity(u64::from(track.playlists) + u64::from(track.likes), most),
    }
}

/// Tracks between two looks at the flag: well under a millisecond.
const TRACKS_PER_LOOK: usize = 1024;

/// The features of all tracks and the tag index. `tracks` must name each track once; the result keeps its order.
///
/// # Errors
/// [`RecommendError::Cancelled`] soon after `cancelled` was raised.
pub fn build_features(
    tracks: &[TrackInput],
    cancelled: &AtomicBool,
) -> Result<(Vec<TrackFeatures>, Vec<TagRow>), RecommendError> {
    let look = |i: usize| {
        if i.is_multiple_of(TRACKS_PER_LOOK) && cancelled.load(Ordering::Relaxed) {
            Err(RecommendError::Cancelled)
        } else {
            Ok(())
        }
    };
    let mut with_tag: FxHashMap<String, usize> = FxHashMap::default();
    let mut tagged = 0;
    let mut of_track: Vec<String> = Vec::new();
    for (i, track) in tracks.iter().enumerate() {
        look(i)?;
        of_track.clear();
        of_track.extend(track.tags.iter().chain(&track.genre).filter_map(|tag| fold_tag(tag)));
        of_track.sort_unstable();
        of_track.dedup();
        tagged += usize::from(!of_track.is_empty());
        for tag in of_track.drain(..) {
            *with_tag.entry(tag).or_default() += 1;
        }
    }
    let mut names: Vec<(String, usize)> = with_tag.into_iter().collect();
    names.sort_unstable();
    let mut dictionary = TagDictionary::default();
    let mut rows: Vec<TagRow> = Vec::with_capacity(names.len());
    for (tag_id, (tag, count)) in (1..).zip(names) {
        let idf = idf(tagged, count);
        dictionary.insert(tag.clone(), tag_id, idf);
        rows.push(TagRow { tag_id, tag, idf, track_ids: Vec::with_capacity(count), track_norms: Vec::new() });
    }

    let most = tracks.iter().map(|track| u64::from(track.playlists) + u64::from(track.likes)).max().unwrap_or(0);
    let features: Vec<TrackFeatures> = tracks
        .iter()
        .enumerate()
        .map(|(i, track)| look(i).map(|()| features_of(track, &dictionary, most)))
        .collect::<Result<_, _>>()?;
    let mut by_popularity: Vec<&TrackFeatures> = features.iter().collect();
    by_popularity
        .sort_unstable_by(|a, b| b.popularity.total_cmp(&a.popularity).then_with(|| a.track_id.cmp(&b.track_id)));
    for (i, track) in by_popularity.into_iter().enumerate() {
        look(i)?;
        for &tag_id in &track.tag_ids {
            let row = &mut rows[tag_id as usize - 1];
            row.track_ids.push(track.track_id);
            row.track_norms.push(track.tag_norm);
        }
    }
    Ok((features, rows))
}
