//! Judging models: splits that are stored once, so that every model sees the same rows, and metrics on them.

pub mod error;
pub mod judge;
pub mod rows;
mod scores;
pub mod split;
pub mod stored;
