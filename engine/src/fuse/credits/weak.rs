//! Separators that are often part of a name: "&", ",", "and", "+", "/".

use super::{KnownNames, words};

/// A name is one act if it occurs at least this often …
const DOMINANT_OCCURRENCES: u32 = 3;
/// … and this many times as often as the rarer of its parts.
const DOMINANT_RATIO: u32 = 3;

/// A leader and a single word that occur together so often, and the word never without the leader, are one act.
const RECURRENT: u32 = 2;
/// A list of so many, not all of them bare words, is no name.
const LONG_LIST: usize = 4;

/// First words of what follows a leader: a band of his own, not another act.
const BACKING_STARTS: [&str; 25] = [
    "a", "co", "company", "das", "die", "el", "friends", "guests", "her", "his", "la", "las", "le", "les", "los", "my",
    "o", "os", "others", "sons", "su", "the", "their", "thee", "voices",
];
/// Those after which not even a known name is another act.
const OWN_STARTS: [&str; 12] =
    ["co", "company", "friends", "guests", "her", "his", "my", "others", "sons", "su", "their", "band"];
/// Last words of the names of backing bands.
const ENSEMBLES: [&str; 39] = [
    "allstars",
    "arkestra",
    "band",
    "brothers",
    "choir",
    "chorus",
    "combo",
    "crew",
    "ensemble",
    "experience",
    "explosion",
    "express",
    "force",
    "foundation",
    "gang",
    "group",
    "ivtet",
    "jam",
    "machine",
    "movement",
    "octet",
    "orchestra",
    "orchestre",
    "orkestra",
    "orquesta",
    "players",
    "project",
    "quartet",
    "quintet",
    "revolution",
    "septet",
    "session",
    "sextet",
    "singers",
    "stars",
    "tet",
    "trio",
    "unit",
    "workshop",
];
/// What follows a comma without being a name.
const SUFFIXES: [&str; 12] = ["jr", "sr", "ii", "iii", "iv", "inc", "ltd", "llc", "esq", "md", "phd", "etc"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Joiner {
    Comma,
    Ampersand,
    And,
    Slash,
    /// A slash without blanks around it: "AC/DC".
    InnerSlash,
}

/// A part of a segment, and how it is joined to the part before.
struct Part<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    /// Of the first part: without meaning.
    joiner: Joiner,
}

/// All parts that weak separators could make of a segment, judged by nothing.
pub(super) fn parts(segment: &str) -> Vec<&str> {
    scan(segment, false).into_iter().map(|part| part.text).collect()
}

/// Splits a segment (blanks collapsed) where there is evidence that its parts are acts of their own.
pub(super) fn split(segment: &str, known: &KnownNames) -> Vec<String> {
    let parts = scan(segment, true);
    if parts.len() < 2 || known.is_whole(segment) {
        return vec![segment.to_owned()];
    }
    let groups = group(segment, &parts, known);
    let texts: Vec<&str> = groups.iter().map(|group| group.text).collect();
    if groups.len() < 2 || is_one_act(segment, &texts, known) {
        return vec![segment.to_owned()];
    }
    let splits = if groups.len() == 2 { pair_splits(segment, &groups, known) } else { list_splits(&groups, known) };
    if !splits {
        return vec![segment.to_owned()];
    }
    // A part of "A & B and C & D" is a pair of its own. Parts are shorter than the segment, so this ends.
    texts.into_iter().flat_map(|text| split(text, known)).collect()
}

/// Merges parts that belong together whatever the evidence for them is: declared names, backing bands, "Jr.".
fn group<'a>(segment: &'a str, parts: &[Part<'a>], known: &KnownNames) -> Vec<Part<'a>> {
    let mut groups: Vec<Part<'a>> = Vec::new();
    let in_list = parts.len() > 2 && parts.iter().skip(1).any(|part| part.joiner == Joiner::Comma);
    let mut at = 0;
    while at < parts.len() {
        let (start, joiner) = (parts[at].start, parts[at].joiner);
        // The longest declared name from here.
        let whole = (at + 1..parts.len()).rev().find(|&last| known.is_whole(&segment[start..parts[last].end]));
        let end = parts[whole.unwrap_or(at)].end;
        let part = Part { text: &segment[start..end], start, end, joiner };
        match groups.last_mut() {
            Some(before) if belongs(before, &part, in_list, known) => {
                before.end = part.end;
                before.text = &segment[before.start..before.end];
            }
            _ => groups.push(part),
        }
        at = whole.unwrap_or(at) + 1;
    }
    groups
}

/// Whether `part` is no act of its own beside `before`.
fn belongs(before: &Part, part: &Part, in_list: bool, known: &KnownNames) -> bool {
    let text = part.text.to_lowercase();
    let first = bare(text.split(' ').next().unwrap_or_default());
    if !part.text.chars().any(char::is_alphanumeric) || !before.text.chars().any(char::is_alphanumeric) {
        return true;
    }
    match part.joiner {
        Joiner::Comma => SUFFIXES.contains(&bare(&text)) || (first == "the" && !in_list && !known.knows(part.text)),
        Joiner::InnerSlash => !(known.knows(before.text) && known.knows(part.text)),
        Joiner::Ampersand | Joiner::And => {
            if OWN_STARTS.contains(&first) {
                return true;
            }
            // "The Foo and The Bar" are two bands, "Jo Doe & The Bar" is one.
            let the_both = first == "the" && before.text.to_lowercase().starts_with("the ");
            let both_known = known.knows(before.text) && known.knows(part.text);
            let ensemble = is_ensemble(&text) || (!known.knows(part.text) && known.is_phrase(&text));
            let backing = if BACKING_STARTS.contains(&first) { !the_both } else { ensemble && !both_known };
            backing && !in_list
        }
        Joiner::Slash => false,
    }
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

fn is_ensemble(text: &str) -> bool {
    let last = bare(text.rsplit(' ').next().unwrap_or_default());
    // "Egypt 80", "Brasil '66"
    let year = last.len() == 2 && last.bytes().all(|byte| byte.is_ascii_digit());
    text.contains(' ') && (year || ENSEMBLES.contains(&last) || last.ends_with("stars"))
}

/// Whether the whole occurs so much more often than its parts that it must be one act.
fn is_one_act(segment: &str, parts: &[&str], known: &KnownNames) -> bool {
    let rarest = parts.iter().map(|part| known.occurrences(part)).min().unwrap_or(0);
    let whole = known.occurrences(segment);
    // Parts that nobody knows are judged by their form, not by their rarity, and so are lists of full names.
    let bare_word = parts.iter().any(|part| !is_full(part));
    bare_word && rarest > 0 && whole >= DOMINANT_OCCURRENCES && whole / DOMINANT_RATIO >= rarest
}

fn pair_splits(segment: &str, groups: &[Part], known: &KnownNames) -> bool {
    let [left, right] = groups else { return false };
    let (left_known, right_known) = (known.knows(left.text), known.knows(right.text));
    let (left_full, right_full) = (is_full(left.text), is_full(right.text));
    if known.is_company(right.text) {
        return false;
    }
    if right.joiner == Joiner::Slash {
        return true;
    }
    let recurs = known.together(segment) >= RECURRENT;
    let beside = |word: &str| known.is_stage_name(word) && !recurs;
    let named = match (left_known, right_known) {
        (true, true) => true,
        (true, false) => right_full || beside(right.text),
        (false, true) => left_full || beside(left.text),
        (false, false) => left_full && right_full,
    };
    if named || right.joiner == Joiner::And {
        return named || is_turned_round(left.text, right.text, known);
    }
    is_turned_round(left.text, right.text, known)
        // "Saint Abdullah & Eomac", but not "The Sweet & Innocent".
        || (left_full && !left.text.to_lowercase().starts_with("the ") && beside(right.text))
        // "Saqib & Haider Uppal", but neither "Doug & Jean Carn" nor "Ronnie Laws & Pressure".
        || (right_full && !known.is_first_word(left.text))
}

/// Whether the two occur in the other order, too: nobody does that to the name of a duo.
fn is_turned_round(left: &str, right: &str, known: &KnownNames) -> bool {
    left != right && known.together(&format!("{right} & {left}")) > 0
}

fn list_splits(groups: &[Part], known: &KnownNames) -> bool {
    let acts = groups.iter().filter(|group| known.knows(group.text) || is_full(group.text)).count();
    let is_list = groups.iter().skip(1).all(|group| group.joiner != Joiner::And)
        || groups.iter().skip(1).any(|group| group.joiner == Joiner::Comma);
    // "Crosby, Stills & Nash": bare words are surnames or plain words until all of them are known.
    let bare_words = groups.iter().all(|group| !is_full(group.text));
    if bare_words || !is_list {
        return acts == groups.len();
    }
    acts * 2 >= groups.len() || groups.len() >= LONG_LIST
}

/// A name of two words or more, as people's full names and most bands' are.
fn is_full(name: &str) -> bool {
    words(name).filter(|(_, _, word)| word.chars().any(char::is_alphanumeric)).count() > 1
}

/// The parts between weak separators. `nested`: where "and" stands beside "&", only "and" separates, because it binds
/// less.
fn scan(segment: &str, nested: bool) -> Vec<Part<'_>> {
    let mut cuts: Vec<(usize, usize, Joiner)> = Vec::new();
    for (start, end, word) in words(segment) {
        let inside = start > 0 && end < segment.len();
        let joiner = match word {
            "&" | "+" => Some(Joiner::Ampersand),
            "/" | "|" => Some(Joiner::Slash),
            _ if word.eq_ignore_ascii_case("and") => Some(Joiner::And),
            _ => None,
        };
        if let Some(joiner) = joiner.filter(|_| inside) {
            cuts.push((start, end, joiner));
            continue;
        }
        let bytes = word.as_bytes();
        for (at, &byte) in bytes.iter().enumerate() {
            let digits_around =
                at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(|next| next.is_ascii_digit());
            let here = (start + at, start + at + 1);
            if here.0 == 0 || here.1 == segment.len() {
                continue;
            }
            match byte {
                b',' if !digits_around => cuts.push((here.0, here.1, Joiner::Comma)),
                b'/' if at > 0 && at + 1 < bytes.len() => cuts.push((here.0, here.1, Joiner::InnerSlash)),
                b'/' if bytes.len() > 1 => cuts.push((here.0, here.1, Joiner::Slash)),
                _ => {}
            }
        }
    }
    cuts.sort_by_key(|&(start, _, _)| start);
    // What brackets enclose is no list of acts beside the one before them.
    let depth = |at: usize| segment[..at].matches(['(', '[']).count() > segment[..at].matches([')', ']']).count();
    cuts.retain(|&(start, _, _)| !depth(start));
    let has = |wanted: Joiner| cuts.iter().any(|&(_, _, joiner)| joiner == wanted);
    if nested && has(Joiner::And) && has(Joiner::Ampersand) && !has(Joiner::Comma) {
        cuts.retain(|&(_, _, joiner)| joiner == Joiner::And);
    }
    let mut parts: Vec<Part> = Vec::with_capacity(cuts.len() + 1);
    let (mut start, mut joiner) = (0, Joiner::Comma);
    for (cut_start, cut_end, cut_joiner) in cuts {
        let text = segment[start..cut_start].trim();
        if text.is_empty() {
            // "A, and B": one joiner, of the kind of the list.
            start = cut_end;
            continue;
        }
        parts.push(part(segment, text, joiner));
        (start, joiner) = (cut_end, cut_joiner);
    }
    let text = segment[start..].trim();
    if !text.is_empty() {
        parts.push(part(segment, text, joiner));
    }
    parts
}

/// `text` is a slice of `segment`.
fn part<'a>(segment: &'a str, text: &'a str, joiner: Joiner) -> Part<'a> {
    let start = text.as_ptr() as usize - segment.as_ptr() as usize;
    Part { text, start, end: start + text.len(), joiner }
}
