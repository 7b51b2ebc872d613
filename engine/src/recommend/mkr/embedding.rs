//! A batch of the embedding task: tails predicted from heads and relations, compared with true and corrupted ones.

use super::heads::{add_scaled_rows, by_logits, mixture, plausibility, row_products, scaled_rows};
use super::layers::{CrossStack, Stack, Wanted, concatenate, gather};
use super::parameters::{ACTIVATIONS, Layout, MkrParameters, MkrShape};

/// Triples of a batch with their corrupted tails, as parallel columns.
#[derive(Debug, Clone, Default)]
pub(super) struct KgeBatch {
    /// Row of the item table of each head.
    pub items: Vec<u32>,
    pub heads: Vec<u32>,
    pub relations: Vec<u32>,
    /// One column of true tails and `negatives` of corrupted ones.
    pub tails: Vec<Vec<u32>>,
}

impl KgeBatch {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.heads.clear();
        self.relations.clear();
        self.tails.iter_mut().for_each(Vec::clear);
    }
}

/// Buffers for the triples of one thread, and the gradients that came out.
#[derive(Debug)]
pub(super) struct KgeWorker {
    dim: usize,
    cross: CrossStack,
    relations: Vec<f32>,
    head: Stack,
    tails: Stack,
    scores: Vec<f32>,
    d_heads: Vec<f32>,
    d_relations: Vec<f32>,
    pub d_shared: Vec<f32>,
    /// Triples of the last batch.
    pub rows: usize,
}

impl KgeWorker {
    pub(super) fn new(shape: &MkrShape, layout: &Layout, rows: usize, negatives: usize) -> KgeWorker {
        let dim = shape.dim;
        KgeWorker {
            dim,
            cross: CrossStack::new(&layout.cross, dim, rows, Wanted::Entities),
            relations: vec![0.0; rows * dim],
            head: Stack::new(&layout.kge_head, 2 * dim, rows),
            tails: Stack::new(&layout.tail_layers, dim, rows * (1 + negatives)),
            scores: vec![0.0; rows],
            d_heads: vec![0.0; rows * dim],
            d_relations: vec![0.0; rows * dim],
            d_shared: vec![0.0; layout.len],
            rows: 0,
        }
    }

    /// Gradients by the vectors of items, head entities, relations and tails, row by row; those of the tails column by
    /// column.
    pub(super) fn row_gradients(&self, columns: usize) -> [&[f32]; 4] {
        let (d_items, d_heads) = self.cross.input_gradients();
        let length = self.rows * self.dim;
        let d_tails = &self.tails.input_gradient()[..columns * length];
        [&d_items[..length], &d_heads[..length], &self.d_relations[..length], d_tails]
    }

    /// λ1 times the mean, over the triples in `range`, of the plausibility of corrupted ones less that of the true one;
    /// `scale` is λ1 over the number of triples of the whole batch. And the gradients.
    pub(super) fn compute(
        &mut self,
        shape: &MkrShape,
        layout: &Layout,
        parameters: &MkrParameters,
        batch: &KgeBatch,
        range: std::ops::Range<usize>,
        scale: f32,
    ) -> f32 {
        let (dim, rows) = (self.dim, range.len());
        let (length, shared, columns) = (rows * dim, &parameters.shared[..], batch.tails.len());
        self.rows = rows;
        self.d_shared[layout.of_kge()].fill(0.0);
        // The last batch of a pass may have fewer rows than there are threads.
        if rows == 0 {
            return 0.0;
        }
        let (items, heads) = self.cross.inputs();
        if !shape.no_cross {
            gather(dim, &parameters.items, &batch.items[range.clone()], items);
        }
        gather(dim, &parameters.entities, &batch.heads[range.clone()], heads);
        gather(dim, &parameters.relations, &batch.relations[range.clone()], &mut self.relations);
        for (column, to) in batch.tails.iter().zip(self.tails.input().chunks_exact_mut(length)) {
            gather(dim, &parameters.entities, &column[range.clone()], to);
        }
        self.cross.forward(shared, rows);
        concatenate(dim, &self.cross.output()[..length], &self.relations, self.head.input());
        self.head.forward(shared, rows);
        self.tails.forward(shared, columns * rows);

        let weights = mixture::<ACTIVATIONS>(&shared[layout.activations.clone()], shape.single_activation);
        let (predicted, d_predicted) = self.head.output_and_gradient();
        let (tails, d_tails) = self.tails.output_and_gradient();
        let (predicted, d_predicted) = (&predicted[..length], &mut d_predicted[..length]);
        d_predicted.fill(0.0);
        let mut sum = 0.0;
        let scores = &mut self.scores[..rows];
        let columns_of_tails = tails.chunks_exact(length).zip(d_tails.chunks_exact_mut(length)).take(columns);
        for (column, (tails, d_tails)) in columns_of_tails.enumerate() {
            row_products(dim, predicted, tails, scores);
            let scale = if column == 0 { -scale } else { scale / (columns - 1) as f32 };
            let loss = plausibility(&weights, scale, scores);
            sum += loss.sum;
            if !shape.single_activation {
                by_logits(&weights, &loss.by_weights, &mut self.d_shared[layout.activations.clone()]);
            }
            scaled_rows(dim, scores, predicted, d_tails);
            add_scaled_rows(dim, scores, tails, d_predicted);
        }
        self.tails.backward(shared, columns * rows, &mut self.d_shared);
        self.head.backward(shared, rows, &mut self.d_shared);
        let halves = self.d_heads.chunks_exact_mut(dim).zip(self.d_relations.chunks_exact_mut(dim));
        for ((d_head, d_relation), d_input) in
            halves.zip(self.head.input_gradient()[..2 * length].chunks_exact(2 * dim))
        {
            d_head.copy_from_slice(&d_input[..dim]);
            d_relation.copy_from_slice(&d_input[dim..]);
        }
        self.cross.output_and_gradient().1[..length].copy_from_slice(&self.d_heads[..length]);
        self.cross.backward(shared, rows, &mut self.d_shared);
        sum
    }
}
