//! Which call is worth making next, and what its answer leads to.

mod config;
mod node;
mod saved;

pub use config::{
    CrawlConfig, DEFAULT_DEPTH, DEFAULT_MAX_PAGES, DEFAULT_MAX_PLAYLISTS, DEFAULT_MAX_REQUESTS, DEFAULT_MAX_TRACKS,
    DEFAULT_MAX_USERS, Include, Start,
};
pub use saved::Known;

use super::call::{Call, ListKind, Thing};
use super::client::Answer;
use super::endpoints::Endpoints;
use super::error::SoundcloudError;
use super::failure::CallFailure;
use super::paging::{Ending, Pages};
use super::time::Micros;
use crate::catalog::{Glance, Item, ItemKind, glance, redact};
use node::Node;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use url::Url;

/// Entries per page, the most that the API gives.
pub const PAGE_SIZE: u32 = 200;
/// Tracks that are asked for by number at once; more would make the URL too long for some proxies.
pub const STUBS_PER_CALL: usize = 50;
/// Warnings of each kind that are kept; more are only counted, so that what is frequent does not hide what is not.
pub const MAX_WARNINGS: usize = 20;

/// A page to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// What to ask. It holds no credentials.
    pub url: Url,
    /// Whether the answer is the place that a redirect names, see [`Client::begin_resolve`](super::Client::begin_resolve).
    pub resolves: bool,
    /// What to store as the document's source, and to look for among the stored ones.
    pub source: String,
    /// A stored document of this source, fetched then or later, is good enough: it should be given to
    /// [`Crawl::receive_stored`] in place of fetching.
    pub fresh_since: Option<Micros>,
    /// What the call is for, for people.
    pub what: String,
}

/// A document to store, in the form that [`catalog::Document`](crate::catalog::Document) has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawledDocument {
    /// The URL of the call, without credentials: it tells whose likes or which playlist's tracks a page holds.
    pub source: String,
    /// The body as it came.
    pub body: String,
    /// When it came.
    pub fetched_at: Micros,
    /// Whether the crawl made the document: a playlist with the ids of all its entries, from several pages, because a
    /// page alone does not tell what its playlist holds.
    pub is_assembled: bool,
}

/// Something that went otherwise than it should, and did not stop the crawl.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What was asked for.
    pub call: String,
    /// Why the list ended; `None` if it went on.
    pub ending: Option<Ending>,
    /// What happened.
    pub message: String,
}

/// How far a crawl is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CrawlCounts {
    /// Calls that were answered or given up, one per page.
    pub requests: u32,
    /// Pages that were taken from what was stored.
    pub stored: u32,
    /// Documents that came, assembled ones included.
    pub documents: u32,
    /// Tracks known, if only by number.
    pub tracks: u32,
    /// Playlists whose tracks were asked for.
    pub playlists: u32,
    /// Users whose lists were asked for.
    pub users: u32,
    /// Warnings, those included that were not kept.
    pub warnings: u32,
}

/// How the crawl begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Opening {
    /// The URL is to be resolved.
    Resolve,
    /// What it names is to be fetched.
    Look(Thing),
    /// The search is to be made.
    Search,
    /// Behind it.
    Over,
}

/// A call under way, with its pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Reading {
    call: Call,
    pages: Pages,
    /// Level of what the pages hold.
    level: u32,
    /// Tracks of a playlist in their order, duplicates included.
    entries: Vec<i64>,
    /// Whether any page was not taken from what was stored.
    fetched: bool,
}

/// A crawl: breadth-first from the start, in each level what most of the known things lead to first, until nothing is left
/// within the budget.
///
/// It is plain data. Stored after each page, together with the page's documents, it goes on exactly where it was; it never
/// asks for anything twice. What is stored is a [`state`](Self::state) and, of the things, those that
/// [changed](Self::take_changed).
#[derive(Debug, Clone)]
pub struct Crawl {
    config: CrawlConfig,
    opening: Opening,
    nodes: BTreeMap<Thing, Node>,
    /// Of the nodes, those that are not stored as they are.
    changed: BTreeSet<Thing>,
    reading: Option<Reading>,
    counts: CrawlCounts,
    warnings: Vec<Warning>,
}

impl Crawl {
    /// A crawl that has not begun.
    ///
    /// # Errors
    /// [`SoundcloudError::InvalidConfig`].
    pub fn new(config: CrawlConfig) -> Result<Self, SoundcloudError> {
        config.validate()?;
        let opening = match &config.start {
            Start::Url(_) => Opening::Resolve,
            Start::Urn(urn) => {
                Opening::Look(urn.parse().map_err(|message: String| SoundcloudError::invalid("urn", message))?)
            }
            Start::Search(_) => Opening::Search,
        };
        Ok(Self {
            config,
            opening,
            nodes: BTreeMap::new(),
            changed: BTreeSet::new(),
            reading: None,
            counts: CrawlCounts::default(),
            warnings: Vec::new(),
        })
    }

    /// What it was told.
    pub fn config(&self) -> &CrawlConfig {
        &self.config
    }

    /// How far it is.
    pub fn counts(&self) -> CrawlCounts {
        self.counts
    }

    /// What went otherwise than it should.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The page to fetch next; `None` when the crawl is over. Asked again before the answer came, it says the same.
    pub fn next(&mut self, now: Micros, endpoints: &Endpoints) -> Option<Fetch> {
        if self.reading.is_none() {
            self.reading = self.choose();
        }
        if self.counts.requests >= self.config.max_requests {
            return None;
        }
        let reading = self.reading.as_ref()?;
        let resolves = matches!(reading.call, Call::Resolve(_));
        let url = reading.pages.url(&reading.call, endpoints, self.page_size(&reading.call));
        Some(Fetch {
            source: redact(url.as_str()).into_owned(),
            url,
            resolves,
            fresh_since: self.config.refresh_after.filter(|_| !resolves).map(|age| now.saturating_sub(age)),
            what: reading.call.to_string(),
        })
    }

    /// Takes the answer to the last [`next`](Self::next) that came at `now`. The documents returned and this state belong
    /// into one transaction.
    ///
    /// # Errors
    /// [`SoundcloudError::Start`] if the start cannot be had; [`SoundcloudError::NothingAsked`].
    pub fn receive(
        &mut self,
        answer: Result<Answer, CallFailure>,
        endpoints: &Endpoints,
        now: Micros,
    ) -> Result<Vec<CrawledDocument>, SoundcloudError> {
        let mut reading = self.reading.take().ok_or(SoundcloudError::NothingAsked)?;
        self.counts.requests += 1;
        reading.fetched = true;
        match answer {
            Ok(Answer::Body(body)) => {
                let url = reading.pages.url(&reading.call, endpoints, self.page_size(&reading.call));
                let mut documents = vec![CrawledDocument {
                    source: redact(url.as_str()).into_owned(),
                    body: String::new(),
                    fetched_at: now,
                    is_assembled: false,
                }];
                documents.extend(self.page(reading, &body, endpoints, now)?);
                if let Some(document) = documents.first_mut() {
                    document.body = body;
                }
                self.counts.documents += documents.len() as u32;
                Ok(documents)
            }
            Ok(Answer::Location(url)) => {
                match (self.opening, Thing::of_url(&url)) {
                    (Opening::Resolve, Some(thing)) => self.opening = Opening::Look(thing),
                    _ => return Err(self.no_start("the page is of no track, playlist or user".to_owned())),
                }
                Ok(Vec::new())
            }
            Err(failure) => {
                if self.opening != Opening::Over {
                    return Err(self.no_start(failure.to_string()));
                }
                // A cursor that the service gave and does not take: the end of the list, by experience.
                let refused =
                    matches!(&failure, CallFailure::Refused(error) if matches!(error.status, 400 | 404 | 422));
                let ending = if refused && reading.pages.continues() { Ending::CursorRefused } else { Ending::Failed };
                self.warn(&reading.call, Some(ending), format!("{ending}: {failure}"));
                if let Call::Thing(thing) = reading.call
                    && let Some(node) = self.known(thing)
                {
                    // It is not there; its lists are not either.
                    node.give_up();
                }
                let assembled = self.finish(reading, ending, endpoints, now);
                self.counts.documents += assembled.iter().len() as u32;
                Ok(assembled.into_iter().collect())
            }
        }
    }

    /// Takes a stored document in place of an answer, see [`Fetch::fresh_since`].
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_stored(
        &mut self,
        body: &str,
        endpoints: &Endpoints,
        now: Micros,
    ) -> Result<Vec<CrawledDocument>, SoundcloudError> {
        let reading = self.reading.take().ok_or(SoundcloudError::NothingAsked)?;
        self.counts.stored += 1;
        let assembled = self.page(reading, body, endpoints, now)?;
        self.counts.documents += assembled.iter().len() as u32;
        Ok(assembled.into_iter().collect())
    }

    fn no_start(&self, reason: String) -> SoundcloudError {
        let start = match &self.config.start {
            Start::Url(text) | Start::Urn(text) => text.clone(),
            Start::Search(search) => Call::Search(search.clone()).to_string(),
        };
        SoundcloudError::Start { start, reason }
    }

    fn warn(&mut self, call: &Call, ending: Option<Ending>, message: String) {
        self.counts.warnings += 1;
        if self.warnings.iter().filter(|warning| warning.ending == ending).count() < MAX_WARNINGS {
            self.warnings.push(Warning { call: call.to_string(), ending, message });
        }
    }

    /// Reads a page and turns to the one after it. Returns what can be assembled when the list ends here.
    fn page(
        &mut self,
        mut reading: Reading,
        body: &str,
        endpoints: &Endpoints,
        now: Micros,
    ) -> Result<Option<CrawledDocument>, SoundcloudError> {
        let seen = match glance(body, reading.call.items()) {
            Ok(seen) => seen,
            Err(reason) if self.opening != Opening::Over => {
                return Err(self.no_start(format!("the answer is not what was asked for ({})", reason.as_str())));
            }
            Err(reason) => {
                let ending = Ending::UnknownShape;
                self.warn(&reading.call, Some(ending), format!("{ending}: {}", reason.as_str()));
                return Ok(self.finish(reading, ending, endpoints, now));
            }
        };
        self.note(&mut reading, &seen);
        let over = if let Call::Thing(_) = reading.call {
            Some(Ending::Complete)
        } else {
            let limit = self.page_size(&reading.call);
            let next_href = seen.next_href.as_deref();
            let following = reading.pages.follow(next_href, &reading.call, endpoints, limit, self.config.max_pages);
            if following.foreign_host && reading.pages.read == 1 {
                self.warn(&reading.call, None, "next_href names another host; only its query is used".to_owned());
            }
            match following.ending {
                Some(Ending::Complete) if seen.is_bare && seen.elements.unwrap_or(0) >= limit as usize => {
                    Some(Ending::Bare)
                }
                None if self.is_full(&reading) => Some(Ending::Budget),
                ending => ending,
            }
        };
        if matches!(reading.call, Call::Thing(_) | Call::Search(_)) {
            self.opening = Opening::Over;
        }
        match over {
            Some(ending) => {
                if !matches!(ending, Ending::Complete | Ending::Budget) {
                    self.warn(&reading.call, Some(ending), ending.to_string());
                }
                Ok(self.finish(reading, ending, endpoints, now))
            }
            None => {
                self.reading = Some(reading);
                Ok(None)
            }
        }
    }

    /// Entries per page: no more than a search may bring.
    fn page_size(&self, call: &Call) -> u32 {
        match call {
            Call::Search(_) => PAGE_SIZE.min(self.config.max_tracks),
            _ => PAGE_SIZE,
        }
    }

    /// Whether a budget ends this list: that of tracks, or, where it holds users, as many pages as would hold all users whose lists
    /// may be read. The list of a playlist's tracks is of use only if it is whole.
    fn is_full(&self, reading: &Reading) -> bool {
        match reading.call {
            Call::Search(_) => self.counts.tracks >= self.config.max_tracks,
            Call::List(ListKind::PlaylistTracks, _) => false,
            Call::List(list, _) if brings_tracks(list) => self.counts.tracks >= self.config.max_tracks,
            Call::List(list, _) if list.items() == ItemKind::User => {
                reading.pages.read.saturating_mul(PAGE_SIZE) >= self.config.max_users
            }
            _ => false,
        }
    }

    /// Assembles a playlist from its pages, if they are all of them and if one page alone does not say so.
    fn finish(
        &mut self,
        reading: Reading,
        ending: Ending,
        endpoints: &Endpoints,
        now: Micros,
    ) -> Option<CrawledDocument> {
        let Call::List(ListKind::PlaylistTracks, thing) = reading.call else { return None };
        let one_page = ending == Ending::Complete && reading.pages.read == 1;
        let track_count = self.nodes.get(&thing).and_then(|node| node.track_count);
        // Where the end is not clear, the playlist's own count decides.
        let whole = ending == Ending::Complete
            || track_count.is_some_and(|count| count > 0 && reading.entries.len() >= count as usize);
        if one_page || !whole || !reading.fetched {
            return None;
        }
        let tracks: Vec<serde_json::Value> = reading
            .entries
            .iter()
            .map(|&id| serde_json::json!({ "kind": "track", "urn": Thing::Track(id).to_string() }))
            .collect();
        let body = serde_json::json!({ "kind": "playlist", "urn": thing.to_string(), "tracks": tracks });
        let source = reading.call.path(endpoints).to_string();
        Some(CrawledDocument { source, body: body.to_string(), fetched_at: now, is_assembled: true })
    }

    /// Notes what a page speaks of.
    fn note(&mut self, reading: &mut Reading, seen: &Glance) {
        let mut met = HashSet::new();
        for item in &seen.items {
            if matches!(reading.call, Call::List(ListKind::PlaylistTracks, _)) && item.kind == ItemKind::Track {
                reading.entries.push(item.id);
            }
            let thing = Thing::new(item.kind, item.id);
            let mentions = matches!(reading.call, Call::List(..) | Call::Search(_)) && met.insert(thing);
            self.meet(thing, item, reading.level, mentions);
        }
    }

    fn meet(&mut self, thing: Thing, item: &Item, level: u32, mentions: bool) {
        let node = self.node(thing, level);
        node.mentions += u32::from(mentions);
        node.track_count = item.track_count.or(node.track_count);
        let level = node.level;
        let news = item.is_described && node.describe();
        if let Some(owner) = item.owner {
            let node = self.node(Thing::User(owner.id), level);
            node.mentions += u32::from(news);
            if owner.is_described {
                node.describe();
            }
        }
    }

    /// The node of a thing, a new one if need be. Its level is the lowest at which it was met.
    fn node(&mut self, thing: Thing, level: u32) -> &mut Node {
        self.changed.insert(thing);
        let order = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let counts = &mut self.counts;
        let node = self.nodes.entry(thing).or_insert_with(|| {
            counts.tracks += u32::from(matches!(thing, Thing::Track(_)));
            Node::new(level, order)
        });
        node.level = node.level.min(level);
        node
    }

    /// The node of a thing that was met, to be changed.
    fn known(&mut self, thing: Thing) -> Option<&mut Node> {
        let node = self.nodes.get_mut(&thing)?;
        self.changed.insert(thing);
        Some(node)
    }

    /// The next call to make.
    fn choose(&mut self) -> Option<Reading> {
        let reading = |call, level| Reading { call, pages: Pages::new(), level, entries: Vec::new(), fetched: false };
        match (self.opening, &self.config.start) {
            (Opening::Resolve, Start::Url(url)) => return Some(reading(Call::Resolve(url.clone()), 0)),
            (Opening::Search, Start::Search(search)) => return Some(reading(Call::Search(search.clone()), 0)),
            (Opening::Look(thing), _) => {
                self.node(thing, 0).ask();
                return Some(reading(Call::Thing(thing), 0));
            }
            _ => {}
        }
        let best = self
            .nodes
            .iter()
            .filter_map(|(&thing, node)| Some((node, thing, self.call_for(thing, node)?)))
            .min_by_key(|(node, ..)| (node.level, Reverse(node.mentions), node.order))
            .map(|(node, thing, call)| (node.level, thing, call));
        let mut stubs: Vec<(u32, Reverse<u32>, u32, i64)> = self
            .nodes
            .iter()
            .filter_map(|(thing, node)| match thing {
                Thing::Track(id) if node.is_stub() => Some((node.level, Reverse(node.mentions), node.order, *id)),
                _ => None,
            })
            .collect();
        stubs.sort_unstable();
        // Their artists belong to their level: so they come before anything of a further one.
        let due = stubs.len() >= STUBS_PER_CALL
            || stubs.first().is_some_and(|stub| best.as_ref().is_none_or(|(level, ..)| *level > stub.0));
        if due {
            let ids: Vec<i64> = stubs.iter().take(STUBS_PER_CALL).map(|stub| stub.3).collect();
            for id in &ids {
                if let Some(node) = self.known(Thing::Track(*id)) {
                    node.ask();
                }
            }
            // They have levels of their own, which a greater one does not change.
            return Some(reading(Call::Tracks(ids), u32::MAX));
        }
        let (level, thing, call) = best?;
        let node = self.known(thing)?;
        let below = match &call {
            Call::List(list, _) => {
                node.take(*list);
                let is_new = node.open();
                if is_new {
                    match thing {
                        Thing::Playlist(_) => self.counts.playlists += 1,
                        Thing::User(_) => self.counts.users += 1,
                        Thing::Track(_) => {}
                    }
                }
                // The playlists of a user belong to him; what lists hold otherwise is a step further.
                if *list == ListKind::UserPlaylists { level } else { level + 1 }
            }
            _ => {
                node.ask();
                level
            }
        };
        Some(reading(call, below))
    }

    /// What is worth asking for about a thing, if anything is.
    fn call_for(&self, thing: Thing, node: &Node) -> Option<Call> {
        if node.level > self.config.depth {
            return None;
        }
        let has = |include| self.config.include.contains(&include);
        let tracks_left = self.counts.tracks < self.config.max_tracks;
        let users_left = tracks_left && self.counts.users < self.config.max_users;
        let lists: &[(ListKind, bool)] = match thing {
            Thing::Track(_) => &[
                (ListKind::TrackFavoriters, has(Include::Favoriters) && users_left),
                (ListKind::TrackReposters, has(Include::Reposts) && users_left),
                (ListKind::TrackRelated, has(Include::Related) && tracks_left),
            ],
            // The service's own playlists have no number to ask by.
            Thing::Playlist(id) if id > 0 => {
                let room = node.is_open() || self.counts.playlists < self.config.max_playlists;
                &[(ListKind::PlaylistTracks, room && tracks_left)]
            }
            Thing::Playlist(_) => &[],
            Thing::User(_) => {
                let room = tracks_left && (node.is_open() || self.counts.users < self.config.max_users);
                &[
                    (ListKind::UserTracks, room && has(Include::Tracks)),
                    (ListKind::UserPlaylists, room && has(Include::Playlists)),
                    (ListKind::UserLikes, room && has(Include::Likes)),
                    (ListKind::UserReposts, room && has(Include::Reposts)),
                ]
            }
        };
        let list = lists.iter().find(|(list, wanted)| *wanted && !node.has_taken(*list))?.0;
        // What only its id is known of has no playlist to be counted against and no name.
        if node.is_stub() && !matches!(thing, Thing::Track(_)) {
            return Some(Call::Thing(thing));
        }
        Some(Call::List(list, thing))
    }
}

fn brings_tracks(list: ListKind) -> bool {
    list.items() == ItemKind::Track
}
