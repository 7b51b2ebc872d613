//! What can go wrong when rows are aligned.

/// Why rows could not be aligned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FuseError {
    /// The caller raised the flag that long work looks at.
    #[error("cancelled")]
    Cancelled,
    /// Two rows have the same id, so that an alias could not say which it means.
    #[error("the id {id} appears twice")]
    DuplicateId {
        /// The id.
        id: i64,
    },
    /// More rows than dense 32-bit indices can number.
    #[error("{rows} rows, at most {limit} can be aligned at once")]
    TooManyRows {
        /// How many there are.
        rows: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A parameter is out of its range.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The field of [`AlignConfig`](super::align::AlignConfig).
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
}
