//! What the engine says about recommenders, as errors of SQL.

use crate::error::{Error, memory_limit};
use pgrx::prelude::*;
use sgr_engine::recommend::models::ModelError;

/// How training gets by with less memory.
pub const LESS: &str = "learn fewer interactions, or a model with fewer parameters";

impl From<ModelError> for Error {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::InvalidConfig { parameter, message } => Self::invalid(format!("{parameter} {message}")),
            ModelError::MemoryLimit { what, needed, limit } => memory_limit(needed, limit, what, LESS),
            ModelError::NoInteractions => Self::not_ready("there are no interactions to learn from"),
            ModelError::NotPositiveDefinite { .. } => {
                Self::new(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, error.to_string()).hint("raise l2")
            }
            ModelError::Diverged { epoch } => Self::new(
                PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
                format!("training diverged in epoch {epoch}"),
            )
            .hint("lower learning_rate, or raise l2"),
            other => Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, other.to_string()),
        }
    }
}
