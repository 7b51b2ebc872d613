//! Layers on a batch, with all that the way back needs. Buffers are made once.

use super::cross_compress::{self, VECTORS};
use super::optimizer::ROWS_AHEAD;
use super::parameters::Layer;
use crate::kge::simd::prefetch;

/// Dense layers, one after the other.
#[derive(Debug)]
pub(super) struct Stack {
    layers: Vec<Layer>,
    /// The input and what each layer makes of it.
    values: Vec<Vec<f32>>,
    /// Gradients by these.
    gradients: Vec<Vec<f32>>,
}

impl Stack {
    /// For so many rows of `width` numbers.
    pub(super) fn new(layers: &[Layer], width: usize, rows: usize) -> Stack {
        let outputs = layers.iter().map(|layer| layer.dense.outputs);
        let values: Vec<Vec<f32>> =
            std::iter::once(width).chain(outputs).map(|width| vec![0.0; rows * width]).collect();
        Stack { layers: layers.to_vec(), gradients: values.clone(), values }
    }

    /// Numbers in the buffers, per row.
    pub(super) fn width(layers: &[Layer], width: usize) -> usize {
        2 * (width + layers.iter().map(|layer| layer.dense.outputs).sum::<usize>())
    }

    pub(super) fn input(&mut self) -> &mut [f32] {
        &mut self.values[0]
    }

    pub(super) fn output(&self) -> &[f32] {
        &self.values[self.layers.len()]
    }

    /// The output, and the gradient by it, which the caller fills in.
    pub(super) fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        let last = self.layers.len();
        (&self.values[last], &mut self.gradients[last])
    }

    pub(super) fn input_gradient(&self) -> &[f32] {
        &self.gradients[0]
    }

    pub(super) fn forward(&mut self, shared: &[f32], rows: usize) {
        for (at, Layer { dense, start }) in self.layers.iter().enumerate() {
            let (below, above) = self.values.split_at_mut(at + 1);
            dense.forward(&shared[*start..start + dense.len()], rows, &below[at], &mut above[0]);
        }
    }

    /// From the gradient by the output to that by the input; those of the weights are added to `d_shared`.
    pub(super) fn backward(&mut self, shared: &[f32], rows: usize, d_shared: &mut [f32]) {
        for (at, Layer { dense, start }) in self.layers.iter().enumerate().rev() {
            let (below, above) = self.gradients.split_at_mut(at + 1);
            let range = *start..start + dense.len();
            let values = (&self.values[at], &self.values[at + 1]);
            let (d_in, d_out) = (&mut below[at], &mut above[0]);
            dense.backward(&shared[range.clone()], rows, values.0, values.1, d_out, d_in, &mut d_shared[range]);
        }
    }
}

/// Which output of the last unit is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The vectors of items: the recommendation task.
    Items,
    /// The vectors of entities: the embedding task.
    Entities,
}

/// Cross & compress units, one after the other; none of them without cross & compress.
#[derive(Debug)]
pub(super) struct CrossStack {
    dim: usize,
    depth: usize,
    wanted: Wanted,
    /// Place of the first weight.
    start: usize,
    /// Vectors of items: the input, and what each unit makes of it.
    items: Vec<Vec<f32>>,
    entities: Vec<Vec<f32>>,
    item_products: Vec<Vec<f32>>,
    entity_products: Vec<Vec<f32>>,
    d_items: Vec<Vec<f32>>,
    d_entities: Vec<Vec<f32>>,
}

impl CrossStack {
    /// For so many rows.
    pub(super) fn new(cross: &std::ops::Range<usize>, dim: usize, rows: usize, wanted: Wanted) -> CrossStack {
        let depth = cross.len() / (2 * VECTORS * dim);
        let vectors = || vec![vec![0.0; rows * dim]; depth + 1];
        let products = || vec![vec![0.0; rows * 2]; depth];
        CrossStack {
            dim,
            depth,
            wanted,
            start: cross.start,
            items: vectors(),
            entities: vectors(),
            item_products: products(),
            entity_products: products(),
            d_items: vectors(),
            d_entities: vectors(),
        }
    }

    /// Numbers in the buffers, per row.
    pub(super) fn width(dim: usize, depth: usize) -> usize {
        4 * dim * (depth + 1) + 4 * depth
    }

    /// Where the vectors of items and entities go in.
    pub(super) fn inputs(&mut self) -> (&mut [f32], &mut [f32]) {
        (&mut self.items[0], &mut self.entities[0])
    }

    /// The wanted output, and the gradient by it, which the caller fills in.
    pub(super) fn output_and_gradient(&mut self) -> (&[f32], &mut [f32]) {
        match self.wanted {
            Wanted::Items => (&self.items[self.depth], &mut self.d_items[self.depth]),
            Wanted::Entities => (&self.entities[self.depth], &mut self.d_entities[self.depth]),
        }
    }

    pub(super) fn output(&self) -> &[f32] {
        match self.wanted {
            Wanted::Items => &self.items[self.depth],
            Wanted::Entities => &self.entities[self.depth],
        }
    }

    /// Gradients by the vectors of items and entities that went in.
    pub(super) fn input_gradients(&self) -> (&[f32], &[f32]) {
        (&self.d_items[0], &self.d_entities[0])
    }

    /// Places of the weights of a unit's two halves.
    fn halves(&self, unit: usize) -> [std::ops::Range<usize>; 2] {
        let length = VECTORS * self.dim;
        let start = self.start + unit * 2 * length;
        [start..start + length, start + length..start + 2 * length]
    }

    /// Whether a unit has to compute a side.
    fn needs(&self, unit: usize, side: Wanted) -> bool {
        unit + 1 < self.depth || side == self.wanted
    }

    pub(super) fn forward(&mut self, shared: &[f32], rows: usize) {
        let (dim, length) = (self.dim, rows * self.dim);
        for unit in 0..self.depth {
            let [item_half, entity_half] = self.halves(unit);
            let (needs_items, needs_entities) = (self.needs(unit, Wanted::Items), self.needs(unit, Wanted::Entities));
            let (items, next_items) = self.items.split_at_mut(unit + 1);
            let (entities, next_entities) = self.entities.split_at_mut(unit + 1);
            let (v, e) = (&items[unit][..length], &entities[unit][..length]);
            if needs_items {
                let products = &mut self.item_products[unit];
                cross_compress::forward(dim, &shared[item_half], v, e, &mut next_items[0], products);
            }
            if needs_entities {
                let products = &mut self.entity_products[unit];
                cross_compress::forward(dim, &shared[entity_half], e, v, &mut next_entities[0], products);
            }
        }
    }

    /// From the gradient by the wanted output to those by the inputs; those of the weights are added to `d_shared`.
    pub(super) fn backward(&mut self, shared: &[f32], rows: usize, d_shared: &mut [f32]) {
        let (dim, length) = (self.dim, rows * self.dim);
        if self.depth == 0 {
            match self.wanted {
                Wanted::Items => self.d_entities[0][..length].fill(0.0),
                Wanted::Entities => self.d_items[0][..length].fill(0.0),
            }
        }
        for unit in (0..self.depth).rev() {
            let [item_half, entity_half] = self.halves(unit);
            let (needs_items, needs_entities) = (self.needs(unit, Wanted::Items), self.needs(unit, Wanted::Entities));
            let (d_items, d_next_items) = self.d_items.split_at_mut(unit + 1);
            let (d_entities, d_next_entities) = self.d_entities.split_at_mut(unit + 1);
            let (d_v, d_e) = (&mut d_items[unit][..length], &mut d_entities[unit][..length]);
            d_v.fill(0.0);
            d_e.fill(0.0);
            let (v, e) = (&self.items[unit][..length], &self.entities[unit][..length]);
            if needs_items {
                let (weights, d_weights) = (&shared[item_half.clone()], &mut d_shared[item_half]);
                let (products, d_out) = (&self.item_products[unit], &d_next_items[0]);
                cross_compress::backward(dim, weights, v, e, products, d_out, d_v, d_e, d_weights);
            }
            if needs_entities {
                let (weights, d_weights) = (&shared[entity_half.clone()], &mut d_shared[entity_half]);
                let (products, d_out) = (&self.entity_products[unit], &d_next_entities[0]);
                cross_compress::backward(dim, weights, e, v, products, d_out, d_e, d_v, d_weights);
            }
        }
    }
}

/// Copies the rows of a table.
pub(super) fn gather(dim: usize, table: &[f32], rows: &[u32], to: &mut [f32]) {
    for (place, (to, &row)) in to.chunks_exact_mut(dim).zip(rows).enumerate() {
        if let Some(&later) = rows.get(place + ROWS_AHEAD) {
            prefetch(&table[later as usize * dim..][..dim]);
        }
        to.copy_from_slice(&table[row as usize * dim..][..dim]);
    }
}

/// `[a; b]` row by row.
pub(super) fn concatenate(dim: usize, a: &[f32], b: &[f32], to: &mut [f32]) {
    for ((to, a), b) in to.chunks_exact_mut(2 * dim).zip(a.chunks_exact(dim)).zip(b.chunks_exact(dim)) {
        to[..dim].copy_from_slice(a);
        to[dim..].copy_from_slice(b);
    }
}
