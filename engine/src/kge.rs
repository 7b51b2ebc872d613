//! Knowledge-graph embeddings: vectors for entities and relations that make true triples score high.
//!
//! 1. [`TripleSet`] holds triples over dense `u32` ids, [`KnownTriples`] says which are known to be true.
//! 2. [`Trainer`] learns [`Embeddings`] by one of the models of [`ModelKind`], a step at a time, from a [`KgeConfig`].
//!    [`estimate`] says beforehand how much memory that takes.
//! 3. [`Ranker`] measures how well true triples rank. [`predict`] answers questions, [`Neighbours`] finds entities that
//!    are alike.
//!
//! **Speed.** A chunk of positives shares one set of corrupting entities, so that its scores and gradients are products
//! of matrices (as in PyTorch-BigGraph, Lerer et al. 2019, and DGL-KE, Zheng et al. 2020). Threads share the vectors and
//! do not wait for each other (Hogwild, Niu et al. 2011).
//!
//! ```
//! use sgr_engine::kge::{KgeConfig, KnownTriples, ModelKind, Phase, Ranker, Side, Trainer, TripleSet, predict};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
//! // Twelve entities in a ring, each followed by the next: a rotation, and no translation.
//! let (heads, tails) = ((0..12).collect(), (0..12).map(|head| (head + 1) % 12).collect());
//! let triples = Arc::new(TripleSet::new(heads, vec![0; 12], tails, 12, 1)?);
//! let config = KgeConfig { dim: 16, epochs: 200, ..KgeConfig::for_model(ModelKind::RotatE) };
//! let mut trainer = Trainer::new(Arc::clone(&triples), None, config, &pool)?;
//! while trainer.step(&pool).phase != Phase::Stopped {}
//! let embeddings = trainer.finish().embeddings;
//! assert_eq!(predict(&embeddings, Side::Tail, 3, 0, 1, None, &pool)?[0].entity, 4);
//!
//! let known = KnownTriples::new(&[&triples])?;
//! let known = [&known];
//! let mut ranker = Ranker::new(&embeddings, &triples, &known, &pool)?;
//! while ranker.step(&pool) {}
//! assert!(ranker.evaluation().all.filtered.mrr > 0.9);
//! # Ok(())
//! # }
//! ```

pub(crate) mod activation;
mod chunk;
mod comparison;
mod config;
mod embeddings;
mod error;
mod estimate;
mod loss;
mod model;
mod neighbours;
mod optimizer;
mod plan;
mod predict;
pub(crate) mod product;
mod rank;
mod rank_block;
pub(crate) mod sampling;
pub(crate) mod shared;
pub(crate) mod simd;
pub(crate) mod slots;
mod top;
mod trainer;
mod triples;

pub use crate::choice::UnknownChoice;
pub use activation::{Activation, FUSED, Fusion};
pub use config::{
    Corruption, DEFAULT_CHUNK, DEFAULT_DIM, DEFAULT_EPOCHS, DEFAULT_INIT_SCALE, DEFAULT_LEARNING_RATE, DEFAULT_MARGIN,
    DEFAULT_MEMORY_LIMIT, DEFAULT_NEGATIVES, DEFAULT_PATIENCE, DEFAULT_VALIDATION_SAMPLE, EntityConstraint, KgeConfig,
    Loss, MAX_CHUNK, MAX_DIM, MAX_NEGATIVES, Norm, Optimizer, Regularizer, Schedule,
};
pub use embeddings::{Embeddings, ModelSpec};
pub use error::KgeError;
pub use estimate::{GraphSize, KgeEstimate, estimate};
pub use model::ModelKind;
pub use neighbours::{NeighbourBlock, Neighbours};
pub use predict::{Prediction, predict};
pub use rank::{Evaluation, Metrics, Rank, Ranker, SideMetrics};
pub use trainer::{Checkpoint, Judged, Kept, Phase, Progress, Snapshot, Stop, Trained, Trainer};
pub use triples::{KnownTriples, Side, TripleSet};
