//! The members of tracks, playlists and users.

use super::identity::{Namespace, identity, reference};
use super::object::{Element, Elements, Field, Object};
use super::reader::{Loaded, Reader};
use super::records::{Account, Entry, Playlist, Track};
use super::rejection::{Path, Reason};
use super::scan::Value;
use super::shape::{Shape, shape};
use super::values::Fields;
use std::sync::Arc;

impl Reader<'_> {
    /// The id and URN, or the object is rejected as a whole.
    fn identify(&mut self, object: &Object, namespace: Namespace, path: &Path) -> Option<(i64, String)> {
        self.duplicates(object, path);
        match identity(object, namespace, path, &mut self.log) {
            Ok(named) => {
                self.loaded();
                Some(named)
            }
            Err((reason, _)) => {
                self.reject(reason, path, object.raw);
                None
            }
        }
    }

    /// Loads a track. A stub, of which only the id is known, gives no record.
    pub(super) fn track(&mut self, object: &Object, path: &Path) -> Option<i64> {
        let (id, urn) = self.identify(object, Namespace::Tracks, path)?;
        let artist_id = self.nested_user(object, path, true);
        let mut fields = Fields::new(object, path, &mut self.log);
        let (tags, machine_tags) = fields.tags(Field::TagList).unzip();
        let likes_count = likes_count(&mut fields);
        let duration = fields.small(Field::Duration);
        let mut track = Track {
            id,
            urn,
            artist_id,
            title: fields.text(Field::Title),
            genre: fields.text(Field::Genre),
            tags,
            machine_tags,
            permalink_url: fields.url(Field::PermalinkUrl),
            // API v2 gives the length of a preview as `duration`.
            duration_ms: fields.small(Field::FullDuration).filter(|&whole| whole > 0).or(duration),
            label: fields.text(Field::LabelName),
            isrc: fields.isrc(Field::Isrc),
            bpm: fields.bpm(Field::Bpm),
            key_signature: fields.text(Field::KeySignature),
            released_on: fields.released_on(),
            created_at: fields.timestamp(Field::CreatedAt),
            playback_count: fields.count(Field::PlaybackCount),
            likes_count,
            reposts_count: fields.count(Field::RepostsCount),
            comment_count: fields.count(Field::CommentCount),
            fetched_at: self.fetched_at,
            source: Arc::clone(&self.source),
        };
        // Where the uploader hides the counts, a 0 is no count.
        if fields.flag(Field::RevealStats) == Some(false) {
            for count in [&mut track.playback_count, &mut track.likes_count, &mut track.reposts_count] {
                *count = count.filter(|&count| count > 0);
            }
        }
        if fields.flag(Field::RevealComments) == Some(false) {
            track.comment_count = track.comment_count.filter(|&count| count > 0);
        }
        if track.isrc.is_none() {
            track.isrc = self.publisher_isrc(object, path);
        }
        self.records.tracks.push(track);
        Some(id)
    }

    /// API v2 keeps the ISRC one level deeper.
    fn publisher_isrc(&mut self, object: &Object, path: &Path) -> Option<String> {
        let path = path.key(Field::PublisherMetadata.name());
        match object.get(Field::PublisherMetadata) {
            Value::Missing | Value::Null => None,
            Value::Object(raw) => {
                let metadata = Object::parse(raw)?;
                self.duplicates(&metadata, &path);
                Fields::new(&metadata, &path, &mut self.log).isrc(Field::Isrc)
            }
            other => {
                self.log.field(Reason::WrongType, &path, other.raw());
                None
            }
        }
    }

    /// Loads a playlist and what is in it.
    pub(super) fn playlist(&mut self, object: &Object, namespace: Namespace, path: &Path) -> Option<i64> {
        let (id, urn) = self.identify(object, namespace, path)?;
        let owner_id = self.nested_user(object, path, false);
        let entries = self.entries(object, id, path);
        let mut fields = Fields::new(object, path, &mut self.log);
        let tags = fields.tags(Field::TagList).or_else(|| fields.tags(Field::Tags));
        let modified_at = fields.timestamp(Field::LastModified);
        let set_type = fields.text(Field::SetType).or_else(|| fields.text(Field::PlaylistType));
        let mut playlist = Playlist {
            id,
            urn,
            owner_id,
            title: fields.text(Field::Title),
            is_album: fields.flag(Field::IsAlbum).or_else(|| set_type.map(|set_type| is_release(&set_type))),
            tags: tags.map(|(tags, _)| tags),
            permalink_url: fields.url(Field::PermalinkUrl),
            created_at: fields.timestamp(Field::CreatedAt),
            modified_at: modified_at.or_else(|| fields.timestamp(Field::LastUpdated)),
            is_public: fields.flag(Field::Public).or_else(|| fields.word(Field::Sharing, is_public)),
            track_count: fields.small(Field::TrackCount),
            likes_count: likes_count(&mut fields),
            entries,
            fetched_at: self.fetched_at,
            source: Arc::clone(&self.source),
        };
        if playlist.entries.as_ref().is_some_and(Vec::is_empty) && playlist.track_count.is_some_and(|count| count > 0) {
            // Lists of playlists may leave the tracks out; an emptied playlist says track_count 0.
            fields.reject(Field::Tracks, Reason::PartialPage);
            playlist.entries = None;
        }
        self.records.playlists.push(playlist);
        Some(id)
    }

    /// The entries in their order; `None` if there is no list.
    fn entries(&mut self, object: &Object, playlist_id: i64, path: &Path) -> Option<Vec<Entry>> {
        let path = path.key(Field::Tracks.name());
        let raw = match object.get(Field::Tracks) {
            Value::Missing | Value::Null => return None,
            Value::Array(raw) => raw,
            other => {
                self.log.field(Reason::WrongType, &path, other.raw());
                return None;
            }
        };
        let mut entries = Vec::new();
        for (at, element) in Elements::new(raw).enumerate() {
            if self.is_cancelled(at) {
                return None;
            }
            let path = path.index(at);
            match element {
                Element::Other(value) => self.reject(Reason::WrongType, &path, value.raw()),
                Element::Object(entry) => {
                    if let Some(track_id) = self.entry(&entry, playlist_id, &path) {
                        entries.push(Entry { track_id, added_at: self.added_at(&entry, &path) });
                    }
                }
            }
        }
        Some(entries)
    }

    fn entry(&mut self, object: &Object, playlist_id: i64, path: &Path) -> Option<i64> {
        match shape(object, Some(Namespace::Tracks), path, &mut self.log) {
            Shape::Is(Namespace::Tracks) => return self.track(object, path),
            Shape::Wrapper(kind) => match self.wrapper(object, kind, path, 1)? {
                Loaded::Track(id) => return Some(id),
                // It was loaded for what it is, but it is no entry.
                Loaded::Playlist(_) | Loaded::User(_) => {
                    self.log.field(Reason::UnsupportedKind, path, object.raw);
                }
            },
            Shape::Is(namespace @ (Namespace::Playlists | Namespace::SystemPlaylists)) => {
                let itself = identity(object, namespace, path, &mut self.log).is_ok_and(|(id, _)| id == playlist_id);
                let reason = if itself { Reason::SelfReference } else { Reason::UnsupportedKind };
                self.reject(reason, path, object.raw);
            }
            Shape::Is(Namespace::Users) | Shape::Page | Shape::Error | Shape::Unsupported => {
                self.reject(Reason::UnsupportedKind, path, object.raw);
            }
        }
        None
    }

    /// Loads a user met as a listener: by its own document, in a page, as owner of a playlist.
    pub(super) fn user(&mut self, object: &Object, path: &Path) -> Option<i64> {
        self.account(object, path, false)
    }

    fn account(&mut self, object: &Object, path: &Path, uploader: bool) -> Option<i64> {
        let (id, urn) = self.identify(object, Namespace::Users, path)?;
        let mut fields = Fields::new(object, path, &mut self.log);
        let account = Account {
            id,
            urn,
            name: fields.text(Field::Username).or_else(|| fields.text(Field::FullName)),
            permalink_url: fields.url(Field::PermalinkUrl),
            city: fields.text(Field::City),
            country_code: fields.country_code(Field::CountryCode),
            followers_count: fields.count(Field::FollowersCount),
            fetched_at: self.fetched_at,
            source: Arc::clone(&self.source),
        };
        if uploader {
            self.records.artists.push(account);
            return Some(id);
        }
        if fields.count(Field::TrackCount).is_some_and(|tracks| tracks > 0) {
            self.records.artists.push(account.clone());
        }
        self.records.users.push(account);
        Some(id)
    }

    /// Whose an object is: the nested `user`, which is loaded, else `user_urn` or `user_id`.
    pub(super) fn nested_user(&mut self, object: &Object, path: &Path, uploader: bool) -> Option<i64> {
        let key = path.key(Field::User.name());
        let nested = match object.get(Field::User) {
            Value::Missing | Value::Null => None,
            Value::Object(raw) => {
                let user = Object::parse(raw)?;
                match shape(&user, Some(Namespace::Users), &key, &mut self.log) {
                    Shape::Is(Namespace::Users) => self.account(&user, &key, uploader),
                    _ => {
                        self.reject(Reason::UnsupportedKind, &key, user.raw);
                        None
                    }
                }
            }
            other => {
                self.log.field(Reason::WrongType, &key, other.raw());
                None
            }
        };
        let fields = [Field::UserUrn, Field::UserId];
        let referred = reference(object, fields, Namespace::Users, path, &mut self.log);
        if let (Some(nested), Some(referred)) = (nested, referred)
            && nested != referred
        {
            let field = if object.has(Field::UserUrn) { Field::UserUrn } else { Field::UserId };
            self.log.field(Reason::IdConflict, &path.key(field.name()), object.get(field).raw());
        }
        nested.or(referred)
    }

    /// When a track was added to a playlist, where an entry tells.
    pub(super) fn added_at(&mut self, entry: &Object, path: &Path) -> Option<i64> {
        Fields::new(entry, path, &mut self.log).moment(Field::AddedAt)
    }

    /// When somebody did something with a track.
    pub(super) fn occurred_at(&mut self, wrapper: &Object, path: &Path) -> Option<i64> {
        let mut fields = Fields::new(wrapper, path, &mut self.log);
        fields.moment(Field::PlayedAt).or_else(|| fields.moment(Field::CreatedAt))
    }
}

/// Likes under the three names that the API has had for them, the newest name first.
fn likes_count(fields: &mut Fields) -> Option<i64> {
    let names = [Field::LikesCount, Field::FavoritingsCount, Field::Favoritings];
    names.into_iter().find_map(|name| fields.count(name))
}

/// Whether a `set_type` or `playlist_type` names a release rather than a list.
fn is_release(set_type: &str) -> bool {
    ["album", "ep", "single", "compilation"].iter().any(|release| set_type.eq_ignore_ascii_case(release))
}

fn is_public(sharing: &str) -> Option<bool> {
    match sharing {
        "public" => Some(true),
        "private" => Some(false),
        _ => None,
    }
}
