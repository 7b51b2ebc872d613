//! Knowledge-graph embeddings: trained on the graph, stored in tables, asked in SQL.

mod checkpoint;
pub mod choices;
mod compute;
mod error;
pub mod evaluate;
pub mod files;
mod index;
mod model;
mod progress;
pub mod questions;
pub mod resume;
mod track_neighbours;
pub mod train;
pub mod triples;
mod vectors;

pub use choices::Choices;
pub use progress::Reporter;
