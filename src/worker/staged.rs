//! Tasks that compute or wait for long: they load in one transaction, compute in none, and store in another, so that no
//! snapshot keeps vacuum from its work for hours.
//!
//! A function cannot commit. So when a job calls a function that has stages, the function loads, leaves the rest here, and
//! returns no row; the worker commits and goes on with the rest. Where the function has rows to return ([`Stages`]), the worker
//! calls it once more in the last transaction: it finds what was computed here, stores it, and returns its rows as in any
//! session.
//!
//! A function may also be called to check its arguments only, when a job is submitted.

use super::queue::Job;
use crate::error::{Error, Result};
use serde_json::Value;
use std::any::Any;
use std::cell::{Cell, RefCell};

/// What is left to do after loading.
pub trait Staged {
    /// Runs without a transaction: nothing here may read or write a table, but in transactions of its own by [`Job::step`].
    fn compute(&mut self, job: &Job) -> Result<()>;

    /// Runs in a new transaction; returns what the function would have returned, as an array of objects.
    fn store(&mut self) -> Result<Value>;
}

/// The same of a function that returns rows, and that sessions may call, too; [`in_stages`] runs it.
pub trait Stages: 'static {
    /// What the function makes its rows of.
    type Outcome;

    /// In a job it runs without a transaction: nothing here may read or write a table, but in transactions of its own by
    /// [`Job::step`], nor read a setting, for they are the job's in its transactions only.
    fn compute(&mut self, job: Option<&Job>) -> Result<()>;

    /// In a job it runs in a new transaction: what was loaded may have changed since.
    fn store(self) -> Result<Self::Outcome>;
}

/// [`Stages`] of any outcome.
trait Computing: Any {
    fn compute(&mut self, job: &Job) -> Result<()>;
}

impl<S: Stages> Computing for S {
    fn compute(&mut self, job: &Job) -> Result<()> {
        Stages::compute(self, Some(job))
    }
}

/// What a function left.
pub enum Left {
    /// The task does the rest.
    Task(Box<dyn Staged>),
    /// The function does, when it is called again after computing.
    Function(Computation),
}

/// [`Stages`] that have loaded.
pub struct Computation(Box<dyn Computing>);

impl Computation {
    /// Runs without a transaction.
    pub fn compute(&mut self, job: &Job) -> Result<()> {
        self.0.compute(job)
    }

    /// Calls the function that stores what was computed.
    pub fn store<R>(self, call: impl FnOnce() -> Result<R>) -> Result<R> {
        COMPUTED.set(Some(self.0));
        call()
    }
}

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static CHECKING: Cell<bool> = const { Cell::new(false) };
    /// A check has come to where reading begins.
    static PASSED: Cell<bool> = const { Cell::new(false) };
    static LEFT: RefCell<Option<Left>> = const { RefCell::new(None) };
    static COMPUTED: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Whether the caller is a worker that takes stages.
pub fn is_wanted() -> bool {
    WANTED.get()
}

/// Leaves the rest of the work to the worker.
pub fn put(stages: Box<dyn Staged>) {
    LEFT.set(Some(Left::Task(stages)));
}

/// Runs the stages of a function one after the other, or of a job's function the one whose turn it is: `None` after loading.
///
/// Nothing may be done before `load`, for it is called with other arguments when it has loaded.
pub fn in_stages<S: Stages>(load: impl FnOnce() -> Result<S>) -> Result<Option<S::Outcome>> {
    if let Some(computed) = COMPUTED.take().and_then(|computed| computed.downcast::<S>().ok()) {
        return computed.store().map(Some);
    }
    let mut stages = match load() {
        Err(_) if PASSED.take() => return Ok(None),
        loaded => loaded?,
    };
    if is_wanted() {
        LEFT.set(Some(Left::Function(Computation(Box::new(stages)))));
        return Ok(None);
    }
    stages.compute(None)?;
    stages.store().map(Some)
}

/// Calls a function, and takes what it left.
pub fn collect<R>(call: impl FnOnce() -> Result<R>) -> Result<(R, Option<Left>)> {
    LEFT.set(None);
    WANTED.set(true);
    let result = call();
    WANTED.set(false);
    Ok((result?, LEFT.take()))
}

/// After an error in [`collect`] or [`Computation::store`], which unwinds through them.
pub fn forget() {
    WANTED.set(false);
    LEFT.set(None);
    COMPUTED.set(None);
}

/// Ends a check, also when an error unwinds through it.
struct EndOfCheck;

impl Drop for EndOfCheck {
    fn drop(&mut self) {
        CHECKING.set(false);
        PASSED.set(false);
    }
}

/// Calls a function for its errors alone, see [`is_check`].
pub fn check<R>(call: impl FnOnce() -> Result<R>) -> Result<R> {
    CHECKING.set(true);
    let _end = EndOfCheck;
    call()
}

/// A phase of reading, in the `load` of [`in_stages`] behind everything that can be checked without: a check ends here, with an error
/// that nobody sees.
pub fn begin_reading(phase: &str) -> Result<()> {
    super::phase(phase);
    if is_check() {
        PASSED.set(true);
        return Err(Error::not_ready("the arguments are checked"));
    }
    Ok(())
}

/// Whether the caller only wants to know if the function could run: after its checks it returns no row.
pub fn is_check() -> bool {
    CHECKING.get()
}
