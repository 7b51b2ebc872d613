//! The members of a JSON object that the catalogue cares about.

use super::rejection::Reason;
use super::scan::{Fault, Scanner, Value, decode};

/// Declares the keys that are read, once.
macro_rules! fields {
    ($($field:ident $name:literal)*) => {
        /// A key that is read. Keys that are not listed are passed over.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field {
            $(#[doc = $name] $field,)*
        }

        const FIELDS: &[(Field, &str)] = &[$((Field::$field, $name),)*];
        const FIELD_COUNT: usize = FIELDS.len();
    };
}

fields! {
    // What it is
    Id "id"  Urn "urn"  Kind "kind"  Type "type"
    // Pages, wrappers, error bodies
    Collection "collection"  NextHref "next_href"
    Track "track"  TrackId "track_id"  TrackUrn "track_urn"  Playlist "playlist"  Origin "origin"
    PlayedAt "played_at"
    Code "code"  Message "message"  Error "error"  Errors "errors"
    // Whose it is
    User "user"  UserId "user_id"  UserUrn "user_urn"
    // Tracks and playlists
    Title "title"  Genre "genre"  TagList "tag_list"  Tags "tags"  PermalinkUrl "permalink_url"
    CreatedAt "created_at"  LastModified "last_modified"  LastUpdated "last_updated"
    LikesCount "likes_count"  FavoritingsCount "favoritings_count"  Favoritings "favoritings"
    Duration "duration"  FullDuration "full_duration"
    LabelName "label_name"  Isrc "isrc"  PublisherMetadata "publisher_metadata"
    Bpm "bpm"  KeySignature "key_signature"
    ReleaseDate "release_date"  ReleaseYear "release_year"  ReleaseMonth "release_month"  ReleaseDay "release_day"
    PlaybackCount "playback_count"  RepostsCount "reposts_count"  CommentCount "comment_count"
    RevealStats "reveal_stats"  RevealComments "reveal_comments"
    Tracks "tracks"  TrackCount "track_count"  AddedAt "added_at"
    IsAlbum "is_album"  SetType "set_type"  PlaylistType "playlist_type"
    Sharing "sharing"  Public "public"
    // Users
    Username "username"  FullName "full_name"  City "city"  CountryCode "country_code"
    FollowersCount "followers_count"
}

impl Field {
    /// The key as it stands in documents.
    pub(super) fn name(self) -> &'static str {
        FIELDS.get(self as usize).map_or("", |(_, name)| name)
    }

    fn of(key: &str) -> Option<Field> {
        let mut at = hash(key.as_bytes());
        loop {
            match BUCKETS.get(at).copied().flatten() {
                None => return None,
                Some(index) => {
                    let &(field, name) = FIELDS.get(usize::from(index))?;
                    if name == key {
                        return Some(field);
                    }
                }
            }
            at = (at + 1) % BUCKET_COUNT;
        }
    }
}

/// An open hash table of [`FIELDS`], made by the compiler. There are always empty buckets, where a search ends.
const BUCKETS: [Option<u8>; BUCKET_COUNT] = {
    let mut buckets = [None; BUCKET_COUNT];
    let mut index = 0;
    while index < FIELD_COUNT {
        let mut at = hash(FIELDS[index].1.as_bytes());
        while buckets[at].is_some() {
            at = (at + 1) % BUCKET_COUNT;
        }
        buckets[at] = Some(index as u8);
        index += 1;
    }
    buckets
};

const BUCKET_COUNT: usize = 256;
const _: () = assert!(FIELD_COUNT < BUCKET_COUNT / 2);

const fn hash(key: &[u8]) -> usize {
    match key {
        [] => 0,
        [first, .., last] => (key.len() * 37 + *first as usize * 7 + *last as usize * 17) % BUCKET_COUNT,
        [only] => *only as usize % BUCKET_COUNT,
    }
}

/// An object, read once.
#[derive(Debug, Clone)]
pub(super) struct Object<'a> {
    values: [Value<'a>; FIELD_COUNT],
    /// From `{` to `}`.
    pub(super) raw: &'a str,
    /// Values that a later member with the same key replaced by another one.
    pub(super) replaced: Vec<(Field, Value<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads the object that begins here, and the scanner is behind it then.
    pub(super) fn read(scanner: &mut Scanner<'a>) -> Result<Self, Fault> {
        let mut values = [Value::Missing; FIELD_COUNT];
        let mut replaced = Vec::new();
        scanner.peek();
        let start = scanner.at();
        scanner.take(b'{');
        if !scanner.take(b'}') {
            loop {
                let (key, escaped) = scanner.key()?;
                let value = scanner.value()?;
                if let Some(field) = lookup(key, escaped)
                    && let Some(slot) = values.get_mut(field as usize)
                {
                    let before = std::mem::replace(slot, value);
                    if before != Value::Missing && before != value {
                        replaced.push((field, before));
                    }
                }
                if scanner.take(b',') {
                    continue;
                }
                if scanner.take(b'}') {
                    break;
                }
                return Err(Fault::Syntax(scanner.at(), "expected a comma or }"));
            }
        }
        Ok(Self { values, raw: scanner.since(start), replaced })
    }

    /// Reads `raw`, which [`Scanner::value`] gave as an object.
    pub(super) fn parse(raw: &'a str) -> Option<Self> {
        Self::read(&mut Scanner::new(raw, u32::MAX)).ok()
    }

    pub(super) fn get(&self, field: Field) -> Value<'a> {
        self.values.get(field as usize).copied().unwrap_or(Value::Missing)
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.get(field).is_given()
    }

    /// The trimmed text of a field if it is a good and non-empty one.
    pub(super) fn text(&self, field: Field) -> Option<std::borrow::Cow<'a, str>> {
        let Value::Text(raw, escaped) = self.get(field) else { return None };
        let text = decode(raw, escaped).ok()?;
        if text.trim().is_empty() { None } else { Some(text) }
    }
}

fn lookup(key: &str, escaped: bool) -> Option<Field> {
    if escaped {
        decode(key, escaped).map_err(|_: Reason| ()).ok().and_then(|key| Field::of(&key))
    } else {
        Field::of(key)
    }
}

/// One element of an array.
pub(super) enum Element<'a> {
    // Boxed: an object is a kilobyte.
    Object(Box<Object<'a>>),
    Other(Value<'a>),
}

/// The elements of an array that [`Scanner::value`] gave.
pub(super) struct Elements<'a> {
    scanner: Scanner<'a>,
    done: bool,
}

impl<'a> Elements<'a> {
    pub(super) fn new(raw: &'a str) -> Self {
        let mut scanner = Scanner::new(raw, u32::MAX);
        let done = !scanner.take(b'[') || scanner.take(b']');
        Self { scanner, done }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.done {
            return None;
        }
        let element = if self.scanner.peek() == b'{' {
            Object::read(&mut self.scanner).ok().map(|object| Element::Object(Box::new(object)))
        } else {
            self.scanner.value().ok().map(Element::Other)
        };
        self.done = element.is_none() || !self.scanner.take(b',');
        element
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_found_by_its_name_and_no_other() {
        for &(field, name) in FIELDS {
            assert_eq!(Field::of(name), Some(field));
            assert_eq!(field.name(), name);
            assert_eq!(Field::of(&format!("{name}x")), None);
        }
        assert_eq!(Field::of(""), None);
        assert_eq!(Field::of("i"), None);
    }

    #[test]
    fn the_last_of_two_members_wins_and_the_other_is_kept_aside() {
        let object = Object::parse(r#"{"id":1,"title":"a","id":2,"t\u0069tle":"b","id":2}"#).expect("it is an object");
        assert_eq!(object.get(Field::Id), Value::Number("2"));
        assert_eq!(object.get(Field::Title), Value::Text("b", false));
        assert_eq!(object.replaced, [(Field::Id, Value::Number("1")), (Field::Title, Value::Text("a", false))]);
    }
}
