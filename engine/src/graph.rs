//! What is computed on the knowledge graph: its components, rows of edges for every node, and paths.

mod adjacency;
mod components;
mod error;
pub mod neighbourhood;
pub mod search;

pub use adjacency::{Adjacency, AdjacencyBuilder};
pub use components::{ComponentSummary, Components};
pub use error::GraphError;
