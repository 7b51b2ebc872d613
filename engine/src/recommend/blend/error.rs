//! What can go wrong when a blend is fitted, restored or asked.

use crate::choice::UnknownChoice;
use crate::recommend::models::ModelError;

/// Why a blend could not be fitted, restored or asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BlendError {
    /// A parameter is out of its range.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The field of the config.
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// A slice does not have the size that is called for.
    #[error("{what} has {actual} entries, {expected} are needed")]
    WrongLength {
        /// Which slice.
        what: &'static str,
        /// What it has.
        actual: usize,
        /// What it should have.
        expected: usize,
    },
    /// A user or an item that does not exist.
    #[error("{what} {id} does not exist: there are {count}")]
    UnknownId {
        /// `"user"` or `"item"`.
        what: &'static str,
        /// The id.
        id: u32,
        /// How many there are.
        count: usize,
    },
    /// A name that no choice has.
    #[error(transparent)]
    UnknownChoice(#[from] UnknownChoice),
    /// A component could not be asked.
    #[error(transparent)]
    Component(#[from] ModelError),
    /// There is no feature to learn from.
    #[error("there are no features")]
    NoFeatures,
    /// Two features have one name.
    #[error("feature \"{name}\" comes twice")]
    FeatureTwice {
        /// The name.
        name: String,
    },
    /// Nothing tells liked from not liked: one of the two labels is missing.
    #[error("there are {positives} positives and {negatives} negatives: both are needed")]
    OneLabel {
        /// Rows with label 1.
        positives: usize,
        /// Rows with label 0.
        negatives: usize,
    },
    /// A value of a feature that is NaN or an infinity.
    #[error("feature \"{feature}\" has the value {value} in row {row}")]
    NotFinite {
        /// The feature.
        feature: String,
        /// The row, from 0.
        row: usize,
        /// The value.
        value: f32,
    },
    /// A weight of a row that is not finite or not over 0.
    #[error("row {row} has the weight {weight}: weights are finite and over 0")]
    InvalidWeight {
        /// The row, from 0.
        row: usize,
        /// The weight.
        weight: f32,
    },
    /// A feature that tells users apart and not the items of a user. Where negatives were drawn per positive, it would
    /// learn how many of them a user has.
    #[error(
        "feature \"{feature}\" is a feature of users: {:.2} % of its variance is within users, at least {:.0} % must be",
        100.0 * .within, 100.0 * .least
    )]
    OfUsers {
        /// The feature.
        feature: String,
        /// The share of the variance, over its bins, that is within users.
        within: f64,
        /// The least share.
        least: f64,
    },
    /// Saved parameters hold something that is not possible.
    #[error("{what} holds something that is not possible, at {at}")]
    InvalidParameters {
        /// Which slice.
        what: &'static str,
        /// The position, from 0.
        at: usize,
    },
    /// A model was asked for before it was fitted.
    #[error("the blend is not fitted yet: steps remain")]
    Unfinished,
}

impl BlendError {
    /// [`InvalidConfig`](Self::InvalidConfig) from its parts.
    pub(super) fn invalid(parameter: &'static str, message: impl Into<String>) -> BlendError {
        BlendError::InvalidConfig { parameter, message: message.into() }
    }

    /// Refuses a slice of the wrong length.
    pub(super) fn check_length(what: &'static str, actual: usize, expected: usize) -> Result<(), BlendError> {
        if actual == expected { Ok(()) } else { Err(BlendError::WrongLength { what, actual, expected }) }
    }
}
