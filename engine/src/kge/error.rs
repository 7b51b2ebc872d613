//! What can go wrong when embeddings are trained, judged or used.

use crate::choice::UnknownChoice;

/// Why knowledge-graph embeddings could not be trained, judged or used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KgeError {
    /// A parameter is out of its range, or two parameters do not go together.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The field of [`KgeConfig`](super::KgeConfig).
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// A choice that does not exist was asked for by name.
    #[error(transparent)]
    UnknownName(#[from] UnknownChoice),
    /// There is nothing to learn from, or nothing to judge by.
    #[error("there are no {what}")]
    NoTriples {
        /// `"triples"`, `"validation triples"` or `"triples of new entities"`.
        what: &'static str,
    },
    /// The three columns of triples are not parallel.
    #[error("the columns have {heads} heads, {relations} relations and {tails} tails")]
    ColumnLengths {
        /// Rows of the head column.
        heads: usize,
        /// Rows of the relation column.
        relations: usize,
        /// Rows of the tail column.
        tails: usize,
    },
    /// More than dense ids or positions can number.
    #[error("{count} {what}, at most {limit} are possible")]
    TooMany {
        /// `"entities"`, `"relations"` or `"triples"`.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// An id is not below the number of entities or relations.
    #[error("{what} {id} does not exist: there are {count}")]
    UnknownId {
        /// `"entity"` or `"relation"`.
        what: &'static str,
        /// The id.
        id: u32,
        /// How many there are.
        count: usize,
    },
    /// Saved vectors or a saved state do not have the size that model, width and counts call for.
    #[error("{what} has {actual} numbers, {expected} are needed")]
    WrongLength {
        /// Which slice.
        what: &'static str,
        /// What it has.
        actual: usize,
        /// What it should have.
        expected: usize,
    },
    /// A saved vector holds NaN or an infinity.
    #[error("{what} holds a number that is not finite, in row {row}")]
    NotFinite {
        /// Which slice.
        what: &'static str,
        /// The row, from 0.
        row: usize,
    },
    /// Two sets of triples that belong together disagree on the number of entities or relations.
    #[error("{what}: {actual} here, {expected} there")]
    Mismatch {
        /// What they disagree on.
        what: &'static str,
        /// The number of the one.
        actual: usize,
        /// The number of the other.
        expected: usize,
    },
    /// The structures would go over the limit. Nothing was allocated.
    #[error("training would need {needed} bytes, over the limit of {limit} bytes")]
    MemoryLimit {
        /// Bytes needed in all.
        needed: usize,
        /// The limit, in bytes.
        limit: usize,
    },
}

impl KgeError {
    /// [`InvalidConfig`](Self::InvalidConfig) from its parts.
    pub(super) fn invalid(parameter: &'static str, message: impl Into<String>) -> KgeError {
        KgeError::InvalidConfig { parameter, message: message.into() }
    }
}
