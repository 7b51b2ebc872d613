//! A circuit breaker: after repeated failures it is better not to ask for a while.

use super::time::{Micros, SECOND};

/// Failures one after the other that open the breaker.
pub const DEFAULT_FAILURES_TO_OPEN: u32 = 5;
/// How long it stays open the first time.
pub const DEFAULT_COOL_DOWN: Micros = 60 * SECOND;
/// Openings one after the other after which to give up.
pub const DEFAULT_MAX_OPENINGS: u32 = 5;

/// Counts failures since the last success. Open, it lets nothing through until its time is over; then one request is tried:
/// success closes it, failure opens it again for twice as long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    failures_to_open: u32,
    cool_down: Micros,
    max_openings: u32,
    failures: u32,
    openings: u32,
    open_until: Option<Micros>,
}

impl Breaker {
    /// A closed breaker.
    pub fn new(failures_to_open: u32, cool_down: Micros, max_openings: u32) -> Self {
        Self { failures_to_open, cool_down, max_openings, failures: 0, openings: 0, open_until: None }
    }

    /// Until when nothing may be sent; not after `now` means that one request may be tried.
    pub fn open_until(&self) -> Option<Micros> {
        self.open_until
    }

    /// Failures since the last success.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether it has opened since the last success.
    pub fn has_opened(&self) -> bool {
        self.openings > 0
    }

    /// Whether it has opened as often as is allowed and then failed again.
    pub fn is_spent(&self) -> bool {
        self.openings > self.max_openings
    }

    /// The service answered as it should.
    pub fn succeeded(&mut self) {
        (self.failures, self.openings, self.open_until) = (0, 0, None);
    }

    /// It did not.
    pub fn failed(&mut self, now: Micros) {
        self.failures = self.failures.saturating_add(1);
        if self.openings > 0 || self.failures >= self.failures_to_open {
            let length = self.cool_down.saturating_mul(1 << self.openings.min(20));
            self.openings = self.openings.saturating_add(1);
            self.open_until = Some(now.saturating_add(length));
        }
    }
}
