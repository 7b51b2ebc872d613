//! From one document to records: which shape it has, and what each object in it is.

use super::MAX_DEPTH;
use super::identity::{Namespace, identity, reference};
use super::links::{Address, Call, address};
use super::merge::Records;
use super::object::{Element, Elements, Field, Object};
use super::records::{Document, DocumentReport, Entry, Interaction, InteractionKind, Kind, Playlist};
use super::rejection::{Log, Path, Reason, Rejection};
use super::scan::{Fault, Scanner, Value, line_and_column};
use super::shape::{Shape, shape};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Elements between two looks at the cancel flag: well under a millisecond of work.
const ELEMENTS_BETWEEN_LOOKS: usize = 256;

/// Wrappers inside wrappers: an activity may wrap a like, and no document was seen that goes further.
const MAX_WRAPPERS: u8 = 2;

/// What an object was loaded as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loaded {
    Track(i64),
    Playlist(i64),
    User(i64),
}

/// Reads one document.
pub(super) struct Reader<'r> {
    pub(super) records: &'r mut Records,
    pub(super) log: Log<'r>,
    pub(super) fetched_at: i64,
    pub(super) source: Arc<str>,
    cancelled: &'r AtomicBool,
    address: Address,
    unknown_user: bool,
    loaded: u32,
    rejected: u32,
}

/// Reads `document` into `records` and `rejections`. If `cancelled` is raised on the way, the result is unfinished.
pub(super) fn read(
    document: &Document,
    source: Arc<str>,
    records: &mut Records,
    rejections: &mut Vec<Rejection>,
    cancelled: &AtomicBool,
) -> DocumentReport {
    let mut reader = Reader {
        records,
        log: Log::new(document.document_id, rejections),
        fetched_at: document.fetched_at,
        source,
        cancelled,
        address: Address::default(),
        unknown_user: false,
        loaded: 0,
        rejected: 0,
    };
    let (kind, external_id) = reader.document(document);
    let Reader { log, loaded, rejected, .. } = reader;
    log.finish();
    DocumentReport {
        document_id: document.document_id,
        kind,
        external_id,
        found: loaded.saturating_add(rejected),
        loaded,
        rejected,
    }
}

impl Reader<'_> {
    /// Counts an object as loaded.
    pub(super) fn loaded(&mut self) {
        self.loaded = self.loaded.saturating_add(1);
    }

    /// Counts an object as rejected and says why.
    pub(super) fn reject(&mut self, reason: Reason, path: &Path, value: &str) {
        self.rejected = self.rejected.saturating_add(1);
        self.log.object(reason, path, value);
    }

    /// Whether the caller wants to stop, asked at element number `at`.
    pub(super) fn is_cancelled(&self, at: usize) -> bool {
        at.is_multiple_of(ELEMENTS_BETWEEN_LOOKS) && self.cancelled.load(Ordering::Relaxed)
    }

    fn document(&mut self, document: &Document) -> (Kind, Option<String>) {
        let body = document.body.strip_prefix('\u{feff}').unwrap_or(document.body);
        let mut scanner = Scanner::new(body, MAX_DEPTH);
        let root = if scanner.peek() == b'{' {
            // The object itself is the first level.
            scanner = Scanner::new(body, MAX_DEPTH - 1);
            Object::read(&mut scanner).map(|object| Element::Object(Box::new(object)))
        } else {
            scanner.value().map(Element::Other)
        };
        let root = root.and_then(|root| scanner.end().map(|()| root));
        match root {
            Err(Fault::TooDeep) => {
                self.reject(Reason::TooDeep, &Path::Root, body);
                (Kind::Unknown, None)
            }
            Err(Fault::Syntax(offset, expected)) => {
                let (line, column) = line_and_column(body, offset);
                self.reject(Reason::BadJson, &Path::Root, &format!("line {line} column {column}: {expected}"));
                (Kind::Unknown, None)
            }
            Ok(Element::Object(object)) => self.root_object(&object, document),
            Ok(Element::Other(value @ Value::Array(_))) => {
                self.address = address(document.source);
                self.page(value, None, &Path::Root, document);
                (Kind::Array, None)
            }
            Ok(Element::Other(value)) => {
                self.reject(Reason::UnsupportedKind, &Path::Root, value.raw());
                (Kind::Unknown, None)
            }
        }
    }

    fn root_object(&mut self, object: &Object, document: &Document) -> (Kind, Option<String>) {
        let shape = shape(object, None, &Path::Root, &mut self.log);
        let kind = match shape {
            Shape::Is(namespace) => {
                let external_id = match self.plain(object, namespace, &Path::Root) {
                    Some(Loaded::Track(id)) => Some(Namespace::Tracks.urn(id)),
                    Some(Loaded::User(id)) => Some(Namespace::Users.urn(id)),
                    Some(Loaded::Playlist(_)) => playlist_urn(object, namespace),
                    None => None,
                };
                return (kind_of(namespace), external_id);
            }
            Shape::Wrapper(kind) => {
                self.address = address(document.source);
                self.wrapper(object, kind, &Path::Root, 0);
                kind
            }
            Shape::Page => {
                self.duplicates(object, &Path::Root);
                self.address = address(document.source);
                let next_href = self.next_href(object);
                if self.address.call.is_none()
                    && let Some(next_href) = &next_href
                {
                    let Address { call, items, .. } = address(next_href);
                    self.address.call = call;
                    self.address.items = self.address.items.or(items);
                }
                let path = Path::Root.key(Field::Collection.name());
                self.page(object.get(Field::Collection), next_href.as_deref(), &path, document);
                Kind::Page
            }
            Shape::Error => {
                self.reject(Reason::ErrorBody, &Path::Root, object.raw);
                Kind::Error
            }
            Shape::Unsupported => {
                self.reject(Reason::UnsupportedKind, &Path::Root, object.raw);
                Kind::Unknown
            }
        };
        (kind, None)
    }

    fn next_href(&mut self, object: &Object) -> Option<String> {
        let value = object.get(Field::NextHref);
        if value.is_given() && !matches!(value, Value::Text(..)) {
            self.log.field(Reason::WrongType, &Path::Root.key(Field::NextHref.name()), value.raw());
            // There is something: the page must not pass for the last one.
            return Some(String::new());
        }
        match value {
            // A text that cannot be decoded is still a next page.
            Value::Text(..) => object
                .text(Field::NextHref)
                .map(std::borrow::Cow::into_owned)
                .or_else(|| (!value.raw().trim().is_empty()).then(String::new)),
            _ => None,
        }
    }

    /// The elements of a page or a bare array.
    fn page(&mut self, collection: Value, next_href: Option<&str>, path: &Path, document: &Document) {
        let mut entries = Vec::new();
        let mut length = 0;
        match collection {
            Value::Array(raw) => {
                for (at, element) in Elements::new(raw).enumerate() {
                    if self.is_cancelled(at) {
                        return;
                    }
                    length += 1;
                    let path = path.index(at);
                    match element {
                        Element::Object(object) => self.member(&object, &path, &mut entries),
                        Element::Other(value) => self.reject(Reason::WrongType, &path, value.raw()),
                    }
                }
            }
            // The examples of the specification show one element in place of the array.
            Value::Object(raw) => {
                if let Some(object) = Object::parse(raw) {
                    length = 1;
                    self.member(&object, path, &mut entries);
                }
            }
            other => return self.reject(Reason::WrongType, path, other.raw()),
        }
        if let Some(Call::TracksOfPlaylist(id)) = self.address.call {
            // A bare array says nothing of a next page; a full one may have one.
            let maybe_cut = matches!(path, Path::Root) && self.address.limit.is_some_and(|limit| length >= limit);
            if next_href.is_some() || self.address.continues || maybe_cut {
                self.log.field(Reason::PartialPage, &Path::Root, next_href.unwrap_or(document.source));
                return;
            }
            self.records.playlists.push(Playlist {
                id,
                urn: Namespace::Playlists.urn(id),
                entries: Some(entries),
                fetched_at: self.fetched_at,
                source: Arc::clone(&self.source),
                ..Playlist::default()
            });
        }
    }

    /// One element of a page.
    fn member(&mut self, object: &Object, path: &Path, entries: &mut Vec<Entry>) {
        let loaded = match shape(object, self.address.items, path, &mut self.log) {
            Shape::Is(namespace) => {
                let loaded = self.plain(object, namespace, path);
                if let Some(loaded) = loaded {
                    self.relate_to_call(loaded, path);
                }
                loaded
            }
            Shape::Wrapper(kind) => self.wrapper(object, kind, path, 0),
            Shape::Error => {
                self.reject(Reason::ErrorBody, path, object.raw);
                None
            }
            Shape::Page | Shape::Unsupported => {
                self.reject(Reason::UnsupportedKind, path, object.raw);
                None
            }
        };
        if let (Some(Loaded::Track(track_id)), Some(Call::TracksOfPlaylist(_))) = (loaded, self.address.call) {
            entries.push(Entry { track_id, added_at: self.added_at(object, path) });
        }
    }

    /// A track, playlist or user that is not wrapped.
    fn plain(&mut self, object: &Object, namespace: Namespace, path: &Path) -> Option<Loaded> {
        match namespace {
            Namespace::Tracks => self.track(object, path).map(Loaded::Track),
            Namespace::Users => self.user(object, path).map(Loaded::User),
            Namespace::Playlists | Namespace::SystemPlaylists => {
                self.playlist(object, namespace, path).map(Loaded::Playlist)
            }
        }
    }

    /// `{track: …}`, `{playlist: …}` or `{origin: …}`, perhaps with a user and a time.
    pub(super) fn wrapper(&mut self, object: &Object, kind: Kind, path: &Path, wrappers: u8) -> Option<Loaded> {
        self.duplicates(object, path);
        let mut wrapped = None;
        let mut any = false;
        for (field, hint) in [
            (Field::Playlist, Some(Namespace::Playlists)),
            (Field::Track, Some(Namespace::Tracks)),
            (Field::Origin, None),
        ] {
            let path = path.key(field.name());
            match object.get(field) {
                Value::Missing | Value::Null => {}
                Value::Object(raw) => {
                    any = true;
                    let Some(inner) = Object::parse(raw) else { continue };
                    let loaded = match shape(&inner, hint, &path, &mut self.log) {
                        Shape::Is(namespace) => self.plain(&inner, namespace, &path),
                        Shape::Wrapper(kind) if wrappers + 1 < MAX_WRAPPERS => {
                            self.wrapper(&inner, kind, &path, wrappers + 1)
                        }
                        _ => {
                            self.reject(Reason::UnsupportedKind, &path, inner.raw);
                            None
                        }
                    };
                    wrapped = loaded.or(wrapped);
                }
                other => self.log.field(Reason::WrongType, &path, other.raw()),
            }
        }
        if !any {
            let id = reference(object, [Field::TrackUrn, Field::TrackId], Namespace::Tracks, path, &mut self.log);
            match id {
                Some(id) => {
                    self.loaded();
                    wrapped = Some(Loaded::Track(id));
                }
                None => {
                    self.reject(Reason::MissingId, path, object.raw);
                    return None;
                }
            }
        }
        let user = self.nested_user(object, path, false);
        if let Some(Loaded::Track(track_id)) = wrapped {
            let (interaction, context) = match (kind, self.address.call) {
                (Kind::Like, Some(Call::LikesOf(user))) => (Some(InteractionKind::Like), user),
                (Kind::Repost, Some(Call::RepostsOf(user))) => (Some(InteractionKind::Repost), user),
                (Kind::Like, _) => (Some(InteractionKind::Like), None),
                (Kind::Repost, _) => (Some(InteractionKind::Repost), None),
                (Kind::Play, _) => (Some(InteractionKind::Play), None),
                (_, Some(Call::LikesOf(user))) => (Some(InteractionKind::Like), user),
                (_, Some(Call::RepostsOf(user))) => (Some(InteractionKind::Repost), user),
                _ => (None, None),
            };
            if let Some(kind) = interaction {
                let occurred_at = self.occurred_at(object, path);
                self.interaction(user.or(context), track_id, kind, occurred_at, path);
            }
        }
        wrapped
    }

    /// What the call that a page answers says about one of its elements.
    fn relate_to_call(&mut self, loaded: Loaded, path: &Path) {
        let (like, repost) = (InteractionKind::Like, InteractionKind::Repost);
        match (self.address.call, loaded) {
            (Some(Call::LikesOf(user)), Loaded::Track(track)) => self.interaction(user, track, like, None, path),
            (Some(Call::RepostsOf(user)), Loaded::Track(track)) => self.interaction(user, track, repost, None, path),
            (Some(Call::LikersOf(track)), Loaded::User(user)) => self.interaction(Some(user), track, like, None, path),
            (Some(Call::RepostersOf(track)), Loaded::User(user)) => {
                self.interaction(Some(user), track, repost, None, path);
            }
            (Some(Call::FollowedBy(user)), Loaded::User(followed)) => self.follow(user, Some(followed), path),
            (Some(Call::FollowersOf(user)), Loaded::User(follower)) => self.follow(Some(follower), user, path),
            _ => {}
        }
    }

    fn interaction(
        &mut self,
        user: Option<i64>,
        track_id: i64,
        kind: InteractionKind,
        occurred_at: Option<i64>,
        path: &Path,
    ) {
        match user {
            Some(user_id) => {
                self.records.interactions.push(Interaction { user_id, track_id, kind, occurred_at });
            }
            None => self.unknown_user(path),
        }
    }

    fn follow(&mut self, user: Option<i64>, followed: Option<i64>, path: &Path) {
        match (user, followed) {
            (Some(user), Some(followed)) if user == followed => {
                self.log.field(Reason::SelfReference, path, &user.to_string());
            }
            (Some(user), Some(followed)) => self.records.follows.push((user, followed)),
            _ => self.unknown_user(path),
        }
    }

    /// Reported once for the document: it is the same for all elements of a page.
    fn unknown_user(&mut self, path: &Path) {
        if !self.unknown_user {
            self.unknown_user = true;
            let source = Arc::clone(&self.source);
            self.log.field(Reason::UnknownUser, path, &source);
        }
    }

    /// Reports members that a later one with the same key replaced.
    pub(super) fn duplicates(&mut self, object: &Object, path: &Path) {
        for (field, value) in &object.replaced {
            self.log.field(Reason::DuplicateKey, &path.key(field.name()), value.raw());
        }
    }
}

/// The URN of a playlist that was loaded.
fn playlist_urn(object: &Object, namespace: Namespace) -> Option<String> {
    // What there is to say about the ids has been said.
    let mut said = Vec::new();
    identity(object, namespace, &Path::Root, &mut Log::new(0, &mut said)).ok().map(|(_, urn)| urn)
}

fn kind_of(namespace: Namespace) -> Kind {
    match namespace {
        Namespace::Tracks => Kind::Track,
        Namespace::Playlists => Kind::Playlist,
        Namespace::SystemPlaylists => Kind::SystemPlaylist,
        Namespace::Users => Kind::User,
    }
}
