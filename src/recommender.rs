//! Recommenders that learn from interactions: trained on a split or on all interactions, stored in tables, asked in SQL.

pub mod arrays;
mod blend;
mod cache;
pub mod choice;
mod error;
pub mod inputs;
pub mod model;
mod plan;
pub mod predict;
pub mod train;
