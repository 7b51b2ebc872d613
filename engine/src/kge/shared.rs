//! A table of numbers that several threads read and write at once (Hogwild: Niu, Recht, Ré & Wright, NIPS 2011).
//!
//! Relaxed atomic loads and stores of single numbers are plain moves on the processors that matter, but never undefined
//! behaviour. They are not vectorised; so threads copy the rows that they need, compute on their copies, and come back
//! only to apply their steps.

// The view of exclusively borrowed floats as atomics is one cast, below.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

/// Floats that threads share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shared<'a> {
    numbers: &'a [AtomicU32],
}

impl<'a> Shared<'a> {
    /// Shares what the caller alone may use.
    pub(super) fn new(numbers: &'a mut [f32]) -> Shared<'a> {
        let (first, len) = (numbers.as_mut_ptr().cast::<AtomicU32>(), numbers.len());
        // SAFETY: AtomicU32 has the size and alignment of u32, which are those of f32, and all bit patterns are valid in
        // both. The exclusive borrow lasts as long as the view, so nobody else sees the numbers as floats meanwhile.
        Shared { numbers: unsafe { std::slice::from_raw_parts(first, len) } }
    }

    /// Copies `to.len()` numbers from `start` on.
    #[inline]
    pub(super) fn read(self, start: usize, to: &mut [f32]) {
        for (to, from) in to.iter_mut().zip(&self.numbers[start..]) {
            *to = f32::from_bits(from.load(Ordering::Relaxed));
        }
    }

    /// Overwrites numbers from `start` on.
    #[inline]
    pub(super) fn write(self, start: usize, from: &[f32]) {
        for (from, to) in from.iter().zip(&self.numbers[start..]) {
            to.store(from.to_bits(), Ordering::Relaxed);
        }
    }
}
