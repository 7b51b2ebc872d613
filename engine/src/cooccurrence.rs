//! Which items appear together in the same baskets, how often, and which of them rank first.
//!
//! A *basket* is a playlist or a user, an *item* a track or an artist. The work has three parts:
//!
//! 1. [`Baskets::from_entries`] turns two id columns into compressed sparse rows, both ways, over dense `u32` ids.
//! 2. [`Counter`] counts row by row (Gustavson 1978, "Two fast algorithms for sparse matrices: multiplication and
//!    permuted transposition", ACM TOMS 4(3)): the row of item `a` is the sum of `a`'s baskets, collected in a dense
//!    counter. Each [`Counter::step`] is some milliseconds of work and returns a [`RowBlock`].
//! 3. Inside a row the neighbours are ranked by a [`Measure`] and cut at `top_k`.
//!
//! [`estimate`] says beforehand how much of everything that is.
//!
//! Counts are exact, and so is the ranking: [`Measure`] values are compared as fractions of integers, never by their
//! rounded quotients. The result is therefore the same on any number of threads and for any order of the input.
//!
//! ```
//! use sgr_engine::cooccurrence::{Baskets, CooccurrenceConfig, Counter};
//! use std::sync::Arc;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
//! let config = CooccurrenceConfig::default();
//! let (playlists, tracks) = ([1, 1, 2, 2, 2], [10, 20, 10, 20, 30]);
//! let baskets = Arc::new(Baskets::from_entries(&playlists, &tracks, &[], &config, &pool)?);
//! let mut counter = Counter::new(baskets, config, &pool)?;
//! let block = counter.step(&pool).expect("there are rows");
//! assert_eq!(block.item_ids, [10, 20, 30]);
//! assert_eq!(&block.neighbours[block.offsets[0]..block.offsets[1]], [20, 30]);
//! assert_eq!(&block.together[block.offsets[0]..block.offsets[1]], [2, 1]);
//! assert!(counter.step(&pool).is_none());
//! # Ok(())
//! # }
//! ```

mod baskets;
mod budget;
mod build;
mod config;
mod counter;
mod error;
mod estimate;
mod ids;
mod locality;
mod measure;
mod owners;
mod rank;
mod row;

pub use baskets::Baskets;
pub use config::{
    CooccurrenceConfig, DEFAULT_MAX_BASKET_LEN, DEFAULT_MEMORY_LIMIT, DEFAULT_MIN_TOGETHER, DEFAULT_TOP_K,
};
pub use counter::{Counter, RowBlock};
pub use error::CooccurrenceError;
pub use estimate::{Estimate, estimate};
pub use measure::Measure;
