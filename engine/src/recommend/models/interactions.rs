//! Which user has taken which item, how much.

use super::error::ModelError;
use super::sparse::SparseRows;

/// Users and items, both ways, as sparse rows over dense `u32` ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Interactions {
    pub(super) by_user: SparseRows,
    pub(super) by_item: SparseRows,
}

impl Interactions {
    /// Takes interactions in any order: `users[n]` took `items[n]` with `weights[n]`, finite and over 0; no weights are
    /// weights of 1. Weights of an interaction that is repeated are added up. Users and items without interactions are
    /// possible, and so is no interaction at all.
    ///
    /// # Errors
    /// [`ColumnLengths`](ModelError::ColumnLengths), [`TooMany`](ModelError::TooMany) over `u32::MAX` users, items or rows,
    /// [`UnknownId`](ModelError::UnknownId) for ids that are not below `user_count` and `item_count`,
    /// [`InvalidWeight`](ModelError::InvalidWeight).
    pub fn new(
        users: &[u32],
        items: &[u32],
        weights: &[f32],
        user_count: usize,
        item_count: usize,
    ) -> Result<Interactions, ModelError> {
        if users.len() != items.len() || !(weights.is_empty() || weights.len() == users.len()) {
            let (users, items, weights) = (users.len(), items.len(), weights.len());
            return Err(ModelError::ColumnLengths { users, items, weights });
        }
        for (what, ids, count) in [("user", users, user_count), ("item", items, item_count)] {
            if count > u32::MAX as usize {
                let what = if what == "user" { "users" } else { "items" };
                return Err(ModelError::TooMany { what, count, limit: u32::MAX as usize });
            }
            if let Some(&id) = ids.iter().find(|&&id| id as usize >= count) {
                return Err(ModelError::UnknownId { what, id, count });
            }
        }
        if users.len() > u32::MAX as usize {
            return Err(ModelError::TooMany { what: "interactions", count: users.len(), limit: u32::MAX as usize });
        }
        let is_valid = |weight: f32| weight.is_finite() && weight > 0.0;
        if let Some(at) = weights.iter().position(|&weight| !is_valid(weight)) {
            return Err(ModelError::InvalidWeight { user: users[at], item: items[at], weight: weights[at] });
        }
        // One row per interaction. Transposing twice is a counting sort by item, then by user.
        let unsorted = SparseRows {
            offsets: (0..=items.len()).collect(),
            columns: items.to_vec(),
            values: if weights.is_empty() { vec![1.0; items.len()] } else { weights.to_vec() },
        };
        let mut by_item = unsorted.transposed(item_count);
        drop(unsorted);
        by_item.columns.iter_mut().for_each(|place| *place = users[*place as usize]);
        let mut by_user = by_item.transposed(user_count);
        drop(by_item);
        merge_repetitions(&mut by_user);
        for user in 0..user_count {
            // A sum may be too large.
            if let Some((item, weight)) = by_user.row(user).iter().find(|&(_, weight)| !is_valid(weight)) {
                return Err(ModelError::InvalidWeight { user: user as u32, item, weight });
            }
        }
        let by_item = by_user.transposed(item_count);
        Ok(Interactions { by_user, by_item })
    }

    /// The most bytes that [`new`](Self::new) will have in use at a time, besides its arguments. What is kept is less.
    pub fn estimate(interactions: usize, user_count: usize, item_count: usize) -> usize {
        // The unsorted rows have an offset each.
        let unsorted = SparseRows::bytes(interactions, interactions);
        let both =
            SparseRows::bytes(user_count, interactions).saturating_add(SparseRows::bytes(item_count, interactions));
        // Transposing has a second copy of the offsets.
        let free = size_of::<usize>().saturating_mul(user_count.max(item_count));
        unsorted.saturating_add(both).saturating_add(free)
    }

    /// Bytes that are kept.
    pub fn memory_bytes(&self) -> usize {
        SparseRows::bytes(self.user_count(), self.len()) + SparseRows::bytes(self.item_count(), self.len())
    }

    /// Number of users.
    pub fn user_count(&self) -> usize {
        self.by_user.rows()
    }

    /// Number of items.
    pub fn item_count(&self) -> usize {
        self.by_item.rows()
    }

    /// Number of interactions, repetitions counted once.
    pub fn len(&self) -> usize {
        self.by_user.entries()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_user.entries() == 0
    }

    /// A row per user: the items, ascending, and their weights.
    pub fn by_user(&self) -> &SparseRows {
        &self.by_user
    }

    /// A row per item: the users, ascending, and their weights.
    pub fn by_item(&self) -> &SparseRows {
        &self.by_item
    }

    /// Refuses to learn from nothing.
    pub(super) fn check_not_empty(&self) -> Result<(), ModelError> {
        if self.is_empty() { Err(ModelError::NoInteractions) } else { Ok(()) }
    }
}

/// Adds up the values of equal columns that stand side by side.
fn merge_repetitions(rows: &mut SparseRows) {
    let mut kept = 0;
    for row in 0..rows.rows() {
        let range = rows.offsets[row]..rows.offsets[row + 1];
        let start = kept;
        // Rows before this one have been closed up already, so its old start is not needed any more.
        rows.offsets[row] = kept;
        for at in range {
            let (column, value) = (rows.columns[at], rows.values[at]);
            if kept > start && rows.columns[kept - 1] == column {
                rows.values[kept - 1] += value;
            } else {
                rows.columns[kept] = column;
                rows.values[kept] = value;
                kept += 1;
            }
        }
    }
    if let Some(end) = rows.offsets.last_mut() {
        *end = kept;
    }
    rows.columns.truncate(kept);
    rows.values.truncate(kept);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Interactions, ModelError};

    #[test]
    fn rows_are_sorted_and_repetitions_added_up() {
        let found = Interactions::new(&[1, 0, 1, 1, 3], &[2, 1, 0, 2, 2], &[1.0, 2.0, 3.0, 4.0, 0.5], 4, 3).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!((found.by_user().row(1).columns, found.by_user().row(1).values), (&[0, 2][..], &[3.0, 5.0][..]));
        assert_eq!(found.by_user().row(2).columns, [0_u32; 0]);
        assert_eq!((found.by_item().row(2).columns, found.by_item().row(2).values), (&[1, 3][..], &[5.0, 0.5][..]));
        assert!(found.memory_bytes() <= Interactions::estimate(5, 4, 3));
        let unweighted = Interactions::new(&[0, 0], &[0, 0], &[], 1, 1).unwrap();
        assert_eq!(unweighted.by_user().row(0).values, [2.0]);
        assert!(Interactions::new(&[], &[], &[], 0, 0).unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_is_said_with_numbers() {
        let new = |users: &[u32], items: &[u32], weights: &[f32]| Interactions::new(users, items, weights, 2, 3);
        let lengths = ModelError::ColumnLengths { users: 2, items: 1, weights: 0 };
        assert_eq!(new(&[0, 1], &[0], &[]), Err(lengths));
        let lengths = ModelError::ColumnLengths { users: 1, items: 1, weights: 2 };
        assert_eq!(new(&[0], &[0], &[1.0, 1.0]), Err(lengths));
        assert_eq!(new(&[2], &[0], &[]), Err(ModelError::UnknownId { what: "user", id: 2, count: 2 }));
        assert_eq!(new(&[0], &[3], &[]), Err(ModelError::UnknownId { what: "item", id: 3, count: 3 }));
        for weight in [0.0, -1.0, f32::INFINITY] {
            let invalid = ModelError::InvalidWeight { user: 0, item: 1, weight };
            assert_eq!(new(&[1, 0], &[0, 1], &[1.0, weight]), Err(invalid));
        }
        assert!(matches!(new(&[0], &[1], &[f32::NAN]), Err(ModelError::InvalidWeight { .. })));
        let most = ModelError::InvalidWeight { user: 0, item: 0, weight: f32::INFINITY };
        assert_eq!(new(&[0, 0], &[0, 0], &[f32::MAX, f32::MAX]), Err(most), "the sum is not finite");
        // Summing must not hide what is wrong.
        assert!(matches!(new(&[0, 0], &[0, 0], &[-1.0, 2.0]), Err(ModelError::InvalidWeight { .. })));
    }
}
