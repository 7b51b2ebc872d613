//! What is used up of an application's day: `sgr.soundcloud_usage`.

use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use rustc_hash::FxBuildHasher;
use sgr_engine::soundcloud::{DailyBudget, Endpoints};
use std::hash::BuildHasher;

/// A number for the application at a service: locks and tables show it, and it does not tell the client id.
pub fn app(client_id: &str, endpoints: &Endpoints) -> i64 {
    FxBuildHasher.hash_one((client_id, endpoints.api().as_str())).cast_signed()
}

/// Today's requests so far, or those of the last day on which there were some.
pub fn read(app: i64) -> Result<DailyBudget> {
    let mut budget = DailyBudget::default();
    let sql = "SELECT u.day - date '1970-01-01', u.requests FROM sgr.soundcloud_usage AS u WHERE u.app = $1";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(app)], |row| {
        let requests = row.int(1).and_then(|requests| u32::try_from(requests).ok()).unwrap_or(0);
        budget = DailyBudget::of_day(row.int(0).unwrap_or(0), requests);
        Ok(())
    })?;
    Ok(budget)
}

/// Stores them. Only the process that holds the application's lock does so.
pub fn save(app: i64, budget: &DailyBudget) -> Result<()> {
    let day = i32::try_from(budget.day()).unwrap_or(0);
    let requests = i32::try_from(budget.used()).unwrap_or(i32::MAX);
    let args = [Arg::Big(app), Arg::Int(day), Arg::Int(requests)];
    spi::execute(include_str!("../../sql/queries/soundcloud_usage_save.sql"), &Sources::NONE, &args)?;
    Ok(())
}
