//! What rows own, and how much of it two rows have in common.

use super::{FuseError, Row, check};
use std::sync::atomic::AtomicBool;

/// Rows copied between two looks at the flag.
const STEP: usize = 4096;

/// The members of every row, sorted, without repetitions.
pub(super) struct Members {
    hashes: Vec<u64>,
    offsets: Vec<usize>,
}

impl Members {
    pub(super) fn new(rows: &[Row], cancelled: &AtomicBool) -> Result<Self, FuseError> {
        let mut members = Members { hashes: Vec::new(), offsets: Vec::with_capacity(rows.len() + 1) };
        members.offsets.push(0);
        for (at, row) in rows.iter().enumerate() {
            if at % STEP == 0 {
                check(cancelled)?;
            }
            let start = members.hashes.len();
            members.hashes.extend_from_slice(row.members);
            members.hashes[start..].sort_unstable();
            let mut kept = start;
            for next in start..members.hashes.len() {
                if kept == start || members.hashes[next] != members.hashes[kept - 1] {
                    members.hashes[kept] = members.hashes[next];
                    kept += 1;
                }
            }
            members.hashes.truncate(kept);
            members.offsets.push(kept);
        }
        Ok(members)
    }

    /// The members of a row, sorted.
    pub(super) fn of(&self, row: u32) -> &[u64] {
        let at = row as usize;
        &self.hashes[self.offsets[at]..self.offsets[at + 1]]
    }

    /// Whether no row owns anything.
    pub(super) fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// How many members two rows have in common: O(smaller · log larger).
    pub(super) fn common(&self, left: u32, right: u32) -> usize {
        let (left, right) = (self.of(left), self.of(right));
        let (few, many) = if left.len() <= right.len() { (left, right) } else { (right, left) };
        let mut rest = many;
        let mut common = 0;
        for hash in few {
            let at = rest.partition_point(|other| other < hash);
            rest = &rest[at..];
            common += usize::from(rest.first() == Some(hash));
        }
        common
    }

    /// Whether two rows have enough in common to be one thing if their names allow it.
    pub(super) fn suffice(&self, left: u32, right: u32, min_common: u32) -> bool {
        let wanted = (min_common as usize).min(self.of(left).len()).min(self.of(right).len());
        wanted > 0 && self.common(left, right) >= wanted
    }

    /// The Jaccard similarity of two rows' members; 0 if both own nothing.
    pub(super) fn jaccard(&self, left: u32, right: u32) -> f32 {
        let common = self.common(left, right);
        let all = self.of(left).len() + self.of(right).len() - common;
        if all == 0 { 0.0 } else { common as f32 / all as f32 }
    }
}
