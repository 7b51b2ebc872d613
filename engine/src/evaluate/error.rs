//! What can go wrong when recommendations are judged.

use crate::choice::UnknownChoice;

/// Why rows could not be split, or scores not be judged.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// A parameter is out of its range, or two parameters do not go together.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// A choice that does not exist was asked for by name.
    #[error(transparent)]
    UnknownName(#[from] UnknownChoice),
    /// The shares of the parts do not sum to 1.
    #[error("the ratios {ratios:?} sum to {sum}, not to 1")]
    Ratios {
        /// The ratios of training, validation and test part.
        ratios: [f64; 3],
        /// Their sum.
        sum: f64,
    },
    /// Slices that belong together differ in length.
    #[error("{what}: {actual} given, {expected} needed")]
    Length {
        /// Which slice.
        what: &'static str,
        /// Its length.
        actual: usize,
        /// What it should be.
        expected: usize,
    },
    /// An id is not below the number of users or items.
    #[error("{what} {id} does not exist: there are {count}")]
    UnknownId {
        /// `"user"` or `"item"`.
        what: &'static str,
        /// The id.
        id: u32,
        /// How many there are.
        count: usize,
    },
    /// A part has nothing that could be learned from or found.
    #[error("the {part} part has no positive row")]
    NoPositives {
        /// `"training"` or `"test"`.
        part: &'static str,
    },
    /// A label is neither 0 nor 1.
    #[error("row {row} has the label {label}: labels are 0 or 1")]
    Label {
        /// The row, from 0.
        row: usize,
        /// Its label.
        label: f64,
    },
    /// A pair of user and item comes twice, so that one row could be learned and the other asked for.
    #[error("user {user} and item {item} come together in more than one row")]
    Twice {
        /// The user.
        user: u32,
        /// The item.
        item: u32,
    },
    /// The caller raised the flag that long calls look at.
    #[error("cancelled")]
    Cancelled,
    /// A score is NaN or an infinity that means nothing.
    #[error("the score of user {user} and item {item} is {score}")]
    Score {
        /// The user.
        user: u32,
        /// The item.
        item: u32,
        /// The score.
        score: f64,
    },
}

impl EvaluateError {
    /// [`InvalidConfig`](Self::InvalidConfig) from its parts.
    pub(super) fn invalid(parameter: &'static str, message: impl Into<String>) -> EvaluateError {
        EvaluateError::InvalidConfig { parameter, message: message.into() }
    }

    /// [`Length`](Self::Length), unless the two agree.
    pub(super) fn check_length(what: &'static str, actual: usize, expected: usize) -> Result<(), EvaluateError> {
        if actual == expected { Ok(()) } else { Err(EvaluateError::Length { what, actual, expected }) }
    }

    /// [`UnknownId`](Self::UnknownId), unless all ids are below `count`.
    pub(super) fn check_ids(what: &'static str, ids: &[u32], count: usize) -> Result<(), EvaluateError> {
        match ids.iter().max() {
            Some(&id) if id as usize >= count => Err(EvaluateError::UnknownId { what, id, count }),
            _ => Ok(()),
        }
    }
}
