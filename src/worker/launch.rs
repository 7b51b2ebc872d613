//! Starting workers.

use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::bgworkers::BackgroundWorkerBuilder;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use pgrx::{PgXactCallbackEvent, register_xact_callback};
use std::cell::RefCell;

/// What workers are called in `pg_stat_activity.backend_type`; the view `sgr.job_status` looks for it.
const TYPE: &str = "sgr_graph job";

/// Whose jobs a worker runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub database: pg_sys::Oid,
    /// Whom the worker connects as: the next one, or, if that may not log in, the role that had logged in.
    pub session: pg_sys::Oid,
    /// Who submitted.
    pub role: pg_sys::Oid,
}

/// What the open transaction has submitted.
struct Submitted {
    jobs: Vec<i64>,
    /// Each once.
    workers: Vec<Identity>,
}

thread_local! {
    static SUBMITTED: RefCell<Submitted> = const { RefCell::new(Submitted { jobs: Vec::new(), workers: Vec::new() }) };
}

impl Identity {
    /// Of a job that the current role sees. Errors: 42704.
    #[allow(unsafe_code, reason = "reads backend variables")]
    pub fn of(job_id: i64) -> Result<Self> {
        // SAFETY: main thread, inside a transaction.
        let (database, caller) = unsafe { (pg_sys::MyDatabaseId, pg_sys::GetSessionUserId()) };
        let mut identity = None;
        let sql = include_str!("../../sql/queries/job_role.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Big(job_id)], |row| {
            if let Some(role) = row.int(0).and_then(|oid| u32::try_from(oid).ok()).map(pg_sys::Oid::from) {
                let may_log_in = row.bool(1) == Some(true);
                identity = Some(Self { database, session: if may_log_in { role } else { caller }, role });
            }
            Ok(())
        })?;
        identity.ok_or_else(|| Error::unknown(format!("job {job_id} does not exist, or its role does not")))
    }

    /// As the worker's process gets it.
    fn encoded(self) -> String {
        format!("{} {} {}", self.database.to_u32(), self.session.to_u32(), self.role.to_u32())
    }

    /// From [`Identity::encoded`].
    pub fn decoded(text: &str) -> Option<Self> {
        let mut oids = text.split(' ').map(|number| number.parse::<u32>().map(pg_sys::Oid::from));
        Some(Self { database: oids.next()?.ok()?, session: oids.next()?.ok()?, role: oids.next()?.ok()? })
    }

    /// Starts a worker. `false`: `max_worker_processes` are in use.
    pub fn start(self) -> bool {
        BackgroundWorkerBuilder::new(TYPE)
            .set_type(TYPE)
            .set_library("sgr_graph")
            .set_function("sgr_job_worker_main")
            .set_extra(&self.encoded())
            .enable_spi_access()
            .load_dynamic()
            .is_ok()
    }
}

/// Whether the open transaction submitted this job itself.
pub fn is_submitted_here(job_id: i64) -> bool {
    SUBMITTED.with_borrow(|submitted| submitted.jobs.contains(&job_id))
}

/// Has a worker started for the role of a job once this transaction has committed; before that it would not see the job.
/// If the transaction is rolled back nothing happens. Errors: 42704.
pub fn start_after_commit(job_id: i64) -> Result<()> {
    let identity = Identity::of(job_id)?;
    let is_first = SUBMITTED.with_borrow_mut(|submitted| {
        submitted.jobs.push(job_id);
        if !submitted.workers.contains(&identity) {
            submitted.workers.push(identity);
        }
        submitted.jobs.len() == 1
    });
    if is_first {
        register_xact_callback(PgXactCallbackEvent::Abort, || drop(take_submitted()));
        register_xact_callback(PgXactCallbackEvent::PrePrepare, || {
            ErrorReport::from(
                Error::new(
                    PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                    "cannot PREPARE a transaction that has submitted a job",
                )
                .hint("submit it in a transaction of its own"),
            )
            .report(PgLogLevel::ERROR);
        });
        register_xact_callback(PgXactCallbackEvent::Commit, || {
            // None of them is left out because there was no process for another.
            let without_process = take_submitted().into_iter().filter(|identity| !identity.start()).count();
            if without_process > 0 {
                no_slot();
            }
        });
    }
    Ok(())
}

fn take_submitted() -> Vec<Identity> {
    SUBMITTED.with_borrow_mut(|submitted| {
        submitted.jobs.clear();
        std::mem::take(&mut submitted.workers)
    })
}

/// The transaction has committed: a notice, not an error.
fn no_slot() {
    ErrorReport::new(PgSqlErrorCode::ERRCODE_CONFIGURATION_LIMIT_EXCEEDED, "no worker could be started: the job stays queued", "sgr_graph")
        .set_detail("all of max_worker_processes are in use")
        .set_hint("sgr_jobs_recover() starts one when a process has ended, the next sgr_submit() of this role, too; else raise max_worker_processes")
        .report(PgLogLevel::NOTICE);
}
