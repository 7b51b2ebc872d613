//! Separators that are hardly ever part of a name.

use super::{KnownNames, Role, words};
use std::ops::Range;

const FEATURING: [&str; 6] = ["feat", "ft", "featuring", "feature", "starring", "f/"];
const PRESENTS: [&str; 3] = ["pres", "presents", "presenting"];
const VERSUS: [&str; 2] = ["vs", "versus"];
const MEETS: [&str; 2] = ["meets", "meet"];

/// Words after "with" or "meets" that belong to a phrase, not to a name.
const PHRASE_STARTS: [&str; 22] = [
    "a",
    "an",
    "and",
    "her",
    "him",
    "his",
    "it",
    "love",
    "me",
    "my",
    "no",
    "nothing",
    "or",
    "orchestra",
    "our",
    "out",
    "strings",
    "their",
    "them",
    "us",
    "you",
    "your",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Featuring,
    With,
    Presents,
    Versus,
    Cross,
    CapitalX,
    Meets,
    Semicolon,
}

/// Splits at strong separators. Each segment comes with the role of the artists in it; text and segments have blanks
/// collapsed.
pub(super) fn split(text: &str, known: &KnownNames) -> Vec<(String, Role)> {
    let mut segments = Vec::new();
    let mut role = Role::Main;
    let mut start = 0;
    for (place, separator) in separators(text) {
        let (left, right) = (&text[start..place.start], &text[place.end..]);
        if !splits(separator, left, right, known) {
            continue;
        }
        segments.push((unbracketed(left), role));
        role = match separator {
            Separator::Featuring | Separator::With => Role::Featured,
            Separator::Presents | Separator::Versus | Separator::Meets => Role::Main,
            Separator::Cross | Separator::CapitalX | Separator::Semicolon => role,
        };
        start = place.end;
    }
    segments.push((unbracketed(&text[start..]), role));
    segments.retain(|(segment, _)| !segment.is_empty());
    segments
}

fn separators(text: &str) -> Vec<(Range<usize>, Separator)> {
    let place = |(start, end, word): (usize, usize, &str)| {
        // "w/Yolanda"
        let end = if word.len() > 2 && word.starts_with("w/") { start + 2 } else { end };
        Some((start..end, separator(&text[start..end])?))
    };
    let mut found: Vec<(Range<usize>, Separator)> = words(text).filter_map(place).collect();
    found.extend(text.match_indices(';').map(|(at, _)| (at..at + 1, Separator::Semicolon)));
    found.sort_by_key(|(place, _)| place.start);
    found
}

fn separator(word: &str) -> Option<Separator> {
    let opened = word.trim_start_matches(['(', '[']);
    let bare = opened.trim_end_matches(['.', ':']).to_lowercase();
    let bare = bare.as_str();
    if FEATURING.contains(&bare) {
        Some(Separator::Featuring)
    } else if bare == "with" || bare == "w/" {
        Some(Separator::With)
    } else if opened.len() != word.len() {
        None
    } else if PRESENTS.contains(&bare) {
        Some(Separator::Presents)
    } else if VERSUS.contains(&bare) {
        Some(Separator::Versus)
    } else if MEETS.contains(&bare) {
        Some(Separator::Meets)
    } else if matches!(word, "x" | "×") {
        Some(Separator::Cross)
    } else if word == "X" {
        Some(Separator::CapitalX)
    } else {
        None
    }
}

fn splits(separator: Separator, left: &str, right: &str, known: &KnownNames) -> bool {
    let named = |side: &str| side.chars().any(char::is_alphanumeric);
    match separator {
        // "X Presents" and "X feat." name X; "Featuring X" may be a name.
        Separator::Featuring | Separator::Presents => named(left),
        Separator::Versus | Separator::Semicolon => named(left) && named(right),
        Separator::Cross => named(left) && named(right),
        // An initial or a numeral as often as a separator: "Malcolm X Band".
        Separator::CapitalX => named(left) && named(right) && (known.knows(left) || known.knows(right)),
        Separator::With | Separator::Meets => named(left) && named(right) && phrase_splits(left, right, known),
    }
}

/// "with" and "meets" are words of names, too: "Man With A Mission".
fn phrase_splits(left: &str, right: &str, known: &KnownNames) -> bool {
    let first = right.split_whitespace().next().unwrap_or_default();
    if PHRASE_STARTS.contains(&first.to_lowercase().as_str()) {
        return false;
    }
    let full = |side: &str| side.split_whitespace().count() > 1 && side.trim_start().starts_with(char::is_uppercase);
    known.knows(left) || known.knows(right) || (full(left) && full(right))
}

/// The segment without brackets that have lost their other half, and the blanks around it.
fn unbracketed(segment: &str) -> String {
    let mut text = segment.trim().trim_end_matches(['(', '[']).trim().to_owned();
    for (open, close) in [('(', ')'), ('[', ']')] {
        if text.matches(close).count() > text.matches(open).count()
            && let Some(at) = text.rfind(close)
        {
            text.remove(at);
        }
    }
    text.trim().to_owned()
}
