//! What can go wrong when co-occurrence is counted.

/// Why co-occurrence could not be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CooccurrenceError {
    /// The caller raised the flag that a long build looks at.
    #[error("cancelled")]
    Cancelled,
    /// A structure would go over [`memory_limit`](super::CooccurrenceConfig::memory_limit). Nothing was allocated for it.
    #[error("{what} would need {needed} bytes in all, over the limit of {limit} bytes")]
    MemoryLimit {
        /// Bytes in use at that point, `what` included.
        needed: usize,
        /// The limit of the config, in bytes.
        limit: usize,
        /// The structure that did not fit.
        what: &'static str,
    },
    /// The basket column and the item column are not parallel.
    #[error("the basket column has {baskets} rows, the item column {items}")]
    ColumnLengths {
        /// Rows of the basket column.
        baskets: usize,
        /// Rows of the item column.
        items: usize,
    },
    /// More distinct items or baskets than dense ids and counts can number.
    #[error("{count} distinct {what}, at most {limit} can be counted")]
    TooManyItems {
        /// `"items"` or `"baskets"`.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A parameter is out of its range, or two parameters do not go together.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The field of [`CooccurrenceConfig`](super::CooccurrenceConfig).
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// A measure that does not exist was asked for by name.
    #[error("unknown measure \"{name}\": use one of cosine, together, jaccard, lift, weighted_cosine")]
    UnknownMeasure {
        /// The name as it was given.
        name: String,
    },
}
