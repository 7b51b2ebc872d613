//! Joint training of recommendation and knowledge-graph embedding: MKR, and an MMSS-style variant of it.
//!
//! **MKR** (Wang et al., WWW 2019, arXiv 1901.08907) learns two tasks with two optimisers, in turns:
//!
//! * *Recommendation.* The user's vector goes through `L` dense layers with rectifiers; the vectors of the item and of its
//!   entity go through `L` cross & compress units (formulas in `cross_compress.rs`). The score `s` of user and item is the
//!   inner product of what comes out, or what `H - 1` dense layers and a linear one make of both.
//! * *Embedding.* The head's vectors, as item and as entity, go through the same units; head and relation through `H - 1`
//!   dense layers and a linear one, which predicts the tail `t̂`; the tail through `L` dense layers. The score of a triple is `g = t̂ · t`.
//!
//! **MMSS-style** is our reading of MMSS_MKR (Liu, Yang & Cheng, Scientific Reports 14:2055, 2024), of which only abstract and table of
//! symbols were open to us. Probability and plausibility are mixtures of functions `f` with weights that are learned, as a
//! softmax of logits:
//!
//! * *multi-prediction*: `ŷ = Σ a_i f_i(s)` of `σ`, `(1 + tanh) / 2`, `(1 + softsign) / 2`;
//! * *multi-activation*: `f_KG = Σ b_j f_j(g)` of the same three and `1 - exp(-softplus(g))`, which is σ again.
//!
//! Every `f` rises with the score, so a mixture cannot change the order of given scores: what it changes is training, and how
//! probabilities are to be read. [`MkrConfig::mkr`] has the sigmoid alone in both.
//!
//! The loss is `L_rec + λ1 L_KG + λ2/2 ‖w‖²` with cross-entropy as `L_rec` and the plausibility of corrupted triples less that of true
//! ones as `L_KG`. Where we differ from MKR's published code: corrupted triples are real ones, with another tail of the relation
//! (there, the term of false triples is missing); the last layer before a score is linear, so that it cannot die; a head that
//! is no item has an item vector of its own.
//!
//! [`permute_tails`] is the control: what a graph that says nothing gains, the knowledge does not.
//!
//! ```
//! use sgr_engine::kge::TripleSet;
//! use sgr_engine::recommend::mkr::{Interactions, MkrConfig, MkrTrainer, Phase};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
//! // Users like the items of their own half. Items are entities 0..8, their halves entities 8 and 9.
//! let pairs = (0..10_u32).flat_map(|user| (0..8_u32).map(move |item| (user, item)));
//! let (users, items): (Vec<u32>, Vec<u32>) = pairs.unzip();
//! let labels = users.iter().zip(&items).map(|(user, item)| user % 2 == item % 2).collect();
//! let rows = Arc::new(Interactions::new(users, items, labels, 10, 8)?);
//! let graph = Arc::new(TripleSet::new((0..8).collect(), vec![0; 8], (0..8).map(|item| 8 + item % 2).collect(), 10, 1)?);
//! let config = MkrConfig { dim: 8, epochs: 200, batch_size: 20, lr_rec: 0.01, ..MkrConfig::default() };
//! let entities: Vec<u32> = (0..8).collect();
//! let mut trainer = MkrTrainer::new(rows, None, &entities, graph, config, &pool)?;
//! while trainer.step(&pool).phase != Phase::Stopped {}
//! let predictor = trainer.finish().model.predictor();
//! let scores = predictor.pairs(&[3, 3], &[1, 2])?;
//! assert!(predictor.probability(scores[0]) > 0.9 && predictor.probability(scores[1]) < 0.1);
//! # Ok(())
//! # }
//! ```

mod auc;
mod config;
mod control;
mod cross_compress;
mod data;
mod dense;
mod embedding;
mod error;
mod estimate;
#[cfg(test)]
mod gradients;
mod heads;
mod judged;
mod layers;
mod optimizer;
mod parameters;
mod predict;
mod recommendation;
mod trainer;

pub use config::{
    DEFAULT_BATCH_SIZE, DEFAULT_CROSS_DEPTH, DEFAULT_DIM, DEFAULT_EPOCHS, DEFAULT_HIGH_DEPTH, DEFAULT_INIT_SCALE,
    DEFAULT_KGE_NEGATIVES, DEFAULT_KGE_WEIGHT, DEFAULT_L2, DEFAULT_LR_KGE, DEFAULT_LR_REC, DEFAULT_MEMORY_LIMIT,
    DEFAULT_PATIENCE, KgeInterval, MAX_BATCH_SIZE, MAX_DEPTH, MAX_DIM, MAX_KGE_NEGATIVES, MkrConfig, Selection,
};
pub use control::permute_tails;
pub use data::{Interactions, NO_ENTITY};
pub use error::MkrError;
pub use estimate::{JointSize, MkrEstimate, estimate};
pub use parameters::{ACTIVATIONS, MkrParameters, MkrShape, PREDICTIONS};
pub use predict::{MkrModel, Predictor};
pub use trainer::{Judged, MkrTrainer, Phase, Progress, Snapshot, Stop, TaskState, Trained, Validation};
