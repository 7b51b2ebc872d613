//! Stepped counting: blocks of rows, ready to be stored.

use super::baskets::Baskets;
use super::budget::Budget;
use super::config::CooccurrenceConfig;
use super::error::CooccurrenceError;
use super::row::{Finished, Plan, Worker};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows that a thread takes at once.
const CHUNK_ROWS: usize = 32;
/// Work of a step for each thread, in the units of [`row_cost`]: about nanoseconds.
const STEP_COST: u64 = 30_000_000;
/// Neighbours in a block, at most, unless a single row has more.
const BLOCK_NEIGHBOURS: usize = 2_000_000;

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
        let mut budget = Budget::new(config.memory_limit);
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

    /// Counts the next rows: some hundredths of a second of work. Rows ascend by item id, inside a block and from block
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
            let increments = self.baskets.row_increments(self.rows[at]);
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
        let chunk_taken = AtomicUsize::new(0);
        let work = |worker: &mut Worker| {
            loop {
                let chunk = chunk_taken.fetch_add(1, Ordering::Relaxed);
                let Some(rows) = rows.chunks(CHUNK_ROWS).nth(chunk) else { break };
                for &item in rows {
                    worker.count(baskets, plan, baskets.holders_of(item));
                    worker.finish(plan, plan.ranking.label(item));
                }
                worker.finished.chunks.push((chunk, worker.finished.row_ends.len()));
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
            first.finish(plan, plan.ranking.label(item));
            first.finished.chunks.push((0, 1));
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
        block.offsets.push(0);

        let mut chunks: Vec<Chunk<'_>> = self.workers.iter().flat_map(|worker| Chunk::of(&worker.finished)).collect();
        chunks.sort_unstable_by_key(|chunk| chunk.number);
        let mut tasks = Vec::with_capacity(chunks.len());
        let mut ids = &mut block.neighbours[..];
        let mut together = &mut block.together[..];
        let mut counts = &mut block.neighbour_baskets[..];
        let mut weighted = block.weighted.as_deref_mut().unwrap_or_default();
        let mut end = 0;
        for chunk in &chunks {
            let len = chunk.neighbours.len();
            block.offsets.extend(chunk.row_ends.iter().map(|row_end| end + row_end - chunk.first));
            end += len;
            tasks.push((
                chunk,
                ids.split_off_mut(..len).unwrap_or_default(),
                together.split_off_mut(..len).unwrap_or_default(),
                counts.split_off_mut(..len).unwrap_or_default(),
                weighted.split_off_mut(..chunk.weighted.len()).unwrap_or_default(),
            ));
        }
        let ranking = &self.plan.ranking;
        pool.install(|| {
            tasks.into_par_iter().for_each(|(chunk, ids, together, counts, weighted)| {
                for (((&(label, t), id), together), count) in chunk.neighbours.iter().zip(ids).zip(together).zip(counts)
                {
                    *id = ranking.id(label);
                    *together = to_i32(t);
                    *count = to_i32(ranking.baskets(label));
                }
                weighted.copy_from_slice(chunk.weighted);
            });
        });
        block
    }
}

/// Consecutive rows that one worker has finished.
struct Chunk<'a> {
    number: usize,
    /// Where the neighbours start among those of the worker.
    first: usize,
    row_ends: &'a [usize],
    neighbours: &'a [(u32, u32)],
    weighted: &'a [f32],
}

impl<'a> Chunk<'a> {
    fn of(finished: &'a Finished) -> impl Iterator<Item = Chunk<'a>> {
        let (mut rows, mut first) = (0, 0);
        finished.chunks.iter().map(move |&(number, rows_end)| {
            let row_ends = &finished.row_ends[rows..rows_end];
            let end = row_ends.last().copied().unwrap_or(first);
            let weighted = finished.weighted.get(first..end).unwrap_or_default();
            let chunk = Chunk { number, first, row_ends, neighbours: &finished.neighbours[first..end], weighted };
            (rows, first) = (rows_end, end);
            chunk
        })
    }
}

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

/// Bytes of everything but the counters of the workers: the plan, the list of rows, and one block, once as the workers
/// leave it and once as it is handed over.
fn fixed_bytes(baskets: &Baskets, config: &CooccurrenceConfig, rows: usize) -> usize {
    let staged = size_of::<(u32, u32)>() + size_of::<usize>();
    let handed_over = size_of::<i64>() + 2 * size_of::<i32>();
    let weighted = if config.rank_by == super::Measure::WeightedCosine { 2 * size_of::<f32>() } else { 0 };
    let longest_row = config.top_k.unwrap_or(usize::MAX).min(baskets.items());
    let block = BLOCK_NEIGHBOURS.max(longest_row).min(rows.saturating_mul(longest_row));
    Plan::bytes(baskets, config)
        .saturating_add(rows * size_of::<u32>())
        .saturating_add(block.saturating_mul(staged + handed_over + weighted))
}

/// Bytes that a counter of all rows takes on the threads of this pool, if memory is no limit.
pub(super) fn counter_bytes(baskets: &Baskets, config: &CooccurrenceConfig, threads: usize) -> usize {
    let per_worker = baskets.items() * Worker::bytes_per_item(config);
    fixed_bytes(baskets, config, baskets.items()) + threads * per_worker
}

fn to_i32(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
