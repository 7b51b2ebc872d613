//! What to generate, and what is refused.

use super::layout::artist_count;
use super::listeners::{MEAN_FOLLOWS, MEAN_INTERACTIONS};
use super::playlists::{MEAN_PLAYLIST_LENGTH, giant_length};

/// Tracks of the default catalogue.
pub const DEFAULT_TRACKS: usize = 5_000;
/// Playlists of the default catalogue.
pub const DEFAULT_PLAYLISTS: usize = 2_000;
/// Users of the default catalogue.
pub const DEFAULT_USERS: usize = 1_000;
/// Seed of the default catalogue.
pub const DEFAULT_SEED: u64 = 42;
/// Most scenes that may be asked for.
pub const MAX_SCENES: usize = 500;
/// Most rows, in all tables together, that a catalogue may be expected to have.
pub const MAX_ROWS: u64 = 50_000_000;

/// Tracks per scene that `scenes: 0` aims at.
const TRACKS_PER_SCENE: usize = 500;
const MIN_AUTOMATIC_SCENES: usize = 4;
const MAX_AUTOMATIC_SCENES: usize = 200;

/// The sizes and the seed of a demo catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoConfig {
    /// Tracks, at least 1.
    pub tracks: usize,
    /// Playlists; 0 is allowed.
    pub playlists: usize,
    /// Users; 0 is allowed: playlists then have no owner.
    pub users: usize,
    /// Scenes, at most [`MAX_SCENES`]. 0 chooses one per 500 tracks, at least 4 and at most 200. There are never more
    /// scenes than tracks.
    pub scenes: usize,
    /// The same seed and sizes give the same catalogue.
    pub seed: u64,
}

impl Default for DemoConfig {
    fn default() -> Self {
        DemoConfig {
            tracks: DEFAULT_TRACKS,
            playlists: DEFAULT_PLAYLISTS,
            users: DEFAULT_USERS,
            scenes: 0,
            seed: DEFAULT_SEED,
        }
    }
}

/// Why a demo catalogue cannot be generated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A parameter is out of its range.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// Which field of [`DemoConfig`].
        parameter: &'static str,
        /// What is wrong with it, with the numbers.
        message: String,
    },
}

impl DemoConfig {
    /// How many scenes will be planted.
    pub fn planted_scenes(&self) -> usize {
        let wanted = match self.scenes {
            0 => (self.tracks / TRACKS_PER_SCENE).clamp(MIN_AUTOMATIC_SCENES, MAX_AUTOMATIC_SCENES),
            scenes => scenes,
        };
        wanted.min(self.tracks).max(1)
    }

    /// About how many rows the catalogue will have, in all tables together; catalogues of a few hundred tracks have
    /// fewer, because playlists are shorter there.
    pub fn expected_rows(&self) -> u64 {
        let [tracks, playlists, users] = self.expected_parts();
        tracks.saturating_add(playlists).saturating_add(users)
    }

    /// About how many bytes the generated catalogue will take in memory.
    pub fn expected_bytes(&self) -> u64 {
        // Measured on the process: what a track takes with its strings and its artist's, a playlist, a user; then one
        // entry and one interaction.
        let [_, playlists, users] = self.expected_parts();
        (self.tracks as u64)
            .saturating_mul(900)
            .saturating_add((self.playlists as u64).saturating_mul(450))
            .saturating_add((self.users as u64).saturating_mul(350))
            .saturating_add(playlists.saturating_mul(40))
            .saturating_add(users.saturating_mul(56))
    }

    /// Expected rows that come with the tracks, the playlists and the users.
    fn expected_parts(&self) -> [u64; 3] {
        // A float holds any usize closely enough here, and casting back saturates.
        let tracks = self.tracks as f64 * 1.15 + artist_count(self.tracks, self.planted_scenes()) as f64;
        let giant = giant_length(self.playlists, self.tracks) as f64;
        let playlists = self.playlists as f64 * (1.0 + MEAN_PLAYLIST_LENGTH) + giant;
        let users = self.users as f64 * (1.0 + MEAN_INTERACTIONS + MEAN_FOLLOWS);
        [tracks as u64, playlists as u64, users as u64]
    }

    pub(super) fn validate(&self) -> Result<(), DemoError> {
        if self.tracks == 0 {
            return Err(invalid("tracks", "must be at least 1".to_owned()));
        }
        if self.scenes > MAX_SCENES {
            return Err(invalid("scenes", format!("{} is more than {MAX_SCENES}", self.scenes)));
        }
        let rows = self.expected_rows();
        if rows > MAX_ROWS {
            let [tracks, playlists, users] = self.expected_parts();
            let (parameter, value) = if tracks >= playlists.max(users) {
                ("tracks", self.tracks)
            } else if playlists >= users {
                ("playlists", self.playlists)
            } else {
                ("users", self.users)
            };
            return Err(invalid(
                parameter,
                format!("{value} makes a catalogue of about {rows} rows, more than {MAX_ROWS}"),
            ));
        }
        Ok(())
    }
}

fn invalid(parameter: &'static str, message: String) -> DemoError {
    DemoError::InvalidConfig { parameter, message }
}
