//! Relations with one vector for each side that is asked.
//!
//! Lacroix, Usunier & Obozinski, "Canonical tensor decomposition for knowledge base completion", ICML 2018, and Kazemi &
//! Poole, "SimplE embedding for link prediction in knowledge graphs", NeurIPS 2018: every triple `(h, r, t)` is also
//! learned as `(t, r⁻¹, h)`, and heads are found by asking for the tail of `r⁻¹`. Here both vectors stand in one row.

use super::{Comparison, Model};
use crate::kge::triples::Side;
use rand_xoshiro::Xoshiro256PlusPlus;

/// A relation's row is what the inner model has for `r`, then what it has for `r⁻¹`.
#[derive(Debug)]
pub(super) struct Reciprocal {
    /// Does not project: a projection would have to know the side.
    pub(super) inner: Box<dyn Model>,
}

/// The part of a row that a question is about.
fn part(asked: Side, row: &[f32]) -> &[f32] {
    let (forward, inverse) = row.split_at(row.len() / 2);
    if asked == Side::Tail { forward } else { inverse }
}

impl Model for Reciprocal {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn relation_width(&self) -> usize {
        2 * self.inner.relation_width()
    }

    fn comparison(&self) -> Comparison {
        self.inner.comparison()
    }

    fn prepared_width(&self) -> usize {
        2 * self.inner.prepared_width()
    }

    fn prepare(&self, row: &[f32], prepared: &mut [f32]) {
        let rows = row.chunks_exact(self.inner.relation_width());
        for (row, prepared) in rows.zip(prepared.chunks_exact_mut(self.inner.prepared_width())) {
            self.inner.prepare(row, prepared);
        }
    }

    fn query(&self, asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
        self.inner.query(Side::Tail, given, part(asked, relation), query);
    }

    fn query_backward(
        &self,
        asked: Side,
        given: &[f32],
        relation: &[f32],
        query: &[f32],
        d_query: &[f32],
        d_given: &mut [f32],
        d_relation: &mut [f32],
    ) {
        let (forward, inverse) = d_relation.split_at_mut(self.inner.relation_width());
        let d_relation = if asked == Side::Tail { forward } else { inverse };
        self.inner.query_backward(Side::Tail, given, part(asked, relation), query, d_query, d_given, d_relation);
    }

    fn start_relation(&self, row: &mut [f32], half_width: f32, rng: &mut Xoshiro256PlusPlus) {
        for part in row.chunks_exact_mut(self.inner.relation_width()) {
            self.inner.start_relation(part, half_width, rng);
        }
    }

    fn constrain_relation(&self, row: &mut [f32]) {
        for part in row.chunks_exact_mut(self.inner.relation_width()) {
            self.inner.constrain_relation(part);
        }
    }
}
