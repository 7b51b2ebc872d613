//! Names that lost the separator between them: "HitkiddBusta Rhymes".
//!
//! Pages that list acts in elements of their own come out of a scraper like this. A capital letter after a small one is
//! no proof ("McCoy", "BadBadNotGood"), so a full name must be known on one side; less suffices where the source
//! is seen to do it ([`KnownNames::from_counts`]).

use super::{KnownNames, weak};

/// Shorter ends of words are particles of names ("McCoy", "DeAngelo", "LaToya") rather than whole last words …
const MIN_WORD: usize = 3;
/// … and so are these.
const PARTICLES: [&str; 8] = ["fitz", "mac", "saint", "san", "santa", "van", "ven", "von"];
/// A name of one word, not known, that is taken from another has at least so many letters: "DeeDee", "CeeLo".
const MIN_LONE_WORD: usize = 5;

/// A place where one name may end and another begin.
struct Boundary {
    at: usize,
    /// Between two capitals ("Lil BShabazz"): the name after it must be known.
    within_capitals: bool,
}

/// Splits where two names are glued. One piece, the segment itself, for nearly all segments.
pub(super) fn split<'a>(segment: &'a str, known: &KnownNames) -> Vec<&'a str> {
    let boundaries = boundaries(segment);
    let mut pieces = Vec::new();
    let mut start = 0;
    for (number, boundary) in boundaries.iter().enumerate() {
        let next = boundaries.get(number + 1).map_or(segment.len(), |next| next.at);
        let (left, right) = (&segment[start..boundary.at], &segment[boundary.at..next]);
        let sides = Sides::new(left, right, &segment[boundary.at..], known);
        if sides.are_glued(known.glues(), boundary.within_capitals) {
            pieces.push(left.trim());
            start = boundary.at;
        }
    }
    pieces.push(segment[start..].trim());
    if pieces.len() > 1 {
        // The page listed a company like an act; a field that is nothing else stays.
        let acts: Vec<&str> = pieces.iter().copied().filter(|piece| !known.is_company(piece)).collect();
        return if acts.is_empty() { pieces } else { acts };
    }
    pieces
}

/// Whether two known names meet in the field without a separator.
pub(super) fn joins_known_names(field: &str, known: &KnownNames) -> bool {
    let boundaries = boundaries(field);
    boundaries.iter().enumerate().any(|(number, boundary)| {
        let start = if number == 0 { 0 } else { boundaries[number - 1].at };
        let next = boundaries.get(number + 1).map_or(field.len(), |next| next.at);
        let sides = Sides::new(&field[start..boundary.at], &field[boundary.at..next], &field[boundary.at..], known);
        sides.left_known && sides.right_known && (sides.left_full || sides.right_full)
    })
}

fn boundaries(segment: &str) -> Vec<Boundary> {
    let mut found = Vec::new();
    let (mut before, mut word_start) = (' ', 0);
    let mut chars = segment.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if before.is_whitespace() {
            word_start = at;
        }
        let word = &segment[word_start..at];
        let ends = before.is_lowercase() || before.is_numeric() || matches!(before, ')' | '.' | '?' | '!');
        let long = word.chars().nth(MIN_WORD - 1).is_some() && !PARTICLES.contains(&word.to_lowercase().as_str());
        // "POiSON" is spelled at will.
        let plain = !word.chars().skip(1).any(char::is_uppercase) || !before.is_lowercase();
        if c.is_uppercase() && ends && long && plain {
            found.push(Boundary { at, within_capitals: false });
            word_start = at;
        } else if c.is_uppercase()
            && before.is_uppercase()
            && chars.peek().is_some_and(|&(_, next)| next.is_lowercase())
        {
            found.push(Boundary { at, within_capitals: true });
        }
        before = c;
    }
    found
}

/// The names on both sides of a boundary: the whole side or what of it is nearest.
struct Sides {
    left_known: bool,
    right_known: bool,
    /// Whether the name has two words or more; of a known name: whether that one has.
    left_full: bool,
    right_full: bool,
    /// Letters of the left name, if it is a single word.
    left_letters: usize,
    equal: bool,
}

impl Sides {
    /// `left` up to the boundary, `right` from it to the next one, `rest` to the end.
    fn new(left: &str, right: &str, rest: &str, known: &KnownNames) -> Self {
        let full = |name: &str| name.trim().contains(' ');
        let first = |text: &str| weak::parts(text).first().map_or(String::new(), |part| (*part).to_owned());
        let last = weak::parts(left).last().map_or(String::new(), |part| (*part).to_owned());
        let lefts = [left.trim().to_owned(), last];
        let rights = [right.trim().to_owned(), first(right), rest.trim().to_owned(), first(rest)];
        let known_left = lefts.iter().find(|name| known.knows(name));
        let known_right = rights.iter().find(|name| known.knows(name));
        Sides {
            left_known: known_left.is_some(),
            right_known: known_right.is_some(),
            left_full: full(known_left.unwrap_or(&lefts[1])),
            right_full: full(known_right.unwrap_or(&rights[1])),
            left_letters: lefts[1].chars().count(),
            equal: lefts[1] == rights[1],
        }
    }

    fn are_glued(&self, source_glues: bool, within_capitals: bool) -> bool {
        let one_full = self.left_full || self.right_full;
        if within_capitals {
            return self.right_known && self.right_full;
        }
        match (self.left_known, self.right_known) {
            (true, true) => one_full || self.equal || source_glues,
            (true, false) => self.left_full || (source_glues && self.left_letters >= MIN_LONE_WORD),
            (false, true) => self.right_full && (self.left_full || source_glues),
            (false, false) => {
                source_glues && (self.left_full || (self.right_full && self.left_letters >= MIN_LONE_WORD))
            }
        }
    }
}
