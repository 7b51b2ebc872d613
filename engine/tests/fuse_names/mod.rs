//! Invented artist names with duplicates as catalogues have them, for tests and benchmarks of alignment.

// Not every test and benchmark uses all of it.
#![allow(dead_code)]
// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_engine::fuse::align::{AlignReport, Row};
use std::fmt::{Display, Formatter};

/// Share of rows that repeat an artist in other letters: case, accents, articles, blanks.
const RESPELLED: f64 = 0.08;
/// Share of rows that repeat an artist with a typing error.
const MISTYPED: f64 = 0.02;
/// Words that many names begin with or end in.
const COMMON: [&str; 12] =
    ["DJ", "The", "MC", "Band", "Orchestra", "Los", "Lil", "Young", "Official", "Quartet", "Sound", "Collective"];

/// Rows whose artists are known.
pub struct Invented {
    names: Vec<String>,
    /// The artist of each row: the row that he was invented for.
    pub artists: Vec<usize>,
    /// Hashes of titles.
    members: Vec<Vec<u64>>,
}

/// Names of two or three words of a vocabulary of some tens of thousands, 10 % of the rows repeating an artist. One
/// third of all rows own one to four tracks; a mistyped row owns one of its artist's.
pub fn invent(rows: usize, seed: u64) -> Invented {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let words: Vec<String> = (0..40_000).map(|_| word(&mut rng)).collect();
    let mut invented = Invented { names: Vec::new(), artists: Vec::new(), members: Vec::new() };
    for row in 0..rows {
        let draw: f64 = rng.random();
        if row > 0 && draw < RESPELLED + MISTYPED {
            let artist = invented.artists[rng.random_range(0..row)];
            let name = invented.names[artist].clone();
            let (name, members) = if draw < RESPELLED {
                (respelled(&name, &mut rng), Vec::new())
            } else {
                (mistyped(&name, &mut rng), invented.members[artist].iter().take(2).copied().collect())
            };
            invented.names.push(name);
            invented.artists.push(artist);
            invented.members.push(members);
        } else {
            let mut name = String::new();
            for at in 0..rng.random_range(2..=3) {
                if at > 0 {
                    name.push(' ');
                }
                // Words are as unevenly frequent as in any language.
                let rank = (words.len() as f64).powf(rng.random::<f64>().sqrt()) as usize % words.len();
                name.push_str(if rng.random_bool(0.08) {
                    COMMON[rng.random_range(0..COMMON.len())]
                } else {
                    &words[rank]
                });
            }
            let tracks = if rng.random_bool(1.0 / 3.0) { rng.random_range(1..=4) } else { 0 };
            // One title in a hundred is "Intro".
            let title = |rng: &mut Xoshiro256PlusPlus| if rng.random_bool(0.01) { 1 } else { rng.random() };
            invented.members.push((0..tracks).map(|_| title(&mut rng)).collect());
            invented.names.push(name);
            invented.artists.push(row);
        }
    }
    invented
}

fn word(rng: &mut Xoshiro256PlusPlus) -> String {
    const ONSETS: [&str; 20] =
        ["b", "br", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "z", "ch"];
    const VOWELS: [&str; 9] = ["a", "e", "i", "o", "u", "ai", "ou", "é", "ö"];
    const CODAS: [&str; 8] = ["", "", "", "n", "r", "s", "l", "nd"];
    let mut word = String::new();
    for _ in 0..rng.random_range(1..=3) {
        for parts in [&ONSETS[..], &VOWELS[..], &CODAS[..]] {
            word.push_str(parts[rng.random_range(0..parts.len())]);
        }
    }
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

fn respelled(name: &str, rng: &mut Xoshiro256PlusPlus) -> String {
    match rng.random_range(0..5) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        2 => name.replace('é', "e").replace('ö', "o"),
        3 => name.replacen(' ', "-", 1),
        _ => format!(" {name}."),
    }
}

fn mistyped(name: &str, rng: &mut Xoshiro256PlusPlus) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let at = rng.random_range(1..letters.len().max(2) - 1);
    match rng.random_range(0..3) {
        0 => letters.swap(at, at - 1),
        1 => letters.insert(at, letters[at]),
        _ => {
            letters.remove(at);
        }
    }
    letters.into_iter().collect()
}

impl Invented {
    pub fn rows(&self) -> Vec<Row<'_>> {
        let rows = self.names.iter().zip(&self.members).zip(0..);
        rows.map(|((name, members), id)| Row { members, ..Row::named(id, name, members.len() as u32) }).collect()
    }

    /// Rows that repeat an artist.
    pub fn duplicates(&self) -> usize {
        self.artists.iter().enumerate().filter(|&(row, &artist)| row != artist).count()
    }

    /// Rows with the same name by chance are not counted as errors: they are equal names, which are one artist here.
    pub fn score(&self, report: &AlignReport) -> Score {
        let mut canonical: Vec<usize> = (0..self.names.len()).collect();
        for alias in &report.aliases {
            canonical[alias.alias as usize] = alias.canonical as usize;
        }
        let wanted = self.duplicates();
        let found = self
            .artists
            .iter()
            .enumerate()
            .filter(|&(row, &artist)| row != artist && canonical[row] == canonical[artist]);
        let right = report.aliases.iter().filter(|alias| {
            let (row, other) = (alias.alias as usize, alias.canonical as usize);
            self.artists[row] == self.artists[other]
                || sgr_engine::fuse::name_key(&self.names[row]) == sgr_engine::fuse::name_key(&self.names[other])
        });
        Score {
            precision: right.count() as f64 / report.aliases.len() as f64,
            recall: found.count() as f64 / wanted as f64,
        }
    }
}

pub struct Score {
    pub precision: f64,
    pub recall: f64,
}

impl Display for Score {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "precision {:.4}, recall {:.4}", self.precision, self.recall)
    }
}
