//! Any `i64` ids to dense `u32` codes that ascend with the id.

use super::CooccurrenceError;
use super::budget::Budget;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Rows per parallel task: large enough that the hash maps of the tasks do not repeat most ids.
const CHUNK: usize = 1 << 17;
/// Codes may leave gaps of this many numbers plus one per row before the ids are hashed instead.
const FREE_SPAN: usize = 1 << 16;

/// What the codes of a column stand for.
#[derive(Debug)]
pub(super) enum Codebook {
    /// Code `c` is id `first + c`; some codes below `span` may not occur.
    Compact { first: i64, span: usize },
    /// Code `c` is `ids[c]`, ascending; every code occurs.
    Sorted { ids: Vec<i64> },
}

impl Codebook {
    /// One more than the largest code.
    pub(super) fn len(&self) -> usize {
        match self {
            Codebook::Compact { span, .. } => *span,
            Codebook::Sorted { ids } => ids.len(),
        }
    }

    pub(super) fn id(&self, code: usize) -> i64 {
        match self {
            Codebook::Compact { first, .. } => first.wrapping_add(code as i64),
            Codebook::Sorted { ids } => ids[code],
        }
    }
}

/// Codes of a column, in the order of its rows. Claims 4 bytes a row for them, and for the code book what it takes.
pub(super) fn encode(
    ids: &[i64],
    what: &'static str,
    budget: &mut Budget,
) -> Result<(Vec<u32>, Codebook), CooccurrenceError> {
    budget.claim(ids.len(), size_of::<u32>(), what)?;
    let Some((first, last)) = bounds(ids) else {
        return Ok((Vec::new(), Codebook::Compact { first: 0, span: 0 }));
    };
    // The distance of two i64 always fits in u64, and wrapping subtraction gives it.
    let distance = last.wrapping_sub(first) as u64;
    let compact_limit = ids.len().saturating_add(FREE_SPAN).min(i32::MAX as usize);
    if distance < compact_limit as u64 {
        let codes = ids.par_iter().with_min_len(CHUNK / 4).map(|id| id.wrapping_sub(first) as u32).collect();
        return Ok((codes, Codebook::Compact { first, span: distance as usize + 1 }));
    }
    encode_sparse(ids, what, budget)
}

fn bounds(ids: &[i64]) -> Option<(i64, i64)> {
    let of_chunk =
        |chunk: &[i64]| chunk.iter().fold((i64::MAX, i64::MIN), |(low, high), &id| (low.min(id), high.max(id)));
    ids.par_chunks(CHUNK).map(of_chunk).reduce_with(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// Each task numbers its own ids in order of appearance; the distinct ids of all tasks are then sorted, and the codes
/// translated. One look-up in a small hash map per change of id, no sorting of rows.
fn encode_sparse(
    ids: &[i64],
    what: &'static str,
    budget: &mut Budget,
) -> Result<(Vec<u32>, Codebook), CooccurrenceError> {
    let mut codes = vec![0_u32; ids.len()];
    let distinct_of_chunks: Vec<Vec<i64>> = codes
        .par_chunks_mut(CHUNK)
        .zip(ids.par_chunks(CHUNK))
        .map(|(codes, ids)| {
            let mut distinct: Vec<i64> = Vec::new();
            let mut seen: FxHashMap<i64, u32> = FxHashMap::default();
            let mut previous = (ids[0].wrapping_add(1), 0);
            for (code, &id) in codes.iter_mut().zip(ids) {
                if id != previous.0 {
                    let next = distinct.len() as u32;
                    let found = *seen.entry(id).or_insert(next);
                    if found == next {
                        distinct.push(id);
                    }
                    previous = (id, found);
                }
                *code = previous.1;
            }
            distinct
        })
        .collect();

    let listed: usize = distinct_of_chunks.iter().map(Vec::len).sum();
    // The lists themselves, their concatenation and the translation.
    budget.claim(listed, 2 * size_of::<i64>() + size_of::<u32>(), what)?;
    let mut sorted: Vec<i64> = distinct_of_chunks.concat();
    sorted.par_sort_unstable();
    sorted.dedup();
    sorted.shrink_to_fit();
    if sorted.len() > i32::MAX as usize {
        return Err(CooccurrenceError::TooManyItems { what, count: sorted.len(), limit: i32::MAX as usize });
    }
    codes.par_chunks_mut(CHUNK).zip(&distinct_of_chunks).for_each(|(codes, distinct)| {
        // A task lists its ids in order of appearance: sorting (id, place) once is cheaper than a search per id.
        let mut places: Vec<(i64, u32)> = distinct.iter().copied().zip(0..).collect();
        places.sort_unstable();
        let mut translation = vec![0_u32; distinct.len()];
        let mut at = sorted.partition_point(|&id| id < places[0].0);
        for (id, place) in places {
            at += if sorted[at] == id { 0 } else { gallop(&sorted[at..], id) };
            translation[place as usize] = at as u32;
        }
        for code in codes {
            *code = translation[*code as usize];
        }
    });
    budget.release(listed, 2 * size_of::<i64>() + size_of::<u32>());
    budget.claim(sorted.len(), size_of::<i64>(), what)?;
    Ok((codes, Codebook::Sorted { ids: sorted }))
}

/// Position of `id` in the ascending `sorted`, which holds it, usually near the start.
fn gallop(sorted: &[i64], id: i64) -> usize {
    let mut end = 1;
    while end < sorted.len() && sorted[end] < id {
        end *= 2;
    }
    let start = end / 2;
    start + sorted[start..sorted.len().min(end + 1)].partition_point(|&other| other < id)
}
