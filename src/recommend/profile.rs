//! What is known of the seed track, or of the user's tracks: the input of the signals.

use crate::error::{Error, Result};
use crate::features;
use crate::recommend::feature_reader::FeatureReader;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::{Cooccurrence, NeighbourList, SharedArtist, TagOverlap, TrackFeatures};
use std::collections::{BTreeMap, HashMap};

/// A user's most recent tracks that are taken as the profile.
const MAX_SEEDS: usize = 1000;
/// Rarest tags of the profile that propose tracks, and how many each.
const PROPOSING_TAGS: usize = 3;
const PROPOSALS_PER_TAG: usize = 50;
/// Artists of the profile that propose tracks, and how many tracks in all.
const PROPOSING_ARTISTS: usize = 20;
const PROPOSALS_BY_ARTIST: i32 = 50;
/// What a track by somebody who worked with the seed's artist is worth.
const COLLABORATOR: f64 = 0.5;

/// The signals of one call, ready to score.
pub struct Profile {
    known: Vec<i64>,
    is_user: bool,
    artist: Option<i64>,
    pub playlists: Cooccurrence,
    pub likes: Cooccurrence,
    pub tags: TagOverlap,
    pub artists: SharedArtist,
}

impl Profile {
    /// One track. Errors: 42704 if neither the catalogue nor any basket knows it; 55000 if nothing was refreshed yet.
    pub fn of_track(track_id: i64, features: &FeatureReader, sources: &Sources) -> Result<Self> {
        let mut seed = features.tracks(&[track_id])?;
        if seed.is_empty() {
            seed = features::from_catalogue(&[track_id], sources)?;
        }
        let Some(track) = seed.first() else {
            return Err(unknown_track(track_id));
        };
        let artist = track.artist_id;
        let artists = match artist {
            Some(artist) => of_artist(artist, sources)?,
            None => SharedArtist::default(),
        };
        let [playlists, likes] = neighbours(&[track_id], false)?;
        let tags = tags(&seed, features)?;
        Ok(Self { known: vec![track_id], is_user: false, artist, playlists, likes, tags, artists })
    }

    /// A user's likes and the tracks of his playlists. Errors: 42704 if there are none.
    pub fn of_user(user_id: i64, features: &FeatureReader, sources: &Sources) -> Result<Self> {
        let mut known = Vec::new();
        let args = [Arg::Big(user_id)];
        spi::select(include_str!("../../sql/queries/user_tracks.sql"), sources, &args, |row| {
            known.extend(row.int(0));
            Ok(())
        })?;
        if known.is_empty() {
            return Err(Error::unknown(format!("no user {user_id} with likes or playlists"))
                .detail("no like and no playlist of that user is known")
                .hint("for somebody new, start from a track: sgr_recommend(track)"));
        }
        let mut seeds = known[..known.len().min(MAX_SEEDS)].to_vec();
        seeds.sort_unstable();
        known.sort_unstable();
        let [playlists, likes] = neighbours(&seeds, true)?;
        let tracks = features.tracks(&seeds)?;
        let artists = of_user_artists(&tracks)?;
        let tags = tags(&tracks, features)?;
        Ok(Self { known, is_user: true, artist: None, playlists, likes, tags, artists })
    }

    /// The seed, or all tracks of the user, also those that are too old for the profile; ascending.
    pub fn known(&self) -> &[i64] {
        &self.known
    }

    /// Whether the profile is a user's.
    pub fn is_user(&self) -> bool {
        self.is_user
    }

    /// The artist of a single seed.
    pub fn artist_of_seed(&self) -> Option<i64> {
        self.artist
    }
}

/// 42704, for a track that nobody knows.
pub fn unknown_track(track_id: i64) -> Error {
    Error::unknown(format!("no track {track_id}"))
        .detail("it is in no catalogue row and in no counted basket")
        .hint("sgr_track_id(text) finds a track by its urn or URL; SELECT * FROM sgr.track_stats lists them")
}

/// The neighbour lists of the seeds, by playlists and by likes.
fn neighbours(seeds: &[i64], relative: bool) -> Result<[Cooccurrence; 2]> {
    struct Stored {
        kind: i64,
        track_id: i64,
        baskets: i32,
        neighbours: Vec<i64>,
        together: Vec<i32>,
        neighbour_baskets: Vec<i32>,
    }
    let mut stored: Vec<Stored> = Vec::with_capacity(2 * seeds.len());
    let mut drifted = false;
    let sql = include_str!("../../sql/queries/neighbour_lists.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(seeds)], |row| {
        drifted |= row.int(9).unwrap_or(0) > 0;
        stored.push(Stored {
            kind: row.int(0).unwrap_or(0),
            track_id: row.int(1).unwrap_or(0),
            baskets: row.int(2).unwrap_or(0) as i32,
            neighbours: row.ids(3),
            together: row.counts(5),
            neighbour_baskets: row.counts(7),
        });
        Ok(())
    })?;
    if drifted {
        for list in &mut stored {
            overlay_drift(list.kind, &list.neighbours, &mut list.neighbour_baskets)?;
        }
    }
    Ok([1, 2].map(|kind| {
        let lists = stored.iter().filter(|list| list.kind == kind).map(|list| NeighbourList {
            track_id: list.track_id,
            baskets: list.baskets,
            neighbours: &list.neighbours,
            together: &list.together,
            neighbour_baskets: &list.neighbour_baskets,
        });
        Cooccurrence::new(lists, relative)
    }))
}

/// Brings the neighbours' basket counts up to date after incremental refreshes.
pub fn overlay_drift(kind: i64, neighbours: &[i64], neighbour_baskets: &mut [i32]) -> Result<()> {
    let args = [Arg::Big(kind), Arg::Bigs(neighbours)];
    let mut newer: HashMap<i64, i32> = HashMap::new();
    spi::select(include_str!("../../sql/queries/drift.sql"), &Sources::NONE, &args, |row| {
        if let (Some(item), Some(baskets)) = (row.int(0), row.int(1)) {
            newer.insert(item, baskets as i32);
        }
        Ok(())
    })?;
    for (neighbour, baskets) in neighbours.iter().zip(neighbour_baskets) {
        if let Some(newer) = newer.get(neighbour) {
            *baskets = *newer;
        }
    }
    Ok(())
}

/// The tags of the profile, and tracks that carry its rarest ones.
fn tags(seeds: &[TrackFeatures], features: &FeatureReader) -> Result<TagOverlap> {
    let mut counts: BTreeMap<i32, u32> = BTreeMap::new();
    for tag_id in seeds.iter().flat_map(|track| &track.tag_ids) {
        *counts.entry(*tag_id).or_default() += 1;
    }
    let ids: Vec<i32> = counts.keys().copied().collect();
    let mut profile: Vec<(i32, u32, f64)> = Vec::with_capacity(ids.len());
    let mut listed: Vec<(f64, Vec<i64>)> = Vec::with_capacity(ids.len());
    features.tags(&ids, |tag_id, (idf, top)| {
        let count = counts.get(&tag_id).copied().unwrap_or(0);
        profile.push((tag_id, count, *idf));
        // A tag that every track has says nothing, and proposes nothing.
        if *idf > 0.0 {
            listed.push((idf * f64::from(count), top[..top.len().min(PROPOSALS_PER_TAG)].to_vec()));
        }
    })?;
    profile.sort_unstable_by_key(|&(tag_id, _, _)| tag_id);
    listed.sort_by(|a, b| b.0.total_cmp(&a.0));
    let proposals = listed.into_iter().take(PROPOSING_TAGS).flat_map(|(_, tracks)| tracks).collect();
    Ok(TagOverlap::new(&profile, proposals))
}

/// The artist of a seed and those who worked with him.
fn of_artist(artist: i64, sources: &Sources) -> Result<SharedArtist> {
    let mut values = vec![];
    let sql = include_str!("../../sql/queries/collaborators.sql");
    spi::select(sql, sources, &[Arg::Big(artist)], |row| {
        values.extend(row.int(0).map(|id| (id, COLLABORATOR)));
        Ok(())
    })?;
    values.push((artist, 1.0));
    let mut ids: Vec<i64> = values.iter().map(|(id, _)| *id).collect();
    ids.truncate(PROPOSING_ARTISTS);
    let proposals = tracks_by(&ids)?;
    Ok(SharedArtist::new(values, proposals))
}

/// The artists of a user's tracks: n/(n+1) with n tracks.
fn of_user_artists(tracks: &[TrackFeatures]) -> Result<SharedArtist> {
    let mut counts: HashMap<i64, u32> = HashMap::new();
    for artist in tracks.iter().filter_map(|track| track.artist_id) {
        *counts.entry(artist).or_default() += 1;
    }
    let mut most: Vec<(i64, u32)> = counts.iter().map(|(&artist, &count)| (artist, count)).collect();
    most.sort_unstable_by_key(|&(artist, count)| (std::cmp::Reverse(count), artist));
    let ids: Vec<i64> = most.iter().take(PROPOSING_ARTISTS).map(|(artist, _)| *artist).collect();
    let values = most.iter().map(|&(artist, n)| (artist, f64::from(n) / f64::from(n + 1)));
    let proposals = tracks_by(&ids)?;
    Ok(SharedArtist::new(values, proposals))
}

fn tracks_by(artists: &[i64]) -> Result<Vec<i64>> {
    let mut tracks = Vec::new();
    let args = [Arg::Bigs(artists), Arg::Int(PROPOSALS_BY_ARTIST)];
    spi::select(include_str!("../../sql/queries/tracks_by_artists.sql"), &Sources::NONE, &args, |row| {
        tracks.extend(row.int(0));
        Ok(())
    })?;
    Ok(tracks)
}
