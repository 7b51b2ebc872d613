//! How often to ask: a token bucket, and so many requests a day.

use super::time::{DAY, Micros};
use serde::{Deserialize, Serialize};

/// A token bucket that fills with `rate` tokens per second up to `burst`; each request takes one.
///
/// It is kept as the *generic cell rate algorithm* (ITU-T I.371): one point in time instead of a level, in whole
/// microseconds, so nothing drifts. In any span of `t` seconds at most `burst + rate · t` requests go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBucket {
    /// Time that one request takes.
    interval: Micros,
    /// How far ahead of time requests may come.
    tolerance: Micros,
    /// When the bucket will be full again.
    full_at: Micros,
}

impl TokenBucket {
    /// A full bucket. `rate` is in requests per second, above 0; `burst` at least 1.
    pub fn new(rate: f64, burst: u32) -> Self {
        // Rounded up: never faster than asked for.
        let interval = (1e6 / rate).ceil().clamp(1.0, 1e15) as Micros;
        Self { interval, tolerance: interval.saturating_mul(Micros::from(burst.max(1) - 1)), full_at: Micros::MIN }
    }

    /// From when on a request may be sent; not after `now` means at once.
    pub fn ready_at(&self) -> Micros {
        self.full_at.saturating_sub(self.tolerance)
    }

    /// Empties the bucket, as far as it is not emptier: for a client that does not know what another one with the same
    /// bucket has sent until `now`. Whatever that was, both together then keep to it.
    pub fn empty(&mut self, now: Micros) {
        let full_at = now.saturating_add(self.interval).saturating_add(self.tolerance);
        self.full_at = self.full_at.max(full_at);
    }

    /// Takes a token for a request that is sent now.
    pub fn take(&mut self, now: Micros) {
        self.full_at = self.full_at.max(now).saturating_add(self.interval);
    }
}

/// So many requests per day (UTC). Unlike the bucket it should be stored and outlive the process.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DailyBudget {
    /// Days since 1970-01-01.
    day: i64,
    used: u32,
}

impl DailyBudget {
    /// A budget of which `used` requests are used up on `day`, counted from 1970-01-01.
    pub fn of_day(day: i64, used: u32) -> Self {
        Self { day, used }
    }

    /// The day that it counts, from 1970-01-01.
    pub fn day(&self) -> i64 {
        self.day
    }

    /// Requests sent on that day.
    pub fn used(&self) -> u32 {
        self.used
    }

    /// What is left of `limit` at `now`.
    pub fn left(&self, limit: u32, now: Micros) -> u32 {
        if now.div_euclid(DAY) == self.day { limit.saturating_sub(self.used) } else { limit }
    }

    /// Counts a request that is sent now.
    pub fn take(&mut self, now: Micros) {
        let day = now.div_euclid(DAY);
        if day != self.day {
            *self = Self { day, used: 0 };
        }
        self.used = self.used.saturating_add(1);
    }

    /// When the next day begins.
    pub fn renewed_at(now: Micros) -> Micros {
        (now.div_euclid(DAY) + 1) * DAY
    }
}
