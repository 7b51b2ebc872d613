//! A batch of the recommendation task: scores of users and items, the loss, and its gradients.

use super::heads::{by_logits, cross_entropy, mixture, row_products, scaled_rows};
use super::layers::{CrossStack, Stack, Wanted, concatenate, gather};
use super::parameters::{Layout, MkrParameters, MkrShape, PREDICTIONS};

/// Rows of a batch, as four parallel columns.
#[derive(Debug, Clone, Default)]
pub(super) struct RecBatch {
    pub users: Vec<u32>,
    pub items: Vec<u32>,
    pub entities: Vec<u32>,
    /// 1 for liked, -1 for not.
    pub signs: Vec<f32>,
}

impl RecBatch {
    pub(super) fn clear(&mut self) {
        self.users.clear();
        self.items.clear();
        self.entities.clear();
        self.signs.clear();
    }
}

/// Buffers for the rows of one thread, and the gradients that came out.
#[derive(Debug)]
pub(super) struct RecWorker {
    dim: usize,
    is_inner_product: bool,
    users: Stack,
    cross: CrossStack,
    head: Stack,
    scores: Vec<f32>,
    /// By all shared weights, of which only those of this task are used.
    pub d_shared: Vec<f32>,
    /// Rows of the last batch.
    pub rows: usize,
}

impl RecWorker {
    pub(super) fn new(shape: &MkrShape, layout: &Layout, rows: usize) -> RecWorker {
        let dim = shape.dim;
        RecWorker {
            dim,
            is_inner_product: layout.rec_head.is_empty(),
            users: Stack::new(&layout.user_layers, dim, rows),
            cross: CrossStack::new(&layout.cross, dim, rows, Wanted::Items),
            head: Stack::new(&layout.rec_head, 2 * dim, if layout.rec_head.is_empty() { 0 } else { rows }),
            scores: vec![0.0; rows],
            d_shared: vec![0.0; layout.len],
            rows: 0,
        }
    }

    /// Gradients by the vectors of users, items and entities, row by row.
    pub(super) fn row_gradients(&self) -> [&[f32]; 3] {
        let (d_items, d_entities) = self.cross.input_gradients();
        let length = self.rows * self.dim;
        [&self.users.input_gradient()[..length], &d_items[..length], &d_entities[..length]]
    }

    /// The sum of the losses of the rows in `range`, times `scale`, and their gradients.
    pub(super) fn compute(
        &mut self,
        shape: &MkrShape,
        layout: &Layout,
        parameters: &MkrParameters,
        batch: &RecBatch,
        range: std::ops::Range<usize>,
        scale: f32,
    ) -> f32 {
        let (dim, rows) = (self.dim, range.len());
        let (length, shared) = (rows * dim, &parameters.shared[..]);
        self.rows = rows;
        self.d_shared[layout.of_rec()].fill(0.0);
        gather(dim, &parameters.users, &batch.users[range.clone()], self.users.input());
        let (items, entities) = self.cross.inputs();
        gather(dim, &parameters.items, &batch.items[range.clone()], items);
        if !shape.no_cross {
            gather(dim, &parameters.entities, &batch.entities[range.clone()], entities);
        }
        self.users.forward(shared, rows);
        self.cross.forward(shared, rows);

        let scores = &mut self.scores[..rows];
        if self.is_inner_product {
            row_products(dim, &self.users.output()[..length], &self.cross.output()[..length], scores);
        } else {
            concatenate(dim, &self.users.output()[..length], self.cross.output(), self.head.input());
            self.head.forward(shared, rows);
            scores.copy_from_slice(&self.head.output()[..rows]);
        }
        let weights = mixture::<PREDICTIONS>(&shared[layout.predictions.clone()], shape.single_pred);
        let loss = cross_entropy(&weights, scale, &batch.signs[range], scores);
        if !shape.single_pred {
            by_logits(&weights, &loss.by_weights, &mut self.d_shared[layout.predictions.clone()]);
        }

        let (users, d_users) = self.users.output_and_gradient();
        let (items, d_items) = self.cross.output_and_gradient();
        if self.is_inner_product {
            scaled_rows(dim, scores, &items[..length], d_users);
            scaled_rows(dim, scores, &users[..length], d_items);
        } else {
            self.head.output_and_gradient().1[..rows].copy_from_slice(scores);
            self.head.backward(shared, rows, &mut self.d_shared);
            let halves = d_users.chunks_exact_mut(dim).zip(d_items.chunks_exact_mut(dim));
            for ((d_user, d_item), d_input) in
                halves.zip(self.head.input_gradient()[..2 * length].chunks_exact(2 * dim))
            {
                d_user.copy_from_slice(&d_input[..dim]);
                d_item.copy_from_slice(&d_input[dim..]);
            }
        }
        self.users.backward(shared, rows, &mut self.d_shared);
        self.cross.backward(shared, rows, &mut self.d_shared);
        loss.sum
    }
}
