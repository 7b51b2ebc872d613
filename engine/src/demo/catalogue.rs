//! The rows of the demo catalogue: one struct per table, named after its columns.
//!
//! A field is an `Option` where the demo holds NULLs. Times are seconds since the Unix epoch, dates are days since it.

/// Everything that was generated. All vectors are in ascending order of their first ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DemoCatalogue {
    /// How many scenes were planted: the second argument of [`scene_of_track`](super::scene_of_track).
    pub scenes: usize,
    /// The genre of each scene, by scene number.
    pub scene_names: Vec<String>,
    /// Rows of `sgr.artists`.
    pub artists: Vec<DemoArtist>,
    /// Rows of `sgr.users`.
    pub users: Vec<DemoUser>,
    /// Rows of `sgr.tracks`.
    pub tracks: Vec<DemoTrack>,
    /// Rows of `sgr.track_artists`: who made a track beside its main artist.
    pub track_artists: Vec<DemoCredit>,
    /// Rows of `sgr.playlists`.
    pub playlists: Vec<DemoPlaylist>,
    /// Rows of `sgr.playlist_tracks`, grouped by playlist, positions 0, 1, 2, …
    pub playlist_tracks: Vec<DemoEntry>,
    /// Rows of `sgr.interactions`, grouped by user.
    pub interactions: Vec<DemoInteraction>,
    /// Rows of `sgr.follows`: (user_id, followed_id), both of them users, sorted.
    pub follows: Vec<(i64, i64)>,
}

impl DemoCatalogue {
    /// Rows in all tables together.
    pub fn rows(&self) -> usize {
        self.artists.len()
            + self.users.len()
            + self.tracks.len()
            + self.track_artists.len()
            + self.playlists.len()
            + self.playlist_tracks.len()
            + self.interactions.len()
            + self.follows.len()
    }
}

/// A row of `sgr.artists`.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoArtist {
    /// 1, 2, 3, …
    pub artist_id: i64,
    /// `soundcloud:artists:<id>`.
    pub urn: String,
    /// Unique.
    pub name: String,
    /// Unique, also among users.
    pub permalink_url: String,
    /// Where the artist lives.
    pub city: Option<&'static str>,
    /// ISO 3166 code of the city's country; known also where the city is not.
    pub country_code: Option<&'static str>,
    /// NULL where hidden.
    pub followers_count: Option<i64>,
    /// Always [`DEMO_SOURCE`](super::DEMO_SOURCE).
    pub source: &'static str,
    /// Always [`DEMO_EPOCH`](super::DEMO_EPOCH).
    pub fetched_at: i64,
    /// Not a column: the planted scene, `(artist_id - 1) % scenes`.
    pub scene: usize,
}

/// A row of `sgr.users`.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoUser {
    /// 1, 2, 3, … (a numbering of its own, apart from the artists').
    pub user_id: i64,
    /// `soundcloud:users:<id>`.
    pub urn: String,
    /// Unique.
    pub name: String,
    /// Unique, also among artists.
    pub permalink_url: String,
    /// Where the user lives.
    pub city: Option<&'static str>,
    /// ISO 3166 code of the city's country; known also where the city is not.
    pub country_code: Option<&'static str>,
    /// NULL where hidden.
    pub followers_count: Option<i64>,
    /// Always [`DEMO_SOURCE`](super::DEMO_SOURCE).
    pub source: &'static str,
    /// Always [`DEMO_EPOCH`](super::DEMO_EPOCH).
    pub fetched_at: i64,
    /// Not a column: the planted home scene.
    pub scene: usize,
}

/// A row of `sgr.tracks`.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoTrack {
    /// 1, 2, 3, …; the planted scene is [`scene_of_track`](super::scene_of_track) of it.
    pub track_id: i64,
    /// `soundcloud:tracks:<id>`.
    pub urn: String,
    /// The main artist.
    pub artist_id: i64,
    /// NULL for a few tracks without metadata.
    pub title: Option<String>,
    /// The scene's genre; NULL without metadata.
    pub genre: Option<String>,
    /// Tags of the scene and broad ones; NULL without metadata.
    pub tags: Option<Vec<String>>,
    /// `https://soundcloud.example/<artist>/<track>`, unique.
    pub permalink_url: String,
    /// Length.
    pub duration_ms: i32,
    /// A label of the scene; NULL when self-released or without metadata.
    pub label: Option<String>,
    /// Unique, of the invented country ZZ; often NULL.
    pub isrc: Option<String>,
    /// Beats per minute, around the scene's tempo.
    pub bpm: Option<f32>,
    /// For instance `F#m`.
    pub key_signature: Option<&'static str>,
    /// Day of release.
    pub released_on: Option<i32>,
    /// Time of upload.
    pub created_at: i64,
    /// NULL where hidden.
    pub playback_count: Option<i64>,
    /// NULL where hidden.
    pub likes_count: Option<i64>,
    /// NULL where hidden.
    pub reposts_count: Option<i64>,
    /// NULL where hidden.
    pub comment_count: Option<i64>,
    /// Always [`DEMO_SOURCE`](super::DEMO_SOURCE).
    pub source: &'static str,
    /// Always [`DEMO_EPOCH`](super::DEMO_EPOCH).
    pub fetched_at: i64,
}

/// A row of `sgr.track_artists`.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoCredit {
    /// The track.
    pub track_id: i64,
    /// Who also made it; never its main artist.
    pub artist_id: i64,
    /// `featured` or `remixer`.
    pub role: &'static str,
}

/// A row of `sgr.playlists`.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoPlaylist {
    /// 1, 2, 3, …
    pub playlist_id: i64,
    /// `soundcloud:playlists:<id>`.
    pub urn: String,
    /// A user; NULL only in a catalogue without users.
    pub owner_id: Option<i64>,
    /// Sometimes NULL.
    pub title: Option<String>,
    /// Whether all entries are by one artist.
    pub is_album: bool,
    /// Often NULL.
    pub tags: Option<Vec<String>>,
    /// Unique.
    pub permalink_url: String,
    /// Time of creation.
    pub created_at: i64,
    /// Time of the last change, not before `created_at`.
    pub modified_at: i64,
    /// False for about 5%.
    pub is_public: bool,
    /// What the source says: mostly the number of entries, sometimes more, sometimes NULL.
    pub track_count: Option<i32>,
    /// NULL where hidden.
    pub likes_count: Option<i64>,
    /// Always [`DEMO_SOURCE`](super::DEMO_SOURCE).
    pub source: &'static str,
    /// Always [`DEMO_EPOCH`](super::DEMO_EPOCH).
    pub fetched_at: i64,
    /// Not a column: the planted home scene; `None` for the giant playlist.
    pub scene: Option<usize>,
}

/// A row of `sgr.playlist_tracks`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemoEntry {
    /// The playlist.
    pub playlist_id: i64,
    /// The track.
    pub track_id: i64,
    /// 0, 1, 2, … in each playlist.
    pub position: i32,
    /// Ascending in a playlist; NULL for all entries of some playlists.
    pub added_at: Option<i64>,
}

/// A row of `sgr.interactions`; unique by user, track and kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DemoInteraction {
    /// The user.
    pub user_id: i64,
    /// The track.
    pub track_id: i64,
    /// `like`, `repost` or `play`.
    pub kind: &'static str,
    /// How often played; NULL for likes and reposts.
    pub weight: Option<f32>,
    /// Sometimes NULL.
    pub occurred_at: Option<i64>,
}
