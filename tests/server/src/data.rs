//! Real data, read from a folder beside the repository and never copied into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder of a data set, or `None` after one line that says what is skipped.
pub fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SGR_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let folder = root.join(name);
    if folder.is_dir() {
        Some(folder)
    } else {
        crate::tell!("skipped: there is no {} (SGR_DATA names the folder of the data sets)", folder.display());
        None
    }
}

/// The rows of a CSV file with a heading line, by column name.
pub struct Csv {
    columns: BTreeMap<String, usize>,
    /// The records.
    pub rows: Vec<csv::StringRecord>,
}

impl Csv {
    /// Reads a whole file of quoted UTF-8 CSV.
    pub fn read(path: &Path) -> Self {
        let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let columns = reader.headers().unwrap().iter().zip(0..).map(|(name, i)| (name.to_owned(), i)).collect();
        let rows = reader.records().map(|record| record.unwrap()).collect();
        Csv { columns, rows }
    }

    /// The value of a column.
    pub fn get<'a>(&self, row: &'a csv::StringRecord, column: &str) -> &'a str {
        let at = *self.columns.get(column).unwrap_or_else(|| panic!("no column {column}"));
        row.get(at).unwrap_or_default()
    }
}

/// The listening data of HetRec 2011 Last.FM.
pub struct Lastfm {
    /// (artist, name).
    pub artists: Vec<(i64, String)>,
    /// The artists that each user listened to, ascending, with the plays.
    pub listened: BTreeMap<i64, BTreeMap<i64, f32>>,
    /// The tags of each artist by any user.
    pub tags: BTreeMap<i64, BTreeSet<String>>,
}

impl Lastfm {
    /// Reads it; the files are partly latin-1 and have CRLF ends, but artists.dat LF.
    pub fn read(folder: &Path) -> Self {
        let rows = |name: &str| -> Vec<Vec<String>> {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            text.split('\n')
                .skip(1)
                .map(|line| line.trim_end_matches('\r'))
                .filter(|line| !line.is_empty())
                .map(|line| line.split('\t').map(str::to_owned).collect())
                .collect()
        };
        let number = |text: &str| text.parse::<i64>().unwrap_or_else(|_| panic!("not a number: {text}"));
        let artists = rows("artists.dat").iter().map(|row| (number(&row[0]), row[1].clone())).collect();
        let mut listened: BTreeMap<i64, BTreeMap<i64, f32>> = BTreeMap::new();
        for row in rows("user_artists.dat") {
            listened.entry(number(&row[0])).or_default().insert(number(&row[1]), number(&row[2]) as f32);
        }
        let names: BTreeMap<i64, String> =
            rows("tags.dat").into_iter().map(|row| (number(&row[0]), row[1].clone())).collect();
        let mut tags: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for row in rows("user_taggedartists.dat") {
            if let Some(name) = names.get(&number(&row[2])) {
                tags.entry(number(&row[1])).or_default().insert(name.clone());
            }
        }
        Lastfm { artists, listened, tags }
    }
}
