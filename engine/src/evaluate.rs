//! Judging recommendations so that the numbers cannot flatter.
//!
//! 1. [`split`] makes rows to learn, to validate and to test by, after one of the protocols of [`Protocol`];
//!    [`Split::from_rows`] takes those that somebody made.
//! 2. [`ScoredRows`] judges scores of labelled rows: pooled and per-user AUC, accuracy, logarithmic loss, calibration.
//! 3. [`FullRanking`] ranks all items for each user, without what the user has seen. [`ListMetric`] judges the lists by what
//!    they should hold, [`coverage`], [`novelty`] and [`popularity_lift`] by what they show. [`bands`] tells popular items
//!    from others.
//! 4. [`Bootstrap`] says how sure a number is, and whether two models differ on the same users.
//! 5. [`random_score`] and [`leak_only`] are what models must beat, beside popularity.
//! 6. [`Assessment`] does 2 and 3 for a [`Model`] or a [`ScoreTable`] on a [`Task`], which is a split made ready.
//!
//! Users and items are dense `u32` ids. Nothing here knows models: they come as scores, as lists or as [`BlockScorer`].
//!
//! ```
//! use sgr_engine::evaluate::{FullRanking, ItemSets, ListMetric, ScoredRows, Statistic};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Two users, two rows each: user 0 is ranked right, user 1 wrong.
//! let (users, items) = (vec![0, 0, 1, 1], vec![0, 1, 0, 1]);
//! let rows = ScoredRows::new(users, items, vec![true, false, true, false], vec![0.9, 0.2, 0.4, 0.6], 2)?;
//! assert_eq!(rows.pooled_auc().estimate(), Some(0.75));
//! assert_eq!(rows.per_user_auc().estimate(), Some(0.5));
//!
//! // Three items, the first of which both users have; all are scored by their number.
//! let seen = ItemSets::new(&[0, 1], &[0, 0], 2, 3)?;
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
//! let mut ranking = FullRanking::new(&[0, 1], &[2, 2], &seen, 3, 0)?;
//! let by_number = |_: &[u32], scores: &mut [f32]| (0..).zip(scores).for_each(|(at, score)| *score = (at % 3) as f32);
//! while ranking.step(&by_number, &pool)? {}
//! let lists = ranking.finish();
//! let wanted = ItemSets::new(&[0, 1], &[2, 1], 2, 3)?;
//! assert_eq!(ListMetric::Mrr.of_lists(&lists, &wanted, 10, None).estimate(), Some(0.75));
//! # Ok(())
//! # }
//! ```

mod assess;
mod bands;
mod baselines;
mod bootstrap;
mod error;
mod list_metrics;
mod models;
mod random;
mod ranking;
mod scored;
mod sets;
mod split;
mod statistic;

pub use crate::choice::UnknownChoice;
pub use assess::{AssessConfig, Assessment, DEFAULT_K, Found, Measured, Metric, Task};
pub use bands::{Band, bands};
pub use baselines::{leak_only, random_score};
pub use bootstrap::{Bootstrap, BootstrapConfig, DEFAULT_LEVEL, DEFAULT_RESAMPLES, Interval};
pub use error::EvaluateError;
pub use list_metrics::{ListMetric, coverage, mean_popularity, novelty, popularity_lift};
pub use models::{LeakOnlyModel, Model, PopularityModel, RandomModel, ScoreTable, Scores};
pub use ranking::{BlockScorer, FullRanking, TopLists, list_lengths, order_by_score};
pub use scored::{Calibration, DEFAULT_BINS, PooledAuc, ReliabilityBin, ScoredRows};
pub use sets::ItemSets;
pub use split::{DEFAULT_RATIOS, Interactions, Part, Protocol, Split, SplitConfig, split, split_unless};
pub use statistic::{MeanOfSplits, Spread, Statistic, UserRatio};
