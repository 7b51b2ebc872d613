//! Small symmetric systems `(L + Σ w h hᵀ) x = Σ w h`, one after the other, by Cholesky decomposition.
//!
//! Where `L` is diagonal and there are fewer vectors `h` than `x` has numbers, the system is solved in the space of the vectors:
//! with `B` of a row `√w hᵀ L^-½` per vector, `x = L^-½ Bᵀ y` with `(I + B Bᵀ) y = √w` (the identity of Sherman, Morrison and
//! Woodbury). For n vectors of d numbers that is `n² d / 2 + n³ / 6` multiplications instead of `n d² / 2 + d³ / 6`.

use super::sparse::SparseRow;
use crate::kge::product::{Matrix, multiply};
use crate::kge::simd::{LANES, add_scaled, dispatch, dot, inner_product};

/// Vectors that are added at a time: what is read and written for one serves for all.
const GROUP: usize = 4;
/// Below so many vectors, a product of matrices takes more time to get ready than to multiply.
const FEW: usize = 12;

/// The matrix `G` of [`Left`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Gram<'a> {
    /// All of it, row by row.
    Full(&'a [f32]),
    /// Its diagonal, where the rest is 0.
    Diagonal(&'a [f32]),
}

/// `L = factor * G + ridge * I`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left<'a> {
    pub(super) factor: f32,
    pub(super) gram: Gram<'a>,
    pub(super) ridge: f32,
}

/// The buffers of one thread.
#[derive(Debug)]
pub(super) struct Solver {
    dim: usize,
    /// Row by row; the upper triangle counts.
    matrix: Vec<f32>,
    right: Vec<f32>,
    group: Vec<f32>,
    /// The rows of `B`.
    scaled: Vec<f32>,
    /// The diagonal of `L^-½`.
    scales: Vec<f32>,
}

impl Solver {
    pub(super) fn new(dim: usize) -> Solver {
        let square = || vec![0.0; dim * dim];
        Solver {
            dim,
            matrix: square(),
            right: vec![0.0; dim],
            group: vec![0.0; GROUP * dim],
            scaled: square(),
            scales: vec![0.0; dim],
        }
    }

    pub(super) fn memory_bytes(dim: usize) -> usize {
        size_of::<f32>() * dim * (2 * dim + 2 + GROUP)
    }

    /// About how many multiplications a system takes, with a diagonal `G`.
    pub(super) fn cost(dim: usize, count: usize) -> usize {
        match count {
            0 => 0,
            few if few < dim => few * (few * (dim / 2 + few / 6 + 2) + 4 * dim),
            many => dim * dim * (many / 2 + dim / 6 + 4),
        }
    }

    /// Solves for the vectors `h` in `vectors` that `row` names, each with its weight, over 0. Writes the solution to `to`, or
    /// returns the row at which the matrix is seen not to be positive definite.
    pub(super) fn solve(
        &mut self,
        left: &Left<'_>,
        row: SparseRow<'_>,
        vectors: &[f32],
        to: &mut [f32],
    ) -> Result<(), usize> {
        match left.gram {
            Gram::Diagonal(diagonal) if row.columns.len() < self.dim => {
                let scale = |gram: &f32| 1.0 / (left.factor * gram + left.ridge).sqrt();
                self.scales.iter_mut().zip(diagonal).for_each(|(to, gram)| *to = scale(gram));
                self.solve_few(row, vectors, to)
            }
            _ => {
                self.start(left);
                self.solve_many(row, vectors, to)
            }
        }
    }

    /// In the space of the vectors.
    fn solve_few(&mut self, row: SparseRow<'_>, vectors: &[f32], to: &mut [f32]) -> Result<(), usize> {
        let (dim, count) = (self.dim, row.columns.len());
        let (matrix, scaled) = (&mut self.matrix[..count * count], &mut self.scaled[..count * dim]);
        let right = &mut self.right[..count];
        for ((to, right), (vector, weight)) in scaled.chunks_exact_mut(dim).zip(&mut *right).zip(row.iter()) {
            *right = weight.sqrt();
            multiply_scaled(to, *right, &self.scales, &vectors[vector as usize * dim..][..dim]);
        }
        products_of_rows(scaled, dim, matrix);
        let failed = decompose(matrix, count, &mut self.group[..GROUP * count]);
        if failed < count {
            return Err(failed);
        }
        solve_triangles(matrix, count, right);
        to.fill(0.0);
        for (vector, &factor) in scaled.chunks_exact(dim).zip(&*right) {
            add_scaled(to, factor, vector);
        }
        to.iter_mut().zip(&self.scales).for_each(|(number, scale)| *number *= scale);
        Ok(())
    }

    /// Begins with `L`.
    fn start(&mut self, left: &Left<'_>) {
        match left.gram {
            Gram::Full(gram) => {
                for (to, from) in self.matrix.iter_mut().zip(gram) {
                    *to = left.factor * from;
                }
            }
            Gram::Diagonal(diagonal) => {
                self.matrix.fill(0.0);
                for (to, from) in self.matrix.iter_mut().step_by(self.dim + 1).zip(diagonal) {
                    *to = left.factor * from;
                }
            }
        }
        self.matrix.iter_mut().step_by(self.dim + 1).for_each(|number| *number += left.ridge);
    }

    /// In the space of the solution, after [`start`](Self::start).
    fn solve_many(&mut self, row: SparseRow<'_>, vectors: &[f32], to: &mut [f32]) -> Result<(), usize> {
        let dim = self.dim;
        to.fill(0.0);
        for (columns, values) in row.columns.chunks(GROUP).zip(row.values.chunks(GROUP)) {
            // What is not there has weight 0, and must not be NaN.
            let mut weights = [0.0; GROUP];
            self.group[columns.len() * dim..].fill(0.0);
            for (at, (&column, &weight)) in columns.iter().zip(values).enumerate() {
                let vector = &vectors[column as usize * dim..][..dim];
                self.group[at * dim..][..dim].copy_from_slice(vector);
                weights[at] = weight;
                add_scaled(to, weight, vector);
            }
            add_group(&mut self.matrix, dim, &weights, &self.group);
        }
        let failed = decompose(&mut self.matrix, dim, &mut self.group);
        if failed < dim {
            return Err(failed);
        }
        solve_triangles(&self.matrix, dim, to);
        Ok(())
    }
}

/// `Uᵀ U x = b`, with the upper triangle of `matrix` as `U`: `x` holds b before, and the solution after.
fn solve_triangles(matrix: &[f32], dim: usize, x: &mut [f32]) {
    for row in 0..dim {
        let (done, rest) = x.split_at_mut(row + 1);
        done[row] /= matrix[row * dim + row];
        add_scaled(rest, -done[row], &matrix[row * dim + row + 1..][..dim - row - 1]);
    }
    for row in (0..dim).rev() {
        let (unknown, known) = x.split_at_mut(row + 1);
        let sum = dot(&matrix[row * dim + row + 1..][..dim - row - 1], known);
        unknown[row] = (unknown[row] - sum) / matrix[row * dim + row];
    }
}

dispatch! {
    /// `to = factor * scales * vector`, number by number.
    fn multiply_scaled(to: &mut [f32], factor: f32, scales: &[f32], vector: &[f32]) {
        for ((to, scale), number) in to.iter_mut().zip(scales).zip(vector) {
            *to = factor * scale * number;
        }
    }
}

/// At least the upper triangle of `I + B Bᵀ`, for `B` row by row.
fn products_of_rows(rows: &[f32], dim: usize, to: &mut [f32]) {
    let count = rows.len() / dim;
    if count < FEW {
        few_products_of_rows(rows, dim, to);
    } else {
        let rows = Matrix::new(rows, count, dim);
        multiply(1.0, rows, rows.transposed(), 0.0, to);
    }
    to.iter_mut().step_by(count + 1).for_each(|number| *number += 1.0);
}

dispatch! {
    fn few_products_of_rows(rows: &[f32], dim: usize, to: &mut [f32]) {
        let count = rows.len() / dim;
        for first in 0..count {
            for second in first..count {
                to[first * count + second] = inner_product(&rows[first * dim..][..dim], &rows[second * dim..][..dim]);
            }
        }
    }
}

/// `to += sum of w_k r_k r_kᵀ` from row `first` on: the upper triangle, and a bit of the lower one, which does not matter.
#[inline(always)]
fn add_group_from(to: &mut [f32], dim: usize, first: usize, weights: &[f32; GROUP], group: &[f32]) {
    let (a, rest) = group.split_at(dim);
    let (b, rest) = rest.split_at(dim);
    let (c, d) = rest.split_at(dim);
    for row in first..dim {
        let factors = [weights[0] * a[row], weights[1] * b[row], weights[2] * c[row], weights[3] * d[row]];
        // Whole lanes.
        let start = row - row % LANES;
        let to = &mut to[row * dim + start..][..dim - start];
        let vectors = a[start..].iter().zip(&b[start..]).zip(c[start..].iter().zip(&d[start..dim]));
        for (to, ((a, b), (c, d))) in to.iter_mut().zip(vectors) {
            *to += (factors[0] * a + factors[1] * b) + (factors[2] * c + factors[3] * d);
        }
    }
}

dispatch! {
    fn add_group(to: &mut [f32], dim: usize, weights: &[f32; GROUP], group: &[f32]) {
        add_group_from(to, dim, 0, weights, group);
    }
}

dispatch! {
    /// `A = Uᵀ U` in place. Returns the row where that fails, or `dim`.
    fn decompose(matrix: &mut [f32], dim: usize, group: &mut [f32]) -> usize {
        for first in (0..dim).step_by(GROUP) {
            let end = dim.min(first + GROUP);
            for row in first..end {
                let (above, here) = matrix.split_at_mut(row * dim);
                let here = &mut here[row..dim];
                for earlier in first..row {
                    let above = &above[earlier * dim + row..][..dim - row];
                    let factor = above[0];
                    for (to, from) in here.iter_mut().zip(above) {
                        *to -= factor * from;
                    }
                }
                let pivot = here[0];
                // NaN is not over 0.
                if !(pivot > 0.0 && pivot.is_finite()) {
                    return row;
                }
                let scale = 1.0 / pivot.sqrt();
                for number in here.iter_mut() {
                    *number *= scale;
                }
            }
            if end < dim {
                group.copy_from_slice(&matrix[first * dim..end * dim]);
                add_group_from(matrix, dim, end, &[-1.0; GROUP], group);
            }
        }
        dim
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Gram, Left, Solver};
    use crate::kge::sampling::{self, Use};
    use crate::recommend::models::SparseRow;

    /// What `(left + Σ w h hᵀ) x - Σ w h` is, at most, in any place.
    fn miss(left: &[f64], row: SparseRow<'_>, vectors: &[f32], x: &[f32]) -> f64 {
        let dim = x.len();
        let product = |a: &[f64], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * f64::from(*b)).sum::<f64>();
        let mut sums: Vec<f64> = left.chunks(dim).map(|row| product(row, x)).collect();
        for (vector, weight) in row.iter() {
            let vector: Vec<f64> = vectors[vector as usize * dim..][..dim].iter().map(|&x| x.into()).collect();
            let factor = f64::from(weight) * (product(&vector, x) - 1.0);
            sums.iter_mut().zip(vector).for_each(|(sum, number)| *sum += factor * number);
        }
        sums.into_iter().map(f64::abs).fold(0.0, f64::max)
    }

    #[test]
    fn solutions_solve_the_equations() {
        for dim in [1, 2, 3, 4, 5, 8, 13, 16, 31, 64] {
            let mut rng = sampling::stream(dim as u64, Use::RecommenderFactors, 0, 0);
            let mut solver = Solver::new(dim);
            let numbers: Vec<f32> = (0..100 * dim).map(|_| sampling::symmetric(&mut rng, 1.0)).collect();
            let diagonal: Vec<f32> = (0..dim).map(|at| at as f32 * 3.0).collect();
            let full: Vec<f32> = (0..dim * dim).map(|at| if at / dim == at % dim { 2.0 } else { 0.1 }).collect();
            // Again and again: buffers must not remember anything. There are fewer vectors than `dim` numbers, and more.
            for count in [0, 1, 3, 4, 9, dim - 1, dim, 70] {
                let columns: Vec<u32> = (0..count as u32).map(|at| 99 - at).collect();
                let values: Vec<f32> = (0..count).map(|at| 0.5 + at as f32).collect();
                let row = SparseRow { columns: &columns, values: &values };
                for gram in [Gram::Full(&full), Gram::Diagonal(&diagonal)] {
                    let at = |at: usize| match gram {
                        Gram::Full(full) => full[at],
                        Gram::Diagonal(diagonal) if at / dim == at % dim => diagonal[at / dim],
                        Gram::Diagonal(_) => 0.0,
                    };
                    let ridge = |at: usize| if at / dim == at % dim { 0.25 } else { 0.0 };
                    let left: Vec<f64> =
                        (0..dim * dim).map(|place| 0.5 * f64::from(at(place)) + ridge(place)).collect();
                    let mut x = vec![f32::NAN; dim];
                    solver.solve(&Left { factor: 0.5, gram, ridge: 0.25 }, row, &numbers, &mut x).unwrap();
                    let (miss, size) = (miss(&left, row, &numbers, &x), values.iter().sum::<f32>().max(1.0));
                    assert!(miss < 3e-5 * f64::from(size), "{dim}, {count}, {gram:?}: {miss}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_solved_is_found_out() {
        let mut solver = Solver::new(5);
        let (vectors, mut x) = ([1.0, 2.0, 0.0, 0.0, 0.0], [0.0; 5]);
        let row = SparseRow { columns: &[0], values: &[1.0] };
        let mut solve = |factor, gram, ridge| solver.solve(&Left { factor, gram, ridge }, row, &vectors, &mut x);
        assert_eq!(solve(0.0, Gram::Full(&[0.0; 25]), 0.0), Err(1));
        assert_eq!(solve(f32::NAN, Gram::Full(&[1.0; 25]), 1.0), Err(0));
        assert_eq!(solve(1.0, Gram::Diagonal(&[-2.0, 1.0, 1.0, 1.0, 1.0]), 1.0), Err(0));
        assert_eq!(solve(1.0, Gram::Diagonal(&[1.0; 5]), 1.0), Ok(()));
    }
}
