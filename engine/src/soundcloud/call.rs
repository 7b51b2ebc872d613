//! The calls of the API that are used, as URLs.

use super::endpoints::Endpoints;
use crate::catalog::{ItemKind, Namespace, number_or_urn};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use url::Url;

/// What a playlist is made of depends on this filter, and its default leaves tracks out.
const ACCESS: &str = "playable,preview,blocked";

/// A track, a playlist or a user. As text it is a URN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Thing {
    /// A track and its number.
    Track(i64),
    /// A playlist and its number.
    Playlist(i64),
    /// A user and its number.
    User(i64),
}

impl Thing {
    /// `track`, `playlist` or `user`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Track(_) => "track",
            Self::Playlist(_) => "playlist",
            Self::User(_) => "user",
        }
    }

    /// Its number among those of its kind.
    pub fn id(self) -> i64 {
        let (Self::Track(id) | Self::Playlist(id) | Self::User(id)) = self;
        id
    }

    /// The thing of a [`kind`](Self::kind) and number; `None` for another word.
    pub fn of_kind(kind: &str, id: i64) -> Option<Self> {
        match kind {
            "track" => Some(Self::Track(id)),
            "playlist" => Some(Self::Playlist(id)),
            "user" => Some(Self::User(id)),
            _ => None,
        }
    }

    pub(super) fn new(kind: ItemKind, id: i64) -> Self {
        match kind {
            ItemKind::Track => Self::Track(id),
            ItemKind::Playlist => Self::Playlist(id),
            ItemKind::User => Self::User(id),
        }
    }

    /// The thing that a URL of the API names, by number or URN: `…/tracks/123`, `…/users/soundcloud:users:7`.
    pub(super) fn of_url(url: &Url) -> Option<Self> {
        let parts: Vec<String> =
            url.path_segments()?.map(|part| part.replace("%3A", ":").replace("%3a", ":")).collect();
        let mut pairs = parts.windows(2).rev();
        pairs.find_map(|pair| {
            let [name, id] = pair else { return None };
            let (namespace, thing): (_, fn(i64) -> Self) = match name.as_str() {
                "tracks" => (Namespace::Tracks, Self::Track),
                "playlists" => (Namespace::Playlists, Self::Playlist),
                "users" => (Namespace::Users, Self::User),
                _ => return None,
            };
            number_or_urn(id, namespace).ok().map(thing)
        })
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (namespace, id) = match *self {
            Self::Track(id) => (Namespace::Tracks, id),
            Self::Playlist(id) => (Namespace::Playlists, id),
            Self::User(id) => (Namespace::Users, id),
        };
        f.pad(&namespace.urn(id))
    }
}

impl FromStr for Thing {
    type Err = String;

    fn from_str(urn: &str) -> Result<Self, String> {
        let fault =
            || format!("\"{urn}\" is not soundcloud:tracks:, soundcloud:playlists: or soundcloud:users: and a number");
        let (namespace, _) = Namespace::of_urn(urn).ok_or_else(fault)?;
        let id = number_or_urn(urn, namespace).map_err(|_| fault())?;
        match namespace {
            Namespace::Tracks => Ok(Self::Track(id)),
            Namespace::Playlists => Ok(Self::Playlist(id)),
            Namespace::Users => Ok(Self::User(id)),
            Namespace::SystemPlaylists => Err(fault()),
        }
    }
}

impl TryFrom<String> for Thing {
    type Error = String;

    fn try_from(urn: String) -> Result<Self, String> {
        urn.parse()
    }
}

impl From<Thing> for String {
    fn from(thing: Thing) -> Self {
        thing.to_string()
    }
}

/// A search for tracks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// Words to look for.
    pub query: Option<String>,
    /// Any of these genres.
    pub genres: Vec<String>,
    /// Any of these tags.
    pub tags: Vec<String>,
    /// Uploaded then or later, `2024-01-01` or with a time, in UTC.
    pub created_from: Option<String>,
}

/// Lists that belong to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    /// What a user uploaded.
    UserTracks,
    /// The playlists that a user made, without their tracks: large ones would time out.
    UserPlaylists,
    /// The tracks that a user likes.
    UserLikes,
    /// The tracks that a user reposted.
    UserReposts,
    /// The tracks of a playlist.
    PlaylistTracks,
    /// Who likes a track.
    TrackFavoriters,
    /// Who reposted a track.
    TrackReposters,
    /// What the service holds for related to a track.
    TrackRelated,
}

impl ListKind {
    /// What the list holds.
    pub fn items(self) -> ItemKind {
        match self {
            Self::UserPlaylists => ItemKind::Playlist,
            Self::TrackFavoriters | Self::TrackReposters => ItemKind::User,
            Self::UserTracks | Self::UserLikes | Self::UserReposts | Self::PlaylistTracks | Self::TrackRelated => {
                ItemKind::Track
            }
        }
    }

    fn path(self) -> &'static [&'static str] {
        match self {
            Self::UserTracks | Self::PlaylistTracks => &["tracks"],
            Self::UserPlaylists => &["playlists"],
            Self::UserLikes => &["likes", "tracks"],
            Self::UserReposts => &["reposts", "tracks"],
            Self::TrackFavoriters => &["favoriters"],
            Self::TrackReposters => &["reposters"],
            Self::TrackRelated => &["related"],
        }
    }
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// What a URL of the site names; answered by a redirect.
    Resolve(String),
    /// One thing.
    Thing(Thing),
    /// Tracks by number, in one page as a rule.
    Tracks(Vec<i64>),
    /// A search for tracks.
    Search(Search),
    /// A list of something.
    List(ListKind, Thing),
}

impl Call {
    /// What the elements of the answer are if they do not say it.
    pub fn items(&self) -> Option<ItemKind> {
        match self {
            Self::Resolve(_) | Self::Thing(_) => None,
            Self::Tracks(_) | Self::Search(_) => Some(ItemKind::Track),
            Self::List(list, _) => Some(list.items()),
        }
    }

    /// The parameters that every page of the call is asked with. Lists have `limit` entries per page, at most 200.
    pub fn parameters(&self, limit: u32) -> Vec<(&'static str, String)> {
        let mut parameters: Vec<(&'static str, String)> = Vec::new();
        let mut add = |key, value: &str| parameters.push((key, value.to_owned()));
        match self {
            Self::Resolve(url) => {
                add("url", url);
                return parameters;
            }
            Self::Thing(Thing::Playlist(_)) => {
                add("show_tracks", "false");
                add("access", ACCESS);
                return parameters;
            }
            Self::Thing(_) => return parameters,
            Self::Tracks(ids) => {
                let urns: Vec<String> = ids.iter().map(|&id| Thing::Track(id).to_string()).collect();
                add("urns", &urns.join(","));
                add("access", ACCESS);
            }
            Self::Search(search) => {
                if let Some(query) = &search.query {
                    add("q", query);
                }
                for (key, values) in [("genres", &search.genres), ("tags", &search.tags)] {
                    if !values.is_empty() {
                        add(key, &values.join(","));
                    }
                }
                if let Some(from) = &search.created_from {
                    add("created_at[from]", from);
                }
                add("access", ACCESS);
            }
            Self::List(list, _) => {
                if *list == ListKind::UserPlaylists {
                    add("show_tracks", "false");
                }
                if list.items() != ItemKind::User {
                    add("access", ACCESS);
                }
            }
        }
        add("limit", &limit.to_string());
        add("linked_partitioning", "true");
        parameters
    }

    /// The path without parameters.
    pub(super) fn path(&self, endpoints: &Endpoints) -> Url {
        let thing_path = |thing: &Thing| {
            let name = match thing {
                Thing::Track(_) => "tracks",
                Thing::Playlist(_) => "playlists",
                Thing::User(_) => "users",
            };
            vec![name.to_owned(), thing.to_string()]
        };
        let segments = match self {
            Self::Resolve(_) => vec!["resolve".to_owned()],
            Self::Tracks(_) | Self::Search(_) => vec!["tracks".to_owned()],
            Self::Thing(thing) => thing_path(thing),
            Self::List(list, thing) => {
                let mut segments = thing_path(thing);
                segments.extend(list.path().iter().map(|&part| part.to_owned()));
                segments
            }
        };
        let mut url = endpoints.api().clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// The URL of the first page.
    pub fn url(&self, endpoints: &Endpoints, limit: u32) -> Url {
        let mut url = self.path(endpoints);
        let parameters = self.parameters(limit);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(&parameters);
        }
        url
    }
}

impl fmt::Display for Call {
    /// For messages: the path, and what is searched for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(url) => write!(f, "resolve {url}"),
            Self::Search(search) => write!(f, "search {}", search.query.as_deref().unwrap_or("by filters")),
            Self::Tracks(ids) => write!(f, "{} tracks by number", ids.len()),
            Self::Thing(thing) => write!(f, "{thing}"),
            Self::List(list, thing) => write!(f, "{} of {thing}", list.path().join("/")),
        }
    }
}
