//! The demo catalogue: a deterministic, SoundCloud-like music site to try everything on.
//!
//! Everything is invented, and everything follows from [`DemoConfig`]: the same config gives the same rows on every
//! machine and in every later version (the random stream is xoshiro256++ with sampling of our own, and no number comes
//! from the platform's mathematical library).
//!
//! # What is planted
//! - **Scenes.** Track `t` belongs to scene [`scene_of_track`]`(t, scenes)`, artist `a` to scene `(a - 1) % scenes`. Each
//!   scene has its own genre, 4 to 8 own tags, artists, labels, a tempo and home cities; a few broad tags are shared.
//! - **Popularity.** Zipf–Mandelbrot inside a scene (weight `1 / (rank + 2)`) times a mild Zipf over the scenes
//!   (`1 / sqrt(rank)`). Plays, likes, reposts, comments and followers follow it.
//! - **Taste.** Users and playlists have a home scene: [`HOME_SHARE`] of their tracks come from it, the others from
//!   anywhere by popularity. A playlist's home is mostly that of its owner. Playlist lengths are geometric (mean about
//!   [`MEAN_PLAYLIST_LENGTH`] with albums, at most [`MAX_PLAYLIST_LENGTH`]), likes per user Lomax (mean about
//!   [`MEAN_LIKES`]). In small catalogues both are cut so that the home scene can still provide them.
//! - **Collaborations.** About 12% of the tracks feature another artist, mostly a steady partner of the same scene; about
//!   3% are remixes.
//! - **Albums.** About 10% of the playlists hold tracks of one artist only.
//!
//! # Dirt, on purpose
//! - about 1% of the playlists hold one track twice;
//! - about 2% of the tracks have no metadata (genre, tags, label, release date, … are NULL), a tenth of those no title;
//! - the last playlist (in catalogues of [`MIN_PLAYLISTS_FOR_GIANT`] or more) holds `min(5000, tracks)` tracks from all
//!   scenes: whoever counts pairs in it finds every scene related to every other, which is what a limit on basket
//!   lengths is for;
//! - about 6% of the titles carry quotes, emoji, non-Latin text, commas, braces, backslashes or percent signs;
//! - about 3% of the tags differ in case or surrounding blanks;
//! - counts are sometimes hidden (NULL), some entries have no `added_at`, `track_count` sometimes exceeds the entries,
//!   about 5% of the playlists are private.

mod catalogue;
mod config;
mod generator;
mod layout;
mod listeners;
mod names;
mod playlists;
mod sampling;
mod scenes;
mod tracks;
// Lists of short words: one per line would be six hundred lines.
#[rustfmt::skip]
mod words;

pub use catalogue::{
    DemoArtist, DemoCatalogue, DemoCredit, DemoEntry, DemoInteraction, DemoPlaylist, DemoTrack, DemoUser,
};
pub use config::{
    DEFAULT_PLAYLISTS, DEFAULT_SEED, DEFAULT_TRACKS, DEFAULT_USERS, DemoConfig, DemoError, MAX_ROWS, MAX_SCENES,
};
pub use generator::DemoGenerator;
pub use layout::HOME_SHARE;
pub use listeners::MEAN_LIKES;
pub use playlists::{GIANT_PLAYLIST_LENGTH, MAX_PLAYLIST_LENGTH, MEAN_PLAYLIST_LENGTH, MIN_PLAYLISTS_FOR_GIANT};

/// What stands in the `source` column of every row.
pub const DEMO_SOURCE: &str = "demo";

/// The "now" of the catalogue, 2024-01-01 00:00 UTC in seconds since the Unix epoch: `fetched_at` of every row, and no
/// other time is later. Tracks are two to nine years older, playlists and interactions at most two.
pub const DEMO_EPOCH: i64 = 1_704_067_200;

/// The planted scene of a track: `(track_id - 1) % scenes`, counted from 0.
///
/// `scenes` is [`DemoCatalogue::scenes`]; 0 is read as 1.
pub fn scene_of_track(track_id: i64, scenes: usize) -> usize {
    let scenes = i64::try_from(scenes.max(1)).unwrap_or(i64::MAX);
    usize::try_from((track_id.wrapping_sub(1)).rem_euclid(scenes)).unwrap_or(0)
}

/// Generates the whole catalogue at once.
///
/// For work that must be cancellable, drive a [`DemoGenerator`] step by step; the result is the same.
pub fn generate(config: &DemoConfig) -> Result<DemoCatalogue, DemoError> {
    let mut generator = DemoGenerator::new(config)?;
    while generator.step() {}
    Ok(generator.finish())
}
