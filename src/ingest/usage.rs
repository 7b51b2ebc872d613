//! What is used up of an application's day, and until when it must not ask: `sgr.soundcloud_usage`.

use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use rustc_hash::FxBuildHasher;
use sgr_engine::soundcloud::{Client, DailyBudget, Endpoints, Micros};
use std::hash::BuildHasher;

/// A number for the application at a service: locks and tables show it, and it does not tell the client id.
pub fn app(client_id: &str, endpoints: &Endpoints) -> i64 {
    FxBuildHasher.hash_one((client_id, endpoints.api().as_str())).cast_signed()
}

/// Tells a new client what earlier ones left: requests so far of today or of the last day on which there were some, and
/// until when nothing may be sent.
pub fn restore(app: i64, client: &mut Client, now: Micros) -> Result<()> {
    let mut budget = DailyBudget::default();
    let mut hold = None;
    let sql = include_str!("../../sql/queries/soundcloud_usage.sql");
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(app)], |row| {
        hold = row.int(2);
        let requests = row.int(1).and_then(|requests| u32::try_from(requests).ok()).unwrap_or(0);
        budget = DailyBudget::of_day(row.int(0).unwrap_or(0), requests);
        Ok(())
    })?;
    client.set_budget(budget);
    if let Some(until) = hold.filter(|until| *until > now) {
        client.set_hold(until, now);
    }
    Ok(())
}

/// Stores until when nothing may be sent, where something was sent before.
pub fn hold(app: i64, until: Micros) -> Result<()> {
    let args = [Arg::Big(app), Arg::Big(until)];
    spi::execute(include_str!("../../sql/queries/soundcloud_usage_hold.sql"), &Sources::NONE, &args)?;
    Ok(())
}

/// Stores the requests. Only the process that holds the application's lock does so.
pub fn save(app: i64, budget: &DailyBudget) -> Result<()> {
    let day = i32::try_from(budget.day()).unwrap_or(0);
    let requests = i32::try_from(budget.used()).unwrap_or(i32::MAX);
    let args = [Arg::Big(app), Arg::Int(day), Arg::Int(requests)];
    spi::execute(include_str!("../../sql/queries/soundcloud_usage_save.sql"), &Sources::NONE, &args)?;
    Ok(())
}
