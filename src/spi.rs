//! Reading and writing tables: SQL goes in, rows come to a closure one by one.
//!
//! Results pass through a `DestReceiver` instead of an SPI tuple table: nothing is copied or kept, so a scan of two
//! bigint columns runs at the executor's own speed, and it stays any SQL with all of its permission checks. Plans are
//! prepared once per backend. Reads assign no transaction id, so they work on a standby and in parallel workers.

mod arg;
mod row;

pub use arg::{Arg, array_datum};
pub use row::Row;

use crate::error::{Error, Result};
use crate::sources::Sources;
use pgrx::pg_sys;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;

/// Plans kept per backend. More only appear when `sgr_source_set` is called again and again in one session.
const MAX_PLANS: usize = 256;

/// A statement's text and the version of the source map that it was expanded with.
type PlanKey = (usize, usize, u64);

thread_local! {
    static PLANS: RefCell<HashMap<PlanKey, pg_sys::SPIPlanPtr>> = RefCell::new(HashMap::new());
}

/// Reads rows with the snapshot of the calling query.
pub fn select(sql: &'static str, sources: &Sources, args: &[Arg], each: impl FnMut(&Row) -> Result<()>) -> Result<u64> {
    run(sql, sources, args, true, each)
}

/// Reads rows with a new snapshot: it sees what this transaction wrote and others committed meanwhile.
pub fn select_fresh(
    sql: &'static str,
    sources: &Sources,
    args: &[Arg],
    each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    run(sql, sources, args, false, each)
}

/// [`select_fresh`] or [`select`].
pub fn select_as(
    fresh: bool,
    sql: &'static str,
    sources: &Sources,
    args: &[Arg],
    each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    run(sql, sources, args, !fresh, each)
}

/// [`select`] for a statement that names relations of the user's own: its plan is not kept.
pub fn select_once(sql: &str, args: &[Arg], each: impl FnMut(&Row) -> Result<()>) -> Result<u64> {
    run_plan(|| prepare(sql, args), args, true, each)
}

/// [`select_as`] with a plan for these arguments, which is not kept: it knows how long an array is, and hashes it.
pub fn select_once_as(fresh: bool, sql: &str, args: &[Arg], each: impl FnMut(&Row) -> Result<()>) -> Result<u64> {
    run_plan(|| prepare_as(sql, args, pg_sys::CURSOR_OPT_CUSTOM_PLAN), args, !fresh, each)
}

/// [`execute`] for a statement that is made on the spot and has no parameters: its plan is not kept.
pub fn execute_once(sql: &str) -> Result<u64> {
    run_plan(|| prepare(sql, &[]), &[], false, |_| Ok(()))
}

/// Writes, and returns the number of rows touched.
pub fn execute(sql: &'static str, sources: &Sources, args: &[Arg]) -> Result<u64> {
    run(sql, sources, args, false, |_| Ok(()))
}

/// Runs `work`; what it plans over whole tables (`whole`) does without nested loops and without compilation. The planner
/// cannot know how many rows the parts of a long statement return to each other: where it guesses few, a nested loop over
/// many takes hours; where it guesses many, compiling takes longer than the statement.
pub fn planned<R>(whole: bool, work: impl FnOnce() -> Result<R>) -> Result<R> {
    if !whole {
        return work();
    }
    let mut before = String::new();
    select_fresh(include_str!("../sql/queries/planner_settings.sql"), &Sources::NONE, &[], |row| {
        before = row.text(0).unwrap_or_default().into_owned();
        Ok(())
    })?;
    let set = |settings: &str| {
        let sql = include_str!("../sql/queries/planner_set.sql");
        select_fresh(sql, &Sources::NONE, &[Arg::Text(settings)], |_| Ok(()))
    };
    // After an error the setting goes with the transaction.
    set(r#"{"enable_nestloop": "off", "jit": "off"}"#)?;
    let result = work()?;
    set(&before)?;
    Ok(result)
}

#[repr(C)]
struct Receiver<'a> {
    /// First, because Postgres hands a pointer to it back.
    callbacks: pg_sys::DestReceiver,
    types: Vec<pg_sys::Oid>,
    each: &'a mut dyn FnMut(&Row) -> Result<()>,
    failure: Option<Error>,
}

fn run(
    sql: &'static str,
    sources: &Sources,
    args: &[Arg],
    read_only: bool,
    each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    run_plan(|| kept_plan(sql, sources, args), args, read_only, each)
}

#[allow(unsafe_code, reason = "SPI with a DestReceiver has no safe wrapper in pgrx")]
fn run_plan(
    plan: impl FnOnce() -> Result<pg_sys::SPIPlanPtr>,
    args: &[Arg],
    read_only: bool,
    mut each: impl FnMut(&Row) -> Result<()>,
) -> Result<u64> {
    // SAFETY: all of it runs on the backend's main thread inside a transaction. The receiver, the parameters and the
    // options outlive the call that uses them. An ERROR unwinds through here; Postgres then cleans SPI up by itself.
    unsafe {
        if pg_sys::SPI_connect() != pg_sys::SPI_OK_CONNECT as i32 {
            return Err(internal("SPI_connect failed"));
        }
        let plan = plan()?;
        let params = pg_sys::makeParamList(i32::try_from(args.len()).unwrap_or(i32::MAX));
        let slots = (*params).params.as_mut_slice(args.len());
        for (slot, arg) in slots.iter_mut().zip(args) {
            let datum = arg.datum();
            slot.value = datum.unwrap_or(pg_sys::Datum::from(0));
            slot.isnull = datum.is_none();
            slot.pflags = pg_sys::PARAM_FLAG_CONST as u16;
            slot.ptype = arg.type_oid();
        }
        let mut receiver = Receiver {
            callbacks: pg_sys::DestReceiver {
                receiveSlot: Some(receive),
                rStartup: Some(startup),
                rShutdown: Some(nothing),
                rDestroy: Some(nothing),
                mydest: pg_sys::CommandDest::DestTuplestore,
            },
            types: Vec::new(),
            each: &mut each,
            failure: None,
        };
        let options =
            pg_sys::SPIExecuteOptions { params, read_only, dest: (&raw mut receiver).cast(), ..Default::default() };
        let status = pg_sys::SPI_execute_plan_extended(plan, &options);
        if status < 0 {
            return Err(internal("a query could not be run"));
        }
        let processed = pg_sys::SPI_processed;
        pg_sys::SPI_finish();
        match receiver.failure {
            Some(failure) => Err(failure),
            None => Ok(processed),
        }
    }
}

fn internal(message: &str) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message)
}

#[allow(unsafe_code, reason = "plans are raw pointers")]
fn kept_plan(sql: &'static str, sources: &Sources, args: &[Arg]) -> Result<pg_sys::SPIPlanPtr> {
    let key = (sql.as_ptr() as usize, sql.len(), sources.fingerprint());
    if let Some(plan) = PLANS.with_borrow(|plans| plans.get(&key).copied()) {
        return Ok(plan);
    }
    let plan = prepare(&sources.expand(sql), args)?;
    // SAFETY: the plan was prepared just now in this SPI session; kept plans live until they are freed below.
    unsafe {
        if pg_sys::SPI_keepplan(plan) != 0 {
            return Err(internal("a plan could not be kept"));
        }
    }
    PLANS.with_borrow_mut(|plans| {
        if plans.len() >= MAX_PLANS {
            for (_, old) in plans.drain() {
                // SAFETY: kept plans are owned by this map alone, and no query of ours is running here.
                unsafe {
                    pg_sys::SPI_freeplan(old);
                }
            }
        }
        plans.insert(key, plan);
    });
    Ok(plan)
}

/// Always the generic plan: left to itself, Postgres plans `= ANY ($1)` anew on each call, because a one-element array
/// looks cheaper than the ten that a generic plan assumes, and the planning costs more than the query.
fn prepare(sql: &str, args: &[Arg]) -> Result<pg_sys::SPIPlanPtr> {
    prepare_as(sql, args, pg_sys::CURSOR_OPT_GENERIC_PLAN)
}

#[allow(unsafe_code, reason = "SPI_prepare with parameter types")]
fn prepare_as(sql: &str, args: &[Arg], options: u32) -> Result<pg_sys::SPIPlanPtr> {
    let text = CString::new(sql).map_err(|_| internal("a query holds a NUL byte"))?;
    let mut types: Vec<pg_sys::Oid> = args.iter().map(Arg::type_oid).collect();
    // SAFETY: `text` and `types` outlive the call, which copies both.
    let plan = unsafe {
        pg_sys::SPI_prepare_cursor(
            text.as_ptr(),
            i32::try_from(types.len()).unwrap_or(i32::MAX),
            types.as_mut_ptr(),
            options as i32,
        )
    };
    if plan.is_null() { Err(internal("a query could not be prepared")) } else { Ok(plan) }
}

#[pg_guard]
#[allow(unsafe_code, reason = "called by the executor")]
unsafe extern "C-unwind" fn startup(dest: *mut pg_sys::DestReceiver, _operation: i32, desc: pg_sys::TupleDesc) {
    // SAFETY: `dest` is the `Receiver` that `run` made: its first field is the struct that the executor knows.
    unsafe {
        let receiver = dest.cast::<Receiver>();
        (*receiver).types = (1..=(*desc).natts).map(|column| pg_sys::SPI_gettypeid(desc, column)).collect();
    }
}

#[pg_guard]
#[allow(unsafe_code, reason = "called by the executor")]
unsafe extern "C-unwind" fn receive(slot: *mut pg_sys::TupleTableSlot, dest: *mut pg_sys::DestReceiver) -> bool {
    // SAFETY: `dest` as in `startup`; `slot` holds a row of the descriptor seen there.
    unsafe {
        let receiver = &mut *dest.cast::<Receiver>();
        let row = Row::of(slot, &receiver.types);
        match (receiver.each)(&row) {
            Ok(()) => true,
            Err(error) => {
                receiver.failure = Some(error);
                false
            }
        }
    }
}

#[pg_guard]
#[allow(unsafe_code, reason = "called by the executor")]
unsafe extern "C-unwind" fn nothing(_dest: *mut pg_sys::DestReceiver) {}
