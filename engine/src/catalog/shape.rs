//! What an object is.

use super::identity::Namespace;
use super::object::{Field, Object};
use super::records::Kind;
use super::rejection::{Log, Path, Reason};
use super::scan::{Value, decode};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A track, playlist or user.
    Is(Namespace),
    /// Something around a track or playlist.
    Wrapper(Kind),
    Page,
    Error,
    Unsupported,
}

/// Finds out by `kind`, else by the URN, else by the members around it, else by `hint` (what the place asks for), else
/// by the members it has.
pub(super) fn shape(object: &Object, hint: Option<Namespace>, path: &Path, log: &mut Log) -> Shape {
    let kind = match object.get(Field::Kind) {
        Value::Missing | Value::Null => None,
        Value::Text(raw, escaped) => {
            decode(raw, escaped).map(|text| Some(text.trim().to_owned())).unwrap_or_else(|reason| {
                log.field(reason, &path.key(Field::Kind.name()), raw);
                None
            })
        }
        other => {
            log.field(Reason::WrongType, &path.key(Field::Kind.name()), other.raw());
            None
        }
    };
    match kind.as_deref() {
        Some("track") => return Shape::Is(Namespace::Tracks),
        Some("playlist") => return Shape::Is(Namespace::Playlists),
        Some("system-playlist") => return Shape::Is(Namespace::SystemPlaylists),
        Some("user") => return Shape::Is(Namespace::Users),
        Some("like") => return Shape::Wrapper(Kind::Like),
        Some("repost" | "track-repost" | "playlist-repost") => return Shape::Wrapper(Kind::Repost),
        None | Some("") => {}
        Some(_) => return Shape::Unsupported,
    }
    if object.has(Field::Collection) {
        return Shape::Page;
    }
    for field in [Field::Urn, Field::Id] {
        if let Some((namespace, _)) = Namespace::of_urn(object.text(field).as_deref().unwrap_or("").trim()) {
            return Shape::Is(namespace);
        }
    }
    let is_object = |field| matches!(object.get(field), Value::Object(_));
    if is_object(Field::Track) || is_object(Field::Playlist) || is_object(Field::Origin) {
        return Shape::Wrapper(match object.text(Field::Type).as_deref() {
            Some("like" | "favoriting") => Kind::Like,
            Some("repost" | "track-repost" | "playlist-repost") => Kind::Repost,
            _ if object.has(Field::PlayedAt) => Kind::Play,
            _ => Kind::Activity,
        });
    }
    let has = |fields: &[Field]| fields.iter().any(|field| object.has(*field));
    let named = has(&[Field::Id, Field::Urn]);
    if !named && is_error(object) {
        return Shape::Error;
    }
    if let Some(namespace) = hint {
        return Shape::Is(namespace);
    }
    if has(&[Field::Username]) {
        Shape::Is(Namespace::Users)
    } else if has(&[Field::Tracks, Field::TrackCount, Field::SetType, Field::PlaylistType]) {
        Shape::Is(Namespace::Playlists)
    } else if has(&[Field::Title]) && (named || has(&[Field::Duration, Field::PlaybackCount])) {
        Shape::Is(Namespace::Tracks)
    } else {
        Shape::Unsupported
    }
}

/// `{"errors": […]}`, `{"error": …}` or `{"code": …, "message": …}`.
fn is_error(object: &Object) -> bool {
    object.has(Field::Errors) || object.has(Field::Error) || (object.has(Field::Code) && object.has(Field::Message))
}
