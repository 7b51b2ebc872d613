//! `sgr_demo_load`, `sgr_track_id`, `sgr_version`.

use crate::demo;
use crate::error::Error;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sgr_engine::demo::DemoConfig;

#[pg_extern(volatile, parallel_unsafe)]
fn sgr_demo_load(
    tracks: default!(i32, 5000),
    playlists: default!(i32, 2000),
    users: default!(i32, 1000),
    seed: default!(i64, 42),
    scenes: default!(i32, 0),
    replace: default!(bool, false),
) -> Result<TableIterator<'static, (name!(table_name, String), name!(rows_loaded, i64))>, ErrorReport> {
    let size = |name: &str, value: i32| {
        usize::try_from(value).map_err(|_| Error::invalid(format!("{name} must not be negative, not {value}")))
    };
    let config = DemoConfig {
        tracks: size("tracks", tracks)?,
        playlists: size("playlists", playlists)?,
        users: size("users", users)?,
        scenes: size("scenes", scenes)?,
        seed: seed as u64,
    };
    let loaded = demo::load(&config, replace)?;
    Ok(TableIterator::new(loaded.into_iter().map(|(table, rows)| (format!("sgr.{table}"), rows))))
}

/// The version of the library that is loaded; `pg_extension.extversion` is that of the SQL objects.
#[pg_extern(immutable, parallel_safe)]
fn sgr_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
