//! What the engine says about embeddings, as errors of SQL.

use super::triples::TRAIN_LESS;
use crate::error::{Error, memory_limit};
use pgrx::prelude::*;
use sgr_engine::kge::KgeError;

impl From<KgeError> for Error {
    fn from(error: KgeError) -> Self {
        match error {
            KgeError::UnknownName(unknown) => unknown.into(),
            KgeError::InvalidConfig { .. } => Self::invalid(error.to_string()),
            KgeError::MemoryLimit { needed, limit } => memory_limit(needed, limit, "the training", TRAIN_LESS),
            KgeError::NoTriples { .. } => Self::not_ready(error.to_string()),
            KgeError::TooMany { .. } => Self::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, error.to_string()),
            // Somebody has changed the tables by hand, or a training was stopped by divergence.
            KgeError::NotFinite { .. } | KgeError::WrongLength { .. } | KgeError::Mismatch { .. } => {
                Self::not_ready("the stored model cannot be used").detail(error.to_string())
            }
            other => Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, other.to_string()),
        }
    }
}
