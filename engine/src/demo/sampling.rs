//! Random numbers whose sequence never changes: xoshiro256++ as published, and sampling written out here.
//!
//! Only additions, multiplications, divisions and square roots are used on floats: IEEE 754 fixes their results to the
//! last bit, whereas `ln`, `exp` and `powf` differ between platforms.

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    rng: Xoshiro256PlusPlus,
}

impl Stream {
    /// `N` streams of one seed that never overlap.
    pub(super) fn split<const N: usize>(seed: u64) -> [Stream; N] {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        std::array::from_fn(|_| {
            let stream = Stream { rng: rng.clone() };
            rng.long_jump();
            stream
        })
    }

    /// Uniform in `0..bound`; 0 for an empty range. (Multiply and shift: the bias is below `bound / 2^64`.)
    pub(super) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.rng.next_u64()) * bound as u128) >> 64) as usize
    }

    /// Uniform in `low..=high`.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// True with a probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of a non-empty slice.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Fisher–Yates.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// Lomax with exponent 2, rounded, cut at `cap`, its scale chosen so that the mean is `mean` where `cap` permits.
    pub(super) fn long_tailed(&mut self, mean: f64, cap: usize) -> usize {
        let cap_value = cap as f64;
        // E[min(X, c)] = s c / (s + c); solved for the scale s.
        let scale = if cap_value > 2.0 * mean { mean * cap_value / (cap_value - mean) } else { 2.0 * mean };
        let value = scale * (1.0 / (1.0 - self.unit()).sqrt() - 1.0);
        ((value + 0.5) as usize).min(cap)
    }
}

/// Draws indices with given weights in constant time (Walker's alias method, built as Vose described).
#[derive(Debug, Clone)]
pub(super) struct AliasTable {
    keep: Vec<f64>,
    alias: Vec<u32>,
}

impl AliasTable {
    /// Weights must be positive and fewer than 2^32; without any, `draw` gives 0.
    pub(super) fn new(weights: &[f64]) -> AliasTable {
        let total: f64 = weights.iter().sum();
        let count = weights.len();
        let mut keep: Vec<f64> = weights.iter().map(|weight| weight / total * count as f64).collect();
        let mut alias: Vec<u32> = (0..count as u32).collect();
        let (mut small, mut large): (Vec<u32>, Vec<u32>) =
            (0..count as u32).partition(|&index| keep[index as usize] < 1.0);
        while let (Some(&low), Some(&high)) = (small.last(), large.last()) {
            small.pop();
            alias[low as usize] = high;
            keep[high as usize] -= 1.0 - keep[low as usize];
            if keep[high as usize] < 1.0 {
                large.pop();
                small.push(high);
            }
        }
        for index in small.into_iter().chain(large) {
            keep[index as usize] = 1.0;
        }
        AliasTable { keep, alias }
    }

    /// An index, from one random number: its high part chooses the column, its low part the side.
    pub(super) fn draw(&self, stream: &mut Stream) -> usize {
        let product = u128::from(stream.rng.next_u64()) * self.keep.len() as u128;
        let column = (product >> 64) as usize;
        let side = (product as u64 >> 11) as f64 * (1.0 / (1_u64 << 53) as f64);
        match self.keep.get(column) {
            Some(&keep) if side >= keep => self.alias[column] as usize,
            _ => column,
        }
    }
}

/// Marks members of a set that is emptied in constant time.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    stamps: Vec<u32>,
    current: u32,
}

impl Marks {
    pub(super) fn new(count: usize) -> Marks {
        Marks { stamps: vec![0; count], current: 0 }
    }

    /// Forgets all marks. The rows limit keeps the number of calls far below 2^32.
    pub(super) fn clear(&mut self) {
        self.current += 1;
    }

    /// Whether it was unmarked before.
    pub(super) fn mark(&mut self, index: u32) -> bool {
        let stamp = &mut self.stamps[index as usize];
        let fresh = *stamp != self.current;
        *stamp = self.current;
        fresh
    }
}
