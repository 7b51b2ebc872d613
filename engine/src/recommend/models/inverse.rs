//! The inverse of a large symmetric positive definite matrix, a step at a time, in place.
//!
//! The sweep operator (Goodnight, "A tutorial on the SWEEP operator", The American Statistician 33(3), 1979) by blocks:
//! with the pivot block D, a sweep makes `D -> -D⁻¹`, `A_ik -> A_ik D⁻¹`, `A_ij -> A_ij - A_ik D⁻¹ A_kj`; after all of them
//! the matrix is the negative inverse. It stays symmetric throughout, so the lower triangle is enough, nearly all work is
//! in products of matrices, and one may stop anywhere between two of them.

use super::error::ModelError;
use crate::kge::product::{Matrix, multiply, multiply_into_columns};
use rayon::prelude::*;

/// Rows of a pivot block.
const BLOCK: usize = 64;
/// Rows that one product updates.
const PANEL: usize = 128;
/// A pivot smaller than this part of its diagonal number is lost in rounding.
const LEAST_PIVOT: f64 = 1e-7;

/// An inversion under way.
#[derive(Debug)]
pub(super) struct Inversion {
    size: usize,
    /// The lower triangle counts.
    matrix: Vec<f32>,
    /// As it was.
    diagonal: Vec<f32>,
    /// First row of the pivot block.
    pivot: usize,
    /// The next row to update, if the pivot block is open.
    next_row: Option<usize>,
    /// The columns of the pivot block before its sweep, and these times `D⁻¹`; D⁻¹.
    columns: Vec<f32>,
    scaled: Vec<f32>,
    inverse: Vec<f32>,
}

impl Inversion {
    /// Takes the lower triangle of `matrix`.
    pub(super) fn new(matrix: Vec<f32>, size: usize) -> Inversion {
        let diagonal = (0..size).map(|row| matrix[row * size + row]).collect();
        let (columns, scaled) = (vec![0.0; size * BLOCK], vec![0.0; size * BLOCK]);
        Inversion { size, matrix, diagonal, pivot: 0, next_row: None, columns, scaled, inverse: Vec::new() }
    }

    /// Bytes of a matrix and what inverting it takes.
    pub(super) fn memory_bytes(size: usize) -> usize {
        size_of::<f32>().saturating_mul(size.saturating_mul(size.saturating_add(2 * BLOCK + 1)))
    }

    /// What is done, in `0..=1`.
    pub(super) fn fraction(&self) -> f64 {
        if self.size == 0 { 1.0 } else { self.pivot as f64 / self.size as f64 }
    }

    /// Does about so many multiplications, on the threads of the current pool. Returns whether all is done.
    pub(super) fn step(&mut self, budget: usize) -> Result<bool, ModelError> {
        let mut spent = 0_usize;
        while self.pivot < self.size && spent < budget {
            let width = BLOCK.min(self.size - self.pivot);
            let first = match self.next_row {
                Some(row) => row,
                None => {
                    self.open()?;
                    0
                }
            };
            let mut end = first;
            while end < self.size && (end == first || spent < budget) {
                let rows = PANEL.min(self.size - end);
                spent += rows * (end + rows) * width;
                end += rows;
            }
            self.update(first, end, width);
            self.next_row = Some(end);
            if end == self.size {
                self.close();
            }
        }
        Ok(self.pivot >= self.size)
    }

    /// Copies the columns of the pivot block, and inverts the block.
    fn open(&mut self) -> Result<(), ModelError> {
        let (size, pivot) = (self.size, self.pivot);
        let width = BLOCK.min(size - pivot);
        for row in 0..size {
            let to = &mut self.columns[row * width..][..width];
            if row >= pivot + width {
                to.copy_from_slice(&self.matrix[row * size + pivot..][..width]);
            } else {
                for (column, to) in (pivot..).zip(to) {
                    *to = self.matrix[row.max(column) * size + row.min(column)];
                }
            }
        }
        let mut block: Vec<f64> =
            self.columns[pivot * width..][..width * width].iter().map(|&x| f64::from(x)).collect();
        invert_block(&mut block, width, &self.diagonal[pivot..])
            .map_err(|row| ModelError::NotPositiveDefinite { row: pivot + row })?;
        self.inverse = block.into_iter().map(|x| x as f32).collect();
        let columns = Matrix::new(&self.columns, size, width);
        multiply(1.0, columns, Matrix::new(&self.inverse, width, width), 0.0, &mut self.scaled);
        Ok(())
    }

    /// Subtracts from some rows, left of the diagonal and a bit beyond.
    fn update(&mut self, first: usize, end: usize, width: usize) {
        let (size, columns, scaled) = (self.size, &self.columns, &self.scaled);
        self.matrix[first * size..end * size].par_chunks_mut(PANEL * size).enumerate().for_each(|(panel, to)| {
            let start = first + panel * PANEL;
            let rows = to.len() / size;
            let left = Matrix::new(&scaled[start * width..], rows, width);
            let right = Matrix::new(columns, start + rows, width).transposed();
            multiply_into_columns(-1.0, left, right, 1.0, to, size);
        });
    }

    /// Writes what the sweep makes of the pivot block's own rows and columns.
    fn close(&mut self) {
        let (size, pivot) = (self.size, self.pivot);
        let width = BLOCK.min(size - pivot);
        for row in pivot..pivot + width {
            let of_block = row - pivot;
            for column in 0..pivot {
                self.matrix[row * size + column] = self.scaled[column * width + of_block];
            }
            for column in 0..width {
                self.matrix[row * size + pivot + column] = -self.inverse[of_block * width + column];
            }
        }
        for row in pivot + width..size {
            self.matrix[row * size + pivot..][..width].copy_from_slice(&self.scaled[row * width..][..width]);
        }
        self.pivot += width;
        self.next_row = None;
    }

    /// The inverse, both triangles.
    pub(super) fn finish(mut self) -> Vec<f32> {
        let size = self.size;
        // By tiles, because one side of the mirror is read or written down the columns.
        for tile in (0..size).step_by(BLOCK) {
            for row in tile..size {
                for column in tile..(tile + BLOCK).min(row + 1) {
                    let number = -self.matrix[row * size + column];
                    self.matrix[row * size + column] = number;
                    self.matrix[column * size + row] = number;
                }
            }
        }
        self.matrix
    }
}

/// Gauss-Jordan in place; without pivoting, as the block is positive definite, which the pivots show. Otherwise, the row.
fn invert_block(block: &mut [f64], size: usize, diagonal: &[f32]) -> Result<(), usize> {
    for pivot in 0..size {
        let value = block[pivot * size + pivot];
        // NaN is not above anything.
        let is_positive = value > LEAST_PIVOT * f64::from(diagonal[pivot].abs());
        if !(is_positive && value.is_finite()) {
            return Err(pivot);
        }
        block[pivot * size + pivot] = 1.0;
        let row: Vec<f64> = block[pivot * size..][..size].iter().map(|number| number / value).collect();
        for other in 0..size {
            let numbers = &mut block[other * size..][..size];
            if other == pivot {
                numbers.copy_from_slice(&row);
                continue;
            }
            let factor = std::mem::take(&mut numbers[pivot]);
            for (number, of_row) in numbers.iter_mut().zip(&row) {
                *number -= factor * of_row;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Inversion, ModelError};
    use crate::kge::sampling::{self, Use};

    /// `XXᵀ + I` of a random X.
    fn positive_definite(size: usize) -> Vec<f32> {
        let mut rng = sampling::stream(size as u64, Use::RecommenderFactors, 0, 0);
        let x: Vec<f32> = (0..size * size).map(|_| sampling::symmetric(&mut rng, 1.0)).collect();
        let row = |row: usize| &x[row * size..][..size];
        let product = |i: usize, j: usize| row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f32>();
        let one = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 };
        (0..size * size).map(|at| product(at / size, at % size) + one(at / size, at % size)).collect()
    }

    #[test]
    fn matrix_times_inverse_is_one() {
        for size in [0, 1, 2, 63, 64, 65, 128, 150, 300] {
            let matrix = positive_definite(size);
            for budget in [1, 100_000_000] {
                let mut inversion = Inversion::new(matrix.clone(), size);
                let mut steps = 0;
                while !inversion.step(budget).unwrap() {
                    steps += 1;
                }
                assert!(budget > 1 || steps + 1 >= size.div_ceil(64), "{steps} steps");
                let inverse = inversion.finish();
                for row in 0..size {
                    for column in 0..size {
                        let terms = (0..size)
                            .map(|k| f64::from(matrix[row * size + k]) * f64::from(inverse[k * size + column]));
                        let expected = if row == column { 1.0 } else { 0.0 };
                        let found: f64 = terms.sum();
                        assert!((found - expected).abs() < 2e-3, "{size}: {row}, {column}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_has_no_inverse_is_found_out() {
        let size = 100;
        let mut matrix = positive_definite(size);
        for at in 0..size {
            matrix[80 * size + at] = matrix[70 * size + at];
            matrix[at * size + 80] = matrix[at * size + 70];
        }
        matrix[80 * size + 80] = matrix[70 * size + 70];
        let mut inversion = Inversion::new(matrix.clone(), size);
        assert_eq!(inversion.step(usize::MAX), Err(ModelError::NotPositiveDefinite { row: 80 }));
        matrix[3 * size + 3] = f32::NAN;
        assert_eq!(Inversion::new(matrix, size).step(usize::MAX), Err(ModelError::NotPositiveDefinite { row: 3 }));
    }
}
