//! What can go wrong when a graph is examined.

/// Why a graph could not be examined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The next node would take the structure over its limit. What it held before is unchanged.
    #[error("{nodes} nodes would need {needed} bytes, over the limit of {limit} bytes")]
    MemoryLimit {
        /// Nodes that there would be room for.
        nodes: usize,
        /// Bytes while the structure grows to that size.
        needed: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// More distinct nodes than dense codes can number.
    #[error("more than {limit} nodes")]
    TooManyNodes {
        /// How many there may be.
        limit: usize,
    },
    /// A number of a configuration that is 0 or too large.
    #[error("{what} must be between 1 and {most}, not {value}")]
    OutOfRange {
        /// Its name.
        what: &'static str,
        /// The number as it was given.
        value: usize,
        /// The largest that is allowed.
        most: usize,
    },
    /// A relation weight that is negative or not finite.
    #[error("invalid weight {weight} of relation {relation}: relation weights are finite and not negative")]
    InvalidRelationWeight {
        /// The relation's number; 0 stands for all that are not named.
        relation: i32,
        /// The weight as it was given.
        weight: f64,
    },
    /// The caller raised the flag that long calls look at.
    #[error("cancelled")]
    Cancelled,
}
