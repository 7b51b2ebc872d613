//! The jointly trained recommender: interactions and triples in, a model, an ablation or a search out.

pub mod ablate;
mod checkpoint;
pub mod choices;
mod data;
mod error;
mod graph;
mod progress;
pub mod store;
pub mod sweep;
mod train;

pub use choices::Choices;
pub use graph::{Graph, GraphWish};
