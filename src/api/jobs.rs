//! `sgr_job_wait`, and what `sgr_submit` has done natively.

use crate::error::{Error, Result, required};
use crate::spi;
use crate::worker;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use std::time::Duration;

#[pg_extern(sql = "
CREATE FUNCTION sgr.job_worker_start(job_id bigint) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
", requires = ["jobs"])]
fn job_worker_start(job_id: Option<i64>) -> std::result::Result<(), ErrorReport> {
    Ok(worker::start_after_commit(required("job_id", job_id)?)?)
}

#[pg_extern(sql = "
CREATE FUNCTION sgr.job_interrupt(job_id bigint) RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
", requires = ["jobs"])]
fn job_interrupt(job_id: Option<i64>) -> std::result::Result<bool, ErrorReport> {
    Ok(worker::interrupt(required("job_id", job_id)?)?)
}

#[pg_extern(sql = "
CREATE FUNCTION sgr.job_check(statement text) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
", requires = ["jobs"])]
fn job_check(statement: Option<&str>) -> std::result::Result<(), ErrorReport> {
    let statement = required("statement", statement)?;
    worker::check(|| spi::select_once(statement, &[], |_| Ok(())))?;
    Ok(())
}

#[pg_extern(requires = ["jobs"])]
fn sgr_job_wait(
    job_id: Option<i64>,
    timeout: default!(Option<pgrx::datum::Interval>, "NULL"),
) -> std::result::Result<String, ErrorReport> {
    let timeout = timeout.map(|timeout| duration(&timeout)).transpose()?;
    Ok(worker::wait(required("job_id", job_id)?, timeout)?)
}

fn duration(interval: &pgrx::datum::Interval) -> Result<Duration> {
    let microseconds = interval.as_micros();
    match u64::try_from(microseconds) {
        Ok(microseconds) => Ok(Duration::from_micros(microseconds)),
        Err(_) => Err(Error::invalid("timeout must not be negative").hint("NULL waits without a limit")),
    }
}
