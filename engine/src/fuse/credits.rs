//! Artist credits: who is named by an artist field or a title, and in which role.
//!
//! A separator is *strong* where it can hardly be part of a name ("feat.", "vs.", "pres.", " x ") and *weak* where it often
//! is ("&", ",", "and", "+", "/"). Strong ones split; weak ones split on evidence, in this order:
//!
//! 1. a whole name that is declared ([`KnownNames::add`]) or shipped ([`WELL_KNOWN_NAMES`]) stays whole;
//! 2. "X & His …", "X & The …", "X and Friends", "X & … Quintet", "…, The …", "…, Jr." name one act;
//! 3. a name that occurs far more often than its parts is one act;
//! 4. parts that are artists on their own are split, and so are two or more full names, and lists "A, B & C".
//!
//! Nothing is split on doubt: two bare words ("Mel & Tim") are one act until both are known by themselves.

mod glued;
mod known;
mod strong;
mod titles;
mod weak;
mod well_known;

pub use known::KnownNames;
pub use titles::title_credits;
pub use well_known::WELL_KNOWN_NAMES;

use super::name_key;

/// What a credited artist did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// One of the acts that a track is by; all sides of "&", "x", "vs." and "pres.".
    Main,
    /// Named after "feat.", "featuring" or "with".
    Featured,
    /// Named by a remix, dub, edit or version in a title.
    Remixer,
}

impl Role {
    /// The name of the role in tables: `main`, `featured` or `remixer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Main => "main",
            Role::Featured => "featured",
            Role::Remixer => "remixer",
        }
    }
}

/// One credited artist.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credit {
    /// The name as it was written, trimmed, blanks collapsed. Not empty.
    pub name: String,
    /// What the artist did.
    pub role: Role,
}

/// Splits an artist field into credits, in the order of the text; an artist named twice is one credit, of the first
/// role. One credit when nothing splits, none for a blank field.
///
/// ```
/// use sgr_engine::fuse::credits::{KnownNames, Role, artist_credits};
///
/// let mut known = KnownNames::new();
/// let names = |field: &str, known: &KnownNames| -> Vec<String> {
///     artist_credits(field, known).into_iter().map(|credit| credit.name).collect()
/// };
/// assert_eq!(names("Nubya Garcia feat. Esperanza Spalding", &known), ["Nubya Garcia", "Esperanza Spalding"]);
/// assert_eq!(names("Tyler, The Creator", &known), ["Tyler, The Creator"]);
/// assert_eq!(names("Coldcut & Steinski", &known), ["Coldcut & Steinski"]);
///
/// known = KnownNames::from_counts([("Coldcut", 12), ("Steinski", 3)]);
/// assert_eq!(names("Coldcut & Steinski", &known), ["Coldcut", "Steinski"]);
/// ```
pub fn artist_credits(field: &str, known: &KnownNames) -> Vec<Credit> {
    let text = collapse_blanks(field);
    let mut credits = Credits::default();
    if known.is_whole(&text) {
        credits.push(&text, Role::Main);
        return credits.found;
    }
    for (segment, role) in strong::split(&text, known) {
        for piece in glued::split(&segment, known) {
            for name in weak::split(piece, known) {
                credits.push(&name, role);
            }
        }
    }
    if credits.found.is_empty() {
        credits.push(&text, Role::Main);
    }
    credits.found
}

/// Credits found so far.
#[derive(Default)]
struct Credits {
    found: Vec<Credit>,
}

impl Credits {
    fn push(&mut self, name: &str, role: Role) {
        let name = trim_name(name);
        if name.is_empty() {
            return;
        }
        let key = name_key(name);
        if !self.found.iter().any(|credit| name_key(&credit.name) == key) {
            self.found.push(Credit { name: name.to_owned(), role });
        }
    }
}

/// The text with single blanks, trimmed.
fn collapse_blanks(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// A name without the separators and the half of a pair of brackets that splitting leaves at its ends.
///
/// What consists of nothing else ("&") stays: it is a name, if a strange one.
fn trim_name(name: &str) -> &str {
    let mut trimmed = name.trim().trim_end_matches([',', ';', ':']).trim_start_matches([',', ';', ':']).trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        if trimmed.matches(open).count() > trimmed.matches(close).count() {
            trimmed = trimmed.trim_start_matches(open).trim_end_matches(open).trim();
        } else if trimmed.matches(close).count() > trimmed.matches(open).count() {
            trimmed = trimmed.trim_end_matches(close).trim_start_matches(close).trim();
        } else if trimmed.starts_with(open) && trimmed.find(close) == Some(trimmed.len() - 1) {
            trimmed = trimmed.trim_start_matches(open).trim_end_matches(close).trim();
        }
    }
    if trimmed.is_empty() { name.trim() } else { trimmed }
}

/// The words of a text with their places: `(first byte, one past the last byte, word)`.
fn words(text: &str) -> impl Iterator<Item = (usize, usize, &str)> {
    text.split(char::is_whitespace).scan(0, |at, word| {
        let start = *at;
        // Blanks are collapsed, so that a word is followed by one byte of them.
        *at = start + word.len() + 1;
        Some((start, start + word.len(), word))
    })
}
