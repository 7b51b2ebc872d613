//! The track lists that the labelled samples were drawn from, if they are there.

// Not every test uses all of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

/// Said by tests that need the track lists and do not find them.
pub const SKIPPED: &str = "skipped: no bbc6_radio_playlists/history.csv (SGR_DATA names the folder of the data sets)";

/// The records without the heading: artist, title, album, label, …
pub fn track_lists() -> Option<Vec<Vec<String>>> {
    let root = std::env::var_os("SGR_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let text = std::fs::read_to_string(root.join("bbc6_radio_playlists/history.csv")).ok()?;
    Some(records(&text).skip(1).collect())
}

/// The records of comma-separated values (RFC 4180); quotes and doubled quotes inside fields are undone.
fn records(text: &str) -> impl Iterator<Item = Vec<String>> {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        chars.peek()?;
        let (mut record, mut field, mut quoted) = (Vec::new(), String::new(), false);
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    field.push('"');
                    chars.next();
                }
                '"' => quoted = !quoted,
                ',' if !quoted => record.push(std::mem::take(&mut field)),
                '\r' if !quoted => {}
                '\n' if !quoted => break,
                _ => field.push(c),
            }
        }
        record.push(field);
        Some(record)
    })
}
