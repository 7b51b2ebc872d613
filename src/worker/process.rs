//! The worker's process, from its start to its end.

use super::launch::Identity;
use super::transaction::{Failure, fix_role, pause, take_own_settings, transaction};
use super::{lock, queue};
use crate::error::{Error, Result};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::bgworkers::BackgroundWorker;
use pgrx::prelude::*;
use std::time::{Duration, Instant};

/// Between two looks for a free slot, in milliseconds.
const SLOT_POLL: i64 = 100;

/// How long a worker keeps its slot while others wait: quick jobs are not worth a change each.
const TENURE: Duration = Duration::from_secs(1);

/// Between two looks while a job is not due, so that jobs that become due earlier are seen.
const DUE_POLL: f64 = 60_000.0;

#[allow(unsafe_code, reason = "Postgres exports it, pgrx binds it as a guarded Rust function, which is no handler")]
unsafe extern "C-unwind" {
    /// The handler of sessions. pgrx's own sets a flag that no query looks at, so that a stop would wait for the query.
    fn die(signal: core::ffi::c_int);
}

/// The entry point that the postmaster calls.
#[pg_guard]
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "an entry point is found by its name")]
pub extern "C-unwind" fn sgr_job_worker_main(_argument: pg_sys::Datum) {
    take_signals();
    let Some(identity) = Identity::decoded(BackgroundWorker::get_extra()) else { return };
    BackgroundWorker::connect_worker_to_spi_by_oid(Some(identity.database), Some(identity.session));
    take_own_settings();
    // What it cannot live through ends the process; the server log has the reason, and the locks go with it.
    if let Err(failure) = work(identity) {
        log!("a worker for background jobs ended: {} (SQLSTATE {})", failure.message, failure.sqlstate);
    }
}

/// SIGINT cancels a query already, as Postgres has set it up.
#[allow(unsafe_code, reason = "signal handlers")]
pub fn take_signals() {
    // SAFETY: main thread of a worker, before it lets signals in; both handlers are Postgres's own.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        let set = pg_sys::pqsignal;
        #[cfg(feature = "pg18")]
        let set = pg_sys::pqsignal_be;
        set(pg_sys::SIGTERM as i32, Some(die));
        set(pg_sys::SIGHUP as i32, Some(reload));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

/// Settings are read again before the next job.
#[allow(unsafe_code, reason = "a signal handler")]
unsafe extern "C-unwind" fn reload(_signal: core::ffi::c_int) {
    // SAFETY: both are what a signal handler may do.
    unsafe {
        (&raw mut pg_sys::ConfigReloadPending).write_volatile(1);
        pg_sys::SetLatch(pg_sys::MyLatch);
    }
}

#[allow(unsafe_code, reason = "reads the configuration again")]
pub fn reload_settings() {
    // SAFETY: main thread, outside a transaction.
    unsafe {
        if (&raw const pg_sys::ConfigReloadPending).read_volatile() != 0 {
            (&raw mut pg_sys::ConfigReloadPending).write_volatile(0);
            pg_sys::ProcessConfigFile(pg_sys::GucContext::PGC_SIGHUP);
        }
    }
}

fn work(identity: Identity) -> std::result::Result<(), Failure> {
    let installed = transaction(|| {
        if !queue::is_installed() {
            return Ok(false);
        }
        take_role(identity)?;
        Ok(true)
    })?;
    if !installed {
        return Ok(());
    }
    if identity.role != identity.session {
        fix_role();
    }
    for other in transaction(|| queue::tidy(identity))? {
        other.start();
    }
    while let Some(slot) = slot(identity)? {
        run_due(identity)?;
        transaction(|| lock::release_slot(slot))?;
        let Some(due) = transaction(|| queue::next_due(identity))? else { return Ok(()) };
        if due > 0.0 && !wait_until_due(identity, due)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Runs due jobs while there are some, and nobody has waited too long for the slot.
fn run_due(identity: Identity) -> std::result::Result<(), Failure> {
    let slots = settings::max_jobs();
    let since = Instant::now();
    loop {
        reload_settings();
        let Some(job) = queue::claim(identity)? else {
            // A job that is being submitted or looked at just now: the caller asks again.
            pause(SLOT_POLL / 10);
            return Ok(());
        };
        queue::run(&job, identity, slots)?;
        if since.elapsed() >= TENURE && transaction(lock::is_anyone_waiting)? {
            return Ok(());
        }
    }
}

/// A slot, as soon as there is one. `None`: another worker of the role waits already, and will find what is queued.
fn slot(identity: Identity) -> std::result::Result<Option<i32>, Failure> {
    let slots = settings::max_jobs();
    let others_first = transaction(lock::is_anyone_waiting)?;
    if !others_first && let Some(slot) = transaction(|| lock::take_slot(slots))? {
        return Ok(Some(slot));
    }
    if !transaction(|| lock::wait_for_role(identity.role))? {
        return Ok(None);
    }
    if others_first {
        pause(2 * SLOT_POLL);
    }
    loop {
        if let Some(slot) = transaction(|| lock::take_slot(slots))? {
            transaction(|| lock::stop_waiting(identity.role))?;
            return Ok(Some(slot));
        }
        pause(SLOT_POLL);
    }
}

/// Waits without a slot until the next job may start; `false` if another worker of the role does so.
fn wait_until_due(identity: Identity, due: f64) -> std::result::Result<bool, Failure> {
    if !transaction(|| lock::hold_for_later(identity.role))? {
        transaction(|| lock::wake_holder(identity.role))?;
        return Ok(false);
    }
    pause(due.clamp(1.0, DUE_POLL) as i64 + 1);
    transaction(|| lock::stop_holding(identity.role))?;
    Ok(true)
}

/// Errors: 42501 if the session's user is no member of the role any more.
fn take_role(identity: Identity) -> Result<()> {
    if identity.role == identity.session {
        return Ok(());
    }
    let sql = "SELECT pg_catalog.set_config('role', r.rolname, false) FROM pg_catalog.pg_roles AS r
               WHERE r.oid = $1::pg_catalog.int8::pg_catalog.oid";
    if spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(identity.role.to_u32().into())], |_| Ok(()))? == 1 {
        return Ok(());
    }
    Err(Error::unknown("the role that submitted the job does not exist any more"))
}
