//! What is computed on the knowledge graph as a whole.

mod components;
mod error;

pub use components::{ComponentSummary, Components};
pub use error::GraphError;
