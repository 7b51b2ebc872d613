//! Tables to engine structures.

use crate::error::{REFRESH_LESS, Result, memory_limit};
use crate::kind::Kind;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::datum::TimestampWithTimeZone;
use sgr_engine::cooccurrence::{Baskets, CooccurrenceConfig};
use std::sync::atomic::AtomicBool;

/// (basket, item) entries as the engine takes them: two parallel columns.
#[derive(Default)]
pub struct Entries {
    pub basket_ids: Vec<i64>,
    pub item_ids: Vec<i64>,
}

impl Entries {
    /// Bytes of both columns as allocated.
    pub fn memory_bytes(&self) -> usize {
        (self.basket_ids.capacity() + self.item_ids.capacity()) * size_of::<i64>()
    }

    /// The engine's form of the entries, which are freed; given up soon after `cancelled` is raised.
    pub fn into_baskets(
        self,
        owners: &[(i64, i64)],
        config: &CooccurrenceConfig,
        pool: &rayon::ThreadPool,
        cancelled: &AtomicBool,
    ) -> Result<Baskets> {
        Ok(Baskets::from_entries_unless(cancelled, &self.basket_ids, &self.item_ids, owners, config, pool)?)
    }

    fn push(&mut self, basket_id: i64, item_id: i64, limit: usize) -> Result<()> {
        // A Vec doubles when it grows: old and new columns exist side by side for a moment.
        if self.basket_ids.len() == self.basket_ids.capacity() {
            let needed = self.memory_bytes().saturating_mul(3).max(1 << 16);
            if needed > limit {
                return Err(memory_limit(needed, limit, "the entries of the baskets", REFRESH_LESS));
            }
            let more = self.basket_ids.len().max(4096);
            self.basket_ids.reserve_exact(more);
            self.item_ids.reserve_exact(more);
        }
        self.basket_ids.push(basket_id);
        self.item_ids.push(item_id);
        Ok(())
    }
}

/// Which entries to read.
pub enum Part<'a> {
    /// All of them.
    All,
    /// Those added at or after a time; entries without a time are left out.
    Since(TimestampWithTimeZone),
    /// Those of some baskets.
    OfBaskets(&'a [i64]),
    /// Those of some baskets that were added at or after a time, written as text; "" for any time. Tracks only.
    OfBasketsSince(&'a [i64], &'a str),
}

/// Reads the entries of one kind. Rows with a NULL id are passed over.
///
/// Errors: 53000 over `limit` bytes.
pub fn entries(kind: Kind, sources: &Sources, part: Part, limit: usize) -> Result<Entries> {
    entries_as(true, kind, sources, part, limit)
}

/// [`entries`] with the snapshot of the calling query.
pub fn entries_seen(kind: Kind, sources: &Sources, part: Part, limit: usize) -> Result<Entries> {
    entries_as(false, kind, sources, part, limit)
}

fn entries_as(fresh: bool, kind: Kind, sources: &Sources, part: Part, limit: usize) -> Result<Entries> {
    let (sql, args) = match part {
        Part::All => (kind.entries_sql(), vec![]),
        Part::Since(time) => (kind.entries_since_sql(), vec![Arg::Time(Some(time))]),
        Part::OfBaskets(ids) => (kind.entries_of_baskets_sql(), vec![Arg::Bigs(ids)]),
        Part::OfBasketsSince(ids, since) => {
            (kind.entries_of_baskets_since_sql(), vec![Arg::Bigs(ids), Arg::Text(since)])
        }
    };
    let mut entries = Entries::default();
    spi::select_as(fresh, sql, sources, &args, |row| match (row.int(0), row.int(1)) {
        (Some(basket_id), Some(item_id)) => entries.push(basket_id, item_id, limit),
        _ => Ok(()),
    })?;
    Ok(entries)
}

/// (playlist_id, owner_id) of every owned playlist.
pub fn playlist_owners(sources: &Sources) -> Result<Vec<(i64, i64)>> {
    let mut owners = Vec::new();
    spi::select_fresh(include_str!("../sql/queries/playlist_owners.sql"), sources, &[], |row| {
        if let (Some(playlist_id), Some(owner_id)) = (row.int(0), row.int(1)) {
            owners.push((playlist_id, owner_id));
        }
        Ok(())
    })?;
    Ok(owners)
}

/// The first column of a query that returns ids.
pub fn ids(sql: &'static str, sources: &Sources, args: &[Arg]) -> Result<Vec<i64>> {
    ids_as(true, sql, sources, args)
}

/// [`ids`] with the snapshot of the calling query.
pub fn ids_seen(sql: &'static str, sources: &Sources, args: &[Arg]) -> Result<Vec<i64>> {
    ids_as(false, sql, sources, args)
}

fn ids_as(fresh: bool, sql: &'static str, sources: &Sources, args: &[Arg]) -> Result<Vec<i64>> {
    let mut ids = Vec::new();
    spi::select_as(fresh, sql, sources, args, |row| {
        ids.extend(row.int(0));
        Ok(())
    })?;
    Ok(ids)
}
