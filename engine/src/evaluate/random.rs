//! Random numbers: every stream follows from the seed and from what it is for.

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Use {
    Negatives = 1,
    Rows = 2,
    UserRows = 3,
    Resample = 4,
    Ties = 5,
    Scores = 6,
}

/// The stream for a purpose and a number that the purpose has.
pub(super) fn stream(seed: u64, what: Use, number: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(key(seed, what, number))
}

/// 64 bits that follow from a seed, a purpose and a number.
pub(super) fn key(seed: u64, what: Use, number: u64) -> u64 {
    let mixed = mix(seed ^ mix((what as u64).wrapping_add(0x9e37_79b9_7f4a_7c15)));
    mix(mixed ^ mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15)))
}

/// The finalizer of SplitMix64 (Steele, Lea & Flood 2014).
pub(super) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Uniform in `0..bound`; 0 for an empty range. (Multiply and shift: the bias is below `bound / 2^64`.)
pub(super) fn below(rng: &mut Xoshiro256PlusPlus, bound: usize) -> usize {
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

/// Fisher–Yates.
pub(super) fn shuffle<T>(items: &mut [T], rng: &mut Xoshiro256PlusPlus) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}
