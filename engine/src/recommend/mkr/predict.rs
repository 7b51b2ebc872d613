//! From a trained model to scores and probabilities.

use super::config::MkrConfig;
use super::cross_compress::{self, VECTORS};
use super::data::{Interactions, NO_ENTITY, Rows};
use super::dense::Dense;
use super::error::MkrError;
use super::heads::{mixture, probability};
use super::parameters::{ACTIVATIONS, Layer, Layout, MkrParameters, MkrShape, PREDICTIONS};
use crate::kge::TripleSet;
use crate::kge::product::{Matrix, multiply};
use crate::kge::simd::dot;
use std::ops::Range;

/// Rows that go through the layers at once.
const BLOCK: usize = 1024;

/// A trained model: its shape, the row of each item's entity, and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct MkrModel {
    shape: MkrShape,
    entity_of_item: Vec<u32>,
    parameters: MkrParameters,
}

impl MkrModel {
    /// Restores a model from what [`shape`](Self::shape), [`entity_of_item`](Self::entity_of_item) and
    /// [`parameters`](Self::parameters) gave.
    ///
    /// # Errors
    /// [`InvalidConfig`](MkrError::InvalidConfig) for a `dim` or depth of 0; [`WrongLength`](MkrError::WrongLength) and
    /// [`NotFinite`](MkrError::NotFinite) for parameters that do not fit; [`Mismatch`](MkrError::Mismatch) or
    /// [`UnknownId`](MkrError::UnknownId) for rows of entities that do not.
    pub fn new(shape: MkrShape, entity_of_item: Vec<u32>, parameters: MkrParameters) -> Result<MkrModel, MkrError> {
        for (parameter, value) in
            [("dim", shape.dim), ("cross_depth", shape.cross_depth), ("high_depth", shape.high_depth)]
        {
            if value == 0 {
                return Err(MkrError::invalid(parameter, "must be at least 1, not 0"));
            }
        }
        if shape.item_rows < shape.items || entity_of_item.len() != shape.items {
            let (actual, expected) = (entity_of_item.len().min(shape.item_rows), shape.items);
            return Err(MkrError::Mismatch { what: "number of items", actual, expected });
        }
        let count = shape.entity_rows;
        if let Some(&id) = entity_of_item.iter().find(|&&row| row == NO_ENTITY || row as usize >= count) {
            return Err(MkrError::UnknownId { what: "entity", id, count });
        }
        parameters.check(&shape)?;
        Ok(MkrModel { shape, entity_of_item, parameters })
    }

    /// Restores a model from the inputs of its training, see [`MkrTrainer::new`](super::MkrTrainer::new), and its parameters.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_training(
        interactions: &Interactions,
        item_entities: &[u32],
        graph: &TripleSet,
        config: &MkrConfig,
        parameters: MkrParameters,
    ) -> Result<MkrModel, MkrError> {
        let rows = Rows::new(item_entities, graph)?;
        let shape = MkrShape::new(config, &rows, interactions.user_count(), graph.relation_count());
        MkrModel::new(shape, rows.entity_of_item, parameters)
    }

    pub(super) fn of_trainer(shape: MkrShape, entity_of_item: Vec<u32>, parameters: MkrParameters) -> MkrModel {
        MkrModel { shape, entity_of_item, parameters }
    }

    /// What has to be known to read the parameters.
    pub fn shape(&self) -> &MkrShape {
        &self.shape
    }

    /// The row in the table of entities that each item is crossed with.
    pub fn entity_of_item(&self) -> &[u32] {
        &self.entity_of_item
    }

    /// All that was learned.
    pub fn parameters(&self) -> &MkrParameters {
        &self.parameters
    }

    /// Weights of sigmoid, tanh and softsign in the probability; sum 1.
    pub fn prediction_weights(&self) -> [f32; PREDICTIONS] {
        let range = Layout::new(&self.shape).predictions;
        mixture(&self.parameters.shared[range], self.shape.single_pred)
    }

    /// Weights of sigmoid, tanh, softsign and softplus in the plausibility of a triple; sum 1.
    pub fn activation_weights(&self) -> [f32; ACTIVATIONS] {
        let range = Layout::new(&self.shape).activations;
        mixture(&self.parameters.shared[range], self.shape.single_activation)
    }

    /// Takes all users and items through the low layers.
    pub fn predictor(&self) -> Predictor {
        Predictor::new(&self.shape, &self.entity_of_item, &self.parameters)
    }
}

/// Scores any user and item. What the low layers make of users and items does not depend on the partner, so it is computed
/// once: with a `high_depth` of 1, scores are then products of matrices.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictor {
    dim: usize,
    user_count: usize,
    item_count: usize,
    users: Vec<f32>,
    items: Vec<f32>,
    head: Vec<(Dense, Vec<f32>)>,
    weights: [f32; PREDICTIONS],
}

/// All rows through dense layers.
fn through(layers: &[Layer], shared: &[f32], table: &[f32], dim: usize) -> Vec<f32> {
    let mut values = table.to_vec();
    let mut block_out = vec![0.0; BLOCK * dim];
    for Layer { dense, start } in layers {
        for block in values.chunks_mut(BLOCK * dim) {
            let out = &mut block_out[..block.len()];
            dense.forward(&shared[*start..start + dense.len()], block.len() / dim, block, out);
            block.copy_from_slice(out);
        }
    }
    values
}

impl Predictor {
    pub(super) fn new(shape: &MkrShape, entity_of_item: &[u32], parameters: &MkrParameters) -> Predictor {
        let (layout, dim, shared) = (Layout::new(shape), shape.dim, &parameters.shared[..]);
        let mut items = parameters.items[..shape.items * dim].to_vec();
        let mut products = vec![0.0; 2 * BLOCK];
        let [mut v, mut e, mut next_v, mut next_e] = [(); 4].map(|()| vec![0.0; BLOCK * dim]);
        for (block, rows) in items.chunks_mut(BLOCK * dim).zip(entity_of_item.chunks(BLOCK)) {
            let length = block.len();
            v[..length].copy_from_slice(block);
            if !layout.cross.is_empty() {
                super::layers::gather(dim, &parameters.entities, rows, &mut e);
            }
            for unit in shared[layout.cross.clone()].chunks_exact(2 * VECTORS * dim) {
                let (item_half, entity_half) = unit.split_at(VECTORS * dim);
                let (v_in, e_in) = (&v[..length], &e[..length]);
                cross_compress::forward(dim, item_half, v_in, e_in, &mut next_v, &mut products);
                cross_compress::forward(dim, entity_half, e_in, v_in, &mut next_e, &mut products);
                std::mem::swap(&mut v, &mut next_v);
                std::mem::swap(&mut e, &mut next_e);
            }
            block.copy_from_slice(&v[..length]);
        }
        let head = layout.rec_head.iter();
        Predictor {
            dim,
            user_count: shape.users,
            item_count: shape.items,
            users: through(&layout.user_layers, shared, &parameters.users, dim),
            items,
            head: head
                .map(|layer| (layer.dense, shared[layer.start..layer.start + layer.dense.len()].to_vec()))
                .collect(),
            weights: mixture(&shared[layout.predictions.clone()], shape.single_pred),
        }
    }

    /// Number of users.
    pub fn user_count(&self) -> usize {
        self.user_count
    }

    /// Number of items.
    pub fn item_count(&self) -> usize {
        self.item_count
    }

    /// The vectors that a `high_depth` of 1 multiplies: `user_count * dim` and `item_count * dim` numbers.
    pub fn vectors(&self) -> (&[f32], &[f32]) {
        (&self.users, &self.items)
    }

    /// The share of users whose vector the rectifiers have made 0, so that all items score the same.
    pub fn dead_users(&self) -> f64 {
        let dead = self.users.chunks_exact(self.dim).filter(|user| user.iter().all(|&number| number == 0.0));
        dead.count() as f64 / self.user_count.max(1) as f64
    }

    /// The probability that belongs to a score: increasing, so that the order of scores is that of probabilities.
    pub fn probability(&self, score: f32) -> f32 {
        probability(&self.weights, score)
    }

    /// Scores of all items for the users in `users`, a row per user.
    ///
    /// # Panics
    /// If a user does not exist, or `to` has not `users.len() * item_count` numbers.
    pub fn scores(&self, users: Range<usize>, to: &mut [f32]) {
        let (dim, count) = (self.dim, users.len());
        assert_eq!(to.len(), count * self.item_count, "a score for each user and item");
        let rows = &self.users[users.start * dim..users.end * dim];
        if self.head.is_empty() {
            let items = Matrix::new(&self.items, self.item_count, dim).transposed();
            return multiply(1.0, Matrix::new(rows, count, dim), items, 0.0, to);
        }
        let mut input = vec![0.0; BLOCK * 2 * dim];
        let mut output = vec![0.0; BLOCK * 2 * dim];
        for (user, to) in rows.chunks_exact(dim).zip(to.chunks_exact_mut(self.item_count)) {
            for (items, to) in self.items.chunks(BLOCK * dim).zip(to.chunks_mut(BLOCK)) {
                for (item, pair) in items.chunks_exact(dim).zip(input.chunks_exact_mut(2 * dim)) {
                    pair[..dim].copy_from_slice(user);
                    pair[dim..].copy_from_slice(item);
                }
                self.through_head(to.len(), &mut input, &mut output);
                to.copy_from_slice(&input[..to.len()]);
            }
        }
    }

    /// Leaves the output in `input`.
    fn through_head(&self, rows: usize, input: &mut Vec<f32>, output: &mut Vec<f32>) {
        for (dense, weights) in &self.head {
            dense.forward(weights, rows, input, output);
            std::mem::swap(input, output);
        }
    }

    /// Scores of pairs of user and item.
    ///
    /// # Errors
    /// [`UnknownId`](MkrError::UnknownId); [`ColumnLengths`](MkrError::ColumnLengths) if the columns are not parallel.
    pub fn pairs(&self, users: &[u32], items: &[u32]) -> Result<Vec<f32>, MkrError> {
        if users.len() != items.len() {
            let (users, items) = (users.len(), items.len());
            return Err(MkrError::ColumnLengths { users, items, labels: 0 });
        }
        for (what, ids, count) in [("user", users, self.user_count), ("item", items, self.item_count)] {
            if let Some(&id) = ids.iter().find(|&&id| id as usize >= count) {
                return Err(MkrError::UnknownId { what, id, count });
            }
        }
        if self.head.is_empty() {
            return Ok(users.iter().zip(items).map(|(&user, &item)| self.pair_score(user, item)).collect());
        }
        let mut scores = Vec::with_capacity(users.len());
        let (mut input, mut output) = self.head_buffers(users.len());
        for (users, items) in users.chunks(BLOCK).zip(items.chunks(BLOCK)) {
            for ((&user, &item), pair) in users.iter().zip(items).zip(input.chunks_exact_mut(2 * self.dim)) {
                self.concatenate(user, item, pair);
            }
            self.through_head(users.len(), &mut input, &mut output);
            scores.extend_from_slice(&input[..users.len()]);
        }
        Ok(scores)
    }

    /// The score of one pair.
    ///
    /// # Panics
    /// If the user or the item does not exist.
    pub(super) fn pair_score(&self, user: u32, item: u32) -> f32 {
        if self.head.is_empty() {
            let (user, item) = self.vectors_of(user, item);
            return dot(user, item);
        }
        let (mut input, mut output) = self.head_buffers(1);
        self.concatenate(user, item, &mut input);
        self.through_head(1, &mut input, &mut output);
        input[0]
    }

    fn vectors_of(&self, user: u32, item: u32) -> (&[f32], &[f32]) {
        let dim = self.dim;
        (&self.users[user as usize * dim..][..dim], &self.items[item as usize * dim..][..dim])
    }

    fn concatenate(&self, user: u32, item: u32, to: &mut [f32]) {
        let (user, item) = self.vectors_of(user, item);
        to[..self.dim].copy_from_slice(user);
        to[self.dim..].copy_from_slice(item);
    }

    /// Input and output of the high layers for so many rows, or a block of them.
    fn head_buffers(&self, rows: usize) -> (Vec<f32>, Vec<f32>) {
        let buffer = || vec![0.0; rows.min(BLOCK) * 2 * self.dim];
        (buffer(), buffer())
    }

    /// Scores of rows that are known to fit.
    pub(super) fn of_rows(&self, rows: &Interactions) -> Vec<f32> {
        self.pairs(rows.users(), rows.items()).unwrap_or_default()
    }
}
