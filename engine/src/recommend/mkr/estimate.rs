//! How much memory training will take.

use super::config::MkrConfig;
use super::data::{Interactions, Rows};
use super::error::MkrError;
use super::layers::{CrossStack, Stack};
use super::optimizer::{Corrections, RowState, RowSum};
use super::parameters::{Layout, MkrShape};
use crate::kge::TripleSet;

/// The size of what is learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JointSize {
    /// Users.
    pub users: usize,
    /// Items.
    pub items: usize,
    /// Rows of the table of items: items, and entities that head triples without being items.
    pub item_rows: usize,
    /// Rows of the table of entities: entities, and partners of items that are none.
    pub entity_rows: usize,
    /// Relations.
    pub relations: usize,
    /// Interactions to learn.
    pub interactions: usize,
    /// Interactions to validate by.
    pub validation: usize,
    /// Triples.
    pub triples: usize,
}

/// Bytes that training will take, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MkrEstimate {
    /// Vectors and weights.
    pub parameters: usize,
    /// The optimisers' state.
    pub optimizer: usize,
    /// The copy of the best or last good parameters.
    pub copy: usize,
    /// Orders, tails by relation, and what is known to be true.
    pub data: usize,
    /// Buffers of the threads.
    pub threads: usize,
    /// Vectors and scores of a validation run.
    pub validation: usize,
}

impl JointSize {
    pub(super) fn new(
        interactions: &Interactions,
        validation: Option<&Interactions>,
        rows: &Rows,
        graph: &TripleSet,
    ) -> JointSize {
        JointSize {
            users: interactions.user_count(),
            items: interactions.item_count(),
            item_rows: rows.item_rows,
            entity_rows: rows.entity_rows,
            relations: graph.relation_count(),
            interactions: interactions.len(),
            validation: validation.map_or(0, Interactions::len),
            triples: graph.len(),
        }
    }

    /// Of the inputs of a training, see [`MkrTrainer::new`](super::MkrTrainer::new).
    ///
    /// # Errors
    /// [`UnknownId`](MkrError::UnknownId) for an item whose entity does not exist.
    pub fn of(
        interactions: &Interactions,
        validation: Option<&Interactions>,
        item_entities: &[u32],
        graph: &TripleSet,
    ) -> Result<JointSize, MkrError> {
        Ok(JointSize::new(interactions, validation, &Rows::new(item_entities, graph)?, graph))
    }
}

impl MkrEstimate {
    /// A [`Snapshot`](super::Snapshot).
    pub fn snapshot(&self) -> usize {
        self.parameters.saturating_add(self.optimizer).saturating_add(self.copy)
    }

    /// All of it.
    pub fn total(&self) -> usize {
        let parts = [self.optimizer, self.copy, self.data, self.threads, self.validation];
        parts.into_iter().fold(self.parameters, usize::saturating_add)
    }
}

/// Estimates the memory of a training on so many threads. Nothing is allocated. The inputs themselves are not counted.
pub fn estimate(config: &MkrConfig, size: &JointSize, threads: usize) -> MkrEstimate {
    let float = size_of::<f32>();
    let shape = MkrShape {
        dim: config.dim,
        cross_depth: config.cross_depth,
        high_depth: config.high_depth,
        no_cross: config.no_cross,
        single_activation: config.single_activation,
        single_pred: config.single_pred,
        users: size.users,
        items: size.items,
        item_rows: size.item_rows,
        entity_rows: size.entity_rows,
        relations: size.relations,
    };
    let (layout, dim, threads) = (Layout::new(&shape), config.dim, threads.max(1));
    let numbers = shape.lengths().into_iter().fold(0, usize::saturating_add);
    let parameters = float.saturating_mul(numbers);
    let rows = |rows: usize| RowState::memory_bytes(rows, dim);
    let mut states =
        [size.users, size.item_rows, size.entity_rows].map(rows).into_iter().fold(0, usize::saturating_add);
    let mut data = size.interactions * size_of::<u32>();
    let per_row = Stack::width(&layout.user_layers, dim)
        + CrossStack::width(dim, config.cross_depth)
        + Stack::width(&layout.rec_head, 2 * dim);
    let batch = config.batch_size.div_ceil(threads) * threads;
    let mut buffers = float * (batch * per_row + threads * layout.len) + 3 * RowSum::memory_bytes(batch, dim);
    if !config.no_kge {
        let tables = [size.item_rows, size.entity_rows, size.relations].map(rows);
        states = tables.into_iter().fold(states, usize::saturating_add);
        // The order, the tails of the relations, and two indexes of what is true with their work space.
        data += size.triples * 10 * size_of::<u32>();
        let columns = 1 + config.kge_negatives;
        let per_triple = CrossStack::width(dim, config.cross_depth)
            + Stack::width(&layout.kge_head, 2 * dim)
            + columns * Stack::width(&layout.tail_layers, dim)
            + 3 * dim;
        let sums = 2 * RowSum::memory_bytes(batch, dim) + RowSum::memory_bytes(batch * (1 + columns), dim);
        buffers += float * (batch * per_triple + threads * layout.len) + sums;
    }
    let prepared = size.users.saturating_add(size.items).saturating_mul(dim * float);
    MkrEstimate {
        parameters,
        optimizer: states.saturating_add(4 * float * layout.len + Corrections::BYTES),
        copy: parameters,
        data,
        threads: buffers,
        validation: prepared.saturating_add(size.validation * (float + 16)),
    }
}
