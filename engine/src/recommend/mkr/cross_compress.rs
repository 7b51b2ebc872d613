//! Cross & compress, the unit through which the two tasks of MKR share what they learn (Wang et al., WWW 2019).
//!
//! With `C = v eᵀ`, the unit is
//!
//! ```text
//! v' = C w_vv + Cᵀ w_ev + b_v = v (e·w_vv) + e (v·w_ev) + b_v
//! e' = C w_ve + Cᵀ w_ee + b_e = e (v·w_ee) + v (e·w_ve) + b_e
//! ```
//!
//! The right-hand sides take `O(d)` and no matrix. Both lines are one function, [`forward`], with the roles exchanged:
//! `x' = x (y·w_1) + y (x·w_2) + b`. A last layer needs one of them only.

use crate::kge::simd::{dispatch, inner_product};

/// Vectors of weights in one half of a unit: `w_1`, `w_2`, `b`.
pub(super) const VECTORS: usize = 3;

dispatch! {
    /// `x' = x (y·w_1) + y (x·w_2) + b` for rows of `dim` numbers. `weights` are `w_1`, `w_2`, `b`; `products` keeps the two
    /// inner products of each row for [`backward`].
    pub(super) fn forward(
        dim: usize,
        weights: &[f32],
        x: &[f32],
        y: &[f32],
        out: &mut [f32],
        products: &mut [f32],
    ) {
        let (w_1, rest) = weights.split_at(dim);
        let (w_2, bias) = rest.split_at(dim);
        let bias = &bias[..dim];
        let rows = x.chunks_exact(dim).zip(y.chunks_exact(dim)).zip(out.chunks_exact_mut(dim));
        for (((x, y), out), products) in rows.zip(products.chunks_exact_mut(2)) {
            let (a, b) = (inner_product(y, w_1), inner_product(x, w_2));
            products[0] = a;
            products[1] = b;
            for i in 0..dim {
                out[i] = x[i] * a + y[i] * b + bias[i];
            }
        }
    }
}

dispatch! {
    /// Adds to `d_x`, `d_y` and `d_weights` what follows from `d_out`, the gradient by `x'`.
    pub(super) fn backward(
        dim: usize,
        weights: &[f32],
        x: &[f32],
        y: &[f32],
        products: &[f32],
        d_out: &[f32],
        d_x: &mut [f32],
        d_y: &mut [f32],
        d_weights: &mut [f32],
    ) {
        let (w_1, rest) = weights.split_at(dim);
        let w_2 = &rest[..dim];
        let (d_w_1, rest) = d_weights.split_at_mut(dim);
        let (d_w_2, d_bias) = rest.split_at_mut(dim);
        let d_bias = &mut d_bias[..dim];
        let rows = x.chunks_exact(dim).zip(y.chunks_exact(dim)).zip(d_out.chunks_exact(dim));
        let d_rows = d_x.chunks_exact_mut(dim).zip(d_y.chunks_exact_mut(dim));
        for ((((x, y), d_out), (d_x, d_y)), products) in rows.zip(d_rows).zip(products.chunks_exact(2)) {
            let (a, b) = (products[0], products[1]);
            let (d_a, d_b) = (inner_product(d_out, x), inner_product(d_out, y));
            for i in 0..dim {
                d_x[i] += a * d_out[i] + d_b * w_2[i];
                d_y[i] += b * d_out[i] + d_a * w_1[i];
            }
            for i in 0..dim {
                d_w_1[i] += d_a * y[i];
                d_w_2[i] += d_b * x[i];
                d_bias[i] += d_out[i];
            }
        }
    }
}
