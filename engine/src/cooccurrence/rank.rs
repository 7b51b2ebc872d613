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
//! descending then id ascending (for `together`: id ascending), and a neighbour's whole place in the order is the
//! fraction and the item's number in that fixed order. Both fit in one `u64` that sorts fast.

use super::baskets::Baskets;
use super::measure::Measure;
use std::cmp::{Ordering, Reverse};

/// Mantissa bits of an `f64`, without the hidden one.
const MANTISSA_BITS: u32 = 52;
/// Every fraction lies in `2^-34 .. 2^64`, because counts fit in 32 bits and `t <= nb`: its exponent, taken relative to
/// -34, fits in 7 bits.
const FIRST_EXPONENT: u64 = 1023 - 34;
/// Bits of a fraction: exponent and mantissa.
const FRACTION_BITS: u32 = 7 + MANTISSA_BITS;

/// What ranking needs to know of each neighbour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    /// Baskets that hold the item.
    pub(super) baskets: u32,
    /// Number in the order that breaks ties.
    tie: u32,
}

/// A measure's order over the items of one [`Baskets`].
#[derive(Debug)]
pub(super) struct Ranking {
    measure: Measure,
    /// By dense item.
    standings: Vec<Standing>,
    /// Dense item by number in the order that breaks ties.
    by_tie: Vec<u32>,
    most_baskets: u32,
    tie_bits: u32,
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
    /// Bytes that [`new`](Self::new) takes, per item.
    pub(super) const BYTES_PER_ITEM: usize = size_of::<Standing>() + size_of::<u32>();

    pub(super) fn new(baskets: &Baskets, measure: Measure) -> Self {
        let counts = &baskets.item_baskets;
        let mut by_tie: Vec<u32> = (0..counts.len() as u32).collect();
        if measure != Measure::Together {
            by_tie.sort_by_key(|&item| Reverse(counts[item as usize]));
        }
        let mut standings: Vec<Standing> = counts.iter().map(|&baskets| Standing { baskets, tie: 0 }).collect();
        for (tie, &item) in by_tie.iter().enumerate() {
            standings[item as usize].tie = tie as u32;
        }
        let most_baskets = counts.iter().copied().max().unwrap_or(0);
        let tie_bits = usize::BITS - counts.len().saturating_sub(1).leading_zeros();
        Ranking { measure, standings, by_tie, most_baskets, tie_bits }
    }

    pub(super) fn measure(&self) -> Measure {
        self.measure
    }

    pub(super) fn standing(&self, item: u32) -> Standing {
        self.standings[item as usize]
    }

    /// The row of `item`.
    pub(super) fn row(&self, item: u32) -> RowRanking<'_> {
        let baskets = self.standing(item).baskets;
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

    /// Mantissa bits that do not fit beside the tie-break.
    fn dropped_bits(&self) -> u32 {
        (FRACTION_BITS + self.tie_bits).saturating_sub(u64::BITS)
    }

    /// The dense item that a key was made for.
    pub(super) fn item_of(&self, key: u64) -> u32 {
        self.by_tie[(key & ((1 << self.tie_bits) - 1)) as usize]
    }
}

impl RowRanking<'_> {
    /// Makes the key for a neighbour of this standing with `t` common baskets. Ascending keys are descending ranks.
    ///
    /// `MEASURE` is the position in [`Measure::ALL`]: a constant, so that the inner loop has no branch on it.
    #[inline(always)]
    pub(super) fn key<const MEASURE: usize>(&self, t: u32, standing: Standing) -> u64 {
        let (t, nb) = (f64::from(t), f64::from(standing.baskets));
        let fraction = match Measure::ALL[MEASURE] {
            Measure::Cosine => t * t / nb,
            Measure::Jaccard => t / (f64::from(self.baskets) + nb),
            Measure::Lift => t / nb,
            Measure::Together | Measure::WeightedCosine => t,
        };
        let bits = (fraction.to_bits() - (FIRST_EXPONENT << MANTISSA_BITS)) >> self.ranking.dropped_bits();
        let kept = FRACTION_BITS - self.ranking.dropped_bits();
        (((1 << kept) - 1 - bits) << self.ranking.tie_bits) | u64::from(standing.tie)
    }

    /// The exact order of two neighbours, each `(common baskets, dense item)`; `Less` ranks first.
    pub(super) fn compare(&self, left: (u32, u32), right: (u32, u32)) -> Ordering {
        let fraction = |(t, item): (u32, u32)| {
            let (t, nb) = (u128::from(t), u128::from(self.ranking.standing(item).baskets));
            match self.ranking.measure {
                Measure::Cosine => (t * t, nb),
                Measure::Jaccard => (t, u128::from(self.baskets) + nb),
                Measure::Lift => (t, nb),
                Measure::Together | Measure::WeightedCosine => (t, 1),
            }
        };
        let ((p1, q1), (p2, q2)) = (fraction(left), fraction(right));
        // At most 64 + 33 bits.
        (p2 * q1).cmp(&(p1 * q2)).then(right.0.cmp(&left.0)).then(left.1.cmp(&right.1))
    }
}
