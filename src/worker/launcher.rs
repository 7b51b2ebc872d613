//! With `shared_preload_libraries`: a process per named database that has queued jobs taken up when the server has started,
//! and looks again every so often. Without, `sgr_submit` and `sgr_jobs_recover` do that.

use super::launch::Identity;
use super::process::{reload_settings, take_signals};
use super::queue;
use super::transaction::{Failure, pause, take_own_settings, transaction};
use crate::error::Result;
use crate::settings;
use crate::sources::Sources;
use crate::spi;
use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, BgWorkerStartTime};
use pgrx::prelude::*;
use std::time::Duration;

/// What it is called in `pg_stat_activity.backend_type`.
const TYPE: &str = "sgr_graph launcher";

/// Between two looks, in milliseconds.
const LOOK: i64 = 60_000;

/// How long the postmaster waits before it starts a launcher again that has ended, because its database does not exist say.
const RESTART: Duration = Duration::from_secs(60);

/// Registers a launcher for each database of `sgr_graph.launcher_databases`, if the library is being preloaded. Called from
/// `_PG_init`.
#[allow(unsafe_code, reason = "reads a variable of the postmaster")]
pub fn register() {
    // SAFETY: main thread, a plain variable.
    if !unsafe { pg_sys::process_shared_preload_libraries_in_progress } {
        return;
    }
    for database in settings::launcher_databases() {
        BackgroundWorkerBuilder::new(TYPE)
            .set_type(TYPE)
            .set_library("sgr_graph")
            .set_function("sgr_job_launcher_main")
            .set_extra(&database)
            .set_start_time(BgWorkerStartTime::RecoveryFinished)
            .set_restart_time(Some(RESTART))
            .enable_spi_access()
            .load();
    }
}

/// The entry point that the postmaster calls.
#[pg_guard]
#[unsafe(no_mangle)]
#[allow(unsafe_code, reason = "an entry point is found by its name")]
pub extern "C-unwind" fn sgr_job_launcher_main(_argument: pg_sys::Datum) {
    take_signals();
    let database = BackgroundWorker::get_extra();
    BackgroundWorker::connect_worker_to_spi(Some(database), None);
    take_own_settings();
    loop {
        reload_settings();
        if !settings::launcher_databases().iter().any(|name| name == database) {
            // Ended without a failure it does not come back, and the database can be dropped.
            return;
        }
        // The extension may come, go, or be upgraded meanwhile: what goes wrong is said, and tried again.
        if let Err(Failure { message, sqlstate, .. }) = look() {
            log!("queued jobs could not be taken up: {message} (SQLSTATE {sqlstate})");
        }
        pause(LOOK);
    }
}

/// Queues jobs again whose workers are gone, and starts a worker for each role that has a job to do and may log in.
fn look() -> std::result::Result<(), Failure> {
    let waiting = transaction(|| if queue::is_installed() { waiting() } else { Ok(Vec::new()) })?;
    for role in waiting {
        // Those for which there is no process left are tried again with the next look.
        role.start();
    }
    Ok(())
}

fn waiting() -> Result<Vec<Identity>> {
    spi::select_fresh("SELECT FROM sgr.jobs_requeue()", &Sources::NONE, &[], |_| Ok(()))?;
    queue::waiting()
}
