//! Blocking: what is to be compared meets under a hash.

use super::{FuseError, check};
use rayon::prelude::*;
use std::sync::atomic::AtomicBool;

/// Parts that the entries are distributed to, by the top bits of their hashes: each is sorted within milliseconds.
const PARTITIONS: usize = 256;
/// Items whose entries are made between two looks at the flag.
const STEP: usize = 4096;

/// A hash and the item that has it.
pub(super) type Entry = (u64, u32);

/// Entries, grouped by hash.
pub(super) struct Blocks {
    partitions: Vec<Vec<Entry>>,
}

impl Blocks {
    /// Collects the hashes of the items `0..items`: `hashes` pushes those of one item.
    pub(super) fn new(
        items: usize,
        hashes: impl Fn(u32, &mut Vec<u64>) + Sync,
        cancelled: &AtomicBool,
    ) -> Result<Self, FuseError> {
        let empty = || vec![Vec::<Entry>::new(); PARTITIONS];
        let mut partitions = (0..items.div_ceil(STEP))
            .into_par_iter()
            .try_fold(empty, |mut partitions, step| {
                check(cancelled)?;
                let mut found = Vec::new();
                for item in step * STEP..items.min((step + 1) * STEP) {
                    // Fewer items than u32::MAX: checked on entry.
                    let item = item as u32;
                    hashes(item, &mut found);
                    for hash in found.drain(..) {
                        let hash = spread(hash);
                        partitions[(hash >> 56) as usize].push((hash, item));
                    }
                }
                Ok(partitions)
            })
            .try_reduce(empty, |mut left, right| {
                check(cancelled)?;
                for (left, right) in left.iter_mut().zip(right) {
                    if left.is_empty() {
                        *left = right;
                    } else {
                        left.extend_from_slice(&right);
                    }
                }
                Ok(left)
            })?;
        partitions.par_iter_mut().try_for_each(|partition| {
            check(cancelled)?;
            partition.sort_unstable();
            partition.dedup();
            Ok(())
        })?;
        Ok(Blocks { partitions })
    }

    /// Calls `each` for every block of two items or more, in parallel by partition, and collects what it returns. Items
    /// come in ascending order; their hashes are equal.
    pub(super) fn map<T: Send>(
        &self,
        each: impl Fn(&[Entry], &mut Vec<T>) -> Result<(), FuseError> + Sync,
        cancelled: &AtomicBool,
    ) -> Result<Vec<T>, FuseError> {
        let parts: Vec<Vec<T>> = (self.partitions.par_iter())
            .map(|partition| {
                check(cancelled)?;
                let mut found = Vec::new();
                for block in partition.chunk_by(|left, right| left.0 == right.0).filter(|block| block.len() > 1) {
                    each(block, &mut found)?;
                }
                Ok(found)
            })
            .collect::<Result<_, FuseError>>()?;
        Ok(parts.into_iter().flatten().collect())
    }
}

/// Mixes a hash so that its top bits depend on all of it (the finaliser of MurmurHash3, Appleby 2011).
fn spread(hash: u64) -> u64 {
    let mut mixed = hash;
    mixed ^= mixed >> 33;
    mixed = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^= mixed >> 33;
    mixed = mixed.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}
