//! What is compared for each kind: keys, and what rows of equal keys may contradict each other in.

use super::blocks::Blocks;
use super::typo::significant;
use super::{EntityKind, FuseError, Row, check};
use crate::fuse::keys::{company_words, label_key, name_key, tag_key};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;
use std::sync::atomic::AtomicBool;

/// Rows whose keys are made between two looks at the flag.
const STEP: usize = 2048;
/// A word that so many different keys have, or fewer, is rare.
const RARE: u32 = 5;
/// Keys of at most so many letters are worth little when they are equal only after accents were removed ("MØ", "Mo").
const SHORT_NAME: usize = 3;

/// The rows' keys.
pub(super) struct Keyed {
    /// Distinct keys; the empty key, of rows without a name, is not among them.
    pub(super) keys: Vec<Box<str>>,
    /// The rows of each key, ascending.
    pub(super) rows: Vec<Vec<u32>>,
    /// The key of each row; `u32::MAX` without a name.
    pub(super) key_of: Vec<u32>,
    /// The number of keys that have a word, by the word's hash; empty for kinds whose keys are one word.
    word_counts: FxHashMap<u64, u32>,
}

impl Keyed {
    pub(super) fn new(kind: EntityKind, rows: &[Row], cancelled: &AtomicBool) -> Result<Self, FuseError> {
        let texts: Vec<Vec<Box<str>>> = rows
            .par_chunks(STEP)
            .map(|rows| {
                check(cancelled)?;
                Ok(rows.iter().map(|row| key(kind, row.name).into_boxed_str()).collect())
            })
            .collect::<Result<_, FuseError>>()?;
        let texts: Vec<Box<str>> = texts.into_iter().flatten().collect();
        let all = Blocks::new(rows.len(), |row, hashes| hashes.push(hash(&[&texts[row as usize]])), cancelled)?;
        let groups: Vec<Vec<u32>> = all.map(
            |block, found| {
                // By text, in case that two texts have one hash.
                let mut items: Vec<u32> = block.iter().map(|&(_, row)| row).collect();
                items.sort_by(|&left, &right| texts[left as usize].cmp(&texts[right as usize]));
                found.extend(
                    items
                        .chunk_by(|&left, &right| texts[left as usize] == texts[right as usize])
                        .filter(|rows| rows.len() > 1)
                        .map(<[u32]>::to_vec),
                );
                Ok(())
            },
            cancelled,
        )?;
        let mut keyed = Keyed {
            keys: Vec::new(),
            rows: Vec::new(),
            key_of: vec![u32::MAX; rows.len()],
            word_counts: FxHashMap::default(),
        };
        let mut first_of = vec![u32::MAX; rows.len()];
        for rows in &groups {
            rows.iter().for_each(|&row| first_of[row as usize] = rows[0]);
        }
        let mut texts = texts;
        for row in 0..rows.len() as u32 {
            let first = first_of[row as usize];
            if first != u32::MAX && first != row {
                // Rows ascend within a group, so the first one has its key already.
                let key = keyed.key_of[first as usize];
                keyed.key_of[row as usize] = key;
                if let Some(rows) = keyed.rows.get_mut(key as usize) {
                    rows.push(row);
                }
                continue;
            }
            let text = std::mem::take(&mut texts[row as usize]);
            if !text.is_empty() {
                keyed.key_of[row as usize] = keyed.keys.len() as u32;
                keyed.keys.push(text);
                keyed.rows.push(vec![row]);
            }
        }
        if matches!(kind, EntityKind::Artist | EntityKind::Label) {
            keyed.count_words(cancelled)?;
        }
        Ok(keyed)
    }

    fn count_words(&mut self, cancelled: &AtomicBool) -> Result<(), FuseError> {
        for (at, key) in self.keys.iter().enumerate() {
            if at % STEP == 0 {
                check(cancelled)?;
            }
            for word in significant(key) {
                *self.word_counts.entry(hash(&[word])).or_insert(0) += 1;
            }
        }
        Ok(())
    }

    /// Whether so few keys have the word that names which share it are likely to be one.
    pub(super) fn is_rare(&self, word: &str) -> bool {
        self.word_counts.get(&hash(&[word])).is_none_or(|&count| count <= RARE)
    }

    /// The key of a row; empty without a name.
    pub(super) fn of(&self, row: u32) -> &str {
        self.keys.get(self.key_of[row as usize] as usize).map_or("", |key| key)
    }
}

fn key(kind: EntityKind, name: &str) -> String {
    match kind {
        EntityKind::Artist | EntityKind::Playlist => name_key(name),
        EntityKind::Tag | EntityKind::Genre => tag_key(name),
        EntityKind::Label => label_key(name),
    }
}

/// A hash of texts in a row; "a", "bc" is not "ab", "c".
pub(super) fn hash(parts: &[&str]) -> u64 {
    let mut hasher = FxHasher::default();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

/// Something a row says that a row which means the same cannot say otherwise: of one `field`, one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Claim {
    /// Whether it is about an account: no URL can be that of two of them.
    pub(super) is_account: bool,
    /// What the claim is about, such as "the account at this provider".
    pub(super) field: u64,
    /// What it says.
    pub(super) value: u64,
}

/// The claims of a row, sorted.
pub(super) fn claims(kind: EntityKind, row: &Row, key: &str) -> Vec<Claim> {
    let mut claims = Vec::new();
    if let Some(urn) = row.urn.map(str::trim).filter(|urn| !urn.is_empty()) {
        let provider = urn.rsplit_once(':').map_or("", |(provider, _)| provider);
        claims.push(Claim { is_account: true, field: hash(&["urn", provider]), value: hash(&[urn]) });
    }
    match kind {
        EntityKind::Label => {
            if let Some(trade) = trade(row.name, key) {
                claims.push(Claim { is_account: false, field: hash(&["trade"]), value: hash(&[trade]) });
            }
        }
        EntityKind::Artist if key.chars().count() <= SHORT_NAME => {
            let letters: String =
                row.name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            claims.push(Claim { is_account: false, field: hash(&["letters"]), value: hash(&[&letters]) });
        }
        _ => {}
    }
    claims.sort_unstable();
    claims
}

/// The trade that a label's company words name, if they name one.
fn trade(name: &str, label_key: &str) -> Option<&'static str> {
    let full = name_key(name);
    let mut words = company_words(&full, label_key).split(' ');
    words.find_map(|word| match word {
        "record" | "records" | "recording" | "recordings" | "rec" | "recs" => Some("records"),
        "music" | "musik" => Some("music"),
        "entertainment" | "productions" => Some("entertainment"),
        _ => None,
    })
}
