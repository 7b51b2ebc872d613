//! Tasks that compute or wait for long: they load in one transaction, compute in none, and store in another, so that no
//! snapshot keeps vacuum from its work for hours.
//!
//! A function cannot commit. So when a job calls a function that has stages, the function loads, leaves the rest here, and
//! returns no row; the worker commits and goes on with the rest.
//!
//! A function may also be called to check its arguments only, when a job is submitted.

use super::queue::Job;
use crate::error::Result;
use serde_json::Value;
use std::cell::{Cell, RefCell};

/// What is left to do after loading.
pub trait Staged {
    /// Runs without a transaction: nothing here may read or write a table, but in transactions of its own by [`Job::step`].
    fn compute(&mut self, job: &Job) -> Result<()>;

    /// Runs in a new transaction; returns what the function would have returned, as an array of objects.
    fn store(&mut self) -> Result<Value>;
}

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static CHECKING: Cell<bool> = const { Cell::new(false) };
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

/// Ends a check, also when an error unwinds through it.
struct EndOfCheck;

impl Drop for EndOfCheck {
    fn drop(&mut self) {
        CHECKING.set(false);
    }
}

/// Calls a function for its errors alone, see [`is_check`].
pub fn check<R>(call: impl FnOnce() -> Result<R>) -> Result<R> {
    CHECKING.set(true);
    let _end = EndOfCheck;
    call()
}

/// Whether the caller only wants to know if the function could run: after its checks it returns no row.
pub fn is_check() -> bool {
    CHECKING.get()
}
