//! The work, cut into steps.

use super::catalogue::DemoCatalogue;
use super::config::{DemoConfig, DemoError};
use super::layout::{Layout, artist_count};
use super::listeners::{MEAN_FOLLOWS, MEAN_INTERACTIONS, Neighbourhoods, add_interactions, add_user};
use super::names::Taken;
use super::playlists::{MEAN_PLAYLIST_LENGTH, PlaylistMaker, giant_length};
use super::sampling::{Marks, Stream};
use super::scenes::{self, Scene};
use super::tracks::{add_artist, add_track};

/// Tracks that are placed in one step; a scene is never split.
const PLACED_PER_STEP: usize = 200_000;
/// Artists, tracks or users made in one step.
const NAMED_PER_STEP: usize = 20_000;
/// Playlists made in one step.
const PLAYLISTS_PER_STEP: usize = 8_000;
/// Users whose interactions or follows are made in one step.
const LISTENERS_PER_STEP: usize = 4_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Place,
    Artists,
    Tracks,
    Users,
    Playlists,
    Interactions,
    Follows,
    Done,
}

/// Generates a catalogue in steps of some hundredths of a second, so that the host can cancel between two of them. (Only
/// a scene of millions of tracks makes longer ones: its ranking is one step.)
#[derive(Debug)]
pub struct DemoGenerator {
    config: DemoConfig,
    layout: Layout,
    scenes: Vec<Scene>,
    taken: Taken,
    playlists: Option<PlaylistMaker>,
    neighbourhoods: Neighbourhoods,
    marks: Marks,
    basket: Vec<u32>,
    stage: Stage,
    /// Next item of the stages that do not append one row per item.
    next: usize,
    streams: Streams,
    catalogue: DemoCatalogue,
}

/// One stream per stage: more playlists, say, leave tracks and users as they are.
#[derive(Debug)]
struct Streams {
    place: Stream,
    artists: Stream,
    tracks: Stream,
    users: Stream,
    playlists: Stream,
    interactions: Stream,
    follows: Stream,
}

impl DemoGenerator {
    /// Checks the config and prepares the work.
    pub fn new(config: &DemoConfig) -> Result<DemoGenerator, DemoError> {
        config.validate()?;
        let [mut plan, mut place, artists, tracks, users, playlists, interactions, follows] =
            Stream::split(config.seed);
        let count = config.planted_scenes();
        let mut taken = Taken::default();
        let scenes = scenes::plan(count, &mut taken, &mut plan);
        let layout = Layout::new(config.tracks, count, &mut place);
        let catalogue = DemoCatalogue {
            scenes: count,
            scene_names: scenes.iter().map(|scene| scene.genre.clone()).collect(),
            artists: Vec::with_capacity(layout.artists),
            users: Vec::with_capacity(config.users),
            tracks: Vec::with_capacity(config.tracks),
            track_artists: Vec::with_capacity(config.tracks / 6),
            playlists: Vec::with_capacity(config.playlists),
            playlist_tracks: Vec::new(),
            interactions: Vec::new(),
            follows: Vec::new(),
        };
        Ok(DemoGenerator {
            config: *config,
            layout,
            scenes,
            taken,
            playlists: None,
            neighbourhoods: Neighbourhoods::default(),
            marks: Marks::default(),
            basket: Vec::new(),
            stage: Stage::Place,
            next: 0,
            streams: Streams { place, artists, tracks, users, playlists, interactions, follows },
            catalogue,
        })
    }

    /// Does a bounded piece of work; false once the catalogue is complete.
    pub fn step(&mut self) -> bool {
        match self.stage {
            Stage::Place => self.place(),
            Stage::Artists => self.artists(),
            Stage::Tracks => self.tracks(),
            Stage::Users => self.users(),
            Stage::Playlists => self.playlists(),
            Stage::Interactions => self.interactions(),
            Stage::Follows => self.follows(),
            Stage::Done => {}
        }
        self.stage != Stage::Done
    }

    /// Rows made so far and rows expected (about), for progress messages.
    pub fn progress(&self) -> (u64, u64) {
        let made = self.catalogue.rows() as u64;
        if self.stage == Stage::Done { (made, made) } else { (made, self.config.expected_rows().max(made)) }
    }

    /// Does what is left and gives the catalogue.
    pub fn finish(mut self) -> DemoCatalogue {
        while self.step() {}
        self.catalogue
    }

    fn place(&mut self) {
        if self.layout.placed() == self.layout.scenes {
            self.layout.close();
            self.stage = Stage::Artists;
            return;
        }
        let mut placed = 0;
        while self.layout.placed() < self.layout.scenes && placed < PLACED_PER_STEP {
            self.layout.place_scene(&mut self.streams.place);
            placed += self.layout.scene_size() + 1;
        }
    }

    fn artists(&mut self) {
        let goal = artist_count(self.layout.tracks, self.layout.scenes);
        for _ in self.catalogue.artists.len()..(self.catalogue.artists.len() + NAMED_PER_STEP).min(goal) {
            let stream = &mut self.streams.artists;
            add_artist(&self.layout, &self.scenes, &mut self.taken, stream, &mut self.catalogue);
        }
        if self.catalogue.artists.len() == goal {
            self.stage = Stage::Tracks;
        }
    }

    fn tracks(&mut self) {
        let goal = self.layout.tracks;
        for _ in self.catalogue.tracks.len()..(self.catalogue.tracks.len() + NAMED_PER_STEP).min(goal) {
            let stream = &mut self.streams.tracks;
            add_track(&self.layout, &self.scenes, &mut self.taken, stream, &mut self.catalogue);
        }
        if self.catalogue.tracks.len() == goal {
            self.stage = Stage::Users;
        }
    }

    fn users(&mut self) {
        let goal = self.config.users;
        for _ in self.catalogue.users.len()..(self.catalogue.users.len() + NAMED_PER_STEP).min(goal) {
            let stream = &mut self.streams.users;
            add_user(&self.layout, &self.scenes, &mut self.taken, stream, &mut self.catalogue);
        }
        if self.catalogue.users.len() == goal {
            self.taken = Taken::default();
            let playlists = self.config.playlists;
            let entries = playlists as f64 * MEAN_PLAYLIST_LENGTH * 1.02;
            let giant = giant_length(playlists, self.layout.tracks);
            self.catalogue.playlist_tracks.reserve(entries as usize + giant);
            self.playlists = Some(PlaylistMaker::new(&self.layout, goal, &mut self.streams.playlists));
            self.stage = Stage::Playlists;
        }
    }

    fn playlists(&mut self) {
        let goal = self.config.playlists;
        let giant = giant_length(goal, self.layout.tracks);
        if let Some(maker) = &mut self.playlists {
            for number in
                self.catalogue.playlists.len()..(self.catalogue.playlists.len() + PLAYLISTS_PER_STEP).min(goal)
            {
                let giant = if number + 1 == goal { giant } else { 0 };
                maker.add(&self.layout, &self.scenes, giant, &mut self.streams.playlists, &mut self.catalogue);
            }
        }
        if self.catalogue.playlists.len() == goal {
            self.playlists = None;
            self.marks = Marks::new(self.layout.tracks);
            self.catalogue.interactions.reserve((self.config.users as f64 * MEAN_INTERACTIONS * 1.02) as usize);
            self.stage = Stage::Interactions;
        }
    }

    fn interactions(&mut self) {
        let goal = self.config.users.min(self.next + LISTENERS_PER_STEP);
        for user in self.next..goal {
            let stream = &mut self.streams.interactions;
            add_interactions(&self.layout, user, &mut self.marks, &mut self.basket, stream, &mut self.catalogue);
        }
        self.next = goal;
        if goal == self.config.users {
            self.next = 0;
            self.marks = Marks::new(self.config.users);
            self.neighbourhoods = Neighbourhoods::of(&self.catalogue.users, self.layout.scenes);
            self.catalogue.follows.reserve((self.config.users as f64 * MEAN_FOLLOWS) as usize);
            self.stage = Stage::Follows;
        }
    }

    fn follows(&mut self) {
        let goal = self.config.users.min(self.next + LISTENERS_PER_STEP);
        for user in self.next..goal {
            self.neighbourhoods.add_follows(user, &mut self.marks, &mut self.streams.follows, &mut self.catalogue);
        }
        self.next = goal;
        if goal == self.config.users {
            self.stage = Stage::Done;
        }
    }
}
