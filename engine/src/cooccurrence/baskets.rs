//! Baskets and items as compressed sparse rows, both ways.

use super::CooccurrenceError;
use super::budget::Budget;
use super::build;
use super::config::CooccurrenceConfig;
use super::owners::Owners;
use std::sync::atomic::AtomicBool;

/// Which items are in which baskets: compressed sparse rows both ways over dense `u32` ids.
///
/// Dense item `i` is `item_ids()[i]`: dense items ascend with the ids they stand for. Baskets that were skipped for their length are not part of it, nor are items that are in no other basket.
#[derive(Debug)]
pub struct Baskets {
    pub(super) item_ids: Vec<i64>,
    pub(super) basket_ids: Vec<i64>,
    /// Baskets are numbered by their content (see `locality`) or in the order of `basket_ids`.
    /// `basket_items[basket_offsets[b]..basket_offsets[b + 1]]` are the distinct items of basket `b`.
    pub(super) basket_offsets: Vec<usize>,
    pub(super) basket_items: Vec<u32>,
    /// `holders[item_offsets[i]..item_offsets[i + 1]]` are the baskets of item `i`; by owner, if owners count.
    pub(super) item_offsets: Vec<usize>,
    pub(super) holders: Vec<u32>,
    pub(super) item_baskets: Vec<u32>,
    /// Counter increments that the row of each item takes: the lengths of its baskets.
    pub(super) item_increments: Vec<u64>,
    /// The cluster of each item, if clusters were worth finding.
    pub(super) item_clusters: Option<Vec<u32>>,
    pub(super) owners: Option<Owners>,
    /// Whether some item has more baskets than are loaded.
    pub(super) partial: bool,
    pub(super) entries_read: usize,
    pub(super) baskets_skipped: usize,
    pub(super) pair_increments: u64,
    pub(super) peak_bytes: usize,
}

impl Baskets {
    /// Builds the rows from entries `(basket_ids[r], item_ids[r])`, in any order. An item repeated in a basket counts
    /// once. Input grouped by ascending basket id is fastest.
    ///
    /// `owners` are `(basket id, owner id)` pairs in any order. They are used only if `config.max_per_owner` is set. A
    /// basket without owner counts as its own owner; of several owners of one basket the smallest id counts; unknown
    /// baskets are ignored.
    ///
    /// Of `config`, `max_basket_len`, `max_per_owner` and `memory_limit` matter here. The limit covers the columns
    /// (16 bytes an entry and an owner pair) and all that is built, temporaries included.
    ///
    /// # Errors
    /// [`ColumnLengths`](CooccurrenceError::ColumnLengths) if the columns are not parallel;
    /// [`InvalidConfig`](CooccurrenceError::InvalidConfig); [`MemoryLimit`](CooccurrenceError::MemoryLimit);
    /// [`TooManyItems`](CooccurrenceError::TooManyItems) over `i32::MAX` items or baskets.
    pub fn from_entries(
        basket_ids: &[i64],
        item_ids: &[i64],
        owners: &[(i64, i64)],
        config: &CooccurrenceConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Baskets, CooccurrenceError> {
        Self::from_entries_unless(&AtomicBool::new(false), basket_ids, item_ids, owners, config, pool)
    }

    /// As [`from_entries`](Self::from_entries), given up at the next of about a dozen stages once `cancelled` is raised.
    ///
    /// # Errors
    /// Those of [`from_entries`](Self::from_entries); [`Cancelled`](CooccurrenceError::Cancelled).
    pub fn from_entries_unless(
        cancelled: &AtomicBool,
        basket_ids: &[i64],
        item_ids: &[i64],
        owners: &[(i64, i64)],
        config: &CooccurrenceConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Baskets, CooccurrenceError> {
        config.validate()?;
        if basket_ids.len() != item_ids.len() {
            return Err(CooccurrenceError::ColumnLengths { baskets: basket_ids.len(), items: item_ids.len() });
        }
        let mut budget = Budget::new(config.memory_limit, cancelled);
        budget.claim(item_ids.len(), 2 * size_of::<i64>(), "the entries")?;
        pool.install(|| build::build(basket_ids, item_ids, owners, config, &mut budget))
    }

    /// Entries given to [`from_entries`](Self::from_entries), duplicates and skipped baskets included.
    pub fn entries_read(&self) -> usize {
        self.entries_read
    }

    /// Distinct (basket, item) pairs in kept baskets.
    pub fn distinct_entries(&self) -> usize {
        self.basket_items.len()
    }

    /// Kept baskets.
    pub fn baskets(&self) -> usize {
        self.basket_ids.len()
    }

    /// Baskets left out because they have more than `max_basket_len` distinct items.
    pub fn baskets_skipped(&self) -> usize {
        self.baskets_skipped
    }

    /// Distinct items in kept baskets.
    pub fn items(&self) -> usize {
        self.item_ids.len()
    }

    /// The id of each dense item, ascending.
    pub fn item_ids(&self) -> &[i64] {
        &self.item_ids
    }

    /// The ids of the kept baskets, ascending.
    pub fn basket_ids(&self) -> &[i64] {
        &self.basket_ids
    }

    /// Distinct kept baskets that hold each dense item. With `max_per_owner` = c: the sum over owners of the smaller of
    /// c and the number of that owner's baskets that hold the item.
    pub fn item_baskets(&self) -> &[u32] {
        &self.item_baskets
    }

    /// Bytes that the structure holds.
    pub fn memory_bytes(&self) -> usize {
        size_of_val(&self.item_ids[..])
            + size_of_val(&self.basket_ids[..])
            + size_of_val(&self.basket_offsets[..])
            + size_of_val(&self.basket_items[..])
            + size_of_val(&self.item_offsets[..])
            + size_of_val(&self.holders[..])
            + size_of_val(&self.item_baskets[..])
            + size_of_val(&self.item_increments[..])
            + self.item_clusters.as_ref().map_or(0, |clusters| size_of_val(&clusters[..]))
            + self.owners.as_ref().map_or(0, Owners::memory_bytes)
    }

    /// The work of counting all rows: the sum over baskets of `len * (len - 1)`, one for each ordered pair of distinct
    /// items in each basket.
    pub fn pair_increments(&self) -> u64 {
        self.pair_increments
    }

    /// Says how many baskets hold the items whose baskets are only partly loaded, as `(item id, baskets)`: for an
    /// incremental refresh, where only the baskets of the affected items are read. Unknown items are ignored. A number
    /// below what is loaded cannot be right, and the loaded number stays.
    ///
    /// Afterwards [`Measure::WeightedCosine`](super::Measure::WeightedCosine) cannot be counted if any number changed,
    /// because it needs the length of every basket of a neighbour.
    pub fn set_item_baskets(&mut self, known: &[(i64, u32)]) {
        for &(id, baskets) in known {
            if let Ok(item) = self.item_ids.binary_search(&id)
                && baskets > self.item_baskets[item]
            {
                self.item_baskets[item] = baskets;
                self.partial = true;
            }
        }
    }

    /// The items of a dense basket.
    pub(super) fn items_of(&self, basket: u32) -> &[u32] {
        let basket = basket as usize;
        &self.basket_items[self.basket_offsets[basket]..self.basket_offsets[basket + 1]]
    }

    /// The baskets of a dense item.
    pub(super) fn holders_of(&self, item: u32) -> &[u32] {
        let item = item as usize;
        &self.holders[self.item_offsets[item]..self.item_offsets[item + 1]]
    }
}
