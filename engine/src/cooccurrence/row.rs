//! Counting one row at a time: what one thread needs and does.

use super::baskets::Baskets;
use super::config::CooccurrenceConfig;
use super::measure::Measure;
use super::owners::Owners;
use super::rank::{self, Ranking, RowRanking};
use rayon::prelude::*;
use std::cmp::Reverse;

/// Weights are multiples of this fraction: 2^32 baskets of the largest weight, 1 / ln 2, still fit in a `u64` sum.
const WEIGHT_UNIT: f64 = (1_u64 << 30) as f64;

/// What all threads share.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) ranking: Ranking,
    /// The items of the baskets as labels; `None` where labels are the dense items.
    labelled: Option<Vec<u32>>,
    pub(super) weights: Option<Weights>,
    pub(super) top_k: usize,
    pub(super) min_together: u32,
}

/// Basket weights of [`Measure::WeightedCosine`], in units of 2^-30.
#[derive(Debug)]
pub(super) struct Weights {
    of_basket: Vec<u64>,
    /// Sum over the baskets of each item, by label.
    of_item: Vec<u64>,
}

impl Plan {
    pub(super) fn new(baskets: &Baskets, config: &CooccurrenceConfig) -> Self {
        let weighted = config.rank_by == Measure::WeightedCosine;
        let ranking = Ranking::new(baskets, config.rank_by);
        let labels =
            |items: &Vec<u32>| items.par_iter().with_min_len(1 << 14).map(|&item| ranking.label(item)).collect();
        Plan {
            labelled: (!rank::labels_are_dense(config.rank_by)).then(|| labels(&baskets.basket_items)),
            ranking,
            weights: weighted.then(|| Weights::new(baskets)),
            top_k: config.top_k.unwrap_or(usize::MAX),
            min_together: config.min_together,
        }
    }

    /// Bytes that a plan takes.
    pub(super) fn bytes(baskets: &Baskets, config: &CooccurrenceConfig) -> usize {
        let weights = match config.rank_by {
            Measure::WeightedCosine => size_of::<u64>() * (baskets.baskets() + baskets.items()),
            _ => 0,
        };
        let labelled = if rank::labels_are_dense(config.rank_by) { 0 } else { baskets.distinct_entries() };
        weights + labelled * size_of::<u32>() + baskets.items() * Ranking::BYTES_PER_ITEM
    }

    /// The items of the baskets, as labels: `basket_offsets` cuts them.
    fn labelled<'a>(&'a self, baskets: &'a Baskets) -> &'a [u32] {
        self.labelled.as_ref().unwrap_or(&baskets.basket_items)
    }
}

impl Weights {
    fn new(baskets: &Baskets) -> Self {
        let of_len = |len: usize| (WEIGHT_UNIT / (len as f64).ln_1p()).round() as u64;
        let of_basket: Vec<u64> =
            baskets.basket_offsets.windows(2).map(|bounds| of_len(bounds[1] - bounds[0])).collect();
        let sum_of = |item: u32| baskets.holders_of(item).iter().map(|&basket| of_basket[basket as usize]).sum();
        let of_item = (0..baskets.items() as u32).into_par_iter().with_min_len(1024).map(sum_of).collect();
        Weights { of_basket, of_item }
    }

    fn cosine(&self, common: u64, a: u32, b: u32) -> f64 {
        let product = self.of_item[a as usize] as f64 * self.of_item[b as usize] as f64;
        (common as f64 / product.sqrt()).min(1.0)
    }
}

/// The counters of one thread, and the rows it has finished in this step.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// Common baskets by label; all 0 between rows.
    counts: Vec<u32>,
    /// The labels whose count is not 0 are `touched[..touched_len]`. One longer than there are items, so that a write
    /// to `touched[touched_len]` needs no branch.
    touched: Vec<u32>,
    touched_len: usize,
    /// Common weight by label; empty unless weights are used.
    weights: Vec<u64>,
    /// Like `counts` and `touched`, for the run of one owner; empty unless owners are capped.
    owner_counts: Vec<u32>,
    owner_touched: Vec<u32>,
    /// Candidates of the row, by one of three ways of ranking.
    keys: Vec<u64>,
    candidates: Vec<(u32, u32)>,
    weighted_candidates: Vec<(f64, u32, u32)>,
    pub(super) finished: Finished,
}

/// Finished rows, one after the other.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// `(label, common baskets)`.
    pub(super) neighbours: Vec<(u32, u32)>,
    /// Parallel to `neighbours` if weights are used.
    pub(super) weighted: Vec<f32>,
    /// The place of each row in the block, and its end in `neighbours`.
    pub(super) rows: Vec<(usize, usize)>,
}

impl Finished {
    pub(super) fn clear(&mut self) {
        self.neighbours.clear();
        self.weighted.clear();
        self.rows.clear();
    }
}

impl Worker {
    /// Bytes per item of the largest counters and candidate lists that a worker can come to hold.
    pub(super) fn bytes_per_item(config: &CooccurrenceConfig) -> usize {
        let counts = 2 * size_of::<u32>();
        let candidates = match config.rank_by {
            Measure::WeightedCosine => size_of::<(f64, u32, u32)>() + size_of::<u64>(),
            _ => size_of::<u64>() + size_of::<(u32, u32)>(),
        };
        let owners = if config.max_per_owner.is_some() { 2 * size_of::<u32>() } else { 0 };
        counts + candidates + owners
    }

    pub(super) fn new(items: usize, config: &CooccurrenceConfig) -> Self {
        let sized = |needed: bool| vec![0_u32; if needed { items } else { 0 }];
        Worker {
            counts: sized(true),
            touched: vec![0; items + 1],
            weights: if config.rank_by == Measure::WeightedCosine { vec![0; items] } else { Vec::new() },
            owner_counts: sized(config.max_per_owner.is_some()),
            ..Worker::default()
        }
    }

    /// Adds some of the baskets of an item to its row: all baskets of an owner at once, if owners are capped.
    pub(super) fn count(&mut self, baskets: &Baskets, plan: &Plan, holders: &[u32]) {
        let (offsets, labels) = (&baskets.basket_offsets[..], plan.labelled(baskets));
        let items_of = |basket: u32| &labels[offsets[basket as usize]..offsets[basket as usize + 1]];
        match (&plan.weights, &baskets.owners) {
            (Some(weights), _) => self.count_weighted(items_of, weights, holders),
            (None, Some(owners)) => self.count_capped(items_of, owners, holders),
            (None, None) => self.count_plain(items_of, holders),
        }
    }

    fn count_plain<'a>(&mut self, items_of: impl Fn(u32) -> &'a [u32], holders: &[u32]) {
        let (counts, touched) = (&mut self.counts[..], &mut self.touched[..]);
        let mut len = self.touched_len;
        for &basket in holders {
            for &label in items_of(basket) {
                // Half of the labels are new to the row and nobody can predict which: so no branch.
                let count = &mut counts[label as usize];
                touched[len] = label;
                len += usize::from(*count == 0);
                *count += 1;
            }
        }
        self.touched_len = len;
    }

    fn count_weighted<'a>(&mut self, items_of: impl Fn(u32) -> &'a [u32], weights: &Weights, holders: &[u32]) {
        for &basket in holders {
            let weight = weights.of_basket[basket as usize];
            for &label in items_of(basket) {
                self.weights[label as usize] += weight;
            }
        }
        self.count_plain(items_of, holders);
    }

    fn count_capped<'a>(&mut self, items_of: impl Fn(u32) -> &'a [u32], owners: &Owners, holders: &[u32]) {
        for run in owners.runs(holders) {
            if run.len() <= owners.cap as usize {
                self.count_plain(&items_of, run);
                continue;
            }
            for &basket in run {
                for &label in items_of(basket) {
                    let of_owner = &mut self.owner_counts[label as usize];
                    if *of_owner == 0 {
                        self.owner_touched.push(label);
                    }
                    *of_owner += 1;
                }
            }
            for label in self.owner_touched.drain(..) {
                let of_owner = std::mem::take(&mut self.owner_counts[label as usize]);
                let count = &mut self.counts[label as usize];
                self.touched[self.touched_len] = label;
                self.touched_len += usize::from(*count == 0);
                *count += of_owner.min(owners.cap);
            }
        }
    }

    /// Moves what `other` has counted of the same row over to this worker.
    pub(super) fn absorb(&mut self, other: &mut Worker) {
        for &item in &other.touched[..other.touched_len] {
            let count = &mut self.counts[item as usize];
            self.touched[self.touched_len] = item;
            self.touched_len += usize::from(*count == 0);
            *count += std::mem::take(&mut other.counts[item as usize]);
            if let (Some(own), Some(others)) =
                (self.weights.get_mut(item as usize), other.weights.get_mut(item as usize))
            {
                *own += std::mem::take(others);
            }
        }
        other.touched_len = 0;
    }

    /// Distinct neighbours of the row of the item `own` (a label) with enough common baskets. Ends the row.
    pub(super) fn finish_counting(&mut self, plan: &Plan, own: u32) -> usize {
        let neighbours = self.neighbours(plan, own).count();
        self.reset();
        neighbours
    }

    /// Ranks the row of the item `own` (a label), cuts it and appends it to what is finished, for a place in the block.
    pub(super) fn finish(&mut self, plan: &Plan, own: u32, place: usize) {
        const COSINE: usize = Measure::Cosine as usize;
        const TOGETHER: usize = Measure::Together as usize;
        const JACCARD: usize = Measure::Jaccard as usize;
        const LIFT: usize = Measure::Lift as usize;
        let row = plan.ranking.row(own);
        match (&plan.weights, plan.ranking.measure()) {
            (Some(weights), _) => self.rank_weighted(plan, weights, own),
            _ if !row.keys_are_exact => self.rank_by_comparing(plan, row, own),
            (None, Measure::Together) => self.rank_by_keys::<TOGETHER>(plan, row, own),
            (None, Measure::Jaccard) => self.rank_by_keys::<JACCARD>(plan, row, own),
            (None, Measure::Lift) => self.rank_by_keys::<LIFT>(plan, row, own),
            (None, Measure::Cosine | Measure::WeightedCosine) => self.rank_by_keys::<COSINE>(plan, row, own),
        }
        self.finished.rows.push((place, self.finished.neighbours.len()));
        self.reset();
    }

    /// `(label, common baskets)` of the row's neighbours with enough of them.
    fn neighbours(&self, plan: &Plan, own: u32) -> impl Iterator<Item = (u32, u32)> {
        let min_together = plan.min_together;
        let touched = self.touched[..self.touched_len].iter();
        let counted = touched.map(|&label| (label, self.counts[label as usize]));
        counted.filter(move |&(label, t)| t >= min_together && label != own)
    }

    fn rank_by_keys<const MEASURE: usize>(&mut self, plan: &Plan, row: RowRanking<'_>, own: u32) {
        if self.keys.len() < self.touched_len {
            self.keys.resize(self.touched_len, 0);
        }
        let mut len = 0;
        for &label in &self.touched[..self.touched_len] {
            let t = self.counts[label as usize];
            self.keys[len] = row.key::<MEASURE>(t, label);
            len += usize::from(t >= plan.min_together && label != own);
        }
        let mut keys = &mut self.keys[..len];
        if len > plan.top_k {
            keys.select_nth_unstable(plan.top_k);
            keys = &mut keys[..plan.top_k];
        }
        keys.sort_unstable();
        self.finished.neighbours.extend(keys.iter().map(|&key| {
            let label = plan.ranking.label_of(key);
            (label, self.counts[label as usize])
        }));
    }

    fn rank_by_comparing(&mut self, plan: &Plan, row: RowRanking<'_>, own: u32) {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        candidates.extend(self.neighbours(plan, own));
        if candidates.len() > plan.top_k {
            candidates.select_nth_unstable_by(plan.top_k, |&a, &b| row.compare(a, b));
            candidates.truncate(plan.top_k);
        }
        candidates.sort_unstable_by(|&a, &b| row.compare(a, b));
        self.finished.neighbours.extend_from_slice(&candidates);
        self.candidates = candidates;
    }

    fn rank_weighted(&mut self, plan: &Plan, weights: &Weights, own: u32) {
        // Labels are dense items here, so that they ascend with the id.
        let order = |a: &(f64, u32, u32), b: &(f64, u32, u32)| {
            b.0.total_cmp(&a.0).then_with(|| (Reverse(a.2), a.1).cmp(&(Reverse(b.2), b.1)))
        };
        let mut candidates = std::mem::take(&mut self.weighted_candidates);
        candidates.clear();
        candidates.extend(self.neighbours(plan, own).map(|(label, t)| {
            let value = weights.cosine(self.weights[label as usize], own, label);
            (value, label, t)
        }));
        if candidates.len() > plan.top_k {
            candidates.select_nth_unstable_by(plan.top_k, order);
            candidates.truncate(plan.top_k);
        }
        candidates.sort_unstable_by(order);
        self.finished.neighbours.extend(candidates.iter().map(|&(_, label, t)| (label, t)));
        self.finished.weighted.extend(candidates.iter().map(|&(value, ..)| value as f32));
        self.weighted_candidates = candidates;
    }

    fn reset(&mut self) {
        for &label in &self.touched[..self.touched_len] {
            self.counts[label as usize] = 0;
        }
        if !self.weights.is_empty() {
            for &label in &self.touched[..self.touched_len] {
                self.weights[label as usize] = 0;
            }
        }
        self.touched_len = 0;
    }
}
