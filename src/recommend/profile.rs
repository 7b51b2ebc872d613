//! What is known of the seed track, or of the user's tracks: the input of the signals.

use crate::error::{Error, Result};
use crate::features;
use crate::recommend::feature_reader::FeatureReader;
use crate::recommend::lists::List;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::{
    Cooccurrence, NearList, Popularity, Proximity, SIGNALS, SharedArtist, Signal, TagOverlap, TrackFeatures,
};
use std::collections::{BTreeMap, HashMap};

/// A user's most recent tracks that are taken as the profile.
const MAX_SEEDS: usize = 1000;
/// The kinds of lists: by playlists, by likes.
pub const PLAYLISTS: i64 = 1;
pub const LIKES: i64 = 2;
/// Rarest tags of the profile that propose tracks, and how many each.
const PROPOSING_TAGS: usize = 3;
const PROPOSALS_PER_TAG: usize = 50;
/// Artists of the profile that propose tracks, and how many tracks in all.
const PROPOSING_ARTISTS: usize = 20;
const PROPOSALS_BY_ARTIST: usize = 50;
/// What a track by somebody who worked with the seed's artist is worth.
const COLLABORATOR: f64 = 0.5;

/// The signals of one call, ready to score.
pub struct Profile {
    known: Vec<i64>,
    is_user: bool,
    seed_ids: Vec<i64>,
    seeds: Vec<TrackFeatures>,
    lists: Vec<List>,
    playlists: Cooccurrence,
    likes: Cooccurrence,
    tags: TagOverlap,
    artists: SharedArtist,
    near: Proximity,
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
        let artists = match track.artist_id {
            Some(artist) => of_artist(artist, features, sources)?,
            None => SharedArtist::default(),
        };
        let lists = features.lists(&[track_id])?;
        let [playlists, likes] = cooccurrence(&lists, false);
        let tags = tags(&seed, features)?;
        let near = near(&[track_id], false)?;
        Ok(Self {
            known: vec![track_id],
            is_user: false,
            seed_ids: vec![track_id],
            seeds: seed,
            lists,
            playlists,
            likes,
            tags,
            artists,
            near,
        })
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
        let lists = features.lists(&seeds)?;
        let [playlists, likes] = cooccurrence(&lists, true);
        let tracks = features.tracks(&seeds)?;
        let artists = of_user_artists(&tracks, features)?;
        let tags = tags(&tracks, features)?;
        let near = near(&seeds, true)?;
        Ok(Self { known, is_user: true, seed_ids: seeds, seeds: tracks, lists, playlists, likes, tags, artists, near })
    }

    /// In the order of [`SIGNALS`].
    pub fn signals(&self) -> [&dyn Signal; SIGNALS.len()] {
        [&self.playlists, &self.likes, &self.tags, &self.artists, &Popularity, &self.near]
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
        if self.is_user { None } else { self.seeds.first().and_then(|seed| seed.artist_id) }
    }

    /// The tracks whose lists were added up; ascending.
    pub fn seed_ids(&self) -> &[i64] {
        &self.seed_ids
    }

    /// The features of those of them that have any.
    pub fn seeds(&self) -> &[TrackFeatures] {
        &self.seeds
    }

    /// The neighbour lists that playlists and likes were added up from.
    pub fn lists(&self) -> &[List] {
        &self.lists
    }
}

/// The tracks near the seeds in the active embedding of the catalogue's graph; nothing without one.
fn near(seeds: &[i64], relative: bool) -> Result<Proximity> {
    let mut lists: Vec<(i64, Vec<i64>, Vec<f32>)> = Vec::new();
    let sql = include_str!("../../sql/queries/near_lists.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(seeds)], |row| {
        lists.push((row.int(0).unwrap_or(0), row.ids(1), row.floats(3).unwrap_or_default().to_vec()));
        Ok(())
    })?;
    // Sums do not depend on how the rows lie.
    lists.sort_unstable_by_key(|list| list.0);
    let lists =
        lists.iter().map(|(track_id, neighbours, cosines)| NearList { track_id: *track_id, neighbours, cosines });
    Ok(Proximity::new(lists, relative))
}

/// 42704, for a track that nobody knows.
pub fn unknown_track(track_id: i64) -> Error {
    Error::unknown(format!("no track {track_id}"))
        .detail("it is in no catalogue row and in no counted basket")
        .hint("sgr_track_id(text) finds a track by its urn or URL; SELECT * FROM sgr.track_stats lists them")
}

fn cooccurrence(lists: &[List], relative: bool) -> [Cooccurrence; 2] {
    [PLAYLISTS, LIKES]
        .map(|kind| Cooccurrence::new(lists.iter().filter(|list| list.kind == kind).map(List::columns), relative))
}

/// The tags of the profile, and tracks that carry its rarest ones.
fn tags(seeds: &[TrackFeatures], features: &FeatureReader) -> Result<TagOverlap> {
    let mut counts: BTreeMap<i32, u32> = BTreeMap::new();
    for tag_id in seeds.iter().flat_map(|track| &track.tag_ids) {
        *counts.entry(*tag_id).or_default() += 1;
    }
    let ids: Vec<i32> = counts.keys().copied().collect();
    let profile: Vec<(i32, u32, f64)> = features
        .idfs(&ids)?
        .into_iter()
        .map(|(tag_id, idf)| (tag_id, counts.get(&tag_id).copied().unwrap_or(0), idf))
        .collect();
    // A tag that every track has says nothing, and proposes nothing.
    let mut rarest: Vec<(f64, i32)> = profile
        .iter()
        .filter(|(_, _, idf)| *idf > 0.0)
        .map(|&(tag_id, count, idf)| (idf * f64::from(count), tag_id))
        .collect();
    rarest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    rarest.truncate(PROPOSING_TAGS);
    let mut proposing: Vec<i32> = rarest.into_iter().map(|(_, tag_id)| tag_id).collect();
    proposing.sort_unstable();
    Ok(TagOverlap::new(&profile, features.top_tracks(&proposing, PROPOSALS_PER_TAG)?))
}

/// The artist of a seed and those who worked with him.
fn of_artist(artist: i64, features: &FeatureReader, sources: &Sources) -> Result<SharedArtist> {
    let mut values = vec![(artist, 1.0)];
    let sql = include_str!("../../sql/queries/collaborators.sql");
    spi::select(sql, sources, &[Arg::Big(artist)], |row| {
        values.extend(row.int(0).map(|id| (id, COLLABORATOR)));
        Ok(())
    })?;
    let mut ids: Vec<i64> = values.iter().map(|(id, _)| *id).collect();
    ids.truncate(PROPOSING_ARTISTS);
    let proposals = features.tracks_by(&ids, PROPOSALS_BY_ARTIST)?;
    Ok(SharedArtist::new(values, proposals))
}

/// The artists of a user's tracks: n/(n+1) with n tracks.
fn of_user_artists(tracks: &[TrackFeatures], features: &FeatureReader) -> Result<SharedArtist> {
    let mut counts: HashMap<i64, u32> = HashMap::new();
    for artist in tracks.iter().filter_map(|track| track.artist_id) {
        *counts.entry(artist).or_default() += 1;
    }
    let mut most: Vec<(i64, u32)> = counts.iter().map(|(&artist, &count)| (artist, count)).collect();
    most.sort_unstable_by_key(|&(artist, count)| (std::cmp::Reverse(count), artist));
    let ids: Vec<i64> = most.iter().take(PROPOSING_ARTISTS).map(|(artist, _)| *artist).collect();
    let values = most.iter().map(|&(artist, n)| (artist, f64::from(n) / f64::from(n + 1)));
    let proposals = features.tracks_by(&ids, PROPOSALS_BY_ARTIST)?;
    Ok(SharedArtist::new(values, proposals))
}
