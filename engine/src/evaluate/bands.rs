//! Items by how popular they are in training.

use super::EvaluateError;
use crate::choice::named;

/// A band of popularity. The first three hold about a third of all training positives each; items of the same popularity
/// are in the same band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// The most popular items.
    Head,
    /// Those between.
    Middle,
    /// The least popular items that somebody has.
    Tail,
    /// Items that nobody has in training.
    Cold,
}

named!(EvaluateError, Band, "band", Head = "head", Middle = "middle", Tail = "tail", Cold = "cold");

/// The band of each item by its number of training positives.
pub fn bands(popularity: &[u32]) -> Vec<Band> {
    let mut sorted = popularity.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let all: u64 = popularity.iter().map(|&count| u64::from(count)).sum();
    // The popularity at which so many thirds of the positives are reached.
    let reached = |thirds: u64| {
        let mut sum = 0;
        let reaches = |count: &&u32| {
            sum += u64::from(**count);
            3 * sum >= thirds * all
        };
        sorted.iter().find(reaches).copied().unwrap_or(0).max(1)
    };
    let (head, middle) = (reached(1), reached(2));
    let band = |&count: &u32| match count {
        0 => Band::Cold,
        count if count >= head => Band::Head,
        count if count >= middle => Band::Middle,
        _ => Band::Tail,
    };
    popularity.iter().map(band).collect()
}
