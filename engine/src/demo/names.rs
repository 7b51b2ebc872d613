//! Invented names, titles and URLs.

use super::sampling::Stream;
use super::words::{
    BAND_NOUNS, CYRILLIC, EMOJI, FIRST_NAMES, FOREIGN_TITLES, HANDLE_ENDS, HANDLE_STARTS, KATAKANA, LABEL_KINDS,
    NAME_ENDS, NAME_MIDDLES, NAME_STARTS, PLAYLIST_ACTIVITIES, PLAYLIST_MOODS, SHORT_NAME_ENDS, TITLE_ADJECTIVES,
    TITLE_NOUNS, TITLE_PLACES, TITLE_VERBS,
};
use rustc_hash::FxHashSet;

/// Where everything of the demo lives; `.example` never resolves (RFC 2606).
pub(super) const SITE: &str = "https://soundcloud.example";

/// Share of track titles that carry quotes, emoji, other scripts or other awkward text.
const AWKWARD_TITLES: f64 = 0.06;
/// Share of invented names without a middle.
const SHORT_NAMES: f64 = 0.4;
/// How often a new name is tried before a number is put behind it.
const ATTEMPTS: usize = 8;

/// Texts that are taken, by a fixed 64-bit hash (FNV-1a): two different hashes are two different texts.
#[derive(Debug, Default)]
pub(super) struct Taken {
    hashes: FxHashSet<u64>,
}

impl Taken {
    /// Whether the text was free; it is taken afterwards. `scope` separates name spaces.
    pub(super) fn claim(&mut self, scope: u64, text: &str) -> bool {
        let start = 0xcbf2_9ce4_8422_2325_u64 ^ scope.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let hash = text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        self.hashes.insert(hash)
    }

    /// The text itself if it is free, else with a number behind it, beginning at `number`.
    pub(super) fn unique(&mut self, scope: u64, text: String, separator: &str, number: usize) -> String {
        if self.claim(scope, &text) {
            return text;
        }
        let mut number = number;
        loop {
            let numbered = format!("{text}{separator}{number}");
            if self.claim(scope, &numbered) {
                return numbered;
            }
            number += 1;
        }
    }

    /// Tries `make` a few times until its text is free.
    fn fresh(&mut self, scope: u64, number: usize, mut make: impl FnMut() -> String) -> String {
        let mut name = make();
        for _ in 1..ATTEMPTS {
            if self.claim(scope, &name) {
                return name;
            }
            name = make();
        }
        self.unique(scope, name, " ", number)
    }

    /// A new artist name.
    pub(super) fn artist_name(&mut self, number: usize, stream: &mut Stream) -> String {
        self.fresh(NAMES, number, || artist_name(stream))
    }

    /// A new user name.
    pub(super) fn user_name(&mut self, number: usize, stream: &mut Stream) -> String {
        self.fresh(NAMES, number, || user_name(stream))
    }

    /// A new label name.
    pub(super) fn label_name(&mut self, number: usize, stream: &mut Stream) -> String {
        self.fresh(LABELS, number, || format!("{} {}", invented(stream), stream.pick(LABEL_KINDS)))
    }

    /// A new profile URL after a name.
    pub(super) fn profile_url(&mut self, name: &str, fallback: &str, number: usize) -> String {
        let mut slug = slug(name);
        if slug.is_empty() {
            slug = format!("{fallback}-{number}");
        }
        format!("{SITE}/{}", self.unique(PROFILES, slug, "-", number))
    }
}

const NAMES: u64 = 1;
const LABELS: u64 = 2;
const PROFILES: u64 = 3;
/// Scopes from here on are the tracks of one artist.
pub(super) const TRACKS_OF_ARTIST: u64 = 16;

/// Lower-case ASCII letters and digits, everything else as single hyphens.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter.to_ascii_lowercase());
        } else if letter != '\'' && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

fn invented(stream: &mut Stream) -> String {
    let start = stream.pick(NAME_STARTS);
    if stream.chance(SHORT_NAMES) {
        format!("{start}{}", stream.pick(SHORT_NAME_ENDS))
    } else {
        format!("{start}{}{}", stream.pick(NAME_MIDDLES), stream.pick(NAME_ENDS))
    }
}

/// Every pattern holds an invented word, so that no name is that of a real artist except by accident.
fn artist_name(stream: &mut Stream) -> String {
    match stream.below(100) {
        0..30 => format!("{} {}", stream.pick(FIRST_NAMES), invented(stream)),
        30..56 => invented(stream),
        56..70 => format!("{} {}", invented(stream), stream.pick(BAND_NOUNS)),
        70..80 => format!("The {} {}", invented(stream), stream.pick(BAND_NOUNS)),
        80..86 => format!("DJ {}", invented(stream)),
        86..91 => format!("{} & the {}", invented(stream), stream.pick(BAND_NOUNS)),
        91..94 => invented(stream).to_uppercase(),
        94..97 => format!("{}.{}", invented(stream).to_lowercase(), stream.between(2, 99)),
        97 => format!("{} \"{}\" {}", stream.pick(FIRST_NAMES), stream.pick(BAND_NOUNS), invented(stream)),
        98 => (0..stream.between(3, 5)).map(|_| stream.pick(KATAKANA)).collect(),
        _ => (0..stream.between(2, 4)).map(|_| stream.pick(CYRILLIC)).collect(),
    }
}

fn user_name(stream: &mut Stream) -> String {
    let handle = |stream: &mut Stream| format!("{}{}", stream.pick(HANDLE_STARTS), stream.pick(HANDLE_ENDS));
    match stream.below(10) {
        0..3 => format!("{}{}", handle(stream), stream.between(1, 999)),
        3..5 => format!("{}_{}", stream.pick(HANDLE_STARTS), stream.pick(HANDLE_ENDS)),
        5..8 => format!("{} {}", stream.pick(FIRST_NAMES), invented(stream)),
        8 => format!("{}.{}", stream.pick(FIRST_NAMES).to_lowercase(), invented(stream).to_lowercase()),
        _ => format!("{} {}", stream.pick(FIRST_NAMES), stream.pick(EMOJI)),
    }
}

/// A track title without credits.
pub(super) fn track_title(stream: &mut Stream) -> String {
    if stream.chance(AWKWARD_TITLES) { awkward_title(stream) } else { plain_title(stream) }
}

fn plain_title(stream: &mut Stream) -> String {
    let noun = stream.pick(TITLE_NOUNS);
    match stream.below(100) {
        0..24 => format!("{} {noun}", stream.pick(TITLE_ADJECTIVES)),
        24..34 => noun.to_owned(),
        34..46 => format!("{noun} in {}", stream.pick(TITLE_PLACES)),
        46..53 => format!("{noun} & {}", stream.pick(TITLE_NOUNS)),
        53..60 => format!("{} the {noun}", stream.pick(TITLE_VERBS)),
        60..66 => format!("Don't {} the {noun}", stream.pick(TITLE_VERBS)),
        66..71 => format!("{} {noun} (Interlude)", stream.pick(TITLE_ADJECTIVES)),
        71..76 => format!("{noun} Pt. {}", stream.between(1, 4)),
        76..81 => format!("{} {}:{:02}", noun, stream.between(1, 11), stream.below(12) * 5),
        81..86 => format!("The {noun} and the {}", stream.pick(TITLE_NOUNS)),
        86..91 => format!("{} {} {noun}", stream.pick(TITLE_VERBS), stream.pick(&["My", "Your", "That", "Every"])),
        91..95 => format!("{} {noun} (Live)", stream.pick(TITLE_ADJECTIVES)),
        95..98 => format!("{noun}, {}", stream.pick(TITLE_ADJECTIVES)),
        _ => format!("{} ({} Mix)", stream.pick(TITLE_ADJECTIVES), noun),
    }
}

fn awkward_title(stream: &mut Stream) -> String {
    let noun = stream.pick(TITLE_NOUNS);
    match stream.below(10) {
        0 => format!("\"{} {noun}\"", stream.pick(TITLE_ADJECTIVES)),
        1 => format!("The '{noun}' Tape, Side \"B\""),
        2..5 => format!("{noun} {}", stream.pick(EMOJI)),
        5..8 => {
            let (first, between, second) = stream.pick(FOREIGN_TITLES);
            format!("{}{between}{}", stream.pick(&first), stream.pick(&second))
        }
        8 => format!("{{{noun}, {}}}", stream.pick(TITLE_NOUNS)),
        _ => format!("{}% {noun} \\ {noun}/{}", stream.between(1, 100), stream.pick(TITLE_NOUNS)),
    }
}

/// An album title.
pub(super) fn album_title(artist: &str, stream: &mut Stream) -> String {
    match stream.below(10) {
        0 => artist.to_owned(),
        1..4 => format!("{} {} EP", stream.pick(TITLE_ADJECTIVES), stream.pick(TITLE_NOUNS)),
        _ => plain_title(stream),
    }
}

/// A playlist title, or none.
pub(super) fn playlist_title(genre: &str, owner: Option<&str>, stream: &mut Stream) -> Option<String> {
    let title = match stream.below(100) {
        0..28 => format!("{} {genre}", stream.pick(PLAYLIST_MOODS)),
        28..44 => format!("{} Vibes Vol. {}", stream.pick(PLAYLIST_ACTIVITIES), stream.between(1, 9)),
        44..54 => format!("{genre} Essentials"),
        54..62 => format!("{genre} {}", stream.between(2015, 2023)),
        62..70 => format!("{} {}", stream.pick(PLAYLIST_ACTIVITIES), stream.pick(EMOJI)),
        70..78 => format!("{} Mix", stream.pick(PLAYLIST_ACTIVITIES)),
        78..86 => match owner {
            Some(owner) => format!("{owner}'s {genre} finds"),
            None => format!("Best of {genre}"),
        },
        86..92 => format!("{} {}", stream.pick(TITLE_ADJECTIVES), stream.pick(TITLE_NOUNS)).to_lowercase(),
        92..96 => format!("\"{}\" & more", stream.pick(TITLE_NOUNS)),
        96..98 => "my favourites".to_owned(),
        98 => stream.pick(EMOJI).repeat(3),
        _ => return None,
    };
    Some(title)
}
