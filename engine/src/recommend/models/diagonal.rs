//! Eigenvalues and eigenvectors of symmetric matrices, by Jacobi's method: one rotation after the other makes an entry beside the
//! diagonal 0, until all are (Golub & Van Loan, "Matrix Computations", 4th edition, section 8.5).

use crate::kge::simd::dispatch;

/// An entry beside the diagonal that is no more than this part of the trace counts as 0. Matrices come in single precision.
const NEGLIGIBLE: f64 = 1e-10;
/// Sweeps over all entries after which it ends in any case. Ten are enough in practice.
const MAX_SWEEPS: u32 = 50;

/// A symmetric matrix that is being made diagonal.
#[derive(Debug)]
pub(super) struct Diagonalisation {
    dim: usize,
    /// Row by row; both triangles count.
    matrix: Vec<f64>,
    /// The new axes so far, a row for each.
    axes: Vec<f64>,
    negligible: f64,
    sweeps: u32,
    next_row: usize,
    /// Whether this sweep has found anything to do.
    has_rotated: bool,
}

impl Diagonalisation {
    pub(super) fn new(matrix: &[f32], dim: usize) -> Diagonalisation {
        let matrix: Vec<f64> = matrix.iter().map(|&number| number.into()).collect();
        let mut axes = vec![0.0; dim * dim];
        axes.iter_mut().step_by(dim + 1).for_each(|number| *number = 1.0);
        let trace: f64 = matrix.iter().step_by(dim + 1).map(|number| number.abs()).sum();
        Diagonalisation {
            dim,
            matrix,
            axes,
            negligible: NEGLIGIBLE * trace,
            sweeps: 0,
            next_row: 0,
            has_rotated: false,
        }
    }

    pub(super) fn memory_bytes(dim: usize) -> usize {
        2 * size_of::<f64>() * dim * dim
    }

    /// Clears some rows, about so many multiplications; returns whether all is done.
    pub(super) fn step(&mut self, budget: usize) -> bool {
        let (dim, mut spent) = (self.dim, 0);
        while self.sweeps < MAX_SWEEPS && spent < budget {
            let first = self.next_row;
            for second in first + 1..dim {
                // NaN is not over anything: it stays, and this ends.
                if self.matrix[first * dim + second].abs() > self.negligible {
                    self.clear(first, second);
                    self.has_rotated = true;
                    spent += 8 * dim;
                }
            }
            spent += dim;
            self.next_row += 1;
            if self.next_row == dim {
                if !self.has_rotated {
                    self.sweeps = MAX_SWEEPS;
                    break;
                }
                (self.next_row, self.has_rotated, self.sweeps) = (0, false, self.sweeps + 1);
            }
        }
        self.sweeps == MAX_SWEEPS
    }

    /// Makes one entry 0, by a rotation in the plane of two axes.
    fn clear(&mut self, first: usize, second: usize) {
        let (dim, matrix) = (self.dim, &mut self.matrix);
        let at = |row: usize, column: usize| row * dim + column;
        let (a, b, beside) = (matrix[at(first, first)], matrix[at(second, second)], matrix[at(first, second)]);
        let half = (b - a) / (2.0 * beside);
        let tangent = half.signum() / (half.abs() + half.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        let sine = tangent * cosine;
        for rows in [&mut *matrix, &mut self.axes] {
            let (above, below) = rows.split_at_mut(second * dim);
            rotate(&mut above[first * dim..][..dim], &mut below[..dim], cosine, sine);
        }
        // Columns are as rows, but for the four entries of both.
        matrix[at(first, first)] = a - tangent * beside;
        matrix[at(second, second)] = b + tangent * beside;
        matrix[at(first, second)] = 0.0;
        matrix[at(second, first)] = 0.0;
        for row in 0..dim {
            matrix[at(row, first)] = matrix[at(first, row)];
            matrix[at(row, second)] = matrix[at(second, row)];
        }
    }

    /// The eigenvalues, and row by row the eigenvectors of length 1.
    pub(super) fn finish(self) -> (Vec<f32>, Vec<f32>) {
        let eigenvalues = self.matrix.iter().step_by(self.dim + 1).map(|&number| number as f32).collect();
        (eigenvalues, self.axes.iter().map(|&number| number as f32).collect())
    }
}

dispatch! {
    fn rotate(first: &mut [f64], second: &mut [f64], cosine: f64, sine: f64) {
        for (first, second) in first.iter_mut().zip(second) {
            (*first, *second) = (cosine * *first - sine * *second, sine * *first + cosine * *second);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Diagonalisation;
    use crate::kge::sampling::{self, Use};

    fn diagonalise(matrix: &[f32], dim: usize) -> (Vec<f32>, Vec<f32>) {
        let mut running = Diagonalisation::new(matrix, dim);
        while !running.step(1000) {}
        running.finish()
    }

    #[test]
    fn axes_are_orthogonal_and_make_the_matrix_diagonal() {
        for (dim, rank) in [(1, 1), (2, 2), (3, 1), (8, 8), (13, 20), (33, 5), (64, 200)] {
            let mut rng = sampling::stream(dim as u64, Use::RecommenderFactors, 0, 0);
            let rows: Vec<f32> = (0..rank * dim).map(|_| sampling::symmetric(&mut rng, 1.0)).collect();
            let product = |a: usize, b: usize| rows.chunks(dim).map(|row| row[a] * row[b]).sum::<f32>();
            let matrix: Vec<f32> =
                (0..dim * dim).map(|at| product((at / dim).min(at % dim), (at / dim).max(at % dim))).collect();
            let trace: f32 = matrix.iter().step_by(dim + 1).sum();
            let (eigenvalues, axes) = diagonalise(&matrix, dim);
            for (a, of_a) in axes.chunks(dim).enumerate() {
                for (b, of_b) in axes.chunks(dim).enumerate() {
                    let inner: f32 = of_a.iter().zip(of_b).map(|(x, y)| x * y).sum();
                    assert!((inner - if a == b { 1.0 } else { 0.0 }).abs() < 1e-5, "{dim}: {inner} of {a} and {b}");
                    let image = matrix
                        .chunks(dim)
                        .zip(of_a)
                        .map(|(row, x)| x * row.iter().zip(of_b).map(|(m, y)| m * y).sum::<f32>());
                    let (found, expected) = (image.sum::<f32>(), if a == b { eigenvalues[a] } else { 0.0 });
                    assert!((found - expected).abs() < 2e-5 * trace, "{dim}: {found} and {expected} of {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn special_matrices_are_no_trouble() {
        assert_eq!(diagonalise(&[0.0; 9], 3).0, [0.0; 3]);
        let (eigenvalues, axes) = diagonalise(&[2.0, 0.0, 0.0, 5.0], 2);
        assert_eq!((eigenvalues, axes), (vec![2.0, 5.0], vec![1.0, 0.0, 0.0, 1.0]), "nothing to do");
        let (mut eigenvalues, _) = diagonalise(&[1.0; 16], 4);
        eigenvalues.sort_by(f32::total_cmp);
        assert!(eigenvalues[..3].iter().all(|value| value.abs() < 1e-6) && (eigenvalues[3] - 4.0).abs() < 1e-6);
        assert!(diagonalise(&[f32::NAN; 4], 2).0[0].is_nan(), "and it ends");
        let (eigenvalues, _) = diagonalise(&[f32::MAX, f32::MAX, f32::MAX, f32::MAX], 2);
        assert!(eigenvalues.iter().any(|value| value.is_infinite()), "twice the largest number");
    }
}
