//! The blend in SQL: which components and parameters it has, how it learns, and what of it is stored.
//!
//! In `sgr.models.blend` are the definitions of the components and the terms, so that `sgr_blend_terms` reads the very
//! numbers that scores are made of; what the components learned is in `sgr.model_arrays`, like that of other recommenders.

mod choice;
mod graph;
mod learn;
mod stored;

pub use choice::{BlendChoice, NAME};
pub use graph::EntityEdges;
pub use learn::{Learned, Source, learn};
pub use stored::{arrays, blended, restore, to_json};
