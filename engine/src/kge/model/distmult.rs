//! DistMult: `sum of h_i r_i t_i`.
//!
//! Yang, Yih, He, Gao & Deng, "Embedding entities and relations for learning and inference in knowledge bases", ICLR 2015.
//! Head and tail can be exchanged without changing the score.

use super::{Comparison, Model};
use crate::kge::triples::Side;

#[derive(Debug)]
pub(super) struct DistMult {
    pub(super) dim: usize,
}

impl Model for DistMult {
    fn dim(&self) -> usize {
        self.dim
    }

    fn relation_width(&self) -> usize {
        self.dim
    }

    fn comparison(&self) -> Comparison {
        Comparison::Dot
    }

    fn query(&self, _asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
        for ((query, given), by) in query.iter_mut().zip(given).zip(relation) {
            *query = given * by;
        }
    }

    fn query_backward(
        &self,
        _asked: Side,
        given: &[f32],
        relation: &[f32],
        _query: &[f32],
        d_query: &[f32],
        d_given: &mut [f32],
        d_relation: &mut [f32],
    ) {
        for i in 0..self.dim {
            d_given[i] += d_query[i] * relation[i];
            d_relation[i] += d_query[i] * given[i];
        }
    }
}
