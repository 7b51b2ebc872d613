//! What a crawl is told.

use super::super::call::{Search, Thing};
use super::super::error::SoundcloudError;
use super::super::time::Micros;
use crate::catalog::{redact, timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use url::Url;

/// Widenings.
pub const DEFAULT_DEPTH: u32 = 1;
/// Tracks to know.
pub const DEFAULT_MAX_TRACKS: u32 = 2_000;
/// Playlists to read.
pub const DEFAULT_MAX_PLAYLISTS: u32 = 200;
/// Users whose lists are read.
pub const DEFAULT_MAX_USERS: u32 = 100;
/// Calls to make, one per page.
pub const DEFAULT_MAX_REQUESTS: u32 = 2_000;
/// Pages of one list.
pub const DEFAULT_MAX_PAGES: u32 = 500;

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A page of the site: of a track, a playlist or a user.
    Url(String),
    /// `soundcloud:tracks:…`, `soundcloud:playlists:…` or `soundcloud:users:…`.
    Urn(String),
    /// What a search finds.
    Search(Search),
}

/// Lists to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Include {
    /// What users uploaded.
    Tracks,
    /// The playlists of users, and all their tracks.
    Playlists,
    /// What users like.
    Likes,
    /// Who likes tracks.
    Favoriters,
    /// What users reposted, and who reposted tracks.
    Reposts,
    /// What the service holds for related: something to compare with, not to learn from.
    Related,
}

/// What to crawl, and when to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrawlConfig {
    /// Where to begin.
    pub start: Start,
    /// Widenings: 0 reads the start, its artist and their lists; each further one does the same for what was found.
    pub depth: u32,
    /// Tracks to know. It may be exceeded by one page, or by the rest of the playlist that is being read.
    pub max_tracks: u32,
    /// Playlists to read.
    pub max_playlists: u32,
    /// Users whose lists are read.
    pub max_users: u32,
    /// Calls to make, one per page; repeated attempts are not counted.
    pub max_requests: u32,
    /// Pages of one list.
    pub max_pages: u32,
    /// Lists to follow.
    pub include: BTreeSet<Include>,
    /// Documents younger than this are not fetched again; `None` fetches all.
    pub refresh_after: Option<Micros>,
}

impl CrawlConfig {
    /// The defaults: everything but `related`.
    pub fn new(start: Start) -> Self {
        use Include::{Favoriters, Likes, Playlists, Reposts, Tracks};
        Self {
            start,
            depth: DEFAULT_DEPTH,
            max_tracks: DEFAULT_MAX_TRACKS,
            max_playlists: DEFAULT_MAX_PLAYLISTS,
            max_users: DEFAULT_MAX_USERS,
            max_requests: DEFAULT_MAX_REQUESTS,
            max_pages: DEFAULT_MAX_PAGES,
            include: [Tracks, Playlists, Likes, Favoriters, Reposts].into(),
            refresh_after: None,
        }
    }

    /// A search alone: the tracks that it finds, up to `limit`, and no list of theirs.
    pub fn search(search: Search, limit: u32) -> Self {
        Self { depth: 0, max_tracks: limit, include: BTreeSet::new(), ..Self::new(Start::Search(search)) }
    }

    /// What can be said of the config without asking anybody.
    ///
    /// # Errors
    /// [`SoundcloudError::InvalidConfig`].
    pub fn validate(&self) -> Result<(), SoundcloudError> {
        let fault = |parameter, message: &str| Err(SoundcloudError::invalid(parameter, message));
        match &self.start {
            Start::Url(text) => {
                let url = Url::parse(text).map_err(|error| SoundcloudError::invalid("url", error.to_string()))?;
                if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
                    return fault("url", "must begin with http:// or https:// and a host");
                }
                if redact(text) != text.as_str() {
                    return fault("url", "holds a secret token or a password, which would be stored with the job");
                }
            }
            Start::Urn(urn) => {
                urn.parse::<Thing>().map_err(|message| SoundcloudError::invalid("urn", message))?;
            }
            Start::Search(search) => {
                let nothing = search.query.as_deref().is_none_or(|query| query.trim().is_empty())
                    && search.genres.is_empty()
                    && search.tags.is_empty();
                if nothing {
                    return fault("search", "needs a query, genres or tags");
                }
                if let Some(from) = &search.created_from
                    && timestamp(from).is_err()
                {
                    return fault("created_from", "must be a date such as 2024-01-31, perhaps with a time");
                }
            }
        }
        for (parameter, value) in
            [("max_tracks", self.max_tracks), ("max_requests", self.max_requests), ("max_pages", self.max_pages)]
        {
            if value == 0 {
                return fault(parameter, "0, must be at least 1");
            }
        }
        if self.refresh_after.is_some_and(|age| age < 0) {
            return fault("refresh_after", "must not be negative");
        }
        Ok(())
    }
}
