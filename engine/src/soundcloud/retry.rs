//! How long to wait before a call is tried again.

use super::time::{DAY, Micros, SECOND};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Times that one call is tried.
pub const DEFAULT_ATTEMPTS: u32 = 6;
/// Times that one call may meet a rate limit.
pub const DEFAULT_RATE_LIMITS: u32 = 10;
/// The first pause.
pub const DEFAULT_BASE_DELAY: Micros = SECOND;
/// The longest pause that is our own choice.
pub const DEFAULT_MAX_DELAY: Micros = 300 * SECOND;
/// The longest pause that a server may ask for: one day. More is taken for a mistake.
pub const MAX_HOLD: Micros = DAY;

/// Exponential back-off with jitter: half of each pause is fixed, the other half is drawn, so that clients that failed
/// together do not come back together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: "equal
/// jitter").
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Micros,
    max: Micros,
    random: Xoshiro256PlusPlus,
}

impl Backoff {
    /// Pauses of `base`, twice that, … up to `max`, in microseconds.
    pub fn new(base: Micros, max: Micros, seed: u64) -> Self {
        Self { base, max, random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// The pause after failure number `failure`, counted from 1.
    pub fn pause(&mut self, failure: u32) -> Micros {
        let whole = self.base.saturating_mul(1 << failure.saturating_sub(1).min(40)).min(self.max).max(2);
        whole / 2 + self.random.random_range(0..=whole / 2)
    }

    /// From when to try again where the server says when: not before `at`, and up to one base delay later.
    pub fn not_before(&mut self, at: Micros, now: Micros) -> Micros {
        let at = at.clamp(now, now.saturating_add(MAX_HOLD));
        at.saturating_add(self.random.random_range(0..=self.base))
    }
}
