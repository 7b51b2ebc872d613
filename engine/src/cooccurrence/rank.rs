//! The order of the neighbours of an item, exact and fast.
//!
//! Within the row of `a`, every plain measure orders neighbours `b` like a fraction `p / q` of integers:
//!
//! | measure | fraction | because |
//! | --- | --- | --- |
//! | cosine | `t^2 / nb` | squaring keeps the order, `na` is the same for the row |
//! | together | `t / 1` | |
//! | jaccard | `t / (na + nb)` | `x / (s - x)` ascends with `x / s` |
//! | lift | `t / nb` | `n` and `na` are the same for the row |
//!
//! Equal fractions are ordered by `t` descending, then by id ascending. Where fractions are equal, a larger `t` goes
//! with a larger `nb` and an equal one with an equal one. So the tie-break is a fixed order of all items, `nb`
//! descending then id ascending (for `together`: id ascending). Items are *labelled* with their number in that order,
//! and a neighbour's whole place in the row is its fraction and its label: one `u64` that sorts fast. While counting,
//! labels have a second virtue: the counters of the popular items lie side by side and stay in the cache.

use super::baskets::Baskets;
use super::measure::Measure;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Mantissa bits of an `f64`, without the hidden one.
const MANTISSA_BITS: u32 = 52;
/// Every fraction lies in `2^-34 .. 2^64`, because counts fit in 32 bits and `t <= nb`: its exponent, taken relative to
/// -34, fits in 7 bits.
const FIRST_EXPONENT: u64 = 1023 - 34;
/// Bits of a fraction: exponent and mantissa.
const FRACTION_BITS: u32 = 7 + MANTISSA_BITS;

/// A measure's order over the items of one [`Baskets`], which labels them.
#[derive(Debug)]
pub(super) struct Ranking {
    measure: Measure,
    /// Label by dense item.
    labels: Vec<u32>,
    /// Id by label.
    ids: Vec<i64>,
    /// Baskets that hold the item, by label.
    baskets: Vec<u32>,
    most_baskets: u32,
    label_bits: u32,
}

/// How the row of one item is ordered.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowRanking<'a> {
    pub(super) ranking: &'a Ranking,
    baskets: u32,
    /// Whether different fractions always get different keys.
    pub(super) keys_are_exact: bool,
}

impl Ranking {
    /// Bytes that [`new`](Self::new) takes, per item, its temporaries included.
    pub(super) const BYTES_PER_ITEM: usize = 3 * size_of::<u32>() + size_of::<i64>() + size_of::<u64>();

    pub(super) fn new(baskets: &Baskets, measure: Measure) -> Self {
        let counts = &baskets.item_baskets;
        // Rarity above the dense item: sorts by baskets descending, then id ascending.
        let mut order: Vec<u64> = counts.iter().zip(0..).map(|(&count, item)| u64::from(!count) << 32 | item).collect();
        if !labels_are_dense(measure) {
            order.par_sort_unstable();
        }
        let in_order = || order.iter().map(|&key| (key & u64::from(u32::MAX)) as usize);
        let mut labels = vec![0; counts.len()];
        for (label, item) in in_order().enumerate() {
            labels[item] = label as u32;
        }
        Ranking {
            measure,
            labels,
            ids: in_order().map(|item| baskets.item_ids[item]).collect(),
            baskets: in_order().map(|item| counts[item]).collect(),
            most_baskets: counts.iter().copied().max().unwrap_or(0),
            label_bits: usize::BITS - counts.len().saturating_sub(1).leading_zeros(),
        }
    }

    /// The label of a dense item.
    pub(super) fn label(&self, item: u32) -> u32 {
        self.labels[item as usize]
    }

    /// The id of the item with a label.
    pub(super) fn id(&self, label: u32) -> i64 {
        self.ids[label as usize]
    }

    /// The baskets that hold the item with a label.
    pub(super) fn baskets(&self, label: u32) -> u32 {
        self.baskets[label as usize]
    }

    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    /// The row of the item with a label.
    pub(super) fn row(&self, label: u32) -> RowRanking<'_> {
        let baskets = self.baskets(label);
        let (t, nb) = (u128::from(baskets), u128::from(self.most_baskets));
        // Fractions p1/q1 > p2/q2 differ by at least 1/(p1*q2) of their value, and p1 <= p, q2 <= q:
        let (p, q) = match self.measure {
            Measure::Cosine => (t * t, nb),
            Measure::Together => (t, 1),
            Measure::Jaccard => (t, t + nb),
            Measure::Lift => (t, nb),
            Measure::WeightedCosine => (u128::MAX, 1),
        };
        // One bit less than the key keeps, for the rounding of the quotient before it is cut.
        let exact_below = 1_u128 << (MANTISSA_BITS - self.dropped_bits() - 1);
        RowRanking { ranking: self, baskets, keys_are_exact: p.checked_mul(q).is_some_and(|pq| pq < exact_below) }
    }

    /// Mantissa bits that do not fit beside the label.
    fn dropped_bits(&self) -> u32 {
        (FRACTION_BITS + self.label_bits).saturating_sub(u64::BITS)
    }

    /// The label in a key.
    pub(super) fn label_of(&self, key: u64) -> u32 {
        (key & ((1 << self.label_bits) - 1)) as u32
    }
}

/// Whether labels are the dense items themselves: where ties between equal `t` of different `nb` are possible.
pub(super) fn labels_are_dense(measure: Measure) -> bool {
    matches!(measure, Measure::Together | Measure::WeightedCosine)
}

impl RowRanking<'_> {
    /// Makes the key of a neighbour with `t` common baskets. Ascending keys are descending ranks.
    ///
    /// `MEASURE` is the position in [`Measure::ALL`]: a constant, so that the inner loop has no branch on it.
    #[inline(always)]
    pub(super) fn key<const MEASURE: usize>(&self, t: u32, label: u32) -> u64 {
        let (t, nb) = (f64::from(t), f64::from(self.ranking.baskets(label)));
        let fraction = match Measure::ALL[MEASURE] {
            Measure::Cosine => t * t / nb,
            Measure::Jaccard => t / (f64::from(self.baskets) + nb),
            Measure::Lift => t / nb,
            Measure::Together | Measure::WeightedCosine => t,
        };
        let dropped_bits = self.ranking.dropped_bits();
        let bits = (fraction.to_bits() - (FIRST_EXPONENT << MANTISSA_BITS)) >> dropped_bits;
        (((1 << (FRACTION_BITS - dropped_bits)) - 1 - bits) << self.ranking.label_bits) | u64::from(label)
    }

    /// The exact order of two neighbours, each `(label, common baskets)`; `Less` ranks first.
    pub(super) fn compare(&self, left: (u32, u32), right: (u32, u32)) -> Ordering {
        let fraction = |(label, t): (u32, u32)| {
            let (t, nb) = (u128::from(t), u128::from(self.ranking.baskets(label)));
            match self.ranking.measure {
                Measure::Cosine => (t * t, nb),
                Measure::Jaccard => (t, u128::from(self.baskets) + nb),
                Measure::Lift => (t, nb),
                Measure::Together | Measure::WeightedCosine => (t, 1),
            }
        };
        let ((p1, q1), (p2, q2)) = (fraction(left), fraction(right));
        // At most 64 + 33 bits.
        (p2 * q1).cmp(&(p1 * q2)).then(left.0.cmp(&right.0))
    }
}
