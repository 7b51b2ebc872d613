//! What can go wrong in the joint training.

/// Why a joint model could not be trained, restored or used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MkrError {
    /// A parameter is out of its range.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The field of [`MkrConfig`](super::MkrConfig).
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// The columns of interactions are not parallel.
    #[error("the columns have {users} users, {items} items and {labels} labels")]
    ColumnLengths {
        /// Rows of the column of users.
        users: usize,
        /// Rows of the column of items.
        items: usize,
        /// Rows of the column of labels.
        labels: usize,
    },
    /// An id is not below the number of users, items or entities.
    #[error("{what} {id} does not exist: there are {count}")]
    UnknownId {
        /// `"user"`, `"item"` or `"entity"`.
        what: &'static str,
        /// The id.
        id: u32,
        /// How many there are.
        count: usize,
    },
    /// Nothing tells liked from not liked: one of the two labels is missing.
    #[error("the {part} interactions have {positives} positives and {negatives} negatives: both are needed")]
    OneLabel {
        /// `"training"` or `"validation"`.
        part: &'static str,
        /// Rows with label 1.
        positives: usize,
        /// Rows with label 0.
        negatives: usize,
    },
    /// There are no triples, but the knowledge graph is to be learned.
    #[error("the knowledge graph has no triples; without one, set no_kge")]
    NoTriples,
    /// Two inputs that belong together disagree on a number.
    #[error("{what}: {actual} here, {expected} there")]
    Mismatch {
        /// What they disagree on.
        what: &'static str,
        /// The number of the one.
        actual: usize,
        /// The number of the other.
        expected: usize,
    },
    /// Saved parameters do not have the size that the shape calls for.
    #[error("{what} has {actual} numbers, {expected} are needed")]
    WrongLength {
        /// Which slice.
        what: &'static str,
        /// What it has.
        actual: usize,
        /// What it should have.
        expected: usize,
    },
    /// Saved parameters hold NaN or an infinity.
    #[error("{what} holds a number that is not finite, at place {place}")]
    NotFinite {
        /// Which slice.
        what: &'static str,
        /// The place, from 0.
        place: usize,
    },
    /// Training would go over the limit. Nothing was allocated.
    #[error("training would need {needed} bytes, over the limit of {limit} bytes")]
    MemoryLimit {
        /// Bytes needed in all.
        needed: usize,
        /// The limit, in bytes.
        limit: usize,
    },
}

impl MkrError {
    /// [`InvalidConfig`](Self::InvalidConfig) from its parts.
    pub(super) fn invalid(parameter: &'static str, message: impl Into<String>) -> MkrError {
        MkrError::InvalidConfig { parameter, message: message.into() }
    }
}
