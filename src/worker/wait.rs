//! Waiting for a job from a session.

use super::launch::{self, Identity};
use super::transaction::pause;
use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// The first look comes soon, for jobs that are quick, the later ones at this distance.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// How long its waiter watches a job without a worker before it starts one: the one of its submission may have found no process
/// free, or have been ended.
const START_AFTER: Duration = Duration::from_secs(2);

/// A job as its waiter sees it.
struct Seen {
    state: String,
    /// See `sgr.job_lacks_worker`.
    lacks_worker: bool,
}

/// Waits until a job has ended or the time is over, and returns its state.
///
/// Errors: 42704 if the role sees no such job, 55000 if the job cannot start before this transaction ends.
pub fn wait(job_id: i64, timeout: Option<Duration>) -> Result<String> {
    let started = Instant::now();
    let mut pause_for = Duration::from_millis(5);
    let mut looked_after = started;
    if launch::is_submitted_here(job_id) {
        return Err(Error::not_ready(format!("job {job_id} was submitted in this transaction"))
            .detail("it starts when the transaction has committed")
            .hint("COMMIT first, then wait"));
    }
    loop {
        let Seen { state, lacks_worker } = latest(|| look(job_id))?.ok_or_else(|| {
            Error::unknown(format!("job {job_id} does not exist"))
                .hint("SELECT job_id, task, state FROM sgr.job_status lists yours")
        })?;
        let left = timeout.map(|timeout| timeout.saturating_sub(started.elapsed()));
        if !matches!(state.as_str(), "queued" | "running") || left.is_some_and(|left| left.is_zero()) {
            return Ok(state);
        }
        if !lacks_worker {
            looked_after = Instant::now();
        } else if looked_after.elapsed() >= START_AFTER {
            looked_after = Instant::now();
            latest(|| Identity::of(job_id))?.start();
        }
        pause(left.map_or(pause_for, |left| left.min(pause_for)).as_millis() as i64 + 1);
        pause_for = (pause_for * 2).min(LONGEST_PAUSE);
    }
}

fn look(job_id: i64) -> Result<Option<Seen>> {
    let mut seen = None;
    let args = [Arg::Big(job_id)];
    spi::select(include_str!("../../sql/queries/job_look.sql"), &Sources::NONE, &args, |row| {
        let state = row.text(0).map(std::borrow::Cow::into_owned).unwrap_or_default();
        seen = Some(Seen { state, lacks_worker: row.bool(1) == Some(true) });
        Ok(())
    })?;
    Ok(seen)
}

/// Reads what is committed now, also where the transaction keeps the snapshot of its first statement (REPEATABLE READ).
#[allow(unsafe_code, reason = "pgrx has no wrapper for the latest snapshot")]
fn latest<R>(read: impl FnOnce() -> Result<R>) -> Result<R> {
    // SAFETY: main thread, inside a transaction; an error unwinds past the pop, and the transaction's end cleans up.
    unsafe {
        pg_sys::PushActiveSnapshot(pg_sys::GetLatestSnapshot());
    }
    let result = read();
    // SAFETY: the snapshot pushed above is on top again.
    unsafe {
        pg_sys::PopActiveSnapshot();
    }
    result
}
