//! Stepped counting: blocks of rows, ready to be stored.

use super::baskets::Baskets;
use super::budget::Budget;
use super::config::CooccurrenceConfig;
use super::error::CooccurrenceError;
use super::locality;
use super::row::{Plan, Worker};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that a thread takes at once.
const CHUNK_ROWS: usize = 64;
/// Work of a step for each thread, in the units of [`row_cost`]: about nanoseconds.
const STEP_COST: u64 = 3_000_000;
/// Neighbours in a block, at most, unless a single row has more.
const BLOCK_NEIGHBOURS: usize = 128_000;
/// Finished blocks that a host may hold while the next is counted, for the estimate of memory.
const BLOCKS_IN_FLIGHT: usize = 4;

/// Consecutive rows of the result.
///
/// The neighbours of `item_ids[r]` are at `offsets[r]..offsets[r + 1]` of `neighbours`, `together` and
/// `neighbour_baskets`, best first: by the measure descending, then by `together` descending, then by id ascending.
/// A block has no rows while a row with very many baskets is being counted.
#[derive(Debug, Clone, PartialEq)]
pub struct RowBlock {
    /// Ids of the items, ascending.
    pub item_ids: Vec<i64>,
    /// Baskets that hold each item; parallel to `item_ids`.
    pub baskets: Vec<i32>,
    /// Where each row starts, and the end: one longer than `item_ids`.
    pub offsets: Vec<usize>,
    /// Ids of the neighbours.
    pub neighbours: Vec<i64>,
    /// Baskets that hold both the item and the neighbour; parallel to `neighbours`.
    pub together: Vec<i32>,
    /// Baskets that hold the neighbour; parallel to `neighbours`.
    pub neighbour_baskets: Vec<i32>,
    /// The weighted cosine, in `0..=1`, parallel to `neighbours`: only if it was the measure to rank by.
    pub weighted: Option<Vec<f32>>,
}

/// Counts the rows of some or all items, a block at a time.
///
/// The rows and their order do not depend on the number of threads, only where one block ends does.
#[derive(Debug)]
pub struct Counter {
    baskets: Arc<Baskets>,
    plan: Plan,
    /// Dense items, ascending.
    rows: Vec<u32>,
    workers: Vec<Worker>,
    next: usize,
    /// Baskets of row `next` that earlier steps have counted.
    holders_counted: usize,
    step_cost: u64,
    memory_bytes: usize,
}

impl Counter {
    /// Prepares the rows of all items.
    ///
    /// # Errors
    /// [`InvalidConfig`](CooccurrenceError::InvalidConfig) if a parameter is out of range, if `max_per_owner` is not
    /// the one that `baskets` was built with, or if a weighted measure is to be counted over partly loaded baskets
    /// (see [`Baskets::set_item_baskets`]); [`MemoryLimit`](CooccurrenceError::MemoryLimit) if the baskets and the
    /// counters of even one thread go over the limit.
    pub fn new(
        baskets: Arc<Baskets>,
        config: CooccurrenceConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Counter, CooccurrenceError> {
        let rows = (0..baskets.items() as u32).collect();
        Counter::for_rows(baskets, config, rows, pool)
    }

    /// Prepares only the rows of these items, in any order. Repeated ids count once, ids that are in no kept basket are
    /// ignored.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_items(
        baskets: Arc<Baskets>,
        config: CooccurrenceConfig,
        item_ids: &[i64],
        pool: &rayon::ThreadPool,
    ) -> Result<Counter, CooccurrenceError> {
        let dense = item_ids.iter().filter_map(|id| baskets.item_ids.binary_search(id).ok());
        let mut rows: Vec<u32> = dense.map(|item| item as u32).collect();
        rows.sort_unstable();
        rows.dedup();
        Counter::for_rows(baskets, config, rows, pool)
    }

    fn for_rows(
        baskets: Arc<Baskets>,
        config: CooccurrenceConfig,
        rows: Vec<u32>,
        pool: &rayon::ThreadPool,
    ) -> Result<Counter, CooccurrenceError> {
        config.validate()?;
        check_match(&baskets, &config)?;
        // Quickly done, so nobody needs to give it up.
        let wanted = AtomicBool::new(false);
        let mut budget = Budget::new(config.memory_limit, &wanted);
        budget.claim(baskets.memory_bytes(), 1, "the baskets")?;
        let fixed = fixed_bytes(&baskets, &config, rows.len());
        let per_worker = baskets.items() * Worker::bytes_per_item(&config);
        budget.claim(fixed + per_worker, 1, "the counters")?;
        // More threads as far as there is room for their counters.
        let mut workers = 1;
        while workers < pool.current_num_threads() && budget.claim(per_worker, 1, "the counters").is_ok() {
            workers += 1;
        }
        Ok(Counter {
            plan: pool.install(|| Plan::new(&baskets, &config)),
            workers: (0..workers).map(|_| Worker::new(baskets.items(), &config)).collect(),
            step_cost: STEP_COST * workers as u64,
            memory_bytes: fixed + workers * per_worker,
            next: 0,
            holders_counted: 0,
            baskets,
            rows,
        })
    }

    /// Counts the next rows: some milliseconds of work. Rows ascend by item id, inside a block and from block
    /// to block. `None` when all rows are done.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> Option<RowBlock> {
        if self.next == self.rows.len() {
            return None;
        }
        self.workers.iter_mut().for_each(|worker| worker.finished.clear());
        let start = self.next;
        let end = self.block_end();
        if end == start {
            self.count_part_of_row(pool);
        } else {
            self.count_rows(start..end, pool);
        }
        Some(self.assemble(start, pool))
    }

    /// Rows that are finished.
    pub fn items_done(&self) -> usize {
        self.next
    }

    /// Rows in all.
    pub fn items_total(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of the counters of all threads and of one block; the baskets are not included.
    pub fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// Where the work of one step ends; `self.next` itself if the next row is more than that.
    fn block_end(&self) -> usize {
        let (mut cost, mut neighbours) = (0, 0);
        for at in self.next..self.rows.len() {
            let increments = self.baskets.item_increments[self.rows[at] as usize];
            cost += row_cost(increments);
            neighbours += most_neighbours(&self.baskets, self.plan.top_k, increments);
            if cost > self.step_cost || (neighbours > BLOCK_NEIGHBOURS && at > self.next) {
                return at;
            }
        }
        self.rows.len()
    }

    fn count_rows(&mut self, range: Range<usize>, pool: &rayon::ThreadPool) {
        let rows = &self.rows[range.clone()];
        let (baskets, plan) = (&*self.baskets, &self.plan);
        let places: Vec<u32> = match &baskets.item_clusters {
            Some(clusters) => {
                let clusters: Vec<u32> = rows.iter().map(|&item| clusters[item as usize]).collect();
                pool.install(|| locality::order_by(&clusters))
            }
            None => (0..rows.len() as u32).collect(),
        };
        let chunk_taken = AtomicUsize::new(0);
        let work = |worker: &mut Worker| {
            while let Some(places) = places.chunks(CHUNK_ROWS).nth(chunk_taken.fetch_add(1, Ordering::Relaxed)) {
                for &place in places {
                    let item = rows[place as usize];
                    worker.count(baskets, plan, baskets.holders_of(item));
                    worker.finish(plan, plan.ranking.label(item), place as usize);
                }
            }
        };
        pool.install(|| self.workers.par_iter_mut().with_max_len(1).for_each(work));
        self.next = range.end;
    }

    /// One step's share of a row that is too much for one step: each worker counts some of its baskets.
    fn count_part_of_row(&mut self, pool: &rayon::ThreadPool) {
        let item = self.rows[self.next];
        let (baskets, plan) = (&*self.baskets, &self.plan);
        let mut rest = &baskets.holders_of(item)[self.holders_counted..];
        let share = self.step_cost / self.workers.len() as u64;
        let mut parts = Vec::with_capacity(self.workers.len());
        for _ in 0..self.workers.len() {
            let (part, others) = rest.split_at(part_len(baskets, rest, share));
            self.holders_counted += part.len();
            parts.push(part);
            rest = others;
        }
        let finished = rest.is_empty();
        pool.install(|| {
            let count = |(worker, part): (&mut Worker, &[u32])| worker.count(baskets, plan, part);
            self.workers.par_iter_mut().zip(parts).with_max_len(1).for_each(count);
        });
        if let (true, Some((first, others))) = (finished, self.workers.split_first_mut()) {
            others.iter_mut().for_each(|other| first.absorb(other));
            first.finish(plan, plan.ranking.label(item), 0);
            self.next += 1;
            self.holders_counted = 0;
        }
    }

    /// Puts the rows from `start` to `self.next`, which the workers have finished in any order, into one block.
    fn assemble(&self, start: usize, pool: &rayon::ThreadPool) -> RowBlock {
        let rows = &self.rows[start..self.next];
        let neighbours = self.workers.iter().map(|worker| worker.finished.neighbours.len()).sum();
        let mut block = RowBlock {
            item_ids: rows.iter().map(|&item| self.baskets.item_ids[item as usize]).collect(),
            baskets: rows.iter().map(|&item| to_i32(self.baskets.item_baskets[item as usize])).collect(),
            offsets: Vec::with_capacity(rows.len() + 1),
            neighbours: vec![0; neighbours],
            together: vec![0; neighbours],
            neighbour_baskets: vec![0; neighbours],
            weighted: self.plan.weights.as_ref().map(|_| vec![0.0; neighbours]),
        };
        let mut found: Vec<Row<'_>> = vec![(&[], &[]); rows.len()];
        for finished in self.workers.iter().map(|worker| &worker.finished) {
            let mut start = 0;
            for &(place, end) in &finished.rows {
                let weighted = finished.weighted.get(start..end).unwrap_or_default();
                found[place] = (&finished.neighbours[start..end], weighted);
                start = end;
            }
        }
        block.offsets.push(0);
        let mut ids = &mut block.neighbours[..];
        let mut together = &mut block.together[..];
        let mut counts = &mut block.neighbour_baskets[..];
        let mut weighted = block.weighted.as_deref_mut().unwrap_or_default();
        let mut tasks = Vec::with_capacity(rows.len().div_ceil(CHUNK_ROWS));
        let mut end = 0;
        for rows in found.chunks(CHUNK_ROWS) {
            let (mut len, mut weights) = (0, 0);
            for row in rows {
                len += row.0.len();
                weights += row.1.len();
                block.offsets.push(end + len);
            }
            end += len;
            tasks.push((
                rows,
                ids.split_off_mut(..len).unwrap_or_default(),
                together.split_off_mut(..len).unwrap_or_default(),
                counts.split_off_mut(..len).unwrap_or_default(),
                weighted.split_off_mut(..weights).unwrap_or_default(),
            ));
        }
        let ranking = &self.plan.ranking;
        pool.install(|| {
            tasks.into_par_iter().for_each(|(rows, ids, together, counts, weighted)| {
                let neighbours = rows.iter().flat_map(|row| row.0);
                for (((&(label, t), id), together), count) in neighbours.zip(ids).zip(together).zip(counts) {
                    *id = ranking.id(label);
                    *together = to_i32(t);
                    *count = to_i32(ranking.baskets(label));
                }
                for (&value, place) in rows.iter().flat_map(|row| row.1).zip(weighted) {
                    *place = value;
                }
            });
        });
        block
    }
}

/// A finished row: `(label, common baskets)` of its neighbours, and their weighted cosines if there are any.
type Row<'a> = (&'a [(u32, u32)], &'a [f32]);

/// Roughly the nanoseconds that a row takes: counting, then ranking.
fn row_cost(increments: u64) -> u64 {
    1000 + 2 * increments
}

/// At least as many neighbours as a row of so many increments can have.
fn most_neighbours(baskets: &Baskets, top_k: usize, increments: u64) -> usize {
    top_k.min(baskets.items()).min(usize::try_from(increments).unwrap_or(usize::MAX))
}

/// How many of the holders take about `cost`, at least one if there is one: whole runs of one owner, if owners count.
fn part_len(baskets: &Baskets, holders: &[u32], cost: u64) -> usize {
    let mut spent = 0;
    let mut len = 0;
    let runs: &mut dyn Iterator<Item = &[u32]> = match &baskets.owners {
        Some(owners) => &mut owners.runs(holders),
        None => &mut holders.chunks(1),
    };
    for run in runs {
        if spent >= cost {
            break;
        }
        spent += run.iter().map(|&basket| row_cost(baskets.items_of(basket).len() as u64) - row_cost(0)).sum::<u64>();
        len += run.len();
    }
    len
}

/// The parts of the config that the baskets were built with have to agree with them.
fn check_match(baskets: &Baskets, config: &CooccurrenceConfig) -> Result<(), CooccurrenceError> {
    let cap = baskets.owners.as_ref().map(|owners| owners.cap);
    if cap != config.max_per_owner {
        return Err(CooccurrenceError::InvalidConfig {
            parameter: "max_per_owner",
            message: format!("is {:?}, but the baskets were built with {cap:?}", config.max_per_owner),
        });
    }
    if baskets.partial && config.rank_by == super::Measure::WeightedCosine {
        return Err(CooccurrenceError::InvalidConfig {
            parameter: "rank_by",
            message: "weighted_cosine needs every basket of every item, but only some are loaded".to_owned(),
        });
    }
    Ok(())
}

/// Bytes of everything but the counters of the workers: the plan, the list of rows, and a block, once as the workers
/// leave it and `BLOCKS_IN_FLIGHT` times as it is handed over.
fn fixed_bytes(baskets: &Baskets, config: &CooccurrenceConfig, rows: usize) -> usize {
    let staged = size_of::<(u32, u32)>() + size_of::<usize>();
    let handed_over = size_of::<i64>() + 2 * size_of::<i32>();
    let weighted = if config.rank_by == super::Measure::WeightedCosine { 2 * size_of::<f32>() } else { 0 };
    let longest_row = config.top_k.unwrap_or(usize::MAX).min(baskets.items());
    let block = BLOCK_NEIGHBOURS.max(longest_row).min(rows.saturating_mul(longest_row));
    Plan::bytes(baskets, config)
        .saturating_add(rows * size_of::<u32>())
        .saturating_add(block.saturating_mul(staged + BLOCKS_IN_FLIGHT * (handed_over + weighted)))
}

/// Bytes that a counter of all rows takes on the threads of this pool, if memory is no limit.
pub(super) fn counter_bytes(baskets: &Baskets, config: &CooccurrenceConfig, threads: usize) -> usize {
    let per_worker = baskets.items() * Worker::bytes_per_item(config);
    fixed_bytes(baskets, config, baskets.items()) + threads * per_worker
}

fn to_i32(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
// The lint spares test functions, but not what they call.
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cooccurrence::Measure;

    /// Item 0 is in every basket, so that its row is far more than one of these steps.
    fn counter(config: &CooccurrenceConfig, step_cost: u64, pool: &rayon::ThreadPool) -> Counter {
        let entries = (0..400_i64).flat_map(|basket| (0..1 + basket % 9).map(move |nth| (basket, nth * (basket % 5))));
        let (basket_ids, item_ids): (Vec<i64>, Vec<i64>) = entries.unzip();
        let owners: Vec<(i64, i64)> = (0..300).map(|basket| (basket, basket % 11)).collect();
        let baskets = Baskets::from_entries(&basket_ids, &item_ids, &owners, config, pool).unwrap();
        let mut counter = Counter::new(Arc::new(baskets), config.clone(), pool).unwrap();
        counter.step_cost = step_cost;
        counter
    }

    /// Item, neighbours, common baskets, weighted cosines as bits.
    type Row = (i64, Vec<i64>, Vec<i32>, Vec<u32>);

    /// All rows, and the number of blocks without any.
    fn rows(mut counter: Counter, pool: &rayon::ThreadPool) -> (Vec<Row>, usize) {
        let (mut rows, mut empty) = (Vec::new(), 0);
        while let Some(block) = counter.step(pool) {
            empty += usize::from(block.item_ids.is_empty());
            for (row, &item) in block.item_ids.iter().enumerate() {
                let range = block.offsets[row]..block.offsets[row + 1];
                let weighted = block.weighted.iter().flat_map(|weights| &weights[range.clone()]);
                let weighted = weighted.map(|weight| weight.to_bits()).collect();
                let (neighbours, together) = (&block.neighbours[range.clone()], &block.together[range]);
                rows.push((item, neighbours.to_vec(), together.to_vec(), weighted));
            }
        }
        (rows, empty)
    }

    #[test]
    fn rows_counted_over_several_steps_equal_rows_counted_at_once() {
        for threads in 1..4 {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for rank_by in Measure::ALL {
                for max_per_owner in [None, Some(3)] {
                    let config = CooccurrenceConfig { rank_by, max_per_owner, ..Default::default() };
                    if config.validate().is_err() {
                        continue;
                    }
                    let (expected, none) = rows(counter(&config, u64::MAX, &pool), &pool);
                    let (found, many) = rows(counter(&config, 1500, &pool), &pool);
                    assert_eq!(found, expected);
                    assert!(none == 0 && many > 1, "{none} {many}");
                }
            }
        }
    }
}
