//! What the engine says about joint training, as errors of SQL.

use crate::error::{Error, memory_limit};
use pgrx::prelude::*;
use sgr_engine::recommend::mkr::MkrError;

/// How joint training gets by with less memory.
const LESS: &str = "train with a lower rec_dim or batch_size, fewer threads, or only some relations";

impl From<MkrError> for Error {
    fn from(error: MkrError) -> Self {
        match error {
            MkrError::InvalidConfig { parameter: "dim", message } => {
                Self::invalid(format!("invalid rec_dim: {message}"))
            }
            MkrError::InvalidConfig { .. } => Self::invalid(error.to_string()),
            MkrError::MemoryLimit { needed, limit } => memory_limit(needed, limit, "the joint training", LESS),
            MkrError::OneLabel { part, positives, negatives } => {
                Self::not_ready(format!("the {part} part of the split does not have both labels"))
                    .detail(format!("{positives} positives and {negatives} negatives"))
                    .hint("sgr_eval_split(..., negatives => 1) draws a negative for each positive")
            }
            MkrError::NoTriples => {
                Self::not_ready("the knowledge graph has no triples").hint("no_kge => true trains without one")
            }
            // Somebody has changed the tables by hand.
            MkrError::NotFinite { .. } | MkrError::WrongLength { .. } | MkrError::Mismatch { .. } => {
                Self::not_ready("the stored model cannot be used").detail(error.to_string())
            }
            other => Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, other.to_string()),
        }
    }
}
