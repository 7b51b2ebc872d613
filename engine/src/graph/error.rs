//! What can go wrong when a graph is examined.

/// Why a graph could not be examined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
}
