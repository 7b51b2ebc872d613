//! Which names are artists on their own.

use super::well_known::WELL_KNOWN_NAMES;
use super::{glued, strong, weak, words};
use crate::fuse::{label_key, name_key};
use rustc_hash::{FxHashMap, FxHashSet};

/// Distinct fields in which a full name must appear beside others before it counts as an artist of its own.
const RECURRENT: usize = 2;
/// Acts that a field must list for each of them to count as an artist of its own.
const LIST: usize = 3;
/// A source glues names ("HitkiddBusta Rhymes") if so many of its fields hold two known names without a separator …
const MIN_GLUED_FIELDS: usize = 10;
/// … and at least one field in so many.
const FIELDS_PER_GLUED: usize = 200;

/// Last words of names of companies, as [`name_key`] spells them; wider words such as "music" end names of acts, too.
const COMPANY_ENDS: [&str; 7] = ["records", "recordings", "ltd", "llc", "inc", "gmbh", "entertainment"];

/// What names are known to be artists, and how often they occur.
///
/// Names are compared by [`name_key`]. Built from the artist names of a catalogue it holds the evidence on which weak
/// separators split; the empty one ([`KnownNames::new`]) still holds [`WELL_KNOWN_NAMES`].
#[derive(Debug, Clone)]
pub struct KnownNames {
    /// Names that stand alone, by key, with their occurrences (at least 1).
    alone: FxHashMap<String, u32>,
    /// How often texts that could be split at weak separators occur, by key: "Cold Diamond & Mink".
    together: FxHashMap<String, u32>,
    /// Keys of names that are one act whatever their parts are.
    whole: FxHashSet<String>,
    /// Keys of labels, by [`label_key`].
    labels: FxHashSet<String>,
    /// First words of names of several words: most are first names.
    first_words: FxHashSet<String>,
    /// Words of titles: plain words rather than stage names.
    title_words: FxHashSet<String>,
    /// Whether the source loses separators.
    glues: bool,
}

impl Default for KnownNames {
    fn default() -> Self {
        Self::new()
    }
}

impl KnownNames {
    /// No names but the shipped [`WELL_KNOWN_NAMES`].
    pub fn new() -> Self {
        KnownNames { whole: WELL_KNOWN_NAMES.iter().map(|name| name_key(name)).collect(), ..Self::nothing() }
    }

    fn nothing() -> Self {
        KnownNames {
            alone: FxHashMap::default(),
            together: FxHashMap::default(),
            whole: FxHashSet::default(),
            labels: FxHashSet::default(),
            title_words: FxHashSet::default(),
            first_words: FxHashSet::default(),
            glues: false,
        }
    }

    /// The names (artist fields as they stand) of a catalogue with the number of their tracks or occurrences; 0 counts
    /// as 1. The same for any order of the names.
    ///
    /// A field is evidence for itself and for the single names around its strong separators; for full names beside "&"
    /// and its like if they recur in another field; for all acts of a list of three or more. If the fields show that
    /// their source loses separators, names are unglued on less evidence.
    pub fn from_counts<'a>(names: impl IntoIterator<Item = (&'a str, u32)>) -> Self {
        let mut known = Self::new();
        let mut fields = Vec::new();
        for (field, count) in names {
            let text = super::collapse_blanks(field);
            known.count(&text, count.max(1));
            fields.push((text, count.max(1)));
        }
        known.learn_parts(&fields);
        known.learn_first_words(&fields);
        let glued = fields.iter().filter(|(text, _)| glued::joins_known_names(text, &known)).count();
        known.glues = glued >= MIN_GLUED_FIELDS && glued * FIELDS_PER_GLUED >= fields.len();
        known.learn_lists(&fields);
        known
    }

    /// Counts the single names around strong separators, and full names that recur beside others.
    fn learn_parts(&mut self, fields: &[(String, u32)]) {
        // What is known must not decide which parts are looked at, or the order of the fields would matter.
        let nothing = Self::nothing();
        let mut listed: FxHashMap<String, FxHashSet<String>> = FxHashMap::default();
        for (text, count) in fields {
            let segments = strong::split(text, &nothing);
            for (segment, _) in &segments {
                let parts = weak::parts(segment);
                if parts.len() > 1 {
                    let together = self.together.entry(name_key(segment)).or_insert(0);
                    *together = together.saturating_add(*count);
                    for part in parts.iter().filter(|part| words(part).count() > 1) {
                        listed.entry(name_key(part)).or_default().insert(name_key(text));
                    }
                } else if segments.len() > 1 {
                    self.count(segment, *count);
                }
            }
        }
        for (key, _) in listed.into_iter().filter(|(_, fields)| fields.len() >= RECURRENT) {
            self.alone.entry(key).or_insert(1);
        }
    }

    fn learn_first_words(&mut self, fields: &[(String, u32)]) {
        for (text, _) in fields {
            if weak::parts(text).len() == 1
                && let Some((first, _)) = name_key(text).split_once(' ')
            {
                self.first_words.insert(first.to_owned());
            }
        }
    }

    /// Takes every act of a list for an artist, with what is known before any list was read.
    fn learn_lists(&mut self, fields: &[(String, u32)]) {
        let mut found = FxHashSet::default();
        for (text, _) in fields {
            let credits = super::artist_credits(text, self);
            if credits.len() >= LIST {
                found.extend(credits.into_iter().map(|credit| name_key(&credit.name)));
            }
        }
        for key in found {
            self.alone.entry(key).or_insert(1);
        }
    }

    /// Declares the name of one act: it is never split, and it is an artist on its own.
    pub fn add(&mut self, name: &str) {
        self.whole.insert(name_key(name));
    }

    /// Declares the name of a record company: glued to an artist's name, it is no credit.
    pub fn add_label(&mut self, name: &str) {
        self.labels.insert(label_key(name));
    }

    /// Reads the title of a track: the artists whom it names are artists on their own, and its words are plain words,
    /// which tells the band in "Ronnie Laws & Pressure" from the stage name in "Saint Abdullah & Eomac".
    pub fn add_title(&mut self, title: &str) {
        for credit in super::title_credits(title, self) {
            let key = name_key(&credit.name);
            if weak::parts(&credit.name).len() == 1 && !self.whole.contains(&key) {
                self.alone.entry(key).or_insert(1);
            }
        }
        for word in name_key(title).split(' ') {
            if !self.title_words.contains(word) {
                self.title_words.insert(word.to_owned());
            }
        }
    }

    /// How often the names of this text occur together in this order.
    pub(super) fn together(&self, text: &str) -> u32 {
        self.together.get(&name_key(text)).copied().unwrap_or(0)
    }

    /// Whether a single word is neither a first name nor a plain word, as far as names and titles tell.
    pub(super) fn is_stage_name(&self, word: &str) -> bool {
        let key = name_key(word);
        !self.title_words.is_empty() && !self.title_words.contains(&key) && !self.first_words.contains(&key)
    }

    /// Whether a name of several words is made of plain words only, as bands' names are rather than people's.
    pub(super) fn is_phrase(&self, name: &str) -> bool {
        let key = name_key(name);
        let mut words = key.split(' ').peekable();
        let is_person = words.peek().is_some_and(|first| self.first_words.contains(*first));
        key.contains(' ') && !is_person && words.all(|word| self.title_words.contains(word))
    }

    /// Whether the name is known to be an artist on its own, with or without an article if it has two words besides.
    pub fn knows(&self, name: &str) -> bool {
        let key = name_key(name);
        let is_known = |key: &str| self.alone.contains_key(key) || self.whole.contains(key);
        let bare = key.strip_prefix("the ").unwrap_or(&key);
        is_known(&key) || (bare.contains(' ') && (is_known(bare) || is_known(&format!("the {bare}"))))
    }

    /// Whether the name is that of a record company rather than of an act.
    pub(super) fn is_company(&self, name: &str) -> bool {
        let key = name_key(name);
        let (rest, last) = key.rsplit_once(' ').unwrap_or(("", &key));
        (!rest.is_empty() && COMPANY_ENDS.contains(&last))
            || (self.labels.contains(&label_key(name)) && !self.knows(name))
    }

    /// How often the name occurs on its own; 0 for a name that is not known, `u32::MAX` for a declared one.
    pub fn occurrences(&self, name: &str) -> u32 {
        let key = name_key(name);
        if self.whole.contains(&key) { u32::MAX } else { self.alone.get(&key).copied().unwrap_or(0) }
    }

    /// Whether the name was declared, or is shipped, as that of one act.
    pub fn is_whole(&self, name: &str) -> bool {
        self.whole.contains(&name_key(name))
    }

    /// Whether names of several words begin with this word, as they do with first names.
    pub(super) fn is_first_word(&self, word: &str) -> bool {
        self.first_words.contains(&name_key(word))
    }

    /// Whether the source loses separators between names.
    pub(super) fn glues(&self) -> bool {
        self.glues
    }

    fn count(&mut self, name: &str, by: u32) {
        let name = super::trim_name(name);
        if !name.is_empty() {
            let count = self.alone.entry(name_key(name)).or_insert(0);
            *count = count.saturating_add(by);
        }
    }
}
