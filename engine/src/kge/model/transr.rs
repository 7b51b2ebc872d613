//! TransR: translation in a space of the relation.
//!
//! Lin, Liu, Sun, Liu & Zhu, "Learning entity and relation embeddings for knowledge graph completion", AAAI 2015. As
//! there, vectors start from those of TransE and matrices from the identity (`pretrain_epochs`). Both spaces have the
//! same number of dimensions.

use super::transe::{translate, translate_backward};
use super::{Comparison, Model};
use crate::kge::config::Norm;
use crate::kge::product::{Matrix, multiply};
use crate::kge::triples::Side;

/// The row of a relation is `r`, then the rows of `M`.
#[derive(Debug)]
pub(super) struct TransR {
    pub(super) dim: usize,
    pub(super) norm: Norm,
}

impl Model for TransR {
    fn dim(&self) -> usize {
        self.dim
    }

    fn relation_width(&self) -> usize {
        self.dim + self.dim * self.dim
    }

    fn comparison(&self) -> Comparison {
        Comparison::of_norm(self.norm)
    }

    fn projects(&self) -> bool {
        true
    }

    /// `M x`, for all rows at once: `X Mᵀ`.
    fn project(&self, relation: &[f32], entities: &[f32], projected: &mut [f32]) {
        let (rows, dim) = (entities.len() / self.dim, self.dim);
        let matrix = Matrix::new(&relation[dim..], dim, dim);
        multiply(1.0, Matrix::new(entities, rows, dim), matrix.transposed(), 0.0, projected);
    }

    /// With `G` the gradient by the projection: by `X` it is `G M`, by `M` it is `Gᵀ X`.
    fn project_backward(
        &self,
        relation: &[f32],
        entities: &[f32],
        d_projected: &[f32],
        d_entities: &mut [f32],
        d_relation: &mut [f32],
    ) {
        let (rows, dim) = (entities.len() / self.dim, self.dim);
        let gradient = Matrix::new(d_projected, rows, dim);
        multiply(1.0, gradient, Matrix::new(&relation[dim..], dim, dim), 1.0, d_entities);
        multiply(1.0, gradient.transposed(), Matrix::new(entities, rows, dim), 1.0, &mut d_relation[dim..]);
    }

    fn query(&self, asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
        translate(asked, given, &relation[..self.dim], query);
    }

    fn query_backward(
        &self,
        asked: Side,
        _given: &[f32],
        _relation: &[f32],
        _query: &[f32],
        d_query: &[f32],
        d_given: &mut [f32],
        d_relation: &mut [f32],
    ) {
        translate_backward(asked, d_query, d_given, &mut d_relation[..self.dim]);
    }

    fn matrix_start(&self) -> usize {
        self.dim
    }

    fn start_relation(&self, row: &mut [f32], half_width: f32, rng: &mut rand_xoshiro::Xoshiro256PlusPlus) {
        let (translation, matrix) = row.split_at_mut(self.dim);
        for number in translation {
            *number = crate::kge::sampling::symmetric(rng, half_width);
        }
        matrix.fill(0.0);
        matrix.iter_mut().step_by(self.dim + 1).for_each(|number| *number = 1.0);
    }
}
