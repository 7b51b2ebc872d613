//! Sets of items by user.

use super::error::EvaluateError;

/// For each user a set of items, ascending: compressed sparse rows over dense ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemSets {
    offsets: Vec<usize>,
    items: Vec<u32>,
}

impl ItemSets {
    /// The sets that pairs of user and item make; a pair may come more than once.
    ///
    /// # Errors
    /// [`Length`](EvaluateError::Length) if the two slices are not parallel, [`UnknownId`](EvaluateError::UnknownId).
    pub fn new(users: &[u32], items: &[u32], user_count: usize, item_count: usize) -> Result<ItemSets, EvaluateError> {
        EvaluateError::check_length("items", items.len(), users.len())?;
        EvaluateError::check_ids("user", users, user_count)?;
        EvaluateError::check_ids("item", items, item_count)?;
        let mut starts = vec![0; user_count + 1];
        for &user in users {
            starts[user as usize + 1] += 1;
        }
        for at in 0..user_count {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut placed = vec![0; items.len()];
        for (&user, &item) in users.iter().zip(items) {
            placed[next[user as usize]] = item;
            next[user as usize] += 1;
        }
        let mut sets = ItemSets { offsets: Vec::with_capacity(user_count + 1), items: Vec::with_capacity(items.len()) };
        sets.offsets.push(0);
        for range in starts.windows(2) {
            let row = &mut placed[range[0]..range[1]];
            row.sort_unstable();
            let from = sets.items.len();
            for &item in row.iter() {
                if sets.items.len() == from || sets.items.last() != Some(&item) {
                    sets.items.push(item);
                }
            }
            sets.offsets.push(sets.items.len());
        }
        Ok(sets)
    }

    /// The items of a user, ascending. The user must be below [`users`](Self::users).
    pub fn of(&self, user: u32) -> &[u32] {
        &self.items[self.offsets[user as usize]..self.offsets[user as usize + 1]]
    }

    /// Whether a user's set holds an item.
    pub fn contains(&self, user: u32, item: u32) -> bool {
        self.of(user).binary_search(&item).is_ok()
    }

    /// Number of users, those with an empty set included.
    pub fn users(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether every set is empty.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// In how many sets each item is.
    pub fn popularity(&self, item_count: usize) -> Vec<u32> {
        let mut counts = vec![0; item_count];
        for &item in &self.items {
            counts[item as usize] += 1;
        }
        counts
    }
}
