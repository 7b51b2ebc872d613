//! Dense layers on batches of rows, as products of matrices.

use crate::kge::product::{Matrix, multiply};
use crate::kge::simd::dispatch;

/// Numbers in and out of a layer. Its weights are `inputs * outputs` numbers, one row per input, and then the biases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dense {
    pub inputs: usize,
    pub outputs: usize,
    /// Negative outputs become 0.
    pub is_rectified: bool,
}

impl Dense {
    /// Numbers of weights and biases.
    pub(super) const fn len(self) -> usize {
        (self.inputs + 1) * self.outputs
    }

    /// `out = x W + b`, rectified if it is to be.
    pub(super) fn forward(self, weights: &[f32], rows: usize, x: &[f32], out: &mut [f32]) {
        let (matrix, bias) = weights.split_at(self.inputs * self.outputs);
        let out = &mut out[..rows * self.outputs];
        for row in out.chunks_exact_mut(self.outputs) {
            row.copy_from_slice(bias);
        }
        let matrix = Matrix::new(matrix, self.inputs, self.outputs);
        multiply(1.0, Matrix::new(x, rows, self.inputs), matrix, 1.0, out);
        if self.is_rectified {
            rectify(out);
        }
    }

    /// From `d_out`, the gradient by the output (spoiled afterwards): the gradient by the input to `d_x`, and those of
    /// the weights added to `d_weights`.
    #[allow(clippy::too_many_arguments)] // Values and gradients of input, output and weights.
    pub(super) fn backward(
        self,
        weights: &[f32],
        rows: usize,
        x: &[f32],
        out: &[f32],
        d_out: &mut [f32],
        d_x: &mut [f32],
        d_weights: &mut [f32],
    ) {
        let d_out = &mut d_out[..rows * self.outputs];
        if self.is_rectified {
            mask(out, d_out);
        }
        let (d_matrix, d_bias) = d_weights.split_at_mut(self.inputs * self.outputs);
        add_rows(d_out, d_bias);
        let d_out = Matrix::new(d_out, rows, self.outputs);
        multiply(1.0, Matrix::new(x, rows, self.inputs).transposed(), d_out, 1.0, d_matrix);
        multiply(1.0, d_out, Matrix::new(weights, self.inputs, self.outputs).transposed(), 0.0, d_x);
    }
}

dispatch! {
    fn rectify(numbers: &mut [f32]) {
        for number in numbers {
            // NaN must stay NaN, so that divergence is seen.
            *number = if *number < 0.0 { 0.0 } else { *number };
        }
    }
}

dispatch! {
    fn mask(out: &[f32], gradient: &mut [f32]) {
        for (out, gradient) in out.iter().zip(gradient) {
            *gradient = if *out > 0.0 { *gradient } else { 0.0 };
        }
    }
}

dispatch! {
    /// Adds all rows to `to`.
    fn add_rows(rows: &[f32], to: &mut [f32]) {
        for row in rows.chunks_exact(to.len()) {
            for (to, number) in to.iter_mut().zip(row) {
                *to += number;
            }
        }
    }
}
