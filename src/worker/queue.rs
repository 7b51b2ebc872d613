//! The jobs of a role: claiming, running, and writing down how they ended.

use super::launch::Identity;
use super::progress::{self, Status};
use super::staged::{self, Left};
use super::transaction::{Failure, guarded, start_statement_timeout, stop_statement_timeout, transaction};
use super::{lock, transaction as process};
use crate::error::{Error, Result};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// Numbers of a checkpoint's array in one row: 4 MB.
const NUMBERS_PER_ROW: usize = 1 << 20;

/// The SQLSTATE of a cancelled query.
const CANCELLED: &str = "57014";

/// The statement of a task, and the one that has its function store what was computed.
const STATEMENT: &str = include_str!("../../sql/queries/job_statement.sql");
const STATEMENT_AGAIN: &str = include_str!("../../sql/queries/job_statement_again.sql");

/// A claimed job.
pub struct Job {
    pub job_id: i64,
    task: String,
    args: String,
    settings: String,
}

fn role_arg(identity: Identity) -> Arg<'static> {
    Arg::Big(identity.role.to_u32().into())
}

/// Claims the role's next due job, if there is one that nobody else is about to claim.
pub fn claim(identity: Identity) -> std::result::Result<Option<Job>, Failure> {
    transaction(|| {
        let mut claimed = None;
        let args = [role_arg(identity), Arg::Int(lock::JOB)];
        spi::select_fresh(include_str!("../../sql/queries/job_claim.sql"), &Sources::NONE, &args, |row| {
            claimed = Some(Job {
                job_id: row.int(0).unwrap_or(0),
                task: row.text(1).unwrap_or_default().into_owned(),
                args: row.text(2).unwrap_or_default().into_owned(),
                settings: row.text(3).unwrap_or_default().into_owned(),
            });
            Ok(())
        })?;
        Ok(claimed)
    })
}

/// Milliseconds until the role's next job may start; `None` if there is none.
pub fn next_due(identity: Identity) -> Result<Option<f64>> {
    let mut due = None;
    let sql = include_str!("../../sql/queries/job_next_due.sql");
    spi::select_fresh(sql, &Sources::NONE, &[role_arg(identity)], |row| {
        due = Some(row.float(0).unwrap_or(0.0));
        Ok(())
    })?;
    Ok(due)
}

/// Marks jobs whose workers are gone, and forgets those that ended long ago. Returns for whom else a worker is to be started:
/// what was marked may be jobs of other roles.
pub fn tidy(identity: Identity) -> Result<Vec<Identity>> {
    let found = spi::select_fresh("SELECT FROM sgr.jobs_requeue()", &Sources::NONE, &[], |_| Ok(()))?;
    let mut others = if found > 0 { waiting()? } else { Vec::new() };
    others.retain(|other| other.role != identity.role);
    if let Some(days) = settings::job_history() {
        let sql = include_str!("../../sql/queries/job_trim.sql");
        spi::execute(sql, &Sources::NONE, &[role_arg(identity), Arg::Float(days)])?;
    }
    Ok(others)
}

/// The roles with a job that is due, among those whose rights the current one has and that may log in.
pub fn waiting() -> Result<Vec<Identity>> {
    let mut roles = Vec::new();
    spi::select_fresh(include_str!("../../sql/queries/job_roles_waiting.sql"), &Sources::NONE, &[], |row| {
        let oid = |column| row.int(column).and_then(|oid| u32::try_from(oid).ok()).map(pg_sys::Oid::from);
        if let (Some(database), Some(role)) = (oid(0), oid(1)) {
            roles.push(Identity { database, session: role, role });
        }
        Ok(())
    })?;
    Ok(roles)
}

/// Runs a claimed job to its end, whatever that is, and writes it down.
pub fn run(job: &Job, identity: Identity, slots: i32) -> std::result::Result<(), Failure> {
    progress::begin(job.job_id);
    let outcome = guarded(|| {
        // One worker runs one job: the next due job is for another worker, if there may be one.
        let more = process::in_transaction(|| Ok(next_due(identity)? == Some(0.0) && lock::has_free_slot(slots)?))?;
        if more {
            identity.start();
        }
        job.run()
    });
    stop_statement_timeout();
    staged::forget();
    let status = progress::end();
    if let Err(failure) = outcome {
        persist(|| job.fail(&failure, &status))?;
    }
    persist(|| {
        lock::release_app();
        lock::release_job(job.job_id)
    })
}

/// Like [`transaction`], but a cancel that comes too late is for a job that has ended already, not for the worker.
fn persist(work: impl Fn() -> Result<()>) -> std::result::Result<(), Failure> {
    loop {
        match transaction(&work) {
            Err(late) if late.sqlstate == CANCELLED => {}
            result => return result,
        }
    }
}

impl Job {
    /// What the task changes and that it has succeeded are committed together; of a task of several steps that is the last one.
    fn run(&self) -> Result<()> {
        let steps = process::in_transaction(|| self.steps())?;
        if !steps.is_empty() {
            return self.run_steps(&steps);
        }
        let mut left = None;
        process::in_transaction(|| {
            self.apply_settings()?;
            start_statement_timeout();
            let statement = self.statement(STATEMENT, &self.args)?;
            progress::phase("running");
            let result = if self.takes_stages()? {
                let (result, stages) = staged::collect(|| call(&statement))?;
                left = stages;
                result
            } else {
                call(&statement)?
            };
            if left.is_none() { self.succeed(&result) } else { Ok(()) }
        })?;
        match left {
            None => Ok(()),
            Some(Left::Task(mut stages)) => {
                stages.compute(self)?;
                self.store(|| Ok(stages.store()?.to_string()))
            }
            Some(Left::Function(mut stages)) => {
                stages.compute(self)?;
                self.store(|| {
                    let statement = self.statement(STATEMENT_AGAIN, &self.args)?;
                    stages.store(|| call(&statement))
                })
            }
        }
    }

    /// The arguments of each step of a task that is run in steps.
    fn steps(&self) -> Result<Vec<String>> {
        let mut steps = Vec::new();
        let args = [Arg::Text(&self.task), Arg::Text(&self.args)];
        spi::select_fresh(include_str!("../../sql/queries/job_steps.sql"), &Sources::NONE, &args, |row| {
            steps.extend(row.text(0).map(Cow::into_owned));
            Ok(())
        })?;
        Ok(steps)
    }

    /// Each in a transaction of its own. An attempt after a crash does all of them again: those that were done find nothing to do.
    fn run_steps(&self, steps: &[String]) -> Result<()> {
        let mut results = Vec::new();
        for (at, args) in steps.iter().enumerate() {
            self.step(|| {
                start_statement_timeout();
                progress::phase("running");
                let rows = serde_json::from_str(&call(&self.statement(STATEMENT, args)?)?).unwrap_or_default();
                if let Value::Array(rows) = rows {
                    results.extend(rows);
                }
                if at + 1 == steps.len() {
                    self.succeed(&Value::Array(std::mem::take(&mut results)).to_string())?;
                }
                Ok(())
            })?;
            stop_statement_timeout();
        }
        Ok(())
    }

    fn store(&self, store: impl FnOnce() -> Result<String>) -> Result<()> {
        process::in_transaction(|| {
            self.apply_settings()?;
            progress::phase("storing");
            let result = store()?;
            self.succeed(&result)
        })
    }

    /// Runs `work` in a transaction of its own, with the job's settings. For stages, which have none.
    pub fn step<R>(&self, work: impl FnOnce() -> Result<R>) -> Result<R> {
        process::in_transaction(|| {
            self.apply_settings()?;
            work()
        })
    }

    /// What an earlier attempt left to go on from; inside [`Job::step`].
    pub fn checkpoint(&self) -> Result<Option<String>> {
        let mut checkpoint = None;
        let sql = "SELECT checkpoint FROM sgr.jobs WHERE job_id = $1";
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(self.job_id)], |row| {
            checkpoint = row.text(0).map(Cow::into_owned);
            Ok(())
        })?;
        Ok(checkpoint)
    }

    /// The arrays of the checkpoint whose names begin with `prefix`, by the rest of their names; inside [`Job::step`].
    pub fn numbers(&self, prefix: &str) -> Result<HashMap<String, Vec<f32>>> {
        let mut arrays: HashMap<String, Vec<f32>> = HashMap::new();
        let sql = include_str!("../../sql/queries/job_numbers.sql");
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(self.job_id), Arg::Text(prefix)], |row| {
            pgrx::check_for_interrupts!();
            let name = row.text(0).map(Cow::into_owned).unwrap_or_default();
            arrays.entry(name).or_default().extend_from_slice(row.floats(1).unwrap_or_default());
            Ok(())
        })?;
        Ok(arrays)
    }

    /// Leaves arrays with the checkpoint, `prefix` before their names, in place of those whose names begin with it; inside
    /// [`Job::step`].
    pub fn save_numbers(&self, prefix: &str, arrays: &[(&str, &[f32])]) -> Result<()> {
        let args = [Arg::Big(self.job_id), Arg::Text(prefix)];
        spi::execute(include_str!("../../sql/queries/job_numbers_delete.sql"), &Sources::NONE, &args)?;
        for (name, numbers) in arrays {
            let name = format!("{prefix}{name}");
            for (at, chunk) in numbers.chunks(NUMBERS_PER_ROW).enumerate() {
                pgrx::check_for_interrupts!();
                let start = (at * NUMBERS_PER_ROW) as i64;
                let args = [Arg::Big(self.job_id), Arg::Text(&name), Arg::Big(start), Arg::Reals(chunk)];
                spi::execute(include_str!("../../sql/queries/job_numbers_insert.sql"), &Sources::NONE, &args)?;
            }
        }
        Ok(())
    }

    /// Leaves something to go on from, for the next attempt; inside [`Job::step`]. Errors: 55000 if the job is no longer this
    /// worker's.
    pub fn save(&self, checkpoint: &str) -> Result<()> {
        let args = [Arg::Big(self.job_id), Arg::Text(checkpoint)];
        let changed = spi::execute(include_str!("../../sql/queries/job_save.sql"), &Sources::NONE, &args)?;
        if changed == 1 { Ok(()) } else { Err(self.lost()) }
    }

    /// Those of the submitting session, until the transaction ends.
    fn apply_settings(&self) -> Result<()> {
        let sql = include_str!("../../sql/queries/job_settings.sql");
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(&self.settings)], |_| Ok(()))?;
        Ok(())
    }

    /// The statement that calls the task's function.
    fn statement(&self, sql: &'static str, args: &str) -> Result<String> {
        let mut statement = String::new();
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(&self.task), Arg::Text(args)], |row| {
            statement = row.text(0).unwrap_or_default().into_owned();
            Ok(())
        })?;
        Ok(statement)
    }

    /// Whether the task's function is one of ours. Another one that calls ours needs their rows at once.
    fn takes_stages(&self) -> Result<bool> {
        let sql = include_str!("../../sql/queries/job_takes_stages.sql");
        Ok(spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(&self.task)], |_| Ok(()))? > 0)
    }

    fn succeed(&self, result: &str) -> Result<()> {
        let status = progress::last();
        let texts = [Some(result.to_owned()), Some(status.phase), Some(status.message).filter(|text| !text.is_empty())];
        let done = [status.rows_done, status.rows_total].map(|rows| Arg::MaybeBig(rows.map(|rows| rows as i64)));
        let [rows_done, rows_total] = done;
        let args = [Arg::Big(self.job_id), Arg::Texts(&texts), rows_done, rows_total];
        let changed = spi::execute(include_str!("../../sql/queries/job_succeed.sql"), &Sources::NONE, &args)?;
        if changed == 1 { Ok(()) } else { Err(self.lost()) }
    }

    fn fail(&self, failure: &Failure, status: &Status) -> Result<()> {
        let texts = [
            Some(failure.sqlstate.clone()),
            Some(failure.message.clone()),
            failure.detail.clone(),
            failure.hint.clone(),
            Some(status.phase.clone()),
            Some(status.message.clone()).filter(|text| !text.is_empty()),
        ];
        let [rows_done, rows_total] =
            [status.rows_done, status.rows_total].map(|rows| Arg::MaybeBig(rows.map(|rows| rows as i64)));
        let fraction = Arg::Float(status.fraction.unwrap_or(-1.0));
        let args = [Arg::Big(self.job_id), Arg::Texts(&texts), fraction, rows_done, rows_total];
        spi::execute(include_str!("../../sql/queries/job_fail.sql"), &Sources::NONE, &args)?;
        Ok(())
    }

    fn lost(&self) -> Error {
        Error::not_ready(format!("job {} was taken from its worker", self.job_id))
            .detail("its row in sgr.jobs says that it does not run, or that another process runs it")
    }
}

/// The rows that a function returned, as JSON.
fn call(statement: &str) -> Result<String> {
    let mut result = Value::Null.to_string();
    spi::select_once(statement, &[], |row| {
        result = row.text(0).unwrap_or_default().into_owned();
        Ok(())
    })?;
    Ok(result)
}

/// Whether the extension is there.
#[allow(unsafe_code, reason = "catalogue look-ups have no safe wrapper")]
pub fn is_installed() -> bool {
    // SAFETY: main thread, inside a transaction, a NUL-terminated constant.
    unsafe { pg_sys::get_extension_oid(c"sgr_graph".as_ptr(), true) != pg_sys::InvalidOid }
}
