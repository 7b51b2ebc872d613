//! Credits inside titles.

use super::{Credit, Credits, KnownNames, Role, collapse_blanks, glued, strong, weak};

/// Words that say what was done to a recording; the stronger ones are said of hardly anything but a person's work.
const REMIX_WORDS: [&str; 14] = [
    "remix",
    "rmx",
    "remixed",
    "rework",
    "reworked",
    "refix",
    "bootleg",
    "flip",
    "re-edit",
    "reedit",
    "re-rub",
    "rerub",
    "remake",
    "reinterpretation",
];
/// Those that are said of lengths, places and formats, too.
const WEAK_REMIX_WORDS: [&str; 8] = ["mix", "dub", "edit", "version", "vip", "mixes", "dubplate", "revision"];

/// Words that describe a version and name nobody.
const GENERIC: [&str; 119] = [
    "a",
    "accapella",
    "acapella",
    "acoustic",
    "afro",
    "album",
    "alternate",
    "alternative",
    "ambient",
    "and",
    "anniversary",
    "bass",
    "beat",
    "bonus",
    "bossa",
    "breaks",
    "cd",
    "chill",
    "chillout",
    "classic",
    "clean",
    "clear",
    "club",
    "cut",
    "dance",
    "deep",
    "definitive",
    "deluxe",
    "demo",
    "digital",
    "director's",
    "dirty",
    "disco",
    "dj",
    "drum",
    "drums",
    "dub",
    "early",
    "edit",
    "electro",
    "explicit",
    "extended",
    "festival",
    "final",
    "full",
    "funk",
    "funky",
    "garage",
    "german",
    "english",
    "french",
    "spanish",
    "italian",
    "japanese",
    "house",
    "hip-hop",
    "instrumental",
    "intro",
    "jazz",
    "jungle",
    "late",
    "latin",
    "length",
    "live",
    "long",
    "lp",
    "main",
    "mega",
    "midnight",
    "mixed",
    "mono",
    "morning",
    "my",
    "new",
    "night",
    "official",
    "old",
    "original",
    "outro",
    "party",
    "piano",
    "piece",
    "pop",
    "promo",
    "radio",
    "rare",
    "reggae",
    "rehearsal",
    "remaster",
    "remastered",
    "remastering",
    "reprise",
    "session",
    "short",
    "single",
    "slow",
    "soul",
    "special",
    "standard",
    "stereo",
    "street",
    "strings",
    "studio",
    "summer",
    "sunset",
    "super",
    "take",
    "techno",
    "the",
    "trance",
    "tv",
    "uk",
    "ultimate",
    "unplugged",
    "unreleased",
    "us",
    "vinyl",
    "vocal",
    "your",
];

/// First words of "(with …)" that make it a phrase.
const PHRASE_STARTS: [&str; 20] = [
    "a", "an", "all", "every", "her", "his", "intro", "love", "lyrics", "me", "my", "no", "or", "our", "out",
    "strings", "the", "these", "you", "your",
];

/// The credits that a title holds: "(feat. X)", "ft. X & Y", "(with X)" are featured, "(X Remix)", "[X's Dub]",
/// "- X Edit", "(Remixed by X)" are remixers; none for descriptions such as "(Original Mix)", "(2011 Remaster)".
///
/// "mix", "dub", "edit" and "version" name somebody only if the name is known (`known`) or has a genitive
/// ("[Larry's Dub]"): "(Sunset Mix)" is nobody's.
///
/// ```
/// use sgr_engine::fuse::credits::{KnownNames, Role, title_credits};
///
/// let known = KnownNames::new();
/// let credits = title_credits("Pots (feat. Abraham Parker) [Floating Points Remix]", &known);
/// assert_eq!(credits.len(), 2);
/// assert_eq!((credits[0].name.as_str(), credits[0].role), ("Abraham Parker", Role::Featured));
/// assert_eq!((credits[1].name.as_str(), credits[1].role), ("Floating Points", Role::Remixer));
/// assert!(title_credits("With or Without You (Extended Remix)", &known).is_empty());
/// ```
pub fn title_credits(title: &str, known: &KnownNames) -> Vec<Credit> {
    let title = collapse_blanks(title);
    let mut credits = Credits::default();
    for (section, enclosed) in sections(&title) {
        if let Some(names) = featured(section, enclosed, known) {
            push_all(names, Role::Featured, known, &mut credits);
        } else if enclosed && let Some(name) = remixer(section, known) {
            push_all(&name, Role::Remixer, known, &mut credits);
        }
    }
    credits.found
}

fn push_all(names: &str, role: Role, known: &KnownNames, credits: &mut Credits) {
    for (segment, _) in strong::split(names, known) {
        for piece in glued::split(&segment, known) {
            for name in weak::split(piece, known) {
                credits.push(&name, role);
            }
        }
    }
}

/// The title cut at its brackets and at " - ", with whether a section may hold a remixer: all but the first.
fn sections(title: &str) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let (mut start, mut enclosed, mut before_dash) = (0, false, false);
    for (at, c) in title.char_indices() {
        let dash = matches!(c, '-' | '–' | '—')
            && title[..at].ends_with(' ')
            && title[at + c.len_utf8()..].starts_with(' ')
            && !enclosed;
        if dash || matches!(c, '(' | '[' | '{' | ')' | ']' | '}') {
            found.push((title[start..at].trim(), enclosed || before_dash));
            start = at + c.len_utf8();
            before_dash |= dash;
            enclosed = matches!(c, '(' | '[' | '{');
        }
    }
    found.push((title[start..].trim(), enclosed || before_dash));
    found.retain(|(section, _)| !section.is_empty());
    found
}

/// What follows "feat." anywhere, or "with" at the beginning of brackets.
fn featured<'a>(section: &'a str, enclosed: bool, known: &KnownNames) -> Option<&'a str> {
    for (start, end, word) in super::words(section) {
        let bare = word.trim_end_matches(['.', ':']).to_lowercase();
        if matches!(bare.as_str(), "feat" | "ft" | "featuring") && (start > 0 || enclosed || word.ends_with('.')) {
            return Some(section[end..].trim()).filter(|names| !names.is_empty());
        }
    }
    let (with, names) = section.split_once(' ')?;
    if !enclosed || !matches!(with.to_lowercase().as_str(), "with" | "w/") {
        return None;
    }
    let first = names.split(' ').next().unwrap_or_default().to_lowercase();
    let named = names.contains(' ') && names.split(' ').any(|word| word.starts_with(char::is_uppercase));
    (known.knows(names) || (named && !PHRASE_STARTS.contains(&first.as_str()))).then_some(names)
}

/// Who a section such as "X Extended Remix" or "Remixed by X" names.
fn remixer(section: &str, known: &KnownNames) -> Option<String> {
    let lower = section.to_lowercase();
    for by in ["remixed by ", "remix by ", "reworked by ", "edited by ", "edit by ", "mixed by ", "dub by "] {
        // Lower case may be longer or shorter than the text in other scripts.
        if lower.starts_with(by) && section.is_char_boundary(by.len()) {
            return Some(section[by.len()..].trim().to_owned()).filter(|name| !name.is_empty());
        }
    }
    let words: Vec<&str> = section.split(' ').collect();
    let bare: Vec<String> =
        words.iter().map(|word| word.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric()).to_owned()).collect();
    // The last word that says what was done; years and numbers may follow it.
    let place = bare
        .iter()
        .rposition(|word| REMIX_WORDS.contains(&word.as_str()) || WEAK_REMIX_WORDS.contains(&word.as_str()))?;
    if !bare[place + 1..].iter().all(|word| is_generic(word)) {
        return None;
    }
    let mut end = place;
    while end > 0 && (is_generic(&bare[end - 1]) || is_remix_word(&bare[end - 1])) {
        if known.knows(&words[..end].join(" ")) {
            break;
        }
        end -= 1;
    }
    let strong_word = bare[end..=place].iter().any(|word| REMIX_WORDS.contains(&word.as_str()));
    let mut name = words[..end].join(" ");
    if name.is_empty() || bare[..end].iter().all(|word| is_generic(word)) && !known.knows(&name) {
        return None;
    }
    let genitive = ["'s", "’s"].iter().find_map(|ending| name.strip_suffix(ending)).map(str::to_owned);
    let version = bare[end..=place].iter().any(|word| word == "version");
    match genitive {
        Some(owner) if !known.knows(&name) => {
            // "(Taylor's Version)" is the artist's own.
            if version && !known.knows(&owner) {
                return None;
            }
            name = owner;
        }
        _ if strong_word => {}
        _ if known.knows(&name) => {}
        _ if weak::split(&name, known).len() > 1 && weak::parts(&name).iter().all(|part| known.knows(part)) => {}
        _ => return None,
    }
    Some(name)
}

fn is_remix_word(word: &str) -> bool {
    REMIX_WORDS.contains(&word) || WEAK_REMIX_WORDS.contains(&word)
}

/// Descriptions, numbers, years, sizes ("12''", "7inch", "2nd") and what is left of bare punctuation.
fn is_generic(word: &str) -> bool {
    word.is_empty()
        || GENERIC.contains(&word)
        || (word.starts_with(|c: char| c.is_ascii_digit())
            && matches!(
                word.trim_start_matches(|c: char| c.is_ascii_digit()),
                "" | "inch" | "in" | "st" | "nd" | "rd" | "th" | "s" | "bpm"
            ))
        || matches!(word, "pt" | "part" | "vol" | "no" | "i" | "ii" | "iii")
}
