//! A table of numbers that several threads read and write at once (Hogwild: Niu, Recht, Ré & Wright, NIPS 2011).
//!
//! Relaxed atomic loads and stores of single numbers are plain moves on the processors that matter, but never undefined
//! behaviour. They are not vectorised; so threads copy the rows that they need, compute on their copies, and come back
//! only to apply their steps.

// The view of exclusively borrowed floats as atomics is one cast, below.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

/// Numbers per cache line.
const LINE: usize = 16;

/// Asks the processor to bring the cache line of an address near.
#[inline]
pub(crate) fn near<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch changes nothing that a program can see, whatever the address; SSE is part of x86_64.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Floats that threads share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared<'a> {
    numbers: &'a [AtomicU32],
}

impl<'a> Shared<'a> {
    /// Shares what the caller alone may use.
    pub(crate) fn new(numbers: &'a mut [f32]) -> Shared<'a> {
        let (first, len) = (numbers.as_mut_ptr().cast::<AtomicU32>(), numbers.len());
        // SAFETY: AtomicU32 has the size and alignment of u32, which are those of f32, and all bit patterns are valid in
        // both. The exclusive borrow lasts as long as the view, so nobody else sees the numbers as floats meanwhile.
        Shared { numbers: unsafe { std::slice::from_raw_parts(first, len) } }
    }

    /// Asks for numbers to be brought near, without waiting.
    #[inline]
    pub(crate) fn prefetch(self, start: usize, len: usize) {
        for line in self.numbers[start..start + len].chunks(LINE) {
            near(line.as_ptr());
        }
    }

    /// Copies `to.len()` numbers from `start` on.
    #[inline]
    pub(crate) fn read(self, start: usize, to: &mut [f32]) {
        for (to, from) in to.iter_mut().zip(&self.numbers[start..]) {
            *to = f32::from_bits(from.load(Ordering::Relaxed));
        }
    }

    /// Overwrites numbers from `start` on.
    #[inline]
    pub(crate) fn write(self, start: usize, from: &[f32]) {
        for (from, to) in from.iter().zip(&self.numbers[start..]) {
            to.store(from.to_bits(), Ordering::Relaxed);
        }
    }
}
