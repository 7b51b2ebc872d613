//! A worker's transactions, and what can go wrong in them.

use crate::error::Error;
use pgrx::pg_sys::panic::{CaughtError, ErrorReport, ErrorReportable};
use pgrx::prelude::*;
use std::cell::Cell;
use std::ffi::{CStr, c_int};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::panic::AssertUnwindSafe;

/// An error that a worker lived through.
#[derive(Debug)]
pub struct Failure {
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
}

impl From<CaughtError> for Failure {
    fn from(caught: CaughtError) -> Self {
        let (CaughtError::PostgresError(report)
        | CaughtError::ErrorReport(report)
        | CaughtError::RustPanic { ereport: report, .. }) = caught;
        Self {
            sqlstate: sqlstate(report.sql_error_code()),
            message: report.message().to_owned(),
            detail: report.detail().map(str::to_owned),
            hint: report.hint().map(str::to_owned),
        }
    }
}

/// Five characters of six bits each, the first one lowest.
fn sqlstate(code: PgSqlErrorCode) -> String {
    let code = code as u32;
    (0..5).map(|place| char::from((((code >> (6 * place)) & 0x3f) as u8) + b'0')).collect()
}

/// Runs `work` in a transaction of its own and commits it; after an error all of it is rolled back.
pub fn transaction<R>(work: impl FnOnce() -> Result<R, Error>) -> Result<R, Failure> {
    guarded(|| in_transaction(work))
}

/// The same inside [`guarded`], which ends the transaction after an error.
pub fn in_transaction<R>(work: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    begin();
    let value = work()?;
    commit();
    Ok(value)
}

/// Runs `work`, with whatever transactions it makes, and ends the one that an error left open.
#[allow(unsafe_code, reason = "ends a transaction after an error, as every worker of Postgres does")]
pub fn guarded<R>(work: impl FnOnce() -> Result<R, Error>) -> Result<R, Failure> {
    // An `Error` becomes a Postgres error, so that there is one way out.
    let work = AssertUnwindSafe(|| Ok(work().map_err(ErrorReport::from).unwrap_or_report()));
    let result = PgTryBuilder::new(work)
        .catch_others(|caught| Err(Failure::from(caught)))
        .catch_rust_panic(|caught| Err(Failure::from(caught)))
        .execute();
    if result.is_err() {
        // SAFETY: main thread, no code of the transaction is running any more; does nothing if there is none.
        unsafe {
            pg_sys::AbortCurrentTransaction();
        }
    }
    result
}

thread_local! {
    /// Whether the process has logged in as somebody who may do more than the role whose jobs it runs.
    static ROLE_FIXED: Cell<bool> = const { Cell::new(false) };
}

/// From now on, nothing that runs in the transactions of this process can take another role on.
pub fn fix_role() {
    ROLE_FIXED.set(true);
}

/// What a worker does for itself must not depend on settings of its database or role: names are looked up in `pg_catalog` alone,
/// because operators and functions that somebody has put elsewhere must not run here, and the others would keep it from
/// writing down how a job stands. What a job's session has set comes with the job.
const OWN_SETTINGS: &[(&CStr, &CStr)] = &[
    (c"search_path", c"pg_catalog, pg_temp"),
    (c"default_transaction_isolation", c"read committed"),
    (c"default_transaction_read_only", c"off"),
    (c"default_transaction_deferrable", c"off"),
    (c"lock_timeout", c"0"),
    #[cfg(any(feature = "pg17", feature = "pg18"))]
    (c"transaction_timeout", c"0"),
];

/// Takes [`OWN_SETTINGS`] on.
#[allow(unsafe_code, reason = "sets settings before there is a transaction")]
pub fn take_own_settings() {
    for (name, value) in OWN_SETTINGS {
        // SAFETY: main thread, after the process has connected; all strings are constants.
        unsafe {
            pg_sys::SetConfigOption(
                name.as_ptr(),
                value.as_ptr(),
                pg_sys::GucContext::PGC_USERSET,
                pg_sys::GucSource::PGC_S_OVERRIDE,
            );
        }
    }
}

/// With a fixed role: forbids within a transaction, or allows after it, to take another one on.
#[allow(unsafe_code, reason = "what Postgres does around functions that must not change the role")]
fn forbid_roles(forbid: bool) {
    if !ROLE_FIXED.get() {
        return;
    }
    // SAFETY: main thread; the user stays, and an abort puts back what was before the transaction.
    unsafe {
        let (mut user, mut context) = (pg_sys::InvalidOid, 0);
        pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
        let flag = pg_sys::SECURITY_LOCAL_USERID_CHANGE as c_int;
        pg_sys::SetUserIdAndSecContext(user, if forbid { context | flag } else { context & !flag });
    }
}

#[allow(unsafe_code, reason = "a worker begins its transactions by itself")]
fn begin() {
    // SAFETY: main thread, outside a transaction.
    unsafe {
        pg_sys::SetCurrentStatementStartTimestamp();
        pg_sys::StartTransactionCommand();
        forbid_roles(true);
        pg_sys::PushActiveSnapshot(pg_sys::GetTransactionSnapshot());
    }
}

#[allow(unsafe_code, reason = "a worker ends its transactions by itself")]
fn commit() {
    // SAFETY: main thread, in the transaction that `begin` began, its snapshot on top.
    unsafe {
        pg_sys::PopActiveSnapshot();
        // Deferred triggers run in here.
        pg_sys::CommitTransactionCommand();
        forbid_roles(false);
        // Sessions send their statistics when they become idle; without them autovacuum would not know of what jobs write.
        pg_sys::pgstat_report_stat(false);
    }
}

/// How often a wait wakes up by itself is up to the caller: this pauses so long, or until the process is signalled.
#[allow(unsafe_code, reason = "waits as a backend must, open to interrupts and to the postmaster's death")]
pub fn pause(milliseconds: i64) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: main thread; the latch is the process's own.
    unsafe {
        pg_sys::WaitLatch(pg_sys::MyLatch, events as c_int, milliseconds as _, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// The same, but it also ends when there is something to read from a socket.
#[allow(unsafe_code, reason = "waits as a backend must, open to interrupts and to the postmaster's death")]
pub fn pause_or_readable(socket: BorrowedFd, milliseconds: i64) {
    let events = pg_sys::WL_LATCH_SET | pg_sys::WL_SOCKET_READABLE | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    // SAFETY: main thread; the latch is the process's own, and the socket stays open while it is borrowed.
    unsafe {
        pg_sys::WaitLatchOrSocket(
            pg_sys::MyLatch,
            events as c_int,
            socket.as_raw_fd(),
            milliseconds as _,
            pg_sys::PG_WAIT_EXTENSION,
        );
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// Says in `pg_stat_activity` what the process does.
#[allow(unsafe_code, reason = "pgrx has no safe wrapper")]
pub fn show_activity(text: Option<&CStr>) {
    let (state, text) = match text {
        Some(text) => (pg_sys::BackendState::STATE_RUNNING, text.as_ptr()),
        None => (pg_sys::BackendState::STATE_IDLE, std::ptr::null()),
    };
    // SAFETY: main thread; the text is copied.
    unsafe {
        pg_sys::pgstat_report_activity(state, text);
    }
}

#[allow(unsafe_code, reason = "these two have no binding")]
unsafe extern "C-unwind" {
    fn enable_timeout_after(id: c_int, delay_ms: c_int);
    fn disable_timeout(id: c_int, keep_indicator: bool);
}

/// `STATEMENT_TIMEOUT` of `TimeoutId`, the same from Postgres 14 to 18.
const STATEMENT_TIMEOUT: c_int = 3;

/// Starts the clock of `statement_timeout`, which sessions start for each statement and workers never.
#[allow(unsafe_code, reason = "these two have no binding")]
pub fn start_statement_timeout() {
    // SAFETY: main thread; InitPostgres registered the timeout.
    unsafe {
        if pg_sys::StatementTimeout > 0 {
            enable_timeout_after(STATEMENT_TIMEOUT, pg_sys::StatementTimeout);
        }
    }
}

/// Stops it.
#[allow(unsafe_code, reason = "these two have no binding")]
pub fn stop_statement_timeout() {
    // SAFETY: main thread; does nothing if the clock does not run.
    unsafe {
        disable_timeout(STATEMENT_TIMEOUT, false);
    }
}
