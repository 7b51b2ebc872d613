//! Keys under which spellings of one name are equal.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that say that a label is a company, not which. Spelled as [`name_key`] spells them.
const COMPANY_WORDS: [&str; 29] = [
    "records",
    "record",
    "recordings",
    "recording",
    "recs",
    "rec",
    "music",
    "musik",
    "label",
    "labels",
    "ltd",
    "limited",
    "inc",
    "incorporated",
    "llc",
    "llp",
    "gmbh",
    "kg",
    "bv",
    "pty",
    "plc",
    "corp",
    "corporation",
    "co",
    "company",
    "entertainment",
    "productions",
    "group",
    "and",
];

/// The key under which two spellings of a name are equal.
///
/// NFKC; case-folded; diacritics removed from Latin and Greek letters, optional vowel points from Hebrew and Arabic
/// (marks that make another letter, as in Japanese, Indic scripts or Cyrillic "й", stay); "ø", "ł", "æ" and their like
/// spelled plainly; "$" at a letter is "s" ("Ke$ha"); apostrophes removed; "&" and "+" spelled "and"; all other
/// punctuation and symbols are blanks; blanks collapsed. Idempotent.
///
/// Empty only for text without any visible character: a name of nothing but punctuation ("!!!", "†††") is its own
/// lower-case text.
///
/// ```
/// use sgr_engine::fuse::name_key;
///
/// assert_eq!(name_key("Beyoncé"), "beyonce");
/// assert_eq!(name_key("  Guns N’ Roses "), "guns n roses");
/// assert_eq!(name_key("Earth, Wind & Fire"), "earth wind and fire");
/// assert_eq!(name_key("!!!"), "!!!");
/// ```
pub fn name_key(text: &str) -> String {
    let key = if text.is_ascii() { ascii_key(text) } else { unicode_key(text) };
    if key.is_empty() { plain_key(text) } else { key }
}

/// The key of tags and genres: [`name_key`] without blanks, so that "hiphop", "Hip-Hop" and "hip hop" are equal.
///
/// "and" and "n" between two words are both spelled "n": "R&B" is "RnB", "Drum & Bass" is "Drum'n'Bass". A blank
/// between two digits stays, since "1 2" is not "12". Idempotent, and empty only when [`name_key`] is.
///
/// ```
/// use sgr_engine::fuse::tag_key;
///
/// assert_eq!(tag_key("Hip-Hop"), "hiphop");
/// assert_eq!(tag_key("R&B"), tag_key("rnb"));
/// assert_ne!(tag_key("90s"), tag_key("80s"));
/// ```
pub fn tag_key(text: &str) -> String {
    let name = name_key(text);
    let words: Vec<&str> = name.split(' ').collect();
    let mut key = String::with_capacity(name.len());
    for (at, &word) in words.iter().enumerate() {
        let between = at > 0 && at + 1 < words.len();
        let word = if between && word == "and" { "n" } else { word };
        if key.ends_with(char::is_numeric) && word.starts_with(char::is_numeric) {
            key.push(' ');
        }
        key.push_str(word);
    }
    // A Hangul vowel without its blank joins the consonant before it.
    if key.is_ascii() { key } else { key.nfc().collect() }
}

/// The key of labels: [`name_key`] without trailing company words (records, recordings, music, ltd, inc, gmbh, …).
///
/// Never shorter than one word: "Music" stays "music". Idempotent.
///
/// ```
/// use sgr_engine::fuse::label_key;
///
/// assert_eq!(label_key("Ninja Tune Records Ltd."), label_key("Ninja Tune"));
/// assert_eq!(label_key("Records"), "records");
/// ```
pub fn label_key(text: &str) -> String {
    let mut key = name_key(text);
    while let Some((rest, last)) = key.rsplit_once(' ') {
        if !COMPANY_WORDS.contains(&last) {
            break;
        }
        key.truncate(rest.len());
    }
    key
}

/// The trailing company words that [`label_key`] takes off, as the key spells them.
pub(super) fn company_words<'a>(name_key: &'a str, label_key: &str) -> &'a str {
    name_key.get(label_key.len()..).unwrap_or_default().trim_start()
}

/// Collects the characters of a key: words, with one blank between two of them.
struct Words {
    key: String,
    blank: bool,
}

impl Words {
    fn with_capacity(bytes: usize) -> Self {
        Words { key: String::with_capacity(bytes), blank: false }
    }

    fn letter(&mut self, letter: char) {
        if self.blank && !self.key.is_empty() {
            self.key.push(' ');
        }
        self.blank = false;
        self.key.push(letter);
    }

    fn word(&mut self, word: &str) {
        self.blank = true;
        word.chars().for_each(|letter| self.letter(letter));
        self.blank = true;
    }
}

fn ascii_key(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut words = Words::with_capacity(text.len() + 4);
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => words.letter(char::from(byte)),
            b'A'..=b'Z' => words.letter(char::from(byte.to_ascii_lowercase())),
            b'\'' | b'`' => {}
            b'&' | b'+' => words.word("and"),
            b'$' if dollar_is_s(bytes.iter().map(|&byte| char::from(byte)), at) => words.letter('s'),
            _ => words.blank = true,
        }
    }
    words.key
}

/// Whether the dollar sign at `at` stands for a letter: it is part of a run of them that touches one.
fn dollar_is_s(chars: impl DoubleEndedIterator<Item = char> + Clone + ExactSizeIterator, at: usize) -> bool {
    let before = chars.clone().take(at).rev().find(|&c| c != '$');
    let after = chars.skip(at).find(|&c| c != '$');
    // Vowel signs are alphabetic, too, but none of them is a letter for itself.
    let letter = |c: char| c.is_alphabetic() && !is_combining_mark(c);
    before.is_some_and(letter) || after.is_some_and(letter)
}

fn unicode_key(text: &str) -> String {
    // NFKC spells these as letters, but they are no part of a name.
    let visible = text.chars().map(|c| if matches!(c, '™' | '℠' | '®' | '©' | '℗') { ' ' } else { c });
    // Decomposed once before folding, so that folding sees letters and marks apart.
    let folded: Vec<char> = visible.nfkd().flat_map(fold).nfkd().collect();
    let mut words = Words::with_capacity(text.len() + 4);
    let mut base = ' ';
    for (at, &c) in folded.iter().enumerate() {
        if is_combining_mark(c) {
            if !mark_is_accent(base, c) && !words.key.is_empty() && !words.blank {
                words.letter(c);
            }
            continue;
        }
        base = c;
        if let Some(plain) = plain_letters(c) {
            plain.chars().for_each(|letter| words.letter(letter));
        } else if c.is_alphanumeric() {
            words.letter(c);
        } else if is_apostrophe(c) || is_invisible(c) {
            // A part of the word around it.
        } else if matches!(c, '&' | '+') {
            words.word("and");
        } else if c == '$' && dollar_is_s(folded.iter().copied(), at) {
            words.letter('s');
        } else {
            words.blank = true;
        }
    }
    words.key.nfc().collect()
}

/// Case folding: through upper case, because only that brings "ß", "ſ" and final "ς" together with their kin; lower case
/// before it, because "ẞ" is its own upper case.
fn fold(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn mark_is_accent(base: char, mark: char) -> bool {
    let latin_or_greek = matches!(base, 'a'..='z' | '\u{00AA}'..='\u{024F}' | '\u{0250}'..='\u{02AF}'
        | '\u{0370}'..='\u{03FF}' | '\u{1E00}'..='\u{1FFF}' | '\u{2C60}'..='\u{2C7F}' | '\u{A720}'..='\u{A7FF}');
    // Points and cantillation of Hebrew, vowel signs of Arabic, the dots of Cyrillic "ё": written or not at will.
    let optional = matches!(mark, '\u{0591}'..='\u{05C7}' | '\u{064B}'..='\u{0652}' | '\u{0670}')
        || (mark == '\u{0308}' && matches!(base, 'е'));
    // Marks over punctuation and blanks are decoration.
    latin_or_greek || optional || !base.is_alphabetic()
}

/// Latin letters that Unicode does not decompose, as they are spelled without the means to write them.
fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ı' => "i",
        'ə' => "e",
        _ => return None,
    })
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '`' | '´' | '\u{2018}'..='\u{201B}' | '\u{02B9}'..='\u{02BF}' | '\u{2032}' | '\u{FF07}')
}

/// Soft hyphens, zero-width characters, direction and variation marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// The key of text without any letter or digit.
fn plain_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        key.push_str(word);
    }
    key
}
