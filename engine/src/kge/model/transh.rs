//! TransH: translation on a hyperplane of the relation.
//!
//! Wang, Zhang, Feng & Chen, "Knowledge graph embedding by translating on hyperplanes", AAAI 2014. There the normal `w`
//! has length 1 and the translation `d` is nearly in the hyperplane, by a penalty. Here both hold exactly: after each
//! step `w` is scaled, and what `d` has along `w` is taken off. Vectors may start from those of TransE (`pretrain_epochs`).

use super::transe::{translate, translate_backward};
use super::{Comparison, Model};
use crate::kge::config::Norm;
use crate::kge::simd::{add_scaled, dot};
use crate::kge::triples::Side;

/// The row of a relation is `d`, then `w`.
#[derive(Debug)]
pub(super) struct TransH {
    pub(super) dim: usize,
    pub(super) norm: Norm,
}

impl Model for TransH {
    fn dim(&self) -> usize {
        self.dim
    }

    fn relation_width(&self) -> usize {
        2 * self.dim
    }

    fn comparison(&self) -> Comparison {
        Comparison::of_norm(self.norm)
    }

    fn projects(&self) -> bool {
        true
    }

    /// `x - (w·x) w`.
    fn project(&self, relation: &[f32], entities: &[f32], projected: &mut [f32]) {
        let normal = &relation[self.dim..];
        projected.copy_from_slice(entities);
        for (entity, projected) in entities.chunks_exact(self.dim).zip(projected.chunks_exact_mut(self.dim)) {
            add_scaled(projected, -dot(normal, entity), normal);
        }
    }

    /// With `g` the gradient by the projection: by `x` it is `g - (w·g) w`, by `w` it is `-(w·g) x - (w·x) g`.
    fn project_backward(
        &self,
        relation: &[f32],
        entities: &[f32],
        d_projected: &[f32],
        d_entities: &mut [f32],
        d_relation: &mut [f32],
    ) {
        let normal = &relation[self.dim..];
        let d_normal = &mut d_relation[self.dim..];
        let rows = entities.chunks_exact(self.dim).zip(d_projected.chunks_exact(self.dim));
        for ((entity, gradient), d_entity) in rows.zip(d_entities.chunks_exact_mut(self.dim)) {
            let (along, place) = (dot(normal, gradient), dot(normal, entity));
            add_scaled(d_entity, 1.0, gradient);
            add_scaled(d_entity, -along, normal);
            add_scaled(d_normal, -along, entity);
            add_scaled(d_normal, -place, gradient);
        }
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

    fn start_relation(&self, row: &mut [f32], half_width: f32, rng: &mut rand_xoshiro::Xoshiro256PlusPlus) {
        for number in row.iter_mut() {
            *number = crate::kge::sampling::symmetric(rng, half_width);
        }
        self.constrain_relation(row);
    }

    fn constrain_relation(&self, row: &mut [f32]) {
        let (translation, normal) = row.split_at_mut(self.dim);
        let length = dot(normal, normal).sqrt();
        if length > 0.0 {
            normal.iter_mut().for_each(|number| *number /= length);
        }
        let along = dot(translation, normal);
        add_scaled(translation, -along, normal);
    }
}
