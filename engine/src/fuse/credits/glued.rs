//! Names that lost the separator between them: "HitkiddBusta Rhymes".
//!
//! Pages that list acts in elements of their own come out of a scraper like this. A capital letter after a small one is
//! no proof ("McCoy", "BadBadNotGood"), so a full name must be known on one side; less suffices where the source
//! is seen to do it ([`KnownNames::from_counts`]).

use super::{KnownNames, weak};
use unicode_normalization::char::is_combining_mark;

/// Shorter ends of words are particles of names ("McCoy", "DeAngelo", "LaToya") unless the name before is known …
const MIN_WORD: usize = 3;
/// … and so are these.
const PARTICLES: [&str; 8] = ["fitz", "mac", "saint", "san", "santa", "van", "ven", "von"];
/// A name of one word, not known, that is taken from another has at least so many letters: "DeeDee", "CeeLo".
const MIN_LONE_WORD: usize = 5;

/// A single word that occurs so often is one name, whatever its parts are: "WheelUP".
const MIN_ONE_NAME: u32 = 3;

/// What stands before the capital of a possible second name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// The end of a plain word.
    Word,
    /// The end of a word that may be a particle ("Mc"): the name that it ends must be known.
    Particle,
    /// Another capital ("Lil BShabazz"): the name after it must be known.
    Capital,
}

/// A place where one name may end and another begin.
struct Boundary {
    at: usize,
    before: Before,
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
        if sides.are_glued(known.glues(), boundary.before) {
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
    // The last two characters, and the beginning of the word: of a run of letters and digits of which none but the first
    // is a capital after a small letter.
    let (mut last_but_one, mut last, mut word_start) = (' ', ' ', 0);
    let mut chars = segment.char_indices().filter(|&(_, c)| !is_combining_mark(c)).peekable();
    while let Some((at, c)) = chars.next() {
        if !last.is_alphanumeric() && !matches!(last, '.' | ')' | '?' | '!') {
            word_start = at;
        }
        let closed = matches!(last, ')' | '.' | '?' | '!') && last_but_one.is_lowercase();
        let small = last.is_lowercase() || last.is_numeric() || closed;
        if c.is_uppercase() && small {
            let word = segment[word_start..at].trim_end_matches(|c: char| !c.is_alphanumeric());
            // "POiSON" is spelled at will.
            let plain = last.is_numeric() || !word.chars().skip(1).any(char::is_uppercase);
            let long = word.chars().nth(MIN_WORD - 1).is_some() && !PARTICLES.contains(&word.to_lowercase().as_str());
            if plain {
                found.push(Boundary { at, before: if long { Before::Word } else { Before::Particle } });
            }
            word_start = at;
        } else if c.is_uppercase() && last.is_uppercase() && chars.peek().is_some_and(|&(_, next)| next.is_lowercase())
        {
            found.push(Boundary { at, before: Before::Capital });
        }
        (last_but_one, last) = (last, c);
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
    /// Whether both together are a name that occurs: "WheelUP".
    is_one_name: bool,
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
        // A company is as good as a name: what is before it ends there.
        let known_right = rights.iter().find(|name| known.knows(name) || (full(name) && known.is_company(name)));
        Sides {
            left_known: known_left.is_some(),
            right_known: known_right.is_some(),
            left_full: full(known_left.unwrap_or(&lefts[1])),
            right_full: full(known_right.unwrap_or(&rights[1])),
            left_letters: lefts[1].chars().count(),
            equal: lefts[1] == rights[1],
            is_one_name: !lefts[1].contains(' ')
                && !rights[1].contains(' ')
                && known.occurrences(&format!("{}{}", lefts[1], rights[1])) >= MIN_ONE_NAME,
        }
    }

    fn are_glued(&self, source_glues: bool, before: Before) -> bool {
        if self.is_one_name {
            return false;
        }
        let one_full = self.left_full || self.right_full;
        let lone = self.left_letters >= MIN_LONE_WORD;
        match (before, self.left_known, self.right_known) {
            (Before::Capital, _, right_known) => right_known && self.right_full,
            (Before::Particle, left_known, right_known) => left_known && one_full && (right_known || source_glues),
            (Before::Word, true, true) => one_full || self.equal || source_glues,
            (Before::Word, true, false) => self.left_full || (source_glues && lone),
            (Before::Word, false, true) => {
                (self.right_full && (self.left_full || source_glues)) || (source_glues && (self.left_full || lone))
            }
            (Before::Word, false, false) => source_glues && (self.left_full || (self.right_full && lone)),
        }
    }
}
