//! Memory is asked for before it is taken; asking is also where a long build looks whether it is still wanted.

use super::CooccurrenceError;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes in use under a limit, and the most that there ever were.
#[derive(Debug)]
pub(super) struct Budget<'a> {
    cancelled: &'a AtomicBool,
    limit: usize,
    used: usize,
    peak: usize,
}

impl<'a> Budget<'a> {
    pub(super) fn new(limit: usize, cancelled: &'a AtomicBool) -> Self {
        Budget { cancelled, limit, used: 0, peak: 0 }
    }

    /// Takes room for `count` elements of `size` bytes, or says why not: too much, or no longer wanted.
    pub(super) fn claim(&mut self, count: usize, size: usize, what: &'static str) -> Result<(), CooccurrenceError> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(CooccurrenceError::Cancelled);
        }
        let needed = self.used.saturating_add(count.saturating_mul(size));
        if needed > self.limit {
            return Err(CooccurrenceError::MemoryLimit { needed, limit: self.limit, what });
        }
        self.used = needed;
        self.peak = self.peak.max(needed);
        Ok(())
    }

    /// Gives back what an earlier [`claim`](Self::claim) took.
    pub(super) fn release(&mut self, count: usize, size: usize) {
        self.used = self.used.saturating_sub(count.saturating_mul(size));
    }

    pub(super) fn peak(&self) -> usize {
        self.peak
    }
}
