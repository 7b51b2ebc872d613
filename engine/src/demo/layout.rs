//! Who belongs where: scenes, popularity ranks, main artists; and how tracks are drawn from them.

use super::sampling::{AliasTable, Marks, Stream};

/// How much of a playlist or of a user's likes is drawn from the home scene.
pub const HOME_SHARE: f64 = 0.87;

/// Tracks per artist, on average.
const TRACKS_PER_ARTIST: usize = 10;
/// Draws that may hit a track already taken before the next free one is taken.
const ATTEMPTS: usize = 24;

/// How many artists a catalogue has: every scene at least one, never more than tracks.
pub(super) fn artist_count(tracks: usize, scenes: usize) -> usize {
    (tracks / TRACKS_PER_ARTIST).max(scenes).min(tracks)
}

/// The skeleton that all tables are built on. Indices count from 0; ids are indices + 1.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) tracks: usize,
    pub(super) scenes: usize,
    pub(super) artists: usize,
    /// Main artist of each track.
    pub(super) artist_of: Vec<u32>,
    /// Share of each track in all popularity; sums to 1.
    pub(super) share_of: Vec<f64>,
    /// Share of each artist's tracks.
    pub(super) artist_share: Vec<f64>,
    /// Tracks, scene by scene, the most popular first.
    ranked: Vec<u32>,
    scene_starts: Vec<usize>,
    /// Tracks, artist by artist.
    discography: Vec<u32>,
    discography_starts: Vec<usize>,
    scene_table: AliasTable,
    scene_share: Vec<f64>,
    /// Scenes differ by at most one track: tables for the smaller and the larger size.
    rank_tables: [AliasTable; 2],
    rank_totals: [f64; 2],
}

fn rank_weight(rank: usize) -> f64 {
    1.0 / (rank + 3) as f64
}

impl Layout {
    /// The frame; [`Layout::place_scene`] fills it, scene by scene in order, then [`Layout::close`].
    pub(super) fn new(tracks: usize, scenes: usize, stream: &mut Stream) -> Layout {
        let mut places: Vec<usize> = (1..=scenes).collect();
        stream.shuffle(&mut places);
        let weights: Vec<f64> = places.iter().map(|&place| 1.0 / (place as f64).sqrt()).collect();
        let total: f64 = weights.iter().sum();
        let smaller = tracks / scenes;
        let ranks = |size: usize| (0..size).map(rank_weight).collect::<Vec<f64>>();
        let artists = artist_count(tracks, scenes);
        Layout {
            tracks,
            scenes,
            artists,
            artist_of: vec![0; tracks],
            share_of: vec![0.0; tracks],
            artist_share: vec![0.0; artists],
            ranked: Vec::with_capacity(tracks),
            scene_starts: vec![0],
            discography: Vec::new(),
            discography_starts: Vec::new(),
            scene_table: AliasTable::new(&weights),
            scene_share: weights.iter().map(|weight| weight / total).collect(),
            rank_tables: [AliasTable::new(&ranks(smaller)), AliasTable::new(&ranks(smaller + 1))],
            rank_totals: [ranks(smaller).iter().sum(), ranks(smaller + 1).iter().sum()],
        }
    }

    /// How many tracks every scene has at least.
    pub(super) fn scene_size(&self) -> usize {
        self.tracks / self.scenes
    }

    /// Scenes placed so far.
    pub(super) fn placed(&self) -> usize {
        self.scene_starts.len() - 1
    }

    /// Ranks the tracks of the next scene and gives each its artist.
    pub(super) fn place_scene(&mut self, stream: &mut Stream) {
        let scene = self.placed();
        let start = self.ranked.len();
        self.ranked.extend((scene..self.tracks).step_by(self.scenes).map(|track| track as u32));
        let size = self.ranked.len() - start;

        // Every artist of the scene has one track; the others go to the first ones more often.
        let artists = self.artists_in(scene);
        let weights: Vec<f64> = (0..artists).map(|rank| 1.0 / (rank + 5) as f64).collect();
        let table = AliasTable::new(&weights);
        stream.shuffle(&mut self.ranked[start..]);
        for (at, &track) in self.ranked[start..].iter().enumerate() {
            let local = if at < artists { at } else { table.draw(stream) };
            self.artist_of[track as usize] = (local * self.scenes + scene) as u32;
        }

        stream.shuffle(&mut self.ranked[start..]);
        let scale = self.scene_share[scene] / self.rank_totals[usize::from(size > self.scene_size())];
        for (rank, &track) in self.ranked[start..].iter().enumerate() {
            let share = rank_weight(rank) * scale;
            self.share_of[track as usize] = share;
            self.artist_share[self.artist_of[track as usize] as usize] += share;
        }
        self.scene_starts.push(self.ranked.len());
    }

    /// Lists the tracks of each artist.
    pub(super) fn close(&mut self) {
        let mut starts = vec![0_usize; self.artists + 1];
        for &artist in &self.artist_of {
            starts[artist as usize + 1] += 1;
        }
        for artist in 0..self.artists {
            starts[artist + 1] += starts[artist];
        }
        let mut next = starts.clone();
        self.discography = vec![0; self.tracks];
        for (track, &artist) in self.artist_of.iter().enumerate() {
            self.discography[next[artist as usize]] = track as u32;
            next[artist as usize] += 1;
        }
        self.discography_starts = starts;
    }

    /// How many artists a scene has.
    pub(super) fn artists_in(&self, scene: usize) -> usize {
        (self.artists - scene).div_ceil(self.scenes)
    }

    /// An artist's tracks, oldest id first.
    pub(super) fn discography(&self, artist: u32) -> &[u32] {
        &self.discography[self.discography_starts[artist as usize]..self.discography_starts[artist as usize + 1]]
    }

    /// A scene by popularity.
    pub(super) fn draw_scene(&self, stream: &mut Stream) -> usize {
        self.scene_table.draw(stream)
    }

    /// A track of a scene by popularity.
    pub(super) fn draw_home(&self, scene: usize, stream: &mut Stream) -> u32 {
        let members = &self.ranked[self.scene_starts[scene]..self.scene_starts[scene + 1]];
        members[self.rank_tables[usize::from(members.len() > self.scene_size())].draw(stream)]
    }

    /// Any track by popularity.
    pub(super) fn draw_anywhere(&self, stream: &mut Stream) -> u32 {
        let scene = self.draw_scene(stream);
        self.draw_home(scene, stream)
    }

    /// Adds up to `count` tracks to `basket`, none of them marked before, mostly of the home scene.
    pub(super) fn fill_basket(
        &self,
        home: usize,
        count: usize,
        marks: &mut Marks,
        stream: &mut Stream,
        basket: &mut Vec<u32>,
    ) {
        for _ in 0..count {
            let at_home = stream.chance(HOME_SHARE);
            let drawn = (0..ATTEMPTS).find_map(|_| {
                let track = if at_home { self.draw_home(home, stream) } else { self.draw_anywhere(stream) };
                marks.mark(track).then_some(track)
            });
            let Some(track) = drawn.or_else(|| self.next_free(home, marks, stream)) else { return };
            basket.push(track);
        }
    }

    /// The first unmarked track of a scene from a random place on.
    fn next_free(&self, scene: usize, marks: &mut Marks, stream: &mut Stream) -> Option<u32> {
        let members = &self.ranked[self.scene_starts[scene]..self.scene_starts[scene + 1]];
        let (before, after) = members.split_at(stream.below(members.len()));
        after.iter().chain(before).copied().find(|&track| marks.mark(track))
    }

    /// `count` different tracks spread evenly over all scenes and ranks.
    pub(super) fn spread(&self, count: usize, stream: &mut Stream) -> Vec<u32> {
        let edge = |part: usize| part * self.tracks / count;
        (0..count).map(|part| self.ranked[stream.between(edge(part), edge(part + 1) - 1)]).collect()
    }
}
