//! Judging models: splits that are stored once, so that every model sees the same rows, and metrics on them.

mod error;
pub mod judge;
mod rows;
mod scores;
pub mod split;
mod stored;
mod trained;

pub use rows::Rows;
pub use stored::StoredSplit;
