//! What a client is told.

use super::breaker::{DEFAULT_COOL_DOWN, DEFAULT_FAILURES_TO_OPEN, DEFAULT_MAX_OPENINGS};
use super::endpoints::Endpoints;
use super::error::SoundcloudError;
use super::retry::{DEFAULT_ATTEMPTS, DEFAULT_BASE_DELAY, DEFAULT_MAX_DELAY, DEFAULT_RATE_LIMITS};
use super::secret::Secret;
use super::time::Micros;

/// Requests per second.
pub const DEFAULT_RATE: f64 = 1.0;
/// Requests that may follow each other without a pause after a time of rest.
pub const DEFAULT_BURST: u32 = 2;
/// Requests per day (UTC).
pub const DEFAULT_DAILY_REQUESTS: u32 = 15_000;
/// Longest body that is accepted: 64 MiB.
pub const DEFAULT_MAX_BODY_BYTES: usize = 64 << 20;
/// The header `User-Agent`.
pub const DEFAULT_USER_AGENT: &str = concat!("sgr_graph/", env!("CARGO_PKG_VERSION"));

/// What the service gave to the application.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The id, which is no secret, but is not shown either.
    pub client_id: String,
    /// The secret.
    pub client_secret: Secret,
}

impl std::fmt::Debug for Credentials {
    /// Without the client id, which is no secret but is shown to nobody either.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(***)")
    }
}

/// Limits and places.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientConfig {
    /// Where to ask.
    pub endpoints: Endpoints,
    /// The header `User-Agent`.
    pub user_agent: String,
    /// Requests per second, above 0 and up to 1,000.
    pub rate: f64,
    /// Requests that may follow each other without a pause, at least 1.
    pub burst: u32,
    /// Requests per day (UTC), at least 1.
    pub daily_requests: u32,
    /// Longest body that is accepted, in bytes.
    pub max_body_bytes: usize,
    /// Times that one call is tried, at least 1.
    pub attempts: u32,
    /// Times that one call may meet a rate limit (429), at least 1.
    pub rate_limits: u32,
    /// The first pause after a failure; each later one is twice as long.
    pub base_delay: Micros,
    /// The longest pause after a failure.
    pub max_delay: Micros,
    /// Failures one after the other that open the circuit breaker, at least 1.
    pub failures_to_open: u32,
    /// How long it stays open the first time; twice as long each further time.
    pub cool_down: Micros,
    /// Openings one after the other after which the client gives up.
    pub max_openings: u32,
    /// Decides the jitter of the pauses.
    pub seed: u64,
}

impl ClientConfig {
    /// The defaults.
    pub fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            user_agent: DEFAULT_USER_AGENT.to_owned(),
            rate: DEFAULT_RATE,
            burst: DEFAULT_BURST,
            daily_requests: DEFAULT_DAILY_REQUESTS,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            attempts: DEFAULT_ATTEMPTS,
            rate_limits: DEFAULT_RATE_LIMITS,
            base_delay: DEFAULT_BASE_DELAY,
            max_delay: DEFAULT_MAX_DELAY,
            failures_to_open: DEFAULT_FAILURES_TO_OPEN,
            cool_down: DEFAULT_COOL_DOWN,
            max_openings: DEFAULT_MAX_OPENINGS,
            seed: 0,
        }
    }

    pub(super) fn validate(&self) -> Result<(), SoundcloudError> {
        let fault = |parameter, message: String| Err(SoundcloudError::invalid(parameter, message));
        if !(self.rate > 0.0 && self.rate <= 1000.0) {
            return fault("rate", format!("{} requests per second, must be above 0 and at most 1000", self.rate));
        }
        for (parameter, value) in [
            ("burst", self.burst),
            ("daily_requests", self.daily_requests),
            ("attempts", self.attempts),
            ("rate_limits", self.rate_limits),
            ("failures_to_open", self.failures_to_open),
            ("max_openings", self.max_openings),
        ] {
            if value == 0 {
                return fault(parameter, "0, must be at least 1".to_owned());
            }
        }
        for (parameter, value) in
            [("base_delay", self.base_delay), ("max_delay", self.max_delay), ("cool_down", self.cool_down)]
        {
            if value <= 0 {
                return fault(parameter, format!("{value} µs, must be above 0"));
            }
        }
        let printable =
            !self.user_agent.is_empty() && self.user_agent.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !printable {
            return fault("user_agent", "must be printable ASCII and not empty".to_owned());
        }
        if self.max_body_bytes == 0 {
            return fault("max_body_bytes", "0, must be at least 1".to_owned());
        }
        Ok(())
    }
}
