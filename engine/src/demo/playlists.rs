//! Playlists, albums and their entries.

use super::catalogue::{DemoCatalogue, DemoEntry, DemoPlaylist};
use super::layout::Layout;
use super::listeners::recent;
use super::names::{SITE, album_title, playlist_title, slug};
use super::sampling::{AliasTable, Marks, Stream};
use super::scenes::Scene;
use super::tracks::shown;
use super::{DEMO_EPOCH, DEMO_SOURCE};

/// Entries per playlist, on average, albums included and the giant playlist not.
pub const MEAN_PLAYLIST_LENGTH: f64 = 30.6;
/// Most entries of an ordinary playlist; small scenes lower it to half of their tracks.
pub const MAX_PLAYLIST_LENGTH: usize = 300;
/// Entries of the giant playlist, where there are so many tracks.
pub const GIANT_PLAYLIST_LENGTH: usize = 5_000;
/// Catalogues with fewer playlists have no giant one.
pub const MIN_PLAYLISTS_FOR_GIANT: usize = 10;

/// Mean length of playlists that are not albums: with albums [`MEAN_PLAYLIST_LENGTH`].
const MEAN_MIXED_LENGTH: f64 = 33.2;
const ALBUMS: f64 = 0.1;
const MIN_ALBUM_LENGTH: usize = 5;
const MAX_ALBUM_LENGTH: usize = 14;
const PRIVATE: f64 = 0.05;
const WITH_DUPLICATE: f64 = 0.01;
const WITHOUT_TIMES: f64 = 0.04;
const OWNERS_HOME: f64 = 0.75;

/// Entries of the giant playlist of a catalogue.
pub(super) fn giant_length(playlists: usize, tracks: usize) -> usize {
    if playlists < MIN_PLAYLISTS_FOR_GIANT { 0 } else { tracks.min(GIANT_PLAYLIST_LENGTH) }
}

/// What playlists are drawn from.
#[derive(Debug)]
pub(super) struct PlaylistMaker {
    /// Lengths - 1.
    lengths: AliasTable,
    /// Owners by activity; each index is one of `owners`.
    activity: AliasTable,
    owners: Vec<u32>,
    marks: Marks,
    basket: Vec<u32>,
}

impl PlaylistMaker {
    pub(super) fn new(layout: &Layout, users: usize, stream: &mut Stream) -> PlaylistMaker {
        let cap = layout.scene_size().div_ceil(2).clamp(1, MAX_PLAYLIST_LENGTH);
        let shrink = 1.0 - 1.0 / MEAN_MIXED_LENGTH;
        let lengths: Vec<f64> = std::iter::successors(Some(1.0), |weight| Some(weight * shrink)).take(cap).collect();
        let mut owners: Vec<u32> = (0..users as u32).collect();
        stream.shuffle(&mut owners);
        let activity: Vec<f64> = (0..users).map(|rank| 1.0 / (rank as f64 + 10.0).sqrt()).collect();
        PlaylistMaker {
            lengths: AliasTable::new(&lengths),
            activity: AliasTable::new(&activity),
            owners,
            marks: Marks::new(layout.tracks),
            basket: Vec::new(),
        }
    }

    /// Makes the next playlist with its entries; `giant` entries from all scenes if it is not 0.
    pub(super) fn add(
        &mut self,
        layout: &Layout,
        scenes: &[Scene],
        giant: usize,
        stream: &mut Stream,
        catalogue: &mut DemoCatalogue,
    ) {
        let playlist_id = catalogue.playlists.len() as i64 + 1;
        let owner = self.owners.get(self.activity.draw(stream)).map(|&owner| &catalogue.users[owner as usize]);
        let owner_id = owner.map(|owner| owner.user_id);
        let home = match owner {
            Some(owner) if stream.chance(OWNERS_HOME) => owner.scene,
            _ => layout.draw_scene(stream),
        };
        let is_album = giant == 0 && stream.chance(ALBUMS);
        self.basket.clear();
        let (title, scene) = if giant > 0 {
            self.basket = layout.spread(giant, stream);
            (Some("everything everywhere (all scenes)".to_owned()), None)
        } else if is_album {
            let artist = self.fill_album(layout, home, stream);
            (Some(album_title(&catalogue.artists[artist as usize].name, stream)), Some(home))
        } else {
            self.marks.clear();
            let length = self.lengths.draw(stream) + 1;
            layout.fill_basket(home, length, &mut self.marks, stream, &mut self.basket);
            (playlist_title(&scenes[home].genre, owner.map(|owner| owner.name.as_str()), stream), Some(home))
        };
        if !is_album {
            stream.shuffle(&mut self.basket);
        }
        if giant == 0 && stream.chance(WITH_DUPLICATE) {
            let again = stream.pick(&self.basket);
            self.basket.push(again);
        }

        let profile = owner.map_or(SITE, |owner| owner.permalink_url.as_str());
        let slug = title.as_deref().map(slug).filter(|slug| !slug.is_empty());
        let permalink_url = format!("{profile}/sets/{}-{playlist_id}", slug.as_deref().unwrap_or("untitled"));
        let tags = (scene.is_some() && stream.chance(0.4)).then(|| scenes[home].playlist_tags(stream));
        let created_at = recent(stream);
        let modified_at = self.add_entries(playlist_id, created_at, stream, catalogue);
        let entries = self.basket.len() as i32;
        catalogue.playlists.push(DemoPlaylist {
            playlist_id,
            urn: format!("soundcloud:playlists:{playlist_id}"),
            owner_id,
            title,
            is_album,
            tags,
            permalink_url,
            created_at,
            modified_at,
            is_public: giant > 0 || !stream.chance(PRIVATE),
            track_count: match stream.below(100) {
                0 => None,
                1..3 => Some(entries + stream.between(1, 5) as i32),
                _ => Some(entries),
            },
            likes_count: {
                let likes = stream.long_tailed(12.0, 50_000) as f64;
                shown(likes, stream)
            },
            source: DEMO_SOURCE,
            fetched_at: DEMO_EPOCH,
            scene,
        });
    }

    /// Consecutive tracks of an artist of the scene.
    fn fill_album(&mut self, layout: &Layout, home: usize, stream: &mut Stream) -> u32 {
        let artist = layout.artist_of[layout.draw_home(home, stream) as usize];
        let tracks = layout.discography(artist);
        let length = stream.between(MIN_ALBUM_LENGTH, MAX_ALBUM_LENGTH).min(tracks.len());
        let start = stream.below(tracks.len() - length + 1);
        self.basket.extend_from_slice(&tracks[start..start + length]);
        artist
    }

    /// Writes the basket as entries and gives the time of the last change.
    fn add_entries(
        &self,
        playlist_id: i64,
        created_at: i64,
        stream: &mut Stream,
        catalogue: &mut DemoCatalogue,
    ) -> i64 {
        let known = !stream.chance(WITHOUT_TIMES);
        let entries = self.basket.len() as i64;
        // The playlist grew over a part of the time it had, at an even pace.
        let span = (DEMO_EPOCH - created_at) as f64 * stream.unit();
        for (position, &track) in self.basket.iter().enumerate() {
            catalogue.playlist_tracks.push(DemoEntry {
                playlist_id,
                track_id: i64::from(track) + 1,
                position: position as i32,
                added_at: known.then(|| created_at + (span * position as f64 / entries as f64) as i64),
            });
        }
        created_at + span as i64
    }
}
