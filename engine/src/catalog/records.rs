//! What goes in and what comes out: documents, catalogue records, the report on each document.

use super::rejection::Rejection;
use std::sync::Arc;

/// A document as it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Document<'a> {
    /// The caller's number of the document; ties of `fetched_at` are settled by it.
    pub document_id: i64,
    /// When it was fetched, in microseconds since the Unix epoch.
    pub fetched_at: i64,
    /// Where it came from. If it is the URL (or the path) of an API call, it tells whose likes or which playlist's
    /// tracks a page holds; any other text is only passed on.
    pub source: &'a str,
    /// The JSON text.
    pub body: &'a str,
}

/// Everything that a set of documents says, one record per id, each vector in ascending order of its ids.
///
/// All text is valid UTF-8 without NUL characters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cleaned {
    /// Uploaders of tracks, and users whose document says that they have tracks.
    pub artists: Vec<Account>,
    /// Users with a document of their own, owners of playlists, those who like, repost or follow.
    pub users: Vec<Account>,
    /// Tracks of which more than the id is known.
    pub tracks: Vec<Track>,
    /// Playlists of which more than the id is known.
    pub playlists: Vec<Playlist>,
    /// One per user, track and kind.
    pub interactions: Vec<Interaction>,
    /// `(user_id, followed_id)`, no pair twice.
    pub follows: Vec<(i64, i64)>,
    /// Exactly one per document, in ascending order of `document_id`.
    pub documents: Vec<DocumentReport>,
    /// What was not used, ordered by `document_id`, then by place in the document.
    pub rejections: Vec<Rejection>,
}

/// A user of the service, in the role of an artist or of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// The service's number, 1 or more.
    pub id: i64,
    /// `soundcloud:users:` and the id.
    pub urn: String,
    /// Display name: `username`, else `full_name`.
    pub name: Option<String>,
    /// Normalised URL of the profile.
    pub permalink_url: Option<String>,
    /// City as typed by the user.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2 in capitals. The `country` of API v1 is a name, not a code, and is not used.
    pub country_code: Option<String>,
    /// Number of followers, 0 or more.
    pub followers_count: Option<i64>,
    /// [`Document::fetched_at`] of the newest document that says something about the account.
    pub fetched_at: i64,
    /// [`Document::source`] of that document, credentials blotted out.
    pub source: Arc<str>,
}

/// A track. `None` is "unknown": absent, hidden or rejected.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Track {
    /// The service's number, 1 or more.
    pub id: i64,
    /// `soundcloud:tracks:` and the id.
    pub urn: String,
    /// Id of the account that uploaded it.
    pub artist_id: Option<i64>,
    /// Title as displayed.
    pub title: Option<String>,
    /// Genre as typed by the uploader.
    pub genre: Option<String>,
    /// Tags in their order, no text twice.
    pub tags: Option<Vec<String>>,
    /// Machine tags (`geo:lat=52.5`) in their order, no text twice.
    pub machine_tags: Option<Vec<String>>,
    /// Normalised URL of the page.
    pub permalink_url: Option<String>,
    /// Length in milliseconds, 0 or more; of the whole track where the document tells it from the preview.
    pub duration_ms: Option<i32>,
    /// Record label as typed.
    pub label: Option<String>,
    /// ISRC without hyphens, in capitals.
    pub isrc: Option<String>,
    /// Beats per minute, above 0 and up to [`MAX_BPM`](super::MAX_BPM).
    pub bpm: Option<f32>,
    /// Musical key as typed.
    pub key_signature: Option<String>,
    /// Release date in days since 1970-01-01; only if day, month and year are all known.
    pub released_on: Option<i32>,
    /// Upload time in microseconds since the Unix epoch.
    pub created_at: Option<i64>,
    /// Number of plays, 0 or more.
    pub playback_count: Option<i64>,
    /// Number of likes, 0 or more.
    pub likes_count: Option<i64>,
    /// Number of reposts, 0 or more.
    pub reposts_count: Option<i64>,
    /// Number of comments, 0 or more.
    pub comment_count: Option<i64>,
    /// [`Document::fetched_at`] of the newest document that says something about the track.
    pub fetched_at: i64,
    /// [`Document::source`] of that document, credentials blotted out.
    pub source: Arc<str>,
}

/// One line of a playlist. The track need not be among [`Cleaned::tracks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The track.
    pub track_id: i64,
    /// When it was added, in microseconds since the Unix epoch.
    pub added_at: Option<i64>,
}

/// A playlist. `None` is "unknown": absent, hidden or rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Playlist {
    /// The service's number, 1 or more; below 0 for a system playlist, see
    /// [`system_playlist_id`](super::system_playlist_id).
    pub id: i64,
    /// `soundcloud:playlists:` and the id, or the URN of a system playlist as it came.
    pub urn: String,
    /// Id of the account that made it.
    pub owner_id: Option<i64>,
    /// Title as displayed.
    pub title: Option<String>,
    /// Whether it is a release (album, EP, single, compilation).
    pub is_album: Option<bool>,
    /// Tags in their order, no text twice; machine tags are left out.
    pub tags: Option<Vec<String>>,
    /// Normalised URL of the page.
    pub permalink_url: Option<String>,
    /// Creation time in microseconds since the Unix epoch.
    pub created_at: Option<i64>,
    /// Time of the last change in microseconds since the Unix epoch.
    pub modified_at: Option<i64>,
    /// Whether everybody may see it.
    pub is_public: Option<bool>,
    /// The service's own count of the entries, 0 or more. It may differ from `entries`; both are kept.
    pub track_count: Option<i32>,
    /// Number of likes, 0 or more.
    pub likes_count: Option<i64>,
    /// The entries in playlist order, duplicates included. `None`: no document held the whole list.
    pub entries: Option<Vec<Entry>>,
    /// [`Document::fetched_at`] of the newest document that says something about the playlist.
    pub fetched_at: i64,
    /// [`Document::source`] of that document, credentials blotted out.
    pub source: Arc<str>,
}

/// What a user did with a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InteractionKind {
    /// Liked ("favorited") it.
    Like,
    /// Passed it on to the followers.
    Repost,
    /// Listened to it.
    Play,
}

impl InteractionKind {
    /// `"like"`, `"repost"`, `"play"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Like => "like",
            Self::Repost => "repost",
            Self::Play => "play",
        }
    }
}

/// A user did something with a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interaction {
    /// Who.
    pub user_id: i64,
    /// With what.
    pub track_id: i64,
    /// What.
    pub kind: InteractionKind,
    /// When, in microseconds since the Unix epoch.
    pub occurred_at: Option<i64>,
}

/// What a document turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// One track.
    Track,
    /// One playlist.
    Playlist,
    /// One playlist made by the service.
    SystemPlaylist,
    /// One user.
    User,
    /// One like: a wrapper around a track or a playlist.
    Like,
    /// One repost: a wrapper around a track or a playlist.
    Repost,
    /// One play from a listening history: a wrapper around a track.
    Play,
    /// Another wrapper, as in an activity feed.
    Activity,
    /// `{collection, next_href}`.
    Page,
    /// A bare array.
    Array,
    /// The body of an error answer.
    Error,
    /// None of these, or not JSON.
    Unknown,
}

impl Kind {
    /// The name that the catalogue shows, such as `"system-playlist"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Playlist => "playlist",
            Self::SystemPlaylist => "system-playlist",
            Self::User => "user",
            Self::Like => "like",
            Self::Repost => "repost",
            Self::Play => "play",
            Self::Activity => "activity",
            Self::Page => "page",
            Self::Array => "array",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of a document.
///
/// The three counts are of *objects*: tracks, playlists and users, nested ones included, stubs included, and whatever
/// stands in the place of one. A wrapper counts as what it wraps. What is inside a rejected object is not counted.
/// A document of which nothing could be read counts as one rejected object, an empty page as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentReport {
    /// [`Document::document_id`].
    pub document_id: i64,
    /// What it turned out to be.
    pub kind: Kind,
    /// URN of the one track, playlist or user that the document is about.
    pub external_id: Option<String>,
    /// `loaded + rejected`.
    pub found: u32,
    /// Objects that were understood.
    pub loaded: u32,
    /// Objects that were not, each with a [`Rejection`] whose `whole` is set.
    pub rejected: u32,
}
