//! RotatE: `-|h ∘ r - t|`, where `r` has modulus 1 everywhere.
//!
//! Sun, Deng, Nie & Tang, "RotatE: knowledge graph embedding by relational rotation in complex space", ICLR 2019. The
//! paper sums the moduli ([`Norm::L1`]); the Euclidean length ([`Norm::L2`]) can be computed by products of matrices.

use super::complex::turn;
use super::{Comparison, Model};
use crate::kge::config::Norm;
use crate::kge::triples::Side;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The row of a relation is angles; prepared, it is their cosines, then their sines.
#[derive(Debug)]
pub(super) struct RotatE {
    pub(super) dim: usize,
    pub(super) norm: Norm,
}

impl Model for RotatE {
    fn dim(&self) -> usize {
        self.dim
    }

    fn relation_width(&self) -> usize {
        self.dim / 2
    }

    fn comparison(&self) -> Comparison {
        match self.norm {
            Norm::L1 => Comparison::Modulus,
            Norm::L2 => Comparison::L2,
        }
    }

    fn prepared_width(&self) -> usize {
        self.dim
    }

    fn prepare(&self, row: &[f32], prepared: &mut [f32]) {
        let (cosines, sines) = prepared.split_at_mut(self.dim / 2);
        for ((angle, cosine), sine) in row.iter().zip(cosines).zip(sines) {
            (*sine, *cosine) = angle.sin_cos();
        }
    }

    /// `h r` for the tail, `conj(r) t` for the head: turning does not change a distance.
    fn query(&self, asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]) {
        turn(asked, given, relation, query);
    }

    fn query_backward(
        &self,
        asked: Side,
        _given: &[f32],
        relation: &[f32],
        query: &[f32],
        d_query: &[f32],
        d_given: &mut [f32],
        d_relation: &mut [f32],
    ) {
        let half = self.dim / 2;
        let sign = if asked == Side::Tail { 1.0 } else { -1.0 };
        let (cosines, sines) = relation.split_at(half);
        let (real, imaginary) = d_query.split_at(half);
        let (query_real, query_imaginary) = query.split_at(half);
        let (d_a, d_b) = d_given.split_at_mut(half);
        for i in 0..half {
            d_a[i] += real[i] * cosines[i] + sign * imaginary[i] * sines[i];
            d_b[i] += imaginary[i] * cosines[i] - sign * real[i] * sines[i];
            // A turn by a little more moves the query at right angles to itself.
            d_relation[i] += sign * (imaginary[i] * query_real[i] - real[i] * query_imaginary[i]);
        }
    }

    fn start_relation(&self, row: &mut [f32], _half_width: f32, rng: &mut Xoshiro256PlusPlus) {
        for angle in row {
            *angle = crate::kge::sampling::symmetric(rng, std::f32::consts::PI);
        }
    }
}
