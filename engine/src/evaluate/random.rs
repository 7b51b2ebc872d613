//! Random numbers: every stream follows from the seed and from what it is for.

use crate::kge::sampling;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

pub(super) use sampling::{below, mix, shuffle};

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
    sampling::key(seed, &[what as u64, number])
}
