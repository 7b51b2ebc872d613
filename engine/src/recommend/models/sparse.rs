//! Compressed sparse rows.

/// A sparse matrix by rows: `columns[offsets[r]..offsets[r + 1]]` are the columns of row `r`, `values` is parallel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SparseRows {
    pub(super) offsets: Vec<usize>,
    pub(super) columns: Vec<u32>,
    pub(super) values: Vec<f32>,
}

/// A row of a sparse matrix: columns, and what is in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SparseRow<'a> {
    /// Columns.
    pub columns: &'a [u32],
    /// Parallel to `columns`.
    pub values: &'a [f32],
}

impl<'a> SparseRow<'a> {
    /// `(column, value)` of each entry.
    pub fn iter(self) -> impl Iterator<Item = (u32, f32)> + 'a {
        self.columns.iter().copied().zip(self.values.iter().copied())
    }

    /// `to[column] += factor * value` for each entry.
    pub(super) fn add_to(self, factor: f32, to: &mut [f32]) {
        for (column, value) in self.iter() {
            to[column as usize] += factor * value;
        }
    }
}

impl SparseRows {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.columns.len()
    }

    /// One row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> SparseRow<'_> {
        let range = self.offsets[row]..self.offsets[row + 1];
        SparseRow { columns: &self.columns[range.clone()], values: &self.values[range] }
    }

    /// Entries of a row.
    pub(super) fn row_len(&self, row: usize) -> usize {
        self.offsets[row + 1] - self.offsets[row]
    }

    /// Where each row begins, and the end of the last one.
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }

    /// The columns of all rows.
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// The values of all rows.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Bytes of a matrix of this size.
    pub(super) fn bytes(rows: usize, entries: usize) -> usize {
        let of_rows = size_of::<usize>().saturating_mul(rows.saturating_add(1));
        of_rows.saturating_add((size_of::<u32>() + size_of::<f32>()).saturating_mul(entries))
    }

    /// Rows and columns exchanged. Within a row, columns ascend.
    pub(super) fn transposed(&self, columns: usize) -> SparseRows {
        let mut offsets = vec![0; columns + 1];
        for &column in &self.columns {
            offsets[column as usize + 1] += 1;
        }
        for column in 0..columns {
            offsets[column + 1] += offsets[column];
        }
        let mut free = offsets.clone();
        let (mut rows, mut values) = (vec![0; self.entries()], vec![0.0; self.entries()]);
        for row in 0..self.rows() {
            for (column, value) in self.row(row).iter() {
                let place = &mut free[column as usize];
                rows[*place] = row as u32;
                values[*place] = value;
                *place += 1;
            }
        }
        SparseRows { offsets, columns: rows, values }
    }

    /// The same pattern with other values.
    pub(super) fn map(&self, value_of: impl Fn(usize, u32, f32) -> f32) -> SparseRows {
        let mut mapped = self.clone();
        for row in 0..self.rows() {
            for at in self.offsets[row]..self.offsets[row + 1] {
                mapped.values[at] = value_of(row, self.columns[at], self.values[at]);
            }
        }
        mapped
    }

    /// The rows from `first` on, together no more work than `budget`; at least one of them.
    pub(super) fn rows_within(rows: usize, first: usize, budget: usize, cost: impl Fn(usize) -> usize) -> usize {
        let (mut end, mut spent) = (first, 0_usize);
        while end < rows && (end == first || spent < budget) {
            spent = spent.saturating_add(cost(end));
            end += 1;
        }
        end
    }
}
