//! `sgr.cooccurrence_counts`: how many baskets hold each item, in chunks by item id.

use crate::error::Result;
use crate::kind::Kind;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use std::collections::BTreeMap;

#[derive(Default)]
struct Chunk {
    item_ids: Vec<i64>,
    baskets: Vec<i32>,
    changed: bool,
    /// Not in the table yet.
    new: bool,
}

/// The counts of all items of a kind.
#[derive(Default)]
pub struct ItemCounts {
    /// By the smallest id that a chunk was made for.
    chunks: BTreeMap<i64, Chunk>,
}

impl ItemCounts {
    /// Reads them all: a few milliseconds per million items, less than a probe for each of some thousand.
    pub fn load(kind: Kind) -> Result<Self> {
        Self::load_as(true, kind)
    }

    /// [`ItemCounts::load`] with the snapshot of the calling query.
    pub fn load_seen(kind: Kind) -> Result<Self> {
        Self::load_as(false, kind)
    }

    fn load_as(fresh: bool, kind: Kind) -> Result<Self> {
        let mut counts = Self::default();
        spi::select_as(
            fresh,
            "SELECT c.first_id, c.item_ids, c.baskets FROM sgr.cooccurrence_counts AS c WHERE c.kind = $1",
            &Sources::NONE,
            &[Arg::Int(kind.id().into())],
            |row| {
                let chunk = Chunk {
                    item_ids: row.bigints(1).unwrap_or_default().to_vec(),
                    baskets: row.ints(2).unwrap_or_default().to_vec(),
                    ..Chunk::default()
                };
                counts.chunks.insert(row.int(0).unwrap_or(i64::MIN), chunk);
                Ok(())
            },
        )?;
        Ok(counts)
    }

    /// Baskets of one item.
    pub fn get(&self, item_id: i64) -> Option<u32> {
        let (_, chunk) = self.chunks.range(..=item_id).next_back()?;
        let at = chunk.item_ids.binary_search(&item_id).ok()?;
        u32::try_from(chunk.baskets[at]).ok()
    }

    /// Forgets `gone`, then notes the new counts of `item_ids`.
    pub fn replace(&mut self, gone: &[i64], item_ids: &[i64], baskets: &[i32]) {
        for item in gone {
            if let Some((_, chunk)) = self.chunks.range_mut(..=*item).next_back()
                && let Ok(at) = chunk.item_ids.binary_search(item)
            {
                chunk.item_ids.remove(at);
                chunk.baskets.remove(at);
                chunk.changed = true;
            }
        }
        for (item, count) in item_ids.iter().zip(baskets) {
            let key = self.chunks.range(..=*item).next_back().map_or(*item, |(key, _)| *key);
            let chunk = self.chunks.entry(key).or_insert_with(|| Chunk { new: true, ..Chunk::default() });
            match chunk.item_ids.binary_search(item) {
                Ok(at) => chunk.baskets[at] = *count,
                Err(at) => {
                    chunk.item_ids.insert(at, *item);
                    chunk.baskets.insert(at, *count);
                }
            }
            chunk.changed = true;
        }
    }

    /// Writes the chunks that changed.
    pub fn store(&self, kind: Kind) -> Result<()> {
        for (first_id, chunk) in self.chunks.iter().filter(|(_, chunk)| chunk.changed) {
            let sql = if chunk.new {
                "INSERT INTO sgr.cooccurrence_counts (kind, first_id, item_ids, baskets) VALUES ($1, $2, $3, $4)"
            } else {
                "UPDATE sgr.cooccurrence_counts SET item_ids = $3, baskets = $4 WHERE kind = $1 AND first_id = $2"
            };
            let args = [
                Arg::Int(kind.id().into()),
                Arg::Big(*first_id),
                Arg::Bigs(&chunk.item_ids),
                Arg::Ints(&chunk.baskets),
            ];
            spi::execute(sql, &Sources::NONE, &args)?;
        }
        Ok(())
    }
}
