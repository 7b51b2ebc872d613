//! Who is who: numeric ids, URNs, and the two together.

use super::object::{Field, Object};
use super::rejection::{Log, Path, Reason};
use super::scan::{Value, decode};
use super::values::integer;

/// The three namespaces of numeric ids, and that of playlists made by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Tracks,
    Playlists,
    Users,
    SystemPlaylists,
}

impl Namespace {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tracks => "tracks",
            Self::Playlists => "playlists",
            Self::Users => "users",
            Self::SystemPlaylists => "system-playlists",
        }
    }

    /// The namespace and the rest of `soundcloud:<namespace>:<rest>`.
    pub(crate) fn of_urn(urn: &str) -> Option<(Self, &str)> {
        let (namespace, rest) = urn.strip_prefix("soundcloud:")?.split_once(':')?;
        let all = [Self::Tracks, Self::Playlists, Self::Users, Self::SystemPlaylists];
        all.into_iter().find(|known| known.as_str() == namespace).map(|known| (known, rest))
    }

    /// The URN in its canonical form.
    pub(crate) fn urn(self, id: i64) -> String {
        format!("soundcloud:{}:{id}", self.as_str())
    }
}

/// The id of a playlist made by the service, whose URN (`soundcloud:system-playlists:charts-top:rock`) holds no number.
///
/// It is `-1 - floor(h / 2)`, where `h` is the 64-bit FNV-1a hash of the URN's UTF-8 bytes: always below 0, and so never
/// the id of another playlist; the same in every run and every version.
///
/// ```
/// use sgr_engine::catalog::system_playlist_id;
///
/// assert_eq!(system_playlist_id("soundcloud:system-playlists:charts-top:rock"), -7_908_454_126_771_502_032);
/// ```
#[must_use]
pub fn system_playlist_id(urn: &str) -> i64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash = urn.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    -1 - (hash >> 1) as i64
}

/// Reads a number that may be an id: 1 or more.
pub(super) fn positive(text: &str) -> Result<i64, Reason> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(Reason::BadUrn);
    }
    match text.parse() {
        Ok(id) if id > 0 => Ok(id),
        _ => Err(Reason::NumberOutOfRange),
    }
}

/// Reads an id as it may stand in a URL or as a text: a number, or a URN of the namespace.
pub(crate) fn number_or_urn(text: &str, namespace: Namespace) -> Result<i64, Reason> {
    match Namespace::of_urn(text) {
        Some((found, rest)) if found == namespace => positive(rest),
        Some(_) => Err(Reason::IdConflict),
        None => positive(text),
    }
}

/// The id in `value`: a number, a text with a number in it, or a URN.
fn id_of(value: Value, namespace: Namespace) -> Result<i64, Reason> {
    match value {
        Value::Number(raw) => match integer(raw) {
            Ok(id) if id > 0 => Ok(id),
            Ok(_) => Err(Reason::NumberOutOfRange),
            Err(reason) => Err(reason),
        },
        Value::Text(raw, escaped) => number_or_urn(decode(raw, escaped)?.trim(), namespace),
        _ => Err(Reason::WrongType),
    }
}

/// The id and the canonical URN of an object.
///
/// # Errors
/// The reason and the field for which the object as a whole is to be rejected. If one of `id` and `urn` is good, the
/// other is reported to `log` as a bad field; if both are good, they must agree.
pub(super) fn identity(
    object: &Object,
    namespace: Namespace,
    path: &Path,
    log: &mut Log,
) -> Result<(i64, String), (Reason, Field)> {
    if namespace == Namespace::SystemPlaylists {
        return system_playlist(object, path, log);
    }
    let mut found: Option<i64> = None;
    let mut bad: Option<(Reason, Field)> = None;
    for field in [Field::Urn, Field::Id] {
        let value = object.get(field);
        if !value.is_given() {
            continue;
        }
        match (id_of(value, namespace), found) {
            (Ok(id), Some(other)) if id != other => return Err((Reason::IdConflict, field)),
            (Ok(id), _) => found = Some(id),
            // A URN of another namespace says that this is something else.
            (Err(Reason::IdConflict), _) => return Err((Reason::IdConflict, field)),
            (Err(reason), _) => bad = Some((reason, field)),
        }
    }
    match (found, bad) {
        (Some(id), bad) => {
            if let Some((reason, field)) = bad {
                log.field(reason, &path.key(field.name()), object.get(field).raw());
            }
            Ok((id, namespace.urn(id)))
        }
        (None, Some(bad)) => Err(bad),
        (None, None) => Err((Reason::MissingId, Field::Id)),
    }
}

fn system_playlist(object: &Object, path: &Path, log: &mut Log) -> Result<(i64, String), (Reason, Field)> {
    let mut found: Option<String> = None;
    let mut bad = None;
    for field in [Field::Urn, Field::Id] {
        let urn = match object.get(field) {
            Value::Missing | Value::Null => continue,
            Value::Number(raw) => integer(raw).map(|id| Namespace::SystemPlaylists.urn(id)),
            Value::Text(raw, escaped) => decode(raw, escaped).and_then(|text| {
                let text = text.trim();
                match Namespace::of_urn(text) {
                    Some((Namespace::SystemPlaylists, rest)) if !rest.is_empty() => Ok(text.to_owned()),
                    Some(_) => Err(Reason::IdConflict),
                    None if text.is_empty() || text.starts_with("soundcloud:") => Err(Reason::BadUrn),
                    None => Ok(format!("soundcloud:system-playlists:{text}")),
                }
            }),
            _ => Err(Reason::WrongType),
        };
        let urn = urn.and_then(|urn| if urn.len() > super::MAX_TEXT_BYTES { Err(Reason::TooLarge) } else { Ok(urn) });
        match (urn, &found) {
            (Ok(urn), Some(other)) if urn != *other => return Err((Reason::IdConflict, field)),
            (Ok(urn), _) => found = Some(urn),
            (Err(reason), _) => bad = Some((reason, field)),
        }
    }
    match (found, bad) {
        (Some(urn), bad) => {
            if let Some((reason, field)) = bad {
                log.field(reason, &path.key(field.name()), object.get(field).raw());
            }
            Ok((system_playlist_id(&urn), urn))
        }
        (None, Some(bad)) => Err(bad),
        (None, None) => Err((Reason::MissingId, Field::Id)),
    }
}

/// The id that `user_id`/`user_urn` (or `track_id`/`track_urn`) give. Bad ones are reported as fields.
pub(super) fn reference(
    object: &Object,
    fields: [Field; 2],
    namespace: Namespace,
    path: &Path,
    log: &mut Log,
) -> Option<i64> {
    let mut found = None;
    for field in fields {
        let value = object.get(field);
        if !value.is_given() {
            continue;
        }
        match id_of(value, namespace) {
            Ok(id) => match found {
                Some(other) if other != id => {
                    log.field(Reason::IdConflict, &path.key(field.name()), value.raw());
                }
                _ => found = Some(id),
            },
            Err(reason) => log.field(reason, &path.key(field.name()), value.raw()),
        }
    }
    found
}
