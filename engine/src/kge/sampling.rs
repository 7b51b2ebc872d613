//! Random numbers: every stream follows from the seed and from what it is for, so that no state has to be kept.

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// What a stream of random numbers is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    EntityVectors = 1,
    RelationVectors = 2,
    Order = 3,
    Chunk = 4,
    Split = 5,
    ValidationSample = 6,
    RecommenderFactors = 7,
    RecommenderOrder = 8,
    RecommenderNegatives = 9,
    JointTables = 10,
    JointWeights = 11,
    JointOrder = 12,
    JointTriples = 13,
    JointNegatives = 14,
    TailPermutation = 15,
    BlendBag = 16,
    BlendNegatives = 17,
}

/// The stream for a purpose, an epoch and a chunk (or whatever numbers the purpose has).
pub(crate) fn stream(seed: u64, what: Use, epoch: u64, chunk: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(key(seed, &[what as u64, epoch, chunk]))
}

/// 64 bits that follow from a seed and from numbers.
pub(crate) fn key(seed: u64, numbers: &[u64]) -> u64 {
    numbers.iter().fold(seed, |key, number| mix(key ^ mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15))))
}

/// The finalizer of SplitMix64 (Steele, Lea & Flood 2014).
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Uniform in `0..bound`; 0 for an empty range. (Multiply and shift: the bias is below `bound / 2^64`.)
pub(crate) fn below(rng: &mut Xoshiro256PlusPlus, bound: usize) -> usize {
    ((u128::from(rng.next_u64()) * bound as u128) >> 64) as usize
}

/// Uniform in `[0, 1)`.
pub(crate) fn unit(rng: &mut Xoshiro256PlusPlus) -> f32 {
    (rng.next_u64() >> 40) as f32 * (1.0 / (1_u32 << 24) as f32)
}

/// Uniform in `[-half_width, half_width)`.
pub(crate) fn symmetric(rng: &mut Xoshiro256PlusPlus, half_width: f32) -> f32 {
    (2.0 * unit(rng) - 1.0) * half_width
}

/// Fisher–Yates.
pub(crate) fn shuffle<T>(items: &mut [T], rng: &mut Xoshiro256PlusPlus) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}
