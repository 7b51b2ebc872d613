//! `sgr_unveil`, `sgr_profile`.

use crate::error::{Error, required};
use crate::unveil;
use pgrx::JsonB;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(stable, parallel_safe)]
fn sgr_unveil(track: Option<i64>) -> Result<String, ErrorReport> {
    Ok(unveil::report(required("track", track)?)?.to_text())
}

#[pg_extern(stable, parallel_safe)]
fn sgr_profile(track: Option<i64>) -> Result<JsonB, ErrorReport> {
    let report = unveil::report(required("track", track)?)?;
    let value = serde_json::to_value(report)
        .map_err(|error| Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, error.to_string()))?;
    Ok(JsonB(value))
}
