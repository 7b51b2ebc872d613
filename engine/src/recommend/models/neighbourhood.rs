//! Models that keep for each item some items that are near it, and add up what is near to what the user took.

use super::error::ModelError;
use super::interactions::Interactions;
use super::sparse::SparseRows;
use super::{FitProgress, STEP_COST};
use rayon::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

/// Rows that a thread counts with one dense counter.
const ROWS_PER_TASK: usize = 64;

/// A row of `left * right`, made into similarities, cut to the nearest: what is left of all rows is a model.
#[derive(Debug)]
pub(super) struct NeighbourhoodFit<R> {
    /// Items by users.
    left: SparseRows,
    /// Users by items.
    right: SparseRows,
    rule: R,
    neighbours: usize,
    found: SparseRows,
}

/// How a number of the product becomes a similarity.
pub(super) trait Rule: Sync {
    fn similarity(&self, item: u32, other: u32, product: f32) -> f32;
}

impl<R: Rule> NeighbourhoodFit<R> {
    pub(super) fn new(left: SparseRows, right: SparseRows, rule: R, neighbours: usize) -> NeighbourhoodFit<R> {
        let found = SparseRows { offsets: vec![0], ..SparseRows::default() };
        NeighbourhoodFit { left, right, rule, neighbours, found }
    }

    /// Bytes that fitting takes on so many threads: both weighted matrices, the neighbours twice (as found and transposed),
    /// counters.
    pub(super) fn memory_bytes(interactions: &Interactions, neighbours: usize, threads: usize) -> usize {
        let items = interactions.item_count();
        let found = SparseRows::bytes(items, items.saturating_mul(neighbours.min(items)));
        let counter = items.saturating_mul(2 * size_of::<f32>() + size_of::<(f32, u32)>());
        interactions
            .memory_bytes()
            .saturating_add(found.saturating_mul(2))
            .saturating_add(counter.saturating_mul(threads))
    }

    pub(super) fn step(&mut self, pool: &rayon::ThreadPool) -> FitProgress {
        let items = self.left.rows();
        let first = self.found.rows();
        let cost = |item| self.left.row(item).columns.iter().map(|&user| 1 + self.right.row_len(user as usize)).sum();
        // Counting is some times slower than multiplying.
        let end = SparseRows::rows_within(items, first, STEP_COST / 32 * pool.current_num_threads(), cost);
        let firsts: Vec<usize> = (first..end).step_by(ROWS_PER_TASK).collect();
        let this = &*self;
        let blocks: Vec<Vec<Vec<(f32, u32)>>> = pool.install(|| {
            firsts
                .into_par_iter()
                .map(|first| {
                    let mut counter = Counter::new(this.right_width());
                    (first..end.min(first + ROWS_PER_TASK)).map(|item| this.row(item, &mut counter)).collect()
                })
                .collect()
        });
        for row in blocks.into_iter().flatten() {
            self.found.columns.extend(row.iter().map(|&(_, item)| item));
            self.found.values.extend(row.iter().map(|&(similarity, _)| similarity));
            self.found.offsets.push(self.found.columns.len());
        }
        FitProgress::of(end, items)
    }

    fn right_width(&self) -> usize {
        self.left.rows()
    }

    /// The nearest items of one, nearest first.
    fn row(&self, item: usize, counter: &mut Counter) -> Vec<(f32, u32)> {
        for (user, weight) in self.left.row(item).iter() {
            counter.add(weight, self.right.row(user as usize));
        }
        let mut near: Vec<(f32, u32)> = Vec::new();
        counter.drain(|other, product| {
            let similarity = self.rule.similarity(item as u32, other, product);
            if other != item as u32 && similarity > 0.0 {
                near.push((similarity, other));
            }
        });
        let nearest_first = |a: &(f32, u32), b: &(f32, u32)| -> Ordering { b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)) };
        if near.len() > self.neighbours {
            near.select_nth_unstable_by(self.neighbours, nearest_first);
            near.truncate(self.neighbours);
        }
        near.sort_unstable_by(nearest_first);
        near
    }

    /// The rows, if all are there.
    pub(super) fn finish(self) -> Result<SparseRows, ModelError> {
        if self.found.rows() < self.left.rows() { Err(ModelError::Unfinished) } else { Ok(self.found) }
    }
}

/// A dense row, and what of it is not 0 (Gustavson 1978).
#[derive(Debug)]
struct Counter {
    sums: Vec<f32>,
    touched: Vec<u32>,
}

impl Counter {
    fn new(width: usize) -> Counter {
        Counter { sums: vec![0.0; width], touched: Vec::new() }
    }

    fn add(&mut self, factor: f32, row: super::SparseRow<'_>) {
        for (column, value) in row.iter() {
            let sum = &mut self.sums[column as usize];
            // Weights are over 0, so a sum of 0 is one that was not touched (or too small to matter).
            if *sum == 0.0 {
                self.touched.push(column);
            }
            *sum += factor * value;
        }
    }

    fn drain(&mut self, mut take: impl FnMut(u32, f32)) {
        for column in self.touched.drain(..) {
            let sum = std::mem::take(&mut self.sums[column as usize]);
            if sum != 0.0 {
                take(column, sum);
            }
        }
    }
}

/// What each item adds to the scores of others.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ItemSimilarity {
    pub(super) interactions: Arc<Interactions>,
    /// Row j: what an interaction with j adds to which items.
    pub(super) rows: SparseRows,
}

impl ItemSimilarity {
    /// Takes saved rows.
    pub(super) fn from_parameters(
        interactions: Arc<Interactions>,
        offsets: Vec<usize>,
        items: Vec<u32>,
        similarities: Vec<f32>,
    ) -> Result<ItemSimilarity, ModelError> {
        let count = interactions.item_count();
        ModelError::check_length("offsets", offsets.len(), count + 1)?;
        ModelError::check_length("similarities", similarities.len(), items.len())?;
        ModelError::check_finite("similarities", &similarities)?;
        if offsets[0] != 0 || offsets[count] != items.len() {
            return Err(ModelError::InvalidParameters { what: "offsets", at: if offsets[0] == 0 { count } else { 0 } });
        }
        if let Some(at) = offsets.windows(2).position(|bounds| bounds[0] > bounds[1]) {
            return Err(ModelError::InvalidParameters { what: "offsets", at: at + 1 });
        }
        if let Some(at) = items.iter().position(|&item| item as usize >= count) {
            return Err(ModelError::InvalidParameters { what: "items", at });
        }
        Ok(ItemSimilarity { interactions, rows: SparseRows { offsets, columns: items, values: similarities } })
    }

    /// The scores of all items for one profile.
    pub(super) fn score(&self, profile: super::SparseRow<'_>, scores: &mut [f32]) {
        scores.fill(0.0);
        for (item, weight) in profile.iter() {
            self.rows.row(item as usize).add_to(weight, scores);
        }
    }
}

/// The parts of a model of [`ItemSimilarity`] that all of them have.
macro_rules! similarity_model {
    ($model:ident, $name:literal) => {
        impl $model {
            /// Takes what [`similarity`](Self::similarity) gave, with the interactions that hold the profiles of users.
            ///
            /// # Errors
            /// [`WrongLength`](ModelError::WrongLength), [`InvalidParameters`](ModelError::InvalidParameters).
            pub fn from_parameters(
                interactions: Arc<Interactions>,
                offsets: Vec<usize>,
                items: Vec<u32>,
                similarities: Vec<f32>,
            ) -> Result<$model, ModelError> {
                ItemSimilarity::from_parameters(interactions, offsets, items, similarities).map($model)
            }

            /// A row per item: which items its users get, and how much of it.
            pub fn similarity(&self) -> &SparseRows {
                &self.0.rows
            }
        }

        impl Recommender for $model {
            fn name(&self) -> &'static str {
                $name
            }

            fn user_count(&self) -> usize {
                self.0.interactions.user_count()
            }

            fn item_count(&self) -> usize {
                self.0.interactions.item_count()
            }

            fn score_users(
                &self,
                users: &[u32],
                scores: &mut [f32],
                pool: &rayon::ThreadPool,
            ) -> Result<(), ModelError> {
                let by_user = self.0.interactions.by_user();
                score_each(self, users, scores, pool, |user, scores| self.0.score(by_user.row(user as usize), scores))
            }

            fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError> {
                let profile = profile(self, items, weights, scores)?;
                self.0.score(profile.row(0), scores);
                Ok(())
            }
        }
    };
}

pub(super) use similarity_model;
