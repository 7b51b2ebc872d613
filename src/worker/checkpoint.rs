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

/// The bits of a double: JSON has neither NaN nor a promise that a fraction comes back as it was.
#[derive(Serialize, Deserialize, Clone, Copy)]
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
