//! The parameters of co-occurrence counting.

use super::{CooccurrenceError, Measure};

/// Neighbours kept per item: enough to filter by artist or genre and still fill a page, and a row of arrays of this
/// length stays within a Postgres page.
pub const DEFAULT_TOP_K: usize = 100;
/// Every pair counts.
pub const DEFAULT_MIN_TOGETHER: u32 = 1;
/// Longer baskets are dumps rather than taste, and cost the square of their length.
pub const DEFAULT_MAX_BASKET_LEN: usize = 1000;
/// 1 GiB.
pub const DEFAULT_MEMORY_LIMIT: usize = 1 << 30;

/// What to count, what to keep, and how much memory to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CooccurrenceConfig {
    /// Neighbours kept per item, at least 1; `None` keeps all.
    pub top_k: Option<usize>,
    /// Orders the neighbours of an item and decides which of them `top_k` keeps.
    pub rank_by: Measure,
    /// Neighbours with fewer common baskets are dropped; at least 1.
    pub min_together: u32,
    /// Baskets with more distinct items are skipped as if they did not exist; at least 1, `None` keeps all.
    pub max_basket_len: Option<usize>,
    /// At most this many baskets of one owner count for a pair (and for an item); at least 1, `None` for no cap.
    /// Not together with [`Measure::WeightedCosine`].
    pub max_per_owner: Option<u32>,
    /// Bytes that the columns, the baskets and the counters may take together. Work that does not fit on all threads
    /// runs on fewer; what does not fit on one is refused with [`CooccurrenceError::MemoryLimit`].
    pub memory_limit: usize,
}

impl Default for CooccurrenceConfig {
    fn default() -> Self {
        CooccurrenceConfig {
            top_k: Some(DEFAULT_TOP_K),
            rank_by: Measure::default(),
            min_together: DEFAULT_MIN_TOGETHER,
            max_basket_len: Some(DEFAULT_MAX_BASKET_LEN),
            max_per_owner: None,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl CooccurrenceConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`CooccurrenceError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), CooccurrenceError> {
        let at_least_one = [
            ("top_k", self.top_k == Some(0)),
            ("min_together", self.min_together == 0),
            ("max_basket_len", self.max_basket_len == Some(0)),
            ("max_per_owner", self.max_per_owner == Some(0)),
        ];
        for (parameter, is_zero) in at_least_one {
            if is_zero {
                return Err(CooccurrenceError::InvalidConfig { parameter, message: "must be at least 1".to_owned() });
            }
        }
        if self.rank_by == Measure::WeightedCosine && self.max_per_owner.is_some() {
            return Err(CooccurrenceError::InvalidConfig {
                parameter: "max_per_owner",
                message:
                    "cannot be combined with rank_by weighted_cosine, which weighs baskets and does not count them"
                        .to_owned(),
            });
        }
        Ok(())
    }
}
