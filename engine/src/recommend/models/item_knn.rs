//! Item-kNN with the cosine: Sarwar, Karypis, Konstan & Riedl, "Item-based collaborative filtering recommendation
//! algorithms", WWW 2001. Shrinkage as in Bell & Koren, "Improved neighborhood-based collaborative filtering", KDD Cup 2007.

use super::error::ModelError;
use super::interactions::Interactions;
use super::neighbourhood::{ItemSimilarity, NeighbourhoodFit, Rule, similarity_model};
use super::sparse::SparseRows;
use super::{DEFAULT_MEMORY_LIMIT, Fit, FitProgress, Recommender, profile, score_each};
use std::sync::Arc;

/// Neighbours that are kept of an item.
pub const DEFAULT_NEIGHBOURS: usize = 100;
/// What is added to the product of the lengths.
pub const DEFAULT_SHRINKAGE: f32 = 10.0;

/// Parameters of [`ItemKnnFit`].
#[derive(Debug, Clone, PartialEq)]
pub struct ItemKnnConfig {
    /// Of each item, so many of the most similar ones may recommend it; at least 1.
    pub neighbours: usize,
    /// Similarity is `a·b / (|a| |b| + shrinkage)`: the larger, the less is believed of few common users. At least 0.
    pub shrinkage: f32,
    /// Bytes that fitting may take.
    pub memory_limit: usize,
}

impl Default for ItemKnnConfig {
    fn default() -> Self {
        ItemKnnConfig {
            neighbours: DEFAULT_NEIGHBOURS,
            shrinkage: DEFAULT_SHRINKAGE,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl ItemKnnConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_count("neighbours", self.neighbours, u32::MAX as usize)?;
        ModelError::check_least("shrinkage", self.shrinkage, 0.0)
    }
}

#[derive(Debug)]
struct Cosine {
    lengths: Vec<f32>,
    shrinkage: f32,
}

impl Rule for Cosine {
    fn similarity(&self, item: u32, other: u32, product: f32) -> f32 {
        product / (self.lengths[item as usize] * self.lengths[other as usize] + self.shrinkage)
    }
}

/// Fits [`ItemKnn`]. The result does not depend on threads.
#[derive(Debug)]
pub struct ItemKnnFit {
    interactions: Arc<Interactions>,
    fit: NeighbourhoodFit<Cosine>,
}

impl ItemKnnFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`MemoryLimit`](ModelError::MemoryLimit).
    pub fn new(
        interactions: Arc<Interactions>,
        config: ItemKnnConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<ItemKnnFit, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        let threads = pool.current_num_threads();
        let needed = NeighbourhoodFit::<Cosine>::memory_bytes(&interactions, config.neighbours, threads);
        ModelError::check_memory("item-kNN", needed, config.memory_limit)?;
        let (left, right) = (interactions.by_item().clone(), interactions.by_user().clone());
        let length = |item| left.row(item).values.iter().map(|weight| weight * weight).sum::<f32>().sqrt();
        let lengths = (0..left.rows()).map(length).collect();
        let rule = Cosine { lengths, shrinkage: config.shrinkage };
        Ok(ItemKnnFit { interactions, fit: NeighbourhoodFit::new(left, right, rule, config.neighbours) })
    }
}

impl Fit for ItemKnnFit {
    type Model = ItemKnn;

    fn step(&mut self, pool: &rayon::ThreadPool) -> Result<FitProgress, ModelError> {
        Ok(self.fit.step(pool))
    }

    fn finish(self) -> Result<ItemKnn, ModelError> {
        // Rows are what recommends an item; users come with what they took, which is the other way round.
        let rows = self.fit.finish()?.transposed(self.interactions.item_count());
        Ok(ItemKnn(ItemSimilarity { interactions: self.interactions, rows }))
    }
}

/// Scores an item by the cosines between it and what the user took.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemKnn(ItemSimilarity);

similarity_model!(ItemKnn, "item_knn");
