//! Small symmetric systems `(G + Σ w h hᵀ) x = Σ w h`, one after the other, by Cholesky decomposition.

use crate::kge::simd::{LANES, add_scaled, dispatch, dot};

/// Vectors that are added at a time: what is read and written for one serves for all.
const GROUP: usize = 4;

/// The buffers of one thread.
#[derive(Debug)]
pub(super) struct Solver {
    dim: usize,
    /// Row by row; the upper triangle counts.
    matrix: Vec<f32>,
    right: Vec<f32>,
    group: Vec<f32>,
    weights: [f32; GROUP],
    in_group: usize,
}

impl Solver {
    pub(super) fn new(dim: usize) -> Solver {
        let (matrix, right, group) = (vec![0.0; dim * dim], vec![0.0; dim], vec![0.0; GROUP * dim]);
        Solver { dim, matrix, right, group, weights: [0.0; GROUP], in_group: 0 }
    }

    pub(super) fn memory_bytes(dim: usize) -> usize {
        size_of::<f32>() * dim * (dim + 1 + GROUP)
    }

    /// Begins with `factor * gram + ridge * I`.
    pub(super) fn start(&mut self, factor: f32, gram: &[f32], ridge: f32) {
        for (to, from) in self.matrix.iter_mut().zip(gram) {
            *to = factor * from;
        }
        for at in 0..self.dim {
            self.matrix[at * self.dim + at] += ridge;
        }
        self.right.fill(0.0);
    }

    /// Adds `w h hᵀ` to the left, `w h` to the right.
    pub(super) fn add(&mut self, vector: &[f32], weight: f32) {
        add_scaled(&mut self.right, weight, vector);
        self.group[self.in_group * self.dim..][..self.dim].copy_from_slice(vector);
        self.weights[self.in_group] = weight;
        self.in_group += 1;
        if self.in_group == GROUP {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.weights[self.in_group..].fill(0.0);
        add_group(&mut self.matrix, self.dim, &self.weights, &self.group);
        self.in_group = 0;
    }

    /// Writes the solution to `to`, or returns the row at which the matrix is seen not to be positive definite.
    pub(super) fn solve(&mut self, to: &mut [f32]) -> Result<(), usize> {
        if self.in_group > 0 {
            self.flush();
        }
        let (dim, matrix) = (self.dim, &mut self.matrix);
        let failed = decompose(matrix, dim, &mut self.group);
        if failed < dim {
            return Err(failed);
        }
        // Uᵀ y = right, then U x = y.
        to.copy_from_slice(&self.right);
        for row in 0..dim {
            let (done, rest) = to.split_at_mut(row + 1);
            done[row] /= matrix[row * dim + row];
            add_scaled(rest, -done[row], &matrix[row * dim + row + 1..][..dim - row - 1]);
        }
        for row in (0..dim).rev() {
            let (unknown, known) = to.split_at_mut(row + 1);
            let sum = dot(&matrix[row * dim + row + 1..][..dim - row - 1], known);
            unknown[row] = (unknown[row] - sum) / matrix[row * dim + row];
        }
        Ok(())
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
    use super::Solver;
    use crate::kge::sampling::{self, Use};

    #[test]
    fn solutions_solve_the_equations() {
        for dim in [1, 2, 3, 4, 5, 8, 13, 16, 31, 64] {
            let mut rng = sampling::stream(dim as u64, Use::RecommenderFactors, 0, 0);
            let mut solver = Solver::new(dim);
            // Again and again: buffers must not remember anything.
            for rows in [0, 1, 3, 4, 9] {
                let vectors: Vec<f32> = (0..rows * dim).map(|_| sampling::symmetric(&mut rng, 1.0)).collect();
                let gram: Vec<f32> = (0..dim * dim).map(|at| if at / dim == at % dim { 2.0 } else { 0.1 }).collect();
                let (mut x, mut a) = (vec![0.0; dim], vec![0.0_f64; dim * dim]);
                let mut right = vec![0.0_f64; dim];
                for at in 0..dim * dim {
                    a[at] = 0.5 * f64::from(gram[at]) + if at / dim == at % dim { 0.25 } else { 0.0 };
                }
                solver.start(0.5, &gram, 0.25);
                for (number, vector) in vectors.chunks(dim).enumerate() {
                    let weight = 1.0 + number as f32;
                    solver.add(vector, weight);
                    for row in 0..dim {
                        right[row] += f64::from(weight * vector[row]);
                        for column in 0..dim {
                            a[row * dim + column] += f64::from(weight * vector[row] * vector[column]);
                        }
                    }
                }
                solver.solve(&mut x).unwrap();
                for row in 0..dim {
                    let found: f64 = (0..dim).map(|column| a[row * dim + column] * f64::from(x[column])).sum();
                    assert!((found - right[row]).abs() < 1e-3, "{dim}, {rows}: {found} and {}", right[row]);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_solved_is_found_out() {
        let mut solver = Solver::new(5);
        let mut x = [0.0; 5];
        solver.start(0.0, &[0.0; 25], 0.0);
        solver.add(&[1.0, 2.0, 0.0, 0.0, 0.0], 1.0);
        assert_eq!(solver.solve(&mut x), Err(1));
        solver.start(f32::NAN, &[1.0; 25], 1.0);
        assert_eq!(solver.solve(&mut x), Err(0));
    }
}
