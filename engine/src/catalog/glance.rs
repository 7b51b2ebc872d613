//! What a document speaks of, without reading it in full: enough to follow it to other documents.

use super::MAX_DEPTH;
use super::identity::{Namespace, identity, reference};
use super::object::{Element, Elements, Field, Object};
use super::rejection::{Log, Path, Reason};
use super::scan::{Scanner, Value};
use super::shape::{Shape, shape};
use super::values::integer;

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    /// A track.
    Track,
    /// A playlist, one of the service's own included.
    Playlist,
    /// A user.
    User,
}

/// Who uploaded a track or made a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The user's number.
    pub id: i64,
    /// Whether the document says more of the user than that.
    pub is_described: bool,
}

/// One thing that a document speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its number; below 0 for a playlist of the service's own.
    pub id: i64,
    /// Who uploaded or made it.
    pub owner: Option<Owner>,
    /// What a playlist says of the number of its entries, or a user of his tracks.
    pub track_count: Option<u32>,
    /// Whether more than the id is known.
    pub is_described: bool,
}

/// What a document speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Glance {
    /// The document itself if it is a thing, or the elements of a page in their order; wrappers are taken off. Elements
    /// of which no id can be found are left out.
    pub items: Vec<Item>,
    /// The next page.
    pub next_href: Option<String>,
    /// Elements of a page, whether they could be used or not; `None` if the document is no page.
    pub elements: Option<usize>,
    /// Whether the page is a bare array, which says nothing of a next page.
    pub is_bare: bool,
}

/// Looks at a document. `hint` is what its elements are if they do not say it themselves.
///
/// # Errors
/// A [`Reason`] if the body is not JSON, is nested too deeply, or is neither a thing nor a page.
pub fn glance(body: &str, hint: Option<ItemKind>) -> Result<Glance, Reason> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let mut scanner = Scanner::new(body, MAX_DEPTH);
    let root = scanner.value().map_err(|_| Reason::BadJson)?;
    scanner.end().map_err(|_| Reason::BadJson)?;
    let hint = hint.map(|kind| match kind {
        ItemKind::Track => Namespace::Tracks,
        ItemKind::Playlist => Namespace::Playlists,
        ItemKind::User => Namespace::Users,
    });
    let mut seen = Glance::default();
    match root {
        Value::Array(raw) => {
            seen.is_bare = true;
            elements(raw, hint, &mut seen);
        }
        Value::Object(raw) => {
            let object = Object::parse(raw).ok_or(Reason::BadJson)?;
            if matches!(object.get(Field::Collection), Value::Array(_) | Value::Object(_)) {
                match object.get(Field::Collection) {
                    Value::Array(raw) => elements(raw, hint, &mut seen),
                    Value::Object(raw) => {
                        seen.elements = Some(1);
                        seen.items.extend(Object::parse(raw).and_then(|element| item(&element, hint)));
                    }
                    _ => {}
                }
                seen.next_href = object.text(Field::NextHref).map(std::borrow::Cow::into_owned);
            } else {
                seen.items.push(item(&object, None).ok_or(Reason::UnsupportedKind)?);
            }
        }
        _ => return Err(Reason::UnsupportedKind),
    }
    Ok(seen)
}

fn elements(raw: &str, hint: Option<Namespace>, seen: &mut Glance) {
    let mut count = 0;
    for element in Elements::new(raw) {
        count += 1;
        if let Element::Object(object) = element {
            seen.items.extend(item(&object, hint));
        }
    }
    seen.elements = Some(count);
}

fn item(object: &Object, hint: Option<Namespace>) -> Option<Item> {
    // What there is to complain of, the cleaning stage will say.
    let mut said = Vec::new();
    let mut log = Log::new(0, &mut said);
    match shape(object, hint, &Path::Root, &mut log) {
        Shape::Is(namespace) => {
            let (id, _) = identity(object, namespace, &Path::Root, &mut log).ok()?;
            let has = |fields: &[Field]| fields.iter().any(|&field| object.has(field));
            let (kind, is_described) = match namespace {
                Namespace::Tracks => (ItemKind::Track, has(&[Field::Title, Field::PermalinkUrl, Field::Duration])),
                Namespace::Users => (ItemKind::User, has(&[Field::Username, Field::FullName, Field::PermalinkUrl])),
                Namespace::Playlists | Namespace::SystemPlaylists => {
                    (ItemKind::Playlist, has(&[Field::Title, Field::PermalinkUrl, Field::TrackCount]))
                }
            };
            let track_count = match object.get(Field::TrackCount) {
                Value::Number(raw) => integer(raw).ok().and_then(|count| u32::try_from(count).ok()),
                _ => None,
            };
            Some(Item { kind, id, owner: owner(object, &mut log), track_count, is_described })
        }
        Shape::Wrapper(_) => [
            (Field::Playlist, Some(Namespace::Playlists)),
            (Field::Track, Some(Namespace::Tracks)),
            (Field::Origin, None),
        ]
        .into_iter()
        .find_map(|(field, hint)| match object.get(field) {
            Value::Object(raw) => Object::parse(raw).filter(|inner| inner.raw.len() < object.raw.len()).and_then(
                // An activity may wrap a like; a wrapper ends up smaller each time, so this comes to an end.
                |inner| item(&inner, hint),
            ),
            _ => None,
        }),
        Shape::Page | Shape::Error | Shape::Unsupported => None,
    }
}

fn owner(object: &Object, log: &mut Log) -> Option<Owner> {
    if let Value::Object(raw) = object.get(Field::User)
        && let Some(user) = Object::parse(raw)
        && let Ok((id, _)) = identity(&user, Namespace::Users, &Path::Root, log)
    {
        let is_described = [Field::Username, Field::FullName, Field::PermalinkUrl].iter().any(|&field| user.has(field));
        return Some(Owner { id, is_described });
    }
    let id = reference(object, [Field::UserUrn, Field::UserId], Namespace::Users, &Path::Root, log)?;
    Some(Owner { id, is_described: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(id: i64, owner: Option<Owner>, is_described: bool) -> Item {
        Item { kind: ItemKind::Track, id, owner, track_count: None, is_described }
    }

    #[test]
    fn pages_arrays_wrappers_and_single_things_are_told_apart() {
        let body = r#"{"collection":[{"urn":"soundcloud:tracks:1","title":"a","user":{"id":7,"username":"x"}},
            {"id":2,"kind":"track"},null,{"kind":"like","track":{"id":3,"user_urn":"soundcloud:users:8"}},{"x":1}],
            "next_href":"https://h/p?cursor=2","bpm":1e400}"#;
        let seen = glance(body, Some(ItemKind::Track)).expect("it is a page");
        assert_eq!(
            seen.items,
            [
                track(1, Some(Owner { id: 7, is_described: true }), true),
                track(2, None, false),
                track(3, Some(Owner { id: 8, is_described: false }), false),
            ]
        );
        assert_eq!((seen.elements, seen.is_bare), (Some(5), false));
        assert_eq!(seen.next_href.as_deref(), Some("https://h/p?cursor=2"));

        let bare = glance(r#"[{"id":4}]"#, Some(ItemKind::User)).expect("it is an array");
        assert_eq!((bare.items.len(), bare.is_bare, bare.next_href), (1, true, None));
        let one = glance(r#"{"kind":"playlist","id":5,"title":"p","track_count":12,"user_id":9}"#, None);
        let one = one.expect("it is a playlist");
        assert_eq!(one.items[0].track_count, Some(12));
        assert_eq!((one.items[0].kind, one.elements), (ItemKind::Playlist, None));
    }

    #[test]
    fn what_is_neither_a_thing_nor_a_page_is_refused() {
        for (body, reason) in [
            ("", Reason::BadJson),
            (r#"{"collection":[{"id":1}"#, Reason::BadJson),
            ("<html>", Reason::BadJson),
            ("7", Reason::UnsupportedKind),
            (r#"{"items":[]}"#, Reason::UnsupportedKind),
            (r#"{"code":429,"message":"no"}"#, Reason::UnsupportedKind),
        ] {
            assert_eq!(glance(body, None), Err(reason), "{body}");
        }
    }
}
