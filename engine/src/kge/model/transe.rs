//! TransE: `-|h + r - t|`.
//!
//! Bordes, Usunier, García-Durán, Weston & Yakhnenko, "Translating embeddings for modeling multi-relational data",
//! NIPS 2013.

use super::{Comparison, Model};
use crate::kge::config::Norm;
use crate::kge::triples::Side;

#[derive(Debug)]
pub(super) struct TransE {
    pub(super) dim: usize,
    pub(super) norm: Norm,
}

/// Where the asked entity should be: `h + r` or `t - r`.
pub(super) fn translate(asked: Side, given: &[f32], translation: &[f32], query: &mut [f32]) {
    let pairs = given.iter().zip(translation);
    match asked {
        Side::Tail => query.iter_mut().zip(pairs).for_each(|(query, (given, by))| *query = given + by),
        Side::Head => query.iter_mut().zip(pairs).for_each(|(query, (given, by))| *query = given - by),
    }
}

/// The gradient of [`translate`].
pub(super) fn translate_backward(asked: Side, d_query: &[f32], d_given: &mut [f32], d_translation: &mut [f32]) {
    let sign = if asked == Side::Tail { 1.0 } else { -1.0 };
    for ((d_query, d_given), d_translation) in d_query.iter().zip(d_given).zip(d_translation) {
        *d_given += d_query;
        *d_translation += sign * d_query;
    }
}

impl Model for TransE {
    fn dim(&self) -> usize {
        self.dim
    }

    fn relation_width(&self) -> usize {
        self.dim
    }

    fn comparison(&self) -> Comparison {
        Comparison::of_norm(self.norm)
    }

    fn query(&self, asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
        translate(asked, given, relation, query);
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
        translate_backward(asked, d_query, d_given, d_relation);
    }
}
