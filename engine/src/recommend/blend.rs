//! The blend: scores of several models and facts about items, combined into one probability that is a sum.
//!
//! What is learned is a *generalised additive model* (Hastie & Tibshirani 1986): the log-odds are
//! `base + f₁(x₁) + f₂(x₂) + … + f₁₂(x₁, x₂) + …`, each `f` a table of weights over the bins of one feature, or of two for a
//! few pairs. So the contribution of a feature is exact: it is a term of the sum, and can be looked up in a table.
//!
//! The tables are learned by cyclic gradient boosting of shallow steps with a small learning rate, a feature at a
//! time, averaged over models that each hold out other rows and stop by them; pairs come second, on what is left
//! (Lou, Caruana & Gehrke, KDD 2012; Lou, Caruana, Gehrke & Hooker, KDD 2013: explainable boosting machines).
//!
//! 1. [`ComponentsFit`] fits the components, and ends with [`BlendFeatures`]. Of scores only the rank within the user and the
//!    standard score are taken by default, so that their size cannot tell how much a user took.
//! 2. Labelled rows that the components did not learn from ([`with_negatives`] draws what is missing, and weights it so that
//!    the rows stand for all items) get their values by [`BlendFeatures::of_pairs`].
//! 3. [`BlendFit`] learns a [`Blend`] from them.
//! 4. [`Blended`] puts both together: a [`Recommender`](super::models::Recommender) that explains what it says.
//!
//! **No feature of users.** Where negatives were drawn per positive of a user, how many positives a user has in one part
//! of the rows tells how many are in the other, so a blend could learn to read that instead of taste.
//! [`BlendFit::new`] refuses features whose values hardly differ within users.
//!
//! ```
//! use sgr_engine::recommend::blend::{BlendConfig, BlendFit, BlendRows};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
//! // The first feature tells, the second does not.
//! let values: Vec<f32> = (0..400).flat_map(|row| [(row % 20) as f32, (row % 7) as f32]).collect();
//! let labels: Vec<bool> = (0..400).map(|row| row % 20 >= 12).collect();
//! let users: Vec<u32> = (0..400).map(|row| row / 20).collect();
//! let names = vec!["rank".to_owned(), "noise".to_owned()];
//! let rows = BlendRows { users: &users, labels: &labels, values: &values, weights: &[] };
//! let mut fit = BlendFit::new(names, &rows, BlendConfig::default())?;
//! while !fit.step(&pool).done {}
//! let blend = fit.finish()?;
//! assert!(blend.probability(&[19.0, 3.0])? > 0.9 && blend.probability(&[0.0, 3.0])? < 0.1);
//! let terms = blend.contributions(&[19.0, 3.0])?;
//! assert_eq!(terms.iter().fold(blend.base(), |sum, term| sum + term), blend.score(&[19.0, 3.0])?);
//! # Ok(())
//! # }
//! ```

mod bins;
mod blended;
mod components;
mod config;
mod error;
mod features;
mod fit;
mod grow;
mod model;
mod negatives;

pub use blended::{Blended, Explained};
pub use components::{ComponentConfig, ComponentModel, ComponentsFit, GraphEdges, default_components};
pub use config::{
    BlendConfig, DEFAULT_BAGS, DEFAULT_BINS, DEFAULT_HOLDOUT, DEFAULT_L2, DEFAULT_LEARNING_RATE, DEFAULT_LEAVES,
    DEFAULT_MIN_ROWS, DEFAULT_PAIR_BINS, DEFAULT_PAIRS, DEFAULT_PATIENCE, DEFAULT_ROUNDS, MAX_BAGS, MAX_BINS,
    MAX_PAIRS,
};
pub use error::BlendError;
pub use features::{BlendFeatures, Component, ItemFeature, Scale, graph_features, log_popularity, log_ratio};
pub use fit::{BlendFit, BlendProgress, BlendRows, MIN_WITHIN_USERS};
pub use model::{Blend, Term, TermBin, sigmoid};
pub use negatives::{
    DEFAULT_EASY_NEGATIVES, DEFAULT_HARD_NEGATIVES, HARD_AMONG, LabelledRows, NegativesConfig, with_negatives,
};
