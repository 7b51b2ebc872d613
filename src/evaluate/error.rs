//! What the engine says about evaluation, as errors of SQL.

use crate::error::Error;
use pgrx::prelude::*;
use sgr_engine::evaluate::EvaluateError;

/// Ids of users and items by the numbers that the engine has for them.
pub struct Ids<'a> {
    pub users: &'a [i64],
    pub items: &'a [i64],
}

impl Ids<'_> {
    /// An error of the engine in terms of the ids.
    pub fn error(&self, error: EvaluateError) -> Error {
        let pair = |user: u32, item: u32| {
            let id = |ids: &[i64], number: u32| ids.get(number as usize).map_or("?".to_owned(), i64::to_string);
            format!("user {}, item {}", id(self.users, user), id(self.items, item))
        };
        match error {
            EvaluateError::Twice { user, item } => {
                Error::invalid("a user and an item come together in more than one row").detail(pair(user, item))
            }
            EvaluateError::Score { user, item, score } => {
                Error::invalid("scores must be finite").detail(format!("{}: {score}", pair(user, item)))
            }
            other => other.into(),
        }
    }
}

impl From<EvaluateError> for Error {
    fn from(error: EvaluateError) -> Self {
        match error {
            EvaluateError::UnknownName(unknown) => unknown.into(),
            EvaluateError::Ratios { ratios, sum } => Self::invalid("the ratios do not sum to 1")
                .detail(format!("{} + {} + {} = {sum}", ratios[0], ratios[1], ratios[2]))
                .hint("they are the shares of the training, validation and test part"),
            EvaluateError::InvalidConfig { .. } => Self::invalid(error.to_string()),
            EvaluateError::NoPositives { .. } => Self::not_ready(error.to_string())
                .hint("users with one positive are only learned from, and temporal_global does not divide what happened at one time"),
            // Nobody sees it: the cancel request itself unwinds the main thread.
            EvaluateError::Cancelled => Self::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"),
            other => Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, other.to_string()),
        }
    }
}
