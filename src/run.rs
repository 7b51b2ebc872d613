//! `sgr.runs`, and what each stage of the graph has seen: `sgr.stage_state`.

use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use std::time::Instant;

/// Key of the advisory lock that lets one session at a time work on the graph: "sgrgraph" and a number.
const GRAPH_LOCK: i64 = 0x7367_7267_7261_0002;

/// Time since, to the microsecond.
pub fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1e3
}

/// Writes a row of `sgr.runs` and returns its id.
pub fn note(task: &str, parameters: &serde_json::Value, result: &serde_json::Value, elapsed_ms: f64) -> Result<i64> {
    let mut run_id = 0;
    spi::select_fresh(
        include_str!("../sql/queries/run_insert.sql"),
        &Sources::NONE,
        &[
            Arg::Text(task),
            Arg::Text(&parameters.to_string()),
            Arg::Text(&result.to_string()),
            Arg::Float(elapsed_ms),
            Arg::Text(env!("CARGO_PKG_VERSION")),
        ],
        |row| {
            run_id = row.int(0).unwrap_or(0);
            Ok(())
        },
    )?;
    Ok(run_id)
}

/// Completes a run that was noted at its beginning, because what it writes names it.
pub fn complete(run_id: i64, result: &serde_json::Value, elapsed_ms: f64) -> Result<()> {
    spi::execute(
        include_str!("../sql/queries/run_complete.sql"),
        &Sources::NONE,
        &[Arg::Big(run_id), Arg::Text(&result.to_string()), Arg::Float(elapsed_ms)],
    )?;
    Ok(())
}

/// Which transactions' changes a statement sees that starts now.
pub fn snapshot() -> Result<String> {
    let mut text = String::new();
    spi::select_fresh("SELECT pg_catalog.pg_current_snapshot()::text", &Sources::NONE, &[], |row| {
        text = row.text(0).unwrap_or_default().into_owned();
        Ok(())
    })?;
    Ok(text)
}

/// Makes the second of two sessions that take `key` wait for the first to commit, and says so.
pub fn lock(key: i64, busy: &str) -> Result<()> {
    let key = [Arg::Big(key)];
    let mut got = false;
    spi::select_fresh("SELECT pg_catalog.pg_try_advisory_xact_lock($1)", &Sources::NONE, &key, |row| {
        got = row.bool(0) == Some(true);
        Ok(())
    })?;
    if !got {
        notice!("{busy}: waiting for it");
        spi::execute("SELECT pg_catalog.pg_advisory_xact_lock($1)", &Sources::NONE, &key)?;
    }
    Ok(())
}

/// [`lock`] for the stages of the graph.
pub fn lock_graph() -> Result<()> {
    lock(GRAPH_LOCK, "another session works on the graph")
}

/// Key of the advisory lock that `sgr_forget` (forget.sql) has for itself.
const FORGET_LOCK: i64 = 0x7367_7267_7261_0009;

/// Waits until nobody is being forgotten, and makes who is to be wait for this transaction's end. Before what was learned is
/// checked against the catalogue and stored: `sgr_forget` looks for it among what is committed.
pub fn hold_off_forgetting() -> Result<()> {
    let key = [Arg::Big(FORGET_LOCK)];
    spi::execute("SELECT pg_catalog.pg_advisory_xact_lock_shared($1)", &Sources::NONE, &key)?;
    Ok(())
}

/// What a stage did last.
pub struct StageState {
    /// Its parameters; other ones mean that everything is to be done again.
    pub parameters: serde_json::Value,
}

/// The last run of a stage, if there was one.
pub fn stage_state(stage: &str) -> Result<Option<StageState>> {
    let mut state = None;
    spi::select_fresh(
        "SELECT parameters::text FROM sgr.stage_state WHERE stage = $1",
        &Sources::NONE,
        &[Arg::Text(stage)],
        |row| {
            let parameters = row.text(0).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            state = Some(StageState { parameters });
            Ok(())
        },
    )?;
    Ok(state)
}

/// What a stage sees that starts now.
pub struct Seen {
    /// Transactions.
    snapshot: String,
    /// The last document or noted change that is there, for those of this transaction.
    up_to: i64,
}

/// Taken before a stage reads anything. `last` selects the last document or noted change.
pub fn seen(last: &'static str) -> Result<Seen> {
    let mut seen = Seen { snapshot: snapshot()?, up_to: 0 };
    spi::select_fresh(last, &Sources::NONE, &[], |row| {
        seen.up_to = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(seen)
}

impl Seen {
    /// Takes what this transaction noted itself since then as seen.
    pub fn with_own(self, last: &'static str) -> Result<Self> {
        Ok(Self { up_to: seen(last)?.up_to, ..self })
    }
}

/// The last noted change, for [`seen`].
pub const LAST_CHANGE: &str = "SELECT pg_catalog.max(change_id) FROM sgr.graph_changes";

/// Notes that a stage has worked on all that `seen` shows.
pub fn save_stage(stage: &str, run_id: i64, seen: &Seen, parameters: &serde_json::Value) -> Result<()> {
    spi::execute(
        include_str!("../sql/queries/stage_save.sql"),
        &Sources::NONE,
        &[
            Arg::Text(stage),
            Arg::Big(run_id),
            Arg::Text(&seen.snapshot),
            Arg::Big(seen.up_to),
            Arg::Text(&parameters.to_string()),
        ],
    )?;
    spi::execute(include_str!("../sql/queries/graph_changes_forget.sql"), &Sources::NONE, &[])?;
    Ok(())
}
