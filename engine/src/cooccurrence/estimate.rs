//! How much work and how much result, without doing it all.

use super::baskets::Baskets;
use super::config::CooccurrenceConfig;
use super::counter;
use super::row::{Plan, Worker};
use rayon::prelude::*;

/// Rows counted to extrapolate the number of pairs.
const SAMPLE_ROWS: usize = 2048;
/// Counter increments that the sample may take: some tenths of a second.
const SAMPLE_INCREMENTS: u64 = 100_000_000;

/// What counting will take and give. All but `memory_bytes` and `pairs` is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Entries read, duplicates and skipped baskets included.
    pub entries: usize,
    /// Kept baskets.
    pub baskets: usize,
    /// Baskets longer than `max_basket_len`.
    pub baskets_skipped: usize,
    /// Distinct items in kept baskets.
    pub items: usize,
    /// Counter increments: the sum over baskets of `len * (len - 1)`.
    pub pair_increments: u64,
    /// The most bytes in use at any time from the entry columns (16 bytes an entry) to the last block.
    pub memory_bytes: usize,
    /// Rows of the result: one for each item.
    pub rows: u64,
    /// Neighbours in all rows: exact up to 2048 items, else extrapolated from a sample that spans light and heavy rows.
    pub pairs: u64,
}

/// Estimates the counting of all rows of `baskets`. The same for the same data and parameters; `memory_bytes` grows
/// with the threads of the pool.
pub fn estimate(baskets: &Baskets, config: &CooccurrenceConfig, pool: &rayon::ThreadPool) -> Estimate {
    let columns = baskets.entries_read() * 2 * size_of::<i64>();
    let counting = columns.saturating_add(baskets.memory_bytes()).saturating_add(counter::counter_bytes(
        baskets,
        config,
        pool.current_num_threads(),
    ));
    Estimate {
        entries: baskets.entries_read(),
        baskets: baskets.baskets(),
        baskets_skipped: baskets.baskets_skipped(),
        items: baskets.items(),
        pair_increments: baskets.pair_increments(),
        memory_bytes: counting.max(baskets.peak_bytes),
        rows: baskets.items() as u64,
        pairs: pool.install(|| expected_pairs(baskets, config)),
    }
}

/// Counts every so-many-th row of all rows ordered by work, so that the sample has its share of heavy and light ones.
fn expected_pairs(baskets: &Baskets, config: &CooccurrenceConfig) -> u64 {
    let items = baskets.items();
    let mut rows: Vec<(u64, u32)> = baskets.item_increments.iter().copied().zip(0..).collect();
    rows.par_sort_unstable();
    let total: u64 = rows.iter().map(|&(increments, _)| increments).sum();
    let by_work = (SAMPLE_INCREMENTS as f64 / total.max(1) as f64 * items as f64) as usize;
    let sample = SAMPLE_ROWS.min(by_work.max(1)).min(items);
    let plan = Plan::new(baskets, config);
    let piece = sample.div_ceil(rayon::current_num_threads()).max(1);
    let pieces: Vec<usize> = (0..sample).step_by(piece).collect();
    let counted: u64 = pieces
        .into_par_iter()
        .map(|first| {
            let mut worker = Worker::new(items, config);
            let of_row = |nth: usize| {
                // The middle of the nth of `sample` equal parts.
                let (_, item) = rows[(2 * nth + 1) * items / (2 * sample)];
                worker.count(baskets, &plan, baskets.holders_of(item));
                worker.finish_counting(&plan, plan.ranking.label(item)).min(plan.top_k) as u64
            };
            (first..sample.min(first + piece)).map(of_row).sum::<u64>()
        })
        .sum();
    (counted as f64 * items as f64 / sample.max(1) as f64).round() as u64
}
