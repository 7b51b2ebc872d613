//! What a crawl knows, a row per thing: `sgr.crawl_things`.

use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::soundcloud::{Known, Thing};

/// What is unknown, in arrays that have no NULL; no playlist has so many entries.
const UNKNOWN: i64 = -1;

/// Stores rows over those of the same things.
pub fn save(job_id: i64, known: &[Known]) -> Result<()> {
    if known.is_empty() {
        return Ok(());
    }
    let column = |value: fn(&Known) -> i64| known.iter().map(value).collect::<Vec<i64>>();
    let kinds: Vec<Option<String>> = known.iter().map(|known| Some(known.thing.kind().to_owned())).collect();
    let ids = column(|known| known.thing.id());
    let levels = column(|known| known.level.into());
    let mentions = column(|known| known.mentions.into());
    let orders = column(|known| known.order.into());
    let flags: Vec<i32> = known.iter().map(|known| known.flags.into()).collect();
    let track_counts = column(|known| known.track_count.map_or(UNKNOWN, i64::from));
    let args = [
        Arg::Big(job_id),
        Arg::Texts(&kinds),
        Arg::Bigs(&ids),
        Arg::Bigs(&levels),
        Arg::Bigs(&mentions),
        Arg::Bigs(&orders),
        Arg::Ints(&flags),
        Arg::Bigs(&track_counts),
    ];
    spi::execute(include_str!("../../sql/queries/crawl_things_put.sql"), &Sources::NONE, &args)?;
    Ok(())
}

/// The rows of a job.
pub fn read(job_id: i64) -> Result<Vec<Known>> {
    let mut known = Vec::new();
    let sql = include_str!("../../sql/queries/crawl_things.sql");
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(job_id)], |row| {
        pgrx::check_for_interrupts!();
        let number = |column| row.int(column).and_then(|number| u32::try_from(number).ok());
        if let Some(thing) = Thing::of_kind(&row.text(0).unwrap_or_default(), row.int(1).unwrap_or(0)) {
            known.push(Known {
                thing,
                level: number(2).unwrap_or(u32::MAX),
                mentions: number(3).unwrap_or(0),
                order: number(4).unwrap_or(u32::MAX),
                flags: number(5).and_then(|flags| u16::try_from(flags).ok()).unwrap_or(0),
                track_count: number(6),
            });
        }
        Ok(())
    })?;
    Ok(known)
}

/// Removes the rows of a job, which begins anew.
pub fn forget(job_id: i64) -> Result<()> {
    spi::execute("DELETE FROM sgr.crawl_things WHERE job_id = $1", &Sources::NONE, &[Arg::Big(job_id)])?;
    Ok(())
}
