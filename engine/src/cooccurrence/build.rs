//! From two id columns to compressed sparse rows.

use super::baskets::Baskets;
use super::budget::Budget;
use super::config::CooccurrenceConfig;
use super::error::CooccurrenceError;
use super::ids::{self, Codebook};
use super::locality::{self, Sides};
use super::owners::Owners;
use rayon::prelude::*;
use std::ops::Range;

/// Entries per parallel task.
const PIECE: usize = 1 << 15;

/// Item codes grouped by basket.
struct Grouped {
    /// Ascending.
    basket_ids: Vec<i64>,
    /// Where each basket starts in `items`, and the end.
    starts: Vec<usize>,
    items: Vec<u32>,
}

/// The whole way. Runs inside the caller's thread pool; `budget` already covers the two columns.
pub(super) fn build(
    basket_ids: &[i64],
    item_ids: &[i64],
    owners: &[(i64, i64)],
    config: &CooccurrenceConfig,
    budget: &mut Budget,
) -> Result<Baskets, CooccurrenceError> {
    let (codes, book) = ids::encode(item_ids, "items", budget)?;
    let mut grouped = group(basket_ids, codes, budget)?;
    let baskets_read = grouped.basket_ids.len();
    keep_distinct(&mut grouped, config.max_basket_len, budget)?;
    let Grouped { basket_ids, starts, mut items } = grouped;
    if basket_ids.len() > i32::MAX as usize {
        let (count, limit) = (basket_ids.len(), i32::MAX as usize);
        return Err(CooccurrenceError::TooManyItems { what: "baskets", count, limit });
    }

    budget.claim(book.len(), (1 + rayon::current_num_threads()) * size_of::<u32>(), "the items")?;
    let counts = count_codes(&items, book.len());
    budget.release(book.len(), rayon::current_num_threads() * size_of::<u32>());
    budget.claim(book.len(), size_of::<i64>() + size_of::<u32>(), "the items")?;
    let (item_ids_dense, counts) = drop_gaps(&book, counts, &mut items);
    drop(book);

    let owners = match config.max_per_owner {
        Some(cap) => Some(Owners::new(cap, &basket_ids, owners, budget)?),
        None => None,
    };
    budget.claim(counts.len() + 1, 2 * size_of::<usize>() + size_of::<u32>(), "the baskets of the items")?;
    budget.claim(items.len(), size_of::<u32>(), "the baskets of the items")?;
    let item_offsets = running_sum(&counts);
    let holders = transpose(&starts, &items, &item_offsets, owners.as_ref());
    budget.claim(counts.len(), size_of::<u64>(), "the baskets of the items")?;
    let item_increments = increments(&starts, &item_offsets, &holders);

    let mut sides = Sides { basket_offsets: starts, basket_items: items, item_offsets, holders };
    let item_clusters = match &owners {
        // Owners order the baskets of an item in their own way.
        None if sides.holders.len() >= locality::WORTH_IT_FROM => Some(gather_clusters(&mut sides, budget)?),
        _ => None,
    };
    let Sides { basket_offsets, basket_items, item_offsets, holders } = sides;
    let item_baskets = match &owners {
        None => counts,
        Some(owners) => capped_counts(owners, &item_offsets, &holders),
    };
    let lens = basket_offsets.windows(2).map(|bounds| (bounds[1] - bounds[0]) as u64);
    Ok(Baskets {
        entries_read: item_ids.len(),
        baskets_skipped: baskets_read - basket_ids.len(),
        pair_increments: lens.map(|len| len * (len - 1)).sum(),
        item_ids: item_ids_dense,
        basket_ids,
        basket_offsets,
        basket_items,
        item_offsets,
        holders,
        item_baskets,
        item_increments,
        item_clusters,
        owners,
        partial: false,
        peak_bytes: budget.peak(),
    })
}

/// Brings the entries of each basket together, baskets ascending. A column that already is in that order, as a table
/// clustered by its primary key is, needs one pass over the basket ids and no moving of items.
fn group(basket_ids: &[i64], codes: Vec<u32>, budget: &mut Budget) -> Result<Grouped, CooccurrenceError> {
    let row_size = size_of::<i64>() + size_of::<usize>();
    if basket_ids.par_chunks(PIECE).all(<[i64]>::is_sorted)
        && basket_ids.chunks(PIECE).is_sorted_by(|left, right| left.last() <= right.first())
    {
        let baskets = basket_ids.chunk_by(|a, b| a == b).count();
        budget.claim(baskets + 1, row_size, "the baskets")?;
        let mut ids = Vec::with_capacity(baskets);
        let mut starts = Vec::with_capacity(baskets + 1);
        let mut start = 0;
        for run in basket_ids.chunk_by(|a, b| a == b) {
            ids.push(run[0]);
            starts.push(start);
            start += run.len();
        }
        starts.push(start);
        return Ok(Grouped { basket_ids: ids, starts, items: codes });
    }

    let (basket_codes, book) = ids::encode(basket_ids, "the baskets", budget)?;
    budget.claim(book.len() + 1, row_size + size_of::<u32>() + size_of::<usize>(), "the baskets")?;
    budget.claim(codes.len(), size_of::<u32>(), "the items by basket")?;
    let mut counts = vec![0_u32; book.len()];
    for &basket in &basket_codes {
        counts[basket as usize] += 1;
    }
    let mut next = running_sum(&counts);
    let mut items = vec![0; codes.len()];
    for (&basket, &item) in basket_codes.iter().zip(&codes) {
        let place = &mut next[basket as usize];
        items[*place] = item;
        *place += 1;
    }
    let mut ids = Vec::new();
    let mut starts = vec![0];
    for (basket, &count) in counts.iter().enumerate() {
        if count > 0 {
            ids.push(book.id(basket));
            starts.push(next[basket]);
        }
    }
    budget.release(codes.len(), 2 * size_of::<u32>());
    budget.release(book.len() + 1, size_of::<u32>() + size_of::<usize>());
    Ok(Grouped { basket_ids: ids, starts, items })
}

/// Sorts the items of each basket, drops repeated ones, then baskets that are still longer than `max_len`.
fn keep_distinct(grouped: &mut Grouped, max_len: Option<usize>, budget: &mut Budget) -> Result<(), CooccurrenceError> {
    let Grouped { basket_ids, starts, items } = grouped;
    budget.claim(basket_ids.len(), size_of::<usize>(), "the baskets")?;
    let mut lens = vec![0_usize; basket_ids.len()];
    let mut rest = &mut lens[..];
    let mut pieces = Vec::new();
    for (range, piece) in split_rows(items, starts, PIECE) {
        let lens = rest.split_off_mut(..range.len()).unwrap_or_default();
        pieces.push((&starts[range.start..=range.end], piece, lens));
    }
    pieces.into_par_iter().for_each(|(starts, items, lens)| {
        for (bounds, len) in starts.windows(2).zip(lens) {
            *len = sort_distinct(&mut items[bounds[0] - starts[0]..bounds[1] - starts[0]]);
        }
    });

    let max_len = max_len.unwrap_or(usize::MAX);
    let (mut kept, mut end) = (0, 0);
    for (basket, &len) in lens.iter().enumerate() {
        if len <= max_len {
            let start = starts[basket];
            if start != end {
                items.copy_within(start..start + len, end);
            }
            basket_ids[kept] = basket_ids[basket];
            // Never overtakes the reading: `kept <= basket`, and the start of this basket is not needed again.
            starts[kept] = end;
            kept += 1;
            end += len;
        }
    }
    starts[kept] = end;
    basket_ids.truncate(kept);
    starts.truncate(kept + 1);
    items.truncate(end);
    budget.release(lens.len(), size_of::<usize>());
    Ok(())
}

/// Sorts and returns how many distinct values are now in front, ascending.
fn sort_distinct(items: &mut [u32]) -> usize {
    items.sort_unstable();
    let mut len = 0;
    for at in 0..items.len() {
        if at == 0 || items[at] != items[len - 1] {
            items[len] = items[at];
            len += 1;
        }
    }
    len
}

/// How often each code below `codes` occurs.
fn count_codes(items: &[u32], codes: usize) -> Vec<u32> {
    let piece = items.len().div_ceil(rayon::current_num_threads()).max(PIECE);
    let counts = items.par_chunks(piece).map(|piece| {
        let mut counts = vec![0_u32; codes];
        for &item in piece {
            counts[item as usize] += 1;
        }
        counts
    });
    let add = |mut sum: Vec<u32>, other: Vec<u32>| {
        sum.iter_mut().zip(other).for_each(|(sum, count)| *sum += count);
        sum
    };
    counts.reduce_with(add).unwrap_or_else(|| vec![0; codes])
}

/// Renumbers the items so that every dense id occurs: ids that are only in skipped baskets, or in none, drop out.
fn drop_gaps(book: &Codebook, mut counts: Vec<u32>, items: &mut [u32]) -> (Vec<i64>, Vec<u32>) {
    let occurring = |counts: &[u32]| counts.iter().filter(|&&count| count > 0).count();
    let mut ids = Vec::with_capacity(occurring(&counts));
    let mut dense = vec![0_u32; counts.len()];
    for code in 0..counts.len() {
        if counts[code] > 0 {
            dense[code] = ids.len() as u32;
            counts[ids.len()] = counts[code];
            ids.push(book.id(code));
        }
    }
    if ids.len() < counts.len() {
        items.par_iter_mut().with_min_len(PIECE).for_each(|item| *item = dense[*item as usize]);
        counts.truncate(ids.len());
        counts.shrink_to_fit();
    }
    (ids, counts)
}

/// `[0, c0, c0 + c1, ...]`, one longer than `counts`.
fn running_sum(counts: &[u32]) -> Vec<usize> {
    let mut sums = Vec::with_capacity(counts.len() + 1);
    let mut sum = 0;
    sums.push(sum);
    for &count in counts {
        sum += count as usize;
        sums.push(sum);
    }
    sums
}

/// The baskets of each item. Each task writes the rows of one range of items and reads all baskets for it: as baskets
/// are sorted, its part of a basket is one run.
fn transpose(starts: &[usize], items: &[u32], item_offsets: &[usize], owners: Option<&Owners>) -> Vec<u32> {
    let mut holders = vec![0_u32; items.len()];
    let rows = split_rows(&mut holders, item_offsets, items.len().div_ceil(rayon::current_num_threads()).max(PIECE));
    rows.into_par_iter().for_each(|(range, own)| {
        let first = item_offsets[range.start];
        let mut next: Vec<usize> = item_offsets[range.clone()].iter().map(|offset| offset - first).collect();
        let mut add = |basket: u32| {
            let (start, end) = (starts[basket as usize], starts[basket as usize + 1]);
            for &item in &items[start..end] {
                if let Some(place) = next.get_mut((item as usize).wrapping_sub(range.start)) {
                    own[*place] = basket;
                    *place += 1;
                }
            }
        };
        match owners {
            Some(owners) => owners.baskets_by_owner.iter().for_each(|&basket| add(basket)),
            None => (0..starts.len() as u32 - 1).for_each(&mut add),
        }
    });
    holders
}

/// Sum of the lengths of the baskets of each item.
fn increments(starts: &[usize], item_offsets: &[usize], holders: &[u32]) -> Vec<u64> {
    let len = |basket: usize| (starts[basket + 1] - starts[basket]) as u64;
    let of_item = |bounds: &[usize]| holders[bounds[0]..bounds[1]].iter().map(|&basket| len(basket as usize)).sum();
    item_offsets.par_windows(2).with_min_len(1024).map(of_item).collect()
}

/// Renumbers the baskets so that those of one cluster lie side by side; the cluster of each item.
fn gather_clusters(sides: &mut Sides, budget: &mut Budget) -> Result<Vec<u32>, CooccurrenceError> {
    let (items, baskets) = (sides.item_offsets.len() - 1, sides.basket_offsets.len() - 1);
    budget.claim(items, 2 * size_of::<u32>(), "the order of the baskets")?;
    budget.claim(baskets, 4 * size_of::<u64>(), "the order of the baskets")?;
    budget.claim(sides.basket_items.len(), size_of::<u32>(), "the order of the baskets")?;
    let (item_clusters, basket_clusters) = locality::clusters(sides);
    let order = locality::order_by(&basket_clusters);

    let mut numbers = vec![0_u32; baskets];
    let mut basket_offsets = Vec::with_capacity(baskets + 1);
    let mut end = 0;
    basket_offsets.push(end);
    for (number, &basket) in order.iter().enumerate() {
        let basket = basket as usize;
        numbers[basket] = number as u32;
        end += sides.basket_offsets[basket + 1] - sides.basket_offsets[basket];
        basket_offsets.push(end);
    }
    let mut basket_items = vec![0_u32; end];
    let pieces = split_rows(&mut basket_items, &basket_offsets, PIECE);
    pieces.into_par_iter().for_each(|(range, mut to)| {
        for &basket in &order[range] {
            let basket = basket as usize;
            let from = &sides.basket_items[sides.basket_offsets[basket]..sides.basket_offsets[basket + 1]];
            if let Some(to) = to.split_off_mut(..from.len()) {
                to.copy_from_slice(from);
            }
        }
    });
    sides.holders.par_iter_mut().with_min_len(PIECE).for_each(|basket| *basket = numbers[*basket as usize]);
    (sides.basket_offsets, sides.basket_items) = (basket_offsets, basket_items);

    budget.release(items, size_of::<u32>());
    budget.release(baskets, 4 * size_of::<u64>());
    budget.release(sides.basket_items.len(), size_of::<u32>());
    Ok(item_clusters)
}

/// Baskets of each item, no more than the cap of one owner.
fn capped_counts(owners: &Owners, item_offsets: &[usize], holders: &[u32]) -> Vec<u32> {
    let of_item = |bounds: &[usize]| {
        let runs = owners.runs(&holders[bounds[0]..bounds[1]]);
        runs.map(|run| owners.cap.min(run.len() as u32)).sum()
    };
    item_offsets.par_windows(2).with_min_len(1024).map(of_item).collect()
}

/// Cuts the entries of rows into pieces of about `size`, each with its range of rows.
fn split_rows<'a, T>(mut entries: &'a mut [T], offsets: &[usize], size: usize) -> Vec<(Range<usize>, &'a mut [T])> {
    let mut pieces = Vec::new();
    for range in even_ranges(offsets, size) {
        let len = offsets[range.end] - offsets[range.start];
        pieces.push((range, entries.split_off_mut(..len).unwrap_or_default()));
    }
    pieces
}

/// Cuts rows, given by their offsets, into ranges of about `size` entries, each of at least one row.
fn even_ranges(offsets: &[usize], size: usize) -> Vec<Range<usize>> {
    let rows = offsets.len() - 1;
    let mut ranges = Vec::new();
    let mut start = 0;
    while start < rows {
        let enough = offsets[start] + size;
        let end = (start + offsets[start..].partition_point(|&offset| offset < enough)).clamp(start + 1, rows);
        ranges.push(start..end);
        start = end;
    }
    ranges
}
