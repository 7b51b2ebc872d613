//! What can go wrong when recommenders are fitted or asked.

/// Why a recommender could not be fitted or asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A parameter is out of its range.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The field of the model's config.
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// The columns of interactions are not parallel.
    #[error("the columns have {users} users, {items} items and {weights} weights")]
    ColumnLengths {
        /// Rows of the user column.
        users: usize,
        /// Rows of the item column.
        items: usize,
        /// Rows of the weight column.
        weights: usize,
    },
    /// More than dense ids can number.
    #[error("{count} {what}, at most {limit} are possible")]
    TooMany {
        /// `"users"`, `"items"` or `"interactions"`.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
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
    /// A weight that is not finite or not over 0, alone or added up over repetitions.
    #[error("invalid weight {weight} of user {user} and item {item}: weights are finite and over 0")]
    InvalidWeight {
        /// The user.
        user: u32,
        /// The item.
        item: u32,
        /// The weight.
        weight: f32,
    },
    /// There is nothing to learn from.
    #[error("there are no interactions")]
    NoInteractions,
    /// A slice does not have the size that the model calls for.
    #[error("{what} has {actual} numbers, {expected} are needed")]
    WrongLength {
        /// Which slice.
        what: &'static str,
        /// What it has.
        actual: usize,
        /// What it should have.
        expected: usize,
    },
    /// Saved parameters hold NaN, an infinity, or an id that does not exist.
    #[error("{what} holds a number that is not possible, at {at}")]
    InvalidParameters {
        /// Which slice.
        what: &'static str,
        /// The position, from 0.
        at: usize,
    },
    /// The structures would go over the limit. Nothing was allocated.
    #[error("{what} would need {needed} bytes, over the limit of {limit} bytes")]
    MemoryLimit {
        /// What did not fit.
        what: &'static str,
        /// Bytes needed in all.
        needed: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A system of equations has no single solution in the precision of `f32`: the regularisation is too small.
    #[error("the equations cannot be solved: the matrix is not positive definite at row {row}; regularise more")]
    NotPositiveDefinite {
        /// The row at which it was seen.
        row: usize,
    },
    /// A number stopped being finite in training.
    #[error("training diverged in epoch {epoch}: use a smaller learning rate, or regularise more")]
    Diverged {
        /// The epoch, from 1.
        epoch: u32,
    },
    /// A model was asked for before it was fitted.
    #[error("the model is not fitted yet: steps remain")]
    Unfinished,
    /// The model has no way to score a user that it was not trained with.
    #[error("{model} cannot score new users without training")]
    NoFoldIn {
        /// Name of the model.
        model: &'static str,
    },
}

impl ModelError {
    /// [`InvalidConfig`](Self::InvalidConfig) from its parts.
    pub(super) fn invalid(parameter: &'static str, message: impl Into<String>) -> ModelError {
        ModelError::InvalidConfig { parameter, message: message.into() }
    }

    /// Refuses a number that is not finite, or not over `least`.
    pub(super) fn check_over(parameter: &'static str, value: f32, least: f32) -> Result<(), ModelError> {
        if value.is_finite() && value > least {
            return Ok(());
        }
        Err(ModelError::invalid(parameter, format!("must be finite and over {least}, not {value}")))
    }

    /// Refuses a number that is not finite, or below `least`.
    pub(super) fn check_least(parameter: &'static str, value: f32, least: f32) -> Result<(), ModelError> {
        if value.is_finite() && value >= least {
            return Ok(());
        }
        Err(ModelError::invalid(parameter, format!("must be finite and at least {least}, not {value}")))
    }

    /// Refuses a count that is not in `1..=most`.
    pub(super) fn check_count(parameter: &'static str, value: usize, most: usize) -> Result<(), ModelError> {
        if (1..=most).contains(&value) {
            return Ok(());
        }
        Err(ModelError::invalid(parameter, format!("must be in 1..={most}, not {value}")))
    }

    /// Refuses what would be over a limit.
    pub(super) fn check_memory(what: &'static str, needed: usize, limit: usize) -> Result<(), ModelError> {
        if needed > limit { Err(ModelError::MemoryLimit { what, needed, limit }) } else { Ok(()) }
    }

    /// Refuses a slice of the wrong length.
    pub(super) fn check_length(what: &'static str, actual: usize, expected: usize) -> Result<(), ModelError> {
        if actual == expected { Ok(()) } else { Err(ModelError::WrongLength { what, actual, expected }) }
    }

    /// Refuses saved numbers that are not finite.
    pub(super) fn check_finite(what: &'static str, numbers: &[f32]) -> Result<(), ModelError> {
        match numbers.iter().position(|number| !number.is_finite()) {
            Some(at) => Err(ModelError::InvalidParameters { what, at }),
            None => Ok(()),
        }
    }
}
