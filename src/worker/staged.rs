//! Tasks that compute for long: they load in one transaction, compute in none, and store in another, so that no snapshot
//! keeps vacuum from its work for hours.
//!
//! A function cannot commit. So when a job calls a function that has stages, the function loads, leaves the rest here, and
//! returns no row; the worker commits and goes on with the rest.

use crate::error::Result;
use serde_json::Value;
use std::cell::{Cell, RefCell};

/// What is left to do after loading.
pub trait Staged {
    /// Runs without a transaction: nothing here may read or write a table.
    fn compute(&mut self) -> Result<()>;

    /// Runs in a new transaction; returns what the function would have returned, as an array of objects.
    fn store(&mut self) -> Result<Value>;
}

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static STAGES: RefCell<Option<Box<dyn Staged>>> = const { RefCell::new(None) };
}

/// Whether the caller is a worker that takes stages.
pub fn is_wanted() -> bool {
    WANTED.get()
}

/// Leaves the rest of the work to the worker.
pub fn put(stages: Box<dyn Staged>) {
    STAGES.set(Some(stages));
}

/// Calls a function, and takes what it left.
pub fn collect<R>(call: impl FnOnce() -> Result<R>) -> Result<(R, Option<Box<dyn Staged>>)> {
    STAGES.set(None);
    WANTED.set(true);
    let result = call();
    WANTED.set(false);
    Ok((result?, STAGES.take()))
}

/// After an error in [`collect`], which unwinds through it.
pub fn forget() {
    WANTED.set(false);
    STAGES.set(None);
}
