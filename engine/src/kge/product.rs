//! Products of row-major matrices.

// `matrixmultiply` takes pointers; the lengths of the slices are checked before.
#![allow(unsafe_code)]

/// Rows and columns of a factor as it is used, and whether it is stored the other way round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: isize,
    column_stride: isize,
}

impl<'a> Matrix<'a> {
    /// `numbers` row by row.
    ///
    /// # Panics
    /// If there are fewer than `rows * columns`.
    pub(crate) fn new(numbers: &'a [f32], rows: usize, columns: usize) -> Matrix<'a> {
        assert!(numbers.len() >= rows * columns, "{} numbers, {rows} x {columns} needed", numbers.len());
        Matrix { numbers, rows, columns, row_stride: columns as isize, column_stride: 1 }
    }

    /// The same numbers, rows and columns exchanged.
    pub(crate) fn transposed(self) -> Matrix<'a> {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// `to = keep * to + factor * a b`, where `to` is row-major. With `keep` 0, what `to` held does not matter.
///
/// # Panics
/// If the sizes do not fit.
pub(crate) fn multiply(factor: f32, a: Matrix, b: Matrix, keep: f32, to: &mut [f32]) {
    assert_eq!(a.columns, b.rows, "factors must fit");
    assert!(to.len() >= a.rows * b.columns, "the product must have room");
    // SAFETY: every index i * row_stride + j * column_stride with i < rows, j < columns is below rows * columns, for which
    // the constructor and the assertion above have checked the slices. `to` is exclusively borrowed, so it does not
    // overlap the factors.
    unsafe {
        matrixmultiply::sgemm(
            a.rows,
            a.columns,
            b.columns,
            factor,
            a.numbers.as_ptr(),
            a.row_stride,
            a.column_stride,
            b.numbers.as_ptr(),
            b.row_stride,
            b.column_stride,
            keep,
            to.as_mut_ptr(),
            b.columns as isize,
            1,
        );
    }
}
