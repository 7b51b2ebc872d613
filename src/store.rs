//! Engine results to tables.

use crate::bulk_write::{TableWriter, Value};
use crate::error::Result;
use crate::kind::Kind;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::cooccurrence::RowBlock;

/// Basket ids per row of `sgr.cooccurrence_baskets`: a row stays under 2 kB.
const BASKETS_PER_CHUNK: usize = 240;

/// Writes rows of `sgr.cooccurrence`.
pub struct CooccurrenceWriter {
    kind: Kind,
    generation: i32,
    table: TableWriter,
    pairs: u64,
}

impl CooccurrenceWriter {
    /// Opens the table.
    pub fn open(kind: Kind, generation: i32) -> Result<Self> {
        Ok(Self { kind, generation, table: TableWriter::open(c"cooccurrence_lists")?, pairs: 0 })
    }

    /// Adds a block of rows.
    pub fn push(&mut self, block: &RowBlock) {
        for row in 0..block.item_ids.len() {
            let range = block.offsets[row]..block.offsets[row + 1];
            let neighbours = &block.neighbours[range.clone()];
            let together = &block.together[range.clone()];
            let theirs = &block.neighbour_baskets[range.clone()];
            let narrow_ids: Option<Vec<i32>> = neighbours.iter().map(|&id| i32::try_from(id).ok()).collect();
            let narrow_counts = narrow(together).zip(narrow(theirs));
            self.table.push(&[
                Value::Small(self.kind.id()),
                Value::Int(self.generation),
                Value::Big(block.item_ids[row]),
                Value::Int(block.baskets[row]),
                narrow_ids.as_deref().map_or(Value::Null, Value::Ints),
                if narrow_ids.is_some() { Value::Null } else { Value::Bigs(neighbours) },
                narrow_counts.as_ref().map_or(Value::Null, |(together, _)| Value::Smalls(together)),
                if narrow_counts.is_some() { Value::Null } else { Value::Ints(together) },
                narrow_counts.as_ref().map_or(Value::Null, |(_, theirs)| Value::Smalls(theirs)),
                if narrow_counts.is_some() { Value::Null } else { Value::Ints(theirs) },
                block.weighted.as_ref().map_or(Value::Null, |weighted| Value::Reals(&weighted[range])),
            ]);
        }
        self.pairs += block.neighbours.len() as u64;
    }

    /// (rows, neighbours) written.
    pub fn finish(self) -> (u64, u64) {
        (self.table.finish(), self.pairs)
    }
}

/// The counts in half the bytes, if all of them fit.
fn narrow(counts: &[i32]) -> Option<Vec<i16>> {
    counts.iter().map(|&count| i16::try_from(count).ok()).collect()
}

/// Items per row of `sgr.cooccurrence_counts`: a row stays under 8 kB.
const ITEMS_PER_CHUNK: usize = 500;

/// Replaces the basket counts of all items of a kind; `item_ids` ascend.
pub fn item_counts(kind: Kind, item_ids: &[i64], baskets: &[u32]) -> Result<()> {
    spi::execute("DELETE FROM sgr.cooccurrence_counts WHERE kind = $1", &Sources::NONE, &[Arg::Int(kind.id().into())])?;
    let mut table = TableWriter::open(c"cooccurrence_counts")?;
    for (ids, counts) in item_ids.chunks(ITEMS_PER_CHUNK).zip(baskets.chunks(ITEMS_PER_CHUNK)) {
        let counts: Vec<i32> = counts.iter().map(|&n| i32::try_from(n).unwrap_or(i32::MAX)).collect();
        table.push(&[Value::Small(kind.id()), Value::Big(ids[0]), Value::Bigs(ids), Value::Ints(&counts)]);
    }
    table.finish();
    Ok(())
}

/// Replaces the list of counted baskets of a kind; `basket_ids` ascend.
pub fn counted_baskets(kind: Kind, basket_ids: &[i64]) -> Result<()> {
    spi::execute(
        "DELETE FROM sgr.cooccurrence_baskets WHERE kind = $1",
        &Sources::NONE,
        &[Arg::Int(kind.id().into())],
    )?;
    let mut table = TableWriter::open(c"cooccurrence_baskets")?;
    for (i, chunk) in basket_ids.chunks(BASKETS_PER_CHUNK).enumerate() {
        // The first chunk also takes what lies before it, so that each id has its place.
        let first_id = if i == 0 { i64::MIN } else { chunk[0] };
        table.push(&[Value::Small(kind.id()), Value::Big(first_id), Value::Bigs(chunk)]);
    }
    if basket_ids.is_empty() {
        table.push(&[Value::Small(kind.id()), Value::Big(i64::MIN), Value::Bigs(&[])]);
    }
    table.finish();
    Ok(())
}
