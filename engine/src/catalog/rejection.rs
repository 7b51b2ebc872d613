//! What was not used, where it stood and why.

use super::redact::redact;

/// Length of [`Rejection::value`], in characters.
pub const MAX_EXCERPT_CHARS: usize = 200;

/// Why something was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The body is not JSON (RFC 8259); the value names line, column and what is wrong.
    BadJson,
    /// Nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    TooDeep,
    /// A text longer than [`MAX_TEXT_BYTES`](super::MAX_TEXT_BYTES) or
    /// [`MAX_TAG_LIST_BYTES`](super::MAX_TAG_LIST_BYTES).
    TooLarge,
    /// Neither track, playlist, user nor a wrapper of one, or not what its place asks for.
    UnsupportedKind,
    /// The body of an error answer.
    ErrorBody,
    /// Neither `id` nor `urn`.
    MissingId,
    /// `id` and `urn` (or `user` and `user_id`) name different things.
    IdConflict,
    /// A URN that is not `soundcloud:<kind>:<number>`.
    BadUrn,
    /// Another JSON type than the field has.
    WrongType,
    /// A number outside the range of the field.
    NumberOutOfRange,
    /// Not a date, or a year outside 1000..=9999.
    BadDate,
    /// A release date of which day or month is not known.
    PartialDate,
    /// Not an ISRC (ISO 3901).
    BadIsrc,
    /// Not an http(s) URL.
    BadUrl,
    /// A text that is none of the values the field may have.
    UnknownValue,
    /// A text with an escaped NUL, which Postgres cannot hold.
    NulCharacter,
    /// A text with half of a surrogate pair, which is no character.
    LoneSurrogate,
    /// A key stood twice in one object with different values: the last one was used, this is an earlier one.
    DuplicateKey,
    /// A playlist inside its own entries, or a user who follows himself.
    SelfReference,
    /// Part of a playlist's entries: the tracks were used, the list was not.
    PartialPage,
    /// Likes, reposts or follows of somebody whom neither document nor source names.
    UnknownUser,
    /// More than [`MAX_REJECTIONS_PER_DOCUMENT`](super::MAX_REJECTIONS_PER_DOCUMENT): the value says how many are not listed.
    TooManyRejections,
}

impl Reason {
    /// A stable code such as `"wrong_type"`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::TooDeep => "too_deep",
            Self::TooLarge => "too_large",
            Self::UnsupportedKind => "unsupported_kind",
            Self::ErrorBody => "error_body",
            Self::MissingId => "missing_id",
            Self::IdConflict => "id_conflict",
            Self::BadUrn => "bad_urn",
            Self::WrongType => "wrong_type",
            Self::NumberOutOfRange => "number_out_of_range",
            Self::BadDate => "bad_date",
            Self::PartialDate => "partial_date",
            Self::BadIsrc => "bad_isrc",
            Self::BadUrl => "bad_url",
            Self::UnknownValue => "unknown_value",
            Self::NulCharacter => "nul_character",
            Self::LoneSurrogate => "lone_surrogate",
            Self::DuplicateKey => "duplicate_key",
            Self::SelfReference => "self_reference",
            Self::PartialPage => "partial_page",
            Self::UnknownUser => "unknown_user",
            Self::TooManyRejections => "too_many_rejections",
        }
    }
}

/// Something that was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The document that it stands in.
    pub document_id: i64,
    /// Why.
    pub reason: Reason,
    /// Place inside the document, as in `collection[3].user.city`; empty for the document itself.
    pub path: String,
    /// The start of the offending JSON, at most [`MAX_EXCERPT_CHARS`] characters, credentials blotted out.
    pub value: Option<String>,
    /// Whether a whole object or document was rejected; otherwise it is one field, and the object was loaded.
    pub whole: bool,
}

/// A place inside a document. Nothing is allocated until somebody asks for the text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'static str),
    Index(&'p Path<'p>, usize),
}

impl Path<'_> {
    pub(super) fn key(&self, name: &'static str) -> Path<'_> {
        Path::Key(self, name)
    }

    pub(super) fn index(&self, at: usize) -> Path<'_> {
        Path::Index(self, at)
    }

    fn write(&self, out: &mut String) {
        match self {
            Path::Root => {}
            Path::Key(parent, name) => {
                parent.write(out);
                if !out.is_empty() {
                    out.push('.');
                }
                out.push_str(name);
            }
            Path::Index(parent, at) => {
                parent.write(out);
                out.push_str(&format!("[{at}]"));
            }
        }
    }
}

/// Collects the rejections of one document.
pub(super) struct Log<'o> {
    document_id: i64,
    listed: usize,
    left_out: usize,
    out: &'o mut Vec<Rejection>,
}

impl<'o> Log<'o> {
    pub(super) fn new(document_id: i64, out: &'o mut Vec<Rejection>) -> Self {
        Self { document_id, listed: 0, left_out: 0, out }
    }

    /// One field was not used.
    pub(super) fn field(&mut self, reason: Reason, path: &Path, value: &str) {
        self.push(reason, path, value, false);
    }

    /// A whole object was not used.
    pub(super) fn object(&mut self, reason: Reason, path: &Path, value: &str) {
        self.push(reason, path, value, true);
    }

    fn push(&mut self, reason: Reason, path: &Path, value: &str, whole: bool) {
        if self.listed == super::MAX_REJECTIONS_PER_DOCUMENT {
            self.left_out += 1;
            return;
        }
        self.listed += 1;
        let mut place = String::new();
        path.write(&mut place);
        let value = (!value.is_empty()).then(|| excerpt(value));
        self.out.push(Rejection { document_id: self.document_id, reason, path: place, value, whole });
    }

    /// Says how many rejections were not listed, if any.
    pub(super) fn finish(self) {
        if self.left_out > 0 {
            self.out.push(Rejection {
                document_id: self.document_id,
                reason: Reason::TooManyRejections,
                path: String::new(),
                value: Some(format!("{} more", self.left_out)),
                whole: false,
            });
        }
    }
}

/// The first [`MAX_EXCERPT_CHARS`] characters, without credentials and NUL.
pub(super) fn excerpt(value: &str) -> String {
    // Credentials are blotted out before the cut: half a token would no longer be recognised as one.
    let head = match value.char_indices().nth(8 * MAX_EXCERPT_CHARS) {
        Some((end, _)) => value.get(..end).unwrap_or(value),
        None => value,
    };
    let clean = redact(head);
    if clean.chars().nth(MAX_EXCERPT_CHARS).is_none() {
        return clean.into_owned();
    }
    clean.chars().take(MAX_EXCERPT_CHARS - 1).chain(['…']).collect()
}
