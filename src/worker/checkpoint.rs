//! What an attempt of a job leaves for the next one: a state as JSON, and arrays of numbers. It is of use only to the same
//! computation, so a fingerprint of what is computed goes with it.

use super::queue::Job;
use crate::error::Result;
use rustc_hash::FxHasher;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// The bits of a double: JSON has neither NaN nor a promise that a fraction comes back as it was.
#[derive(Debug, Serialize, Deserialize, Clone, Copy)]
#[serde(transparent)]
pub struct Exact(u64);

impl From<f64> for Exact {
    fn from(number: f64) -> Self {
        Self(number.to_bits())
    }
}

impl Exact {
    pub fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// Arrays of a checkpoint by name.
pub struct Arrays(HashMap<String, Vec<f32>>);

impl Arrays {
    /// Those whose names begin with `prefix`, by the rest of their names; inside [`Job::step`].
    pub fn read(job: &Job, prefix: &str) -> Result<Self> {
        Ok(Self(job.numbers(prefix)?))
    }

    /// Takes an array; an empty one if there is none of this name.
    pub fn take(&mut self, name: &str) -> Vec<f32> {
        self.0.remove(name).unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
struct Saved<T> {
    fingerprint: u64,
    #[serde(flatten)]
    state: T,
}

/// A number that tells computations apart: it follows from how and from what something is computed, and by which version.
pub fn fingerprint(how: &impl Debug, of_what: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    format!("{how:?}").hash(&mut hasher);
    of_what.hash(&mut hasher);
    hasher.finish()
}

/// Saves a state in place of the one before; inside [`Job::step`].
pub fn write(job: &Job, fingerprint: u64, state: &impl Serialize) -> Result<()> {
    job.save(&serde_json::to_string(&Saved { fingerprint, state }).unwrap_or_default())
}

/// The state that an earlier attempt left, if it computed the same; inside [`Job::step`].
pub fn read<T: DeserializeOwned>(job: &Job, fingerprint: u64) -> Result<Option<T>> {
    let saved = job.checkpoint()?.and_then(|text| serde_json::from_str::<Saved<T>>(&text).ok());
    Ok(saved.filter(|saved| saved.fingerprint == fingerprint).map(|saved| saved.state))
}

/// When a computing thread has snapshots saved: after an interval, but not before ten times as long as the last one took.
pub struct Pace {
    interval: Option<Duration>,
    saved: Instant,
    took: Duration,
}

impl Pace {
    /// `None` takes no snapshots.
    pub fn new(interval: Option<Duration>) -> Self {
        Self { interval, saved: Instant::now(), took: Duration::ZERO }
    }

    pub fn is_due(&self) -> bool {
        self.interval.is_some_and(|interval| self.saved.elapsed() >= interval.max(10 * self.took))
    }

    /// Sends a snapshot, and whom to tell that it is saved, to the main thread, and waits for that: two snapshots must not
    /// wait for it. False if nobody takes it.
    pub fn hand_over(&mut self, send: impl FnOnce(Sender<()>) -> bool) -> bool {
        let began = Instant::now();
        let (done, wait) = channel();
        if !send(done) {
            return false;
        }
        // The main thread drops the other end when it gives up.
        let _ = wait.recv();
        (self.saved, self.took) = (Instant::now(), began.elapsed());
        true
    }
}
