//! Advisory locks of the worker's session. Two numbers each: what is locked, and which.

use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::pg_sys;
use std::cell::Cell;

/// "sgr" and a number.
const SLOT: i32 = 0x7367_7201;
/// `sgr.job_lacks_worker` knows this one.
const WAITING: i32 = 0x7367_7202;
/// `sgr.job_is_held` knows this one.
pub const JOB: i32 = 0x7367_7203;
const LATER: i32 = 0x7367_7204;

/// Takes one of so many slots; `None` if all are taken.
pub fn take_slot(slots: i32) -> Result<Option<i32>> {
    let mut slot = None;
    let args = [Arg::Int(SLOT), Arg::Int(slots)];
    spi::select_fresh(include_str!("../../sql/queries/job_slot_take.sql"), &Sources::NONE, &args, |row| {
        slot = row.int(0).and_then(|slot| i32::try_from(slot).ok());
        Ok(())
    })?;
    Ok(slot)
}

/// Whether a slot is free.
pub fn has_free_slot(slots: i32) -> Result<bool> {
    Ok(held(SLOT)? < i64::from(slots))
}

/// Gives a slot back.
pub fn release_slot(slot: i32) -> Result<()> {
    release(SLOT, slot)
}

/// Makes this the worker that waits for a slot on behalf of a role; `false` if there is one.
pub fn wait_for_role(role: pg_sys::Oid) -> Result<bool> {
    take(WAITING, role)
}

fn take(what: i32, role: pg_sys::Oid) -> Result<bool> {
    let mut got = false;
    let sql = "SELECT pg_catalog.pg_try_advisory_lock($1, $2)";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Int(what), Arg::Int(role.to_u32().cast_signed())], |row| {
        got = row.bool(0) == Some(true);
        Ok(())
    })?;
    Ok(got)
}

/// The end of that.
pub fn stop_waiting(role: pg_sys::Oid) -> Result<()> {
    release(WAITING, role.to_u32().cast_signed())
}

/// Makes this the worker that waits until a job of a role is due; `false` if there is one.
pub fn hold_for_later(role: pg_sys::Oid) -> Result<bool> {
    take(LATER, role)
}

/// Wakes the worker that does so: a job may be due earlier than the one it knows of.
pub fn wake_holder(role: pg_sys::Oid) -> Result<()> {
    let sql = include_str!("../../sql/queries/job_later_pid.sql");
    let args = [Arg::Int(LATER), Arg::Big(role.to_u32().into())];
    spi::select_fresh(sql, &Sources::NONE, &args, |row| {
        // It reads its settings again, which does no harm.
        signal(row.int(0), libc::SIGHUP);
        Ok(())
    })?;
    Ok(())
}

/// Cancels what the worker of a job does, if the current role has the rights of the job's; whether there is one.
///
/// `pg_cancel_backend` would ask for those of the role that the worker has logged in as.
pub fn interrupt(job_id: i64) -> Result<bool> {
    let mut found = false;
    let sql = include_str!("../../sql/queries/job_pid.sql");
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(job_id), Arg::Int(JOB)], |row| {
        found |= signal(row.int(0), libc::SIGINT);
        Ok(())
    })?;
    Ok(found)
}

#[allow(unsafe_code, reason = "a system call")]
fn signal(pid: Option<i64>, signal: i32) -> bool {
    match pid.and_then(|pid| i32::try_from(pid).ok()) {
        // SAFETY: a process that holds a lock of this server, and a signal that its backends expect.
        Some(pid) if pid > 0 => unsafe { libc::kill(pid, signal) == 0 },
        _ => false,
    }
}

/// The end of [`hold_for_later`].
pub fn stop_holding(role: pg_sys::Oid) -> Result<()> {
    release(LATER, role.to_u32().cast_signed())
}

/// Whether a worker of any role waits for a slot.
pub fn is_anyone_waiting() -> Result<bool> {
    Ok(held(WAITING)? > 0)
}

/// Lets go of a job that has ended.
pub fn release_job(job_id: i64) -> Result<()> {
    release(JOB, job_key(job_id))
}

/// As SQL computes it: `(job_id % 2147483648)::integer`.
fn job_key(job_id: i64) -> i32 {
    (job_id % (1 << 31)) as i32
}

fn release(what: i32, which: i32) -> Result<()> {
    let sql = "SELECT pg_catalog.pg_advisory_unlock($1, $2)";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Int(what), Arg::Int(which)], |_| Ok(()))?;
    Ok(())
}

fn held(what: i32) -> Result<i64> {
    let mut count = 0;
    let sql = include_str!("../../sql/queries/job_locks_held.sql");
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Int(what)], |row| {
        count = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(count)
}

thread_local! {
    /// The application whose lock this worker holds.
    static APP: Cell<Option<i64>> = const { Cell::new(None) };
}

/// The lock of an application at a provider, for all databases of the server: SQL's advisory locks are those of one.
fn app_tag(app: i64) -> pg_sys::LOCKTAG {
    pg_sys::LOCKTAG {
        // Advisory locks of SQL have their database here, which is never 0.
        locktag_field1: 0,
        locktag_field2: (app >> 32) as u32,
        locktag_field3: app as u32,
        locktag_field4: 1,
        locktag_type: pg_sys::LockTagType::LOCKTAG_ADVISORY as u8,
        locktag_lockmethodid: pg_sys::USER_LOCKMETHOD as u8,
    }
}

#[allow(unsafe_code, reason = "SQL has no lock for a whole server")]
fn lock_app(app: i64, of_session: bool) -> bool {
    let tag = app_tag(app);
    // SAFETY: main thread, inside a transaction; the tag is copied; it does not wait.
    let result = unsafe { pg_sys::LockAcquire(&tag, pg_sys::ExclusiveLock as i32, of_session, true) };
    result != pg_sys::LockAcquireResult::LOCKACQUIRE_NOT_AVAIL
}

/// Makes this worker the only process of the server that uses an application's credentials, until its job ends; `false` if
/// another one does.
pub fn hold_app(app: i64) -> bool {
    if APP.get() == Some(app) {
        return true;
    }
    let got = lock_app(app, true);
    if got {
        APP.set(Some(app));
    }
    got
}

/// The same outside a job, until the transaction ends: what it has counted is not seen before.
pub fn try_app(app: i64) -> bool {
    lock_app(app, false)
}

/// The end of [`hold_app`].
#[allow(unsafe_code, reason = "SQL has no lock for a whole server")]
pub fn release_app() {
    if let Some(app) = APP.take() {
        let tag = app_tag(app);
        // SAFETY: main thread, inside a transaction; the lock is held.
        unsafe {
            pg_sys::LockRelease(&tag, pg_sys::ExclusiveLock as i32, true);
        }
    }
}
