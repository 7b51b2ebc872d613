//! Whether two different keys may be one name, and whether the names alone say so.

use super::EntityKind;
use strsim::{jaro_winkler, osa_distance};

/// By so much may names be less similar than names alone must be, if members in common speak for them.
pub(super) const MEMBERS_ALLOWANCE: f64 = 0.07;
/// Words that come and go with one name; two names that differ in one of them need members in common.
const TITLES: [&str; 8] = ["dj", "mc", "official", "music", "band", "uk", "us", "usa"];
/// Names of fewer letters are too near to others for a typing error to be likely.
const MIN_TYPO_LETTERS: usize = 7;
/// A word in which two letters are swapped or one is doubled.
const MIN_SWAPPED_WORD: usize = 5;
/// A word in which a letter is another; one letter less if it is missing.
const MIN_WRONG_WORD: usize = 8;
/// The same beside a word of [`MIN_RARE_WORD`] letters that few names have.
const MIN_SWAPPED_WORD_RARE: usize = 3;
/// The same beside a word of [`MIN_RARE_WORD`] letters that few names have.
const MIN_WRONG_WORD_RARE: usize = 6;
const MIN_RARE_WORD: usize = 4;
/// Endings of surnames that differ in one letter and are none the less two: "Andersen", "Anderson"; "Johnson", "Johnston".
const SURNAME_ENDS: [&str; 3] = ["son", "sen", "ton"];
/// Letters of two words or more that two names share, so that a letter of the last one hardly matters: inside it …
const MIN_SHARED_LETTERS: usize = 8;
/// … and at its ends, if it is missing.
const MIN_SHARED_LETTERS_ENDS: usize = 12;
/// A word beside such.
const MIN_WORD_AMONG: usize = 3;
/// A name whose blanks differ, too, in which two letters are swapped or one is doubled; in which any other is wrong.
const MIN_SWAPPED_BLANKS: usize = 10;
const MIN_WRONG_BLANKS: usize = 14;
/// Letters of a name that differs only in blanks.
const MIN_BLANKS_LETTERS: usize = 6;
/// Tags have no second word that would tell them apart, so one wrong letter takes a longer word.
const MIN_WRONG_TAG: usize = 12;

/// What two keys say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// Two names.
    Different,
    /// One name, if `sure` or if members in common say so, too.
    Similar {
        /// Jaro-Winkler, in [0, 1].
        similarity: f64,
        /// The names alone suffice.
        sure: bool,
    },
}

/// The words of a key that tell names apart: all but "and", and articles at the beginning of a name ("The Bar", "Foo and
/// the Bar"); all if there are no others.
pub(super) fn significant(key: &str) -> impl Iterator<Item = &str> {
    let only_filler = key.split(' ').all(|word| matches!(word, "the" | "and"));
    let mut begins = true;
    key.split(' ').filter(move |&word| {
        let filler = word == "and" || (begins && word == "the");
        begins = filler;
        only_filler || !filler
    })
}

/// The Jaro-Winkler similarity of two keys without blanks, articles and "and"; in [0, 1].
pub(super) fn similarity(left: &str, right: &str) -> f64 {
    jaro_winkler(&significant(left).collect::<String>(), &significant(right).collect::<String>())
}

/// Whether the numbers in two keys differ, in value or order.
pub(super) fn numbers_differ(left: &str, right: &str) -> bool {
    fn numbers(key: &str) -> impl Iterator<Item = &str> {
        key.split(|c: char| !c.is_numeric()).filter(|digits| !digits.is_empty())
    }
    !numbers(left).eq(numbers(right))
}

/// Compares two different keys; `is_rare` says of a word whether few names have it. Symmetric.
pub(super) fn judge(
    kind: EntityKind,
    left: &str,
    right: &str,
    min_similarity: f64,
    is_rare: impl Fn(&str) -> bool,
) -> Verdict {
    if numbers_differ(left, right) {
        return Verdict::Different;
    }
    let (left_words, right_words): (Vec<&str>, Vec<&str>) = (significant(left).collect(), significant(right).collect());
    let (one, other) = (left_words.concat(), right_words.concat());
    let (one_len, other_len) = (one.chars().count(), other.chars().count());
    if one == other {
        let article = |key: &str| key.split(' ').filter(|&word| word == "the").count();
        let sure = if article(left) == article(right) {
            // "The J.B's" and "The J.B.'s", but not "M.I.A." and "Mia".
            one_len >= MIN_BLANKS_LETTERS || left_words.iter().any(|word| right_words.contains(word))
        } else {
            // "The Contours" and "Contours" are two acts; of several words that is hardly so.
            left_words.len().min(right_words.len()) > 1
        };
        return Verdict::Similar { similarity: jaro_winkler(&left_words.join(" "), &right_words.join(" ")), sure };
    }
    let distance = if one_len.abs_diff(other_len) <= 2 { osa_distance(&one, &other) } else { usize::MAX };
    let similarity = jaro_winkler(&one, &other);
    if distance <= 2 && similarity >= min_similarity - MEMBERS_ALLOWANCE {
        let sure = similarity >= min_similarity
            && match kind {
                EntityKind::Tag | EntityKind::Genre => is_slip(&one, &other, MIN_TYPO_LETTERS, MIN_WRONG_TAG),
                _ => {
                    one_len.min(other_len) >= MIN_TYPO_LETTERS
                        && words_differ_by_slip(&left_words, &right_words, is_rare)
                }
            };
        return Verdict::Similar { similarity, sure };
    }
    if kind == EntityKind::Artist && same_words(left_words, right_words) {
        return Verdict::Similar { similarity, sure: false };
    }
    Verdict::Different
}

/// Whether the words are the same in another order, or but for one of [`TITLES`].
fn same_words<'a>(mut left: Vec<&'a str>, mut right: Vec<&'a str>) -> bool {
    for words in [&mut left, &mut right] {
        words.retain(|word| !TITLES.contains(word));
        words.sort_unstable();
    }
    !left.is_empty() && left == right
}

/// Whether exactly one word differs, by what looks like a typing error.
fn words_differ_by_slip(left: &[&str], right: &[&str], is_rare: impl Fn(&str) -> bool) -> bool {
    if left.len() != right.len() {
        return is_slip(&left.concat(), &right.concat(), MIN_SWAPPED_BLANKS, MIN_WRONG_BLANKS);
    }
    let mut different = left.iter().zip(right).filter(|(one, other)| one != other);
    let (Some((one, other)), None) = (different.next(), different.next()) else { return false };
    let shared = left.iter().zip(right).filter(|(one, other)| one == other);
    let shared_letters: usize = shared.map(|(word, _)| word.chars().count()).sum();
    if left.len() > 2 && shared_letters >= MIN_SHARED_LETTERS {
        let shorter = one.chars().count().min(other.chars().count());
        let same_ends = one.chars().next() == other.chars().next() && one.chars().last() == other.chars().last();
        return match osa_distance(one, other) {
            1 => {
                let gap = one.chars().count() != other.chars().count();
                shorter >= MIN_WORD_AMONG && (same_ends || (gap && shared_letters >= MIN_SHARED_LETTERS_ENDS))
            }
            _ => shorter + 1 >= MIN_WRONG_WORD && same_ends,
        };
    }
    let rare_shared =
        left.iter().zip(right).any(|(one, other)| one == other && one.chars().count() >= MIN_RARE_WORD && is_rare(one));
    if rare_shared {
        is_slip(one, other, MIN_SWAPPED_WORD_RARE, MIN_WRONG_WORD_RARE)
    } else {
        is_slip(one, other, MIN_SWAPPED_WORD, MIN_WRONG_WORD)
    }
}

/// Whether two words differ by a slip of the finger rather than by meaning: a letter doubled or two swapped inside words
/// of `swapped` letters, another letter in words of `wrong`, one missing in words of one letter less; never the first letter, never the end, where genders, plurals and other endings are.
fn is_slip(one: &str, other: &str, swapped: usize, wrong: usize) -> bool {
    let surnames = |word: &str| SURNAME_ENDS.iter().any(|end| word.ends_with(end));
    let both_surnames = surnames(one) && surnames(other);
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let shorter = one.len().min(other.len());
    if shorter + 1 < swapped.min(wrong) || one.first() != other.first() || one.last() != other.last() {
        return false;
    }
    if shorter >= swapped && undoubled(&one) == undoubled(&other) {
        return true;
    }
    let start = one.iter().zip(&other).take_while(|(left, right)| left == right).count();
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(left, right)| left == right).count();
    let rest = |word: &[char]| word.len().saturating_sub(start + end);
    match (rest(&one), rest(&other)) {
        (2, 2) => shorter >= swapped && one[start] == other[start + 1] && one[start + 1] == other[start],
        (0, 1) | (1, 0) => shorter + 1 >= wrong && !both_surnames,
        (1, 1) => shorter >= wrong && !both_surnames,
        _ => false,
    }
}

fn undoubled(word: &[char]) -> Vec<char> {
    let mut single = word.to_vec();
    single.dedup();
    single
}
