//! How strongly two items belong together.

use super::CooccurrenceError;
use std::fmt;
use std::str::FromStr;

/// A measure of how strongly two items `a` and `b` belong together.
///
/// `t` is the number of baskets that hold both, `na` and `nb` the numbers of baskets that hold each, `n` the number of
/// all baskets. All measures are symmetric and at least 0; they are 0 if and only if `t` is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Measure {
    /// `t / sqrt(na * nb)`, in `0..=1` (Ochiai 1957).
    #[default]
    Cosine,
    /// `t` itself.
    Together,
    /// `t / (na + nb - t)`, in `0..=1` (Jaccard 1901).
    Jaccard,
    /// `t * n / (na * nb)`: how many times more often than if the items were independent (Brin et al. 1997). Rare items
    /// rank high, so use it with a `min_together` above 1.
    Lift,
    /// The cosine of basket vectors in which a basket of `len` distinct items weighs `w = 1 / ln(1 + len)`:
    /// `sum of w over the common baskets / sqrt(Wa * Wb)`, in `0..=1`, where `Wa` is the sum of `w` over the baskets of
    /// `a`. A short playlist says more than a long one. Weights are rounded to multiples of 2^-30, so that their sums
    /// are exact and do not depend on the order of addition.
    WeightedCosine,
}

impl Measure {
    /// Every measure, in the order of the documentation.
    pub const ALL: [Measure; 5] =
        [Measure::Cosine, Measure::Together, Measure::Jaccard, Measure::Lift, Measure::WeightedCosine];

    /// The name that [`FromStr`] reads and [`Display`](fmt::Display) writes.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Cosine => "cosine",
            Measure::Together => "together",
            Measure::Jaccard => "jaccard",
            Measure::Lift => "lift",
            Measure::WeightedCosine => "weighted_cosine",
        }
    }

    /// The value for `together` common baskets of items in `baskets_a` and `baskets_b` of `total_baskets` baskets; 0 if
    /// `together` is 0.
    ///
    /// [`WeightedCosine`](Measure::WeightedCosine) cannot be computed from counts: it falls back to the plain cosine.
    /// Its value is in [`RowBlock::weighted`](super::RowBlock::weighted).
    pub fn score(self, together: u32, baskets_a: u32, baskets_b: u32, total_baskets: u64) -> f64 {
        if together == 0 {
            return 0.0;
        }
        let (t, na, nb) = (f64::from(together), f64::from(baskets_a), f64::from(baskets_b));
        match self {
            Measure::Cosine | Measure::WeightedCosine => t / (na * nb).sqrt(),
            Measure::Together => t,
            Measure::Jaccard => t / (na + nb - t),
            Measure::Lift => t * total_baskets as f64 / (na * nb),
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Measure {
    type Err = CooccurrenceError;

    /// Reads a name exactly as [`Display`](fmt::Display) writes it.
    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Measure::ALL
            .into_iter()
            .find(|measure| measure.name() == name)
            .ok_or_else(|| CooccurrenceError::UnknownMeasure { name: name.to_owned() })
    }
}
