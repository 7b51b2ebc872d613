//! `sgr_demo_load`, `sgr_track_id`, `sgr_version`.

use crate::demo;
use crate::error::{Error, required};
use crate::lookup;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sgr_engine::demo::DemoConfig;

#[pg_extern(volatile, parallel_unsafe)]
fn sgr_demo_load(
    tracks: default!(Option<i32>, 5000),
    playlists: default!(Option<i32>, 2000),
    users: default!(Option<i32>, 1000),
    seed: default!(Option<i64>, 42),
    scenes: default!(Option<i32>, 0),
    replace: default!(Option<bool>, false),
) -> Result<TableIterator<'static, (name!(table_name, String), name!(rows_loaded, i64))>, ErrorReport> {
    let size = |name: &str, value: Option<i32>| {
        let value = required(name, value)?;
        usize::try_from(value).map_err(|_| Error::invalid(format!("{name} must not be negative, not {value}")))
    };
    let config = DemoConfig {
        tracks: size("tracks", tracks)?,
        playlists: size("playlists", playlists)?,
        users: size("users", users)?,
        scenes: size("scenes", scenes)?,
        seed: required("seed", seed)? as u64,
    };
    let loaded = demo::load(&config, replace.unwrap_or(false))?;
    Ok(TableIterator::new(loaded.into_iter().map(|(table, rows)| (format!("sgr.{table}"), rows))))
}

/// The version of the library that is loaded; `pg_extension.extversion` is that of the SQL objects.
#[pg_extern(immutable, parallel_safe)]
fn sgr_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[pg_extern(stable, parallel_safe)]
fn sgr_track_id(track: Option<&str>) -> Result<i64, ErrorReport> {
    Ok(lookup::track_id(required("track", track)?)?)
}
