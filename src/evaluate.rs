//! Judging models: splits that are stored once, so that every model sees the same rows, and metrics on them.

mod error;
pub mod judge;
mod rows;
mod scores;
pub mod split;
mod stored;
pub mod trained;

pub use error::Ids;
pub use rows::Rows;
pub use stored::{StoredSplit, StoredSplitName, check_learned};
