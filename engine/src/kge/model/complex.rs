//! ComplEx: `Re(sum of h_i r_i conj(t_i))`.
//!
//! Trouillon, Welbl, Riedel, Gaussier & Bouchard, "Complex embeddings for simple link prediction", ICML 2016; the N3 penalty
//! that suits it is from Lacroix, Usunier & Obozinski, "Canonical tensor decomposition for knowledge base completion",
//! ICML 2018.

use super::{Comparison, Model};
use crate::kge::triples::Side;

/// Rows are real parts, then imaginary parts.
#[derive(Debug)]
pub(super) struct ComplEx {
    pub(super) dim: usize,
}

/// For the tail the query is `h r`; for the head it is `conj(r) t`, as `Re(h r conj(t)) = Re(h conj(conj(r) t))`. The real
/// scalar product of query and entity is then the score.
pub(super) fn turn(asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
    let half = given.len() / 2;
    let sign = if asked == Side::Tail { 1.0 } else { -1.0 };
    let ((a, b), (c, d)) = (given.split_at(half), relation.split_at(half));
    let (real, imaginary) = query.split_at_mut(half);
    for i in 0..half {
        real[i] = a[i] * c[i] - sign * b[i] * d[i];
        imaginary[i] = b[i] * c[i] + sign * a[i] * d[i];
    }
}

impl Model for ComplEx {
    fn dim(&self) -> usize {
        self.dim
    }

    fn relation_width(&self) -> usize {
        self.dim
    }

    fn comparison(&self) -> Comparison {
        Comparison::Dot
    }

    fn query(&self, asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
        turn(asked, given, relation, query);
    }

    fn query_backward(
        &self,
        asked: Side,
        given: &[f32],
        relation: &[f32],
        _query: &[f32],
        d_query: &[f32],
        d_given: &mut [f32],
        d_relation: &mut [f32],
    ) {
        let half = self.dim / 2;
        let sign = if asked == Side::Tail { 1.0 } else { -1.0 };
        let ((a, b), (c, d)) = (given.split_at(half), relation.split_at(half));
        let (real, imaginary) = d_query.split_at(half);
        let (d_a, d_b) = d_given.split_at_mut(half);
        let (d_c, d_d) = d_relation.split_at_mut(half);
        for i in 0..half {
            d_a[i] += real[i] * c[i] + sign * imaginary[i] * d[i];
            d_b[i] += imaginary[i] * c[i] - sign * real[i] * d[i];
            d_c[i] += real[i] * a[i] + imaginary[i] * b[i];
            d_d[i] += sign * (imaginary[i] * a[i] - real[i] * b[i]);
        }
    }
}
