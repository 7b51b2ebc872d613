//! What time it is for the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since the Unix epoch: those of the system, or those that a test says.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Moved by whoever shares it.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now` until it is moved.
    pub fn manual(now: i64) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(now)))
    }

    /// The time.
    pub fn now(&self) -> i64 {
        match self {
            Self::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            Self::Manual(time) => time.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock forward to `until`; on the system's clock it sleeps.
    pub fn wait_until(&self, until: i64) {
        match self {
            Self::System => {
                let length = until.saturating_sub(self.now());
                std::thread::sleep(std::time::Duration::from_micros(u64::try_from(length).unwrap_or(0)));
            }
            Self::Manual(time) => {
                time.fetch_max(until, Ordering::SeqCst);
            }
        }
    }
}
