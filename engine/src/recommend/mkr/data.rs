//! What is learned from: interactions, and which item is which entity.

use super::error::MkrError;
use crate::kge::TripleSet;

/// Stands for the entity of an item that has none.
pub const NO_ENTITY: u32 = u32::MAX;
/// Stands for the row of an entity that never heads a triple.
const NO_ROW: u32 = u32::MAX;

/// Labelled pairs of user and item, as three parallel columns over dense ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interactions {
    users: Vec<u32>,
    items: Vec<u32>,
    labels: Vec<bool>,
    user_count: usize,
    item_count: usize,
}

impl Interactions {
    /// Takes the columns as they are. A pair that is there twice is learned twice.
    ///
    /// # Errors
    /// [`ColumnLengths`](MkrError::ColumnLengths), [`UnknownId`](MkrError::UnknownId).
    pub fn new(
        users: Vec<u32>,
        items: Vec<u32>,
        labels: Vec<bool>,
        user_count: usize,
        item_count: usize,
    ) -> Result<Interactions, MkrError> {
        if users.len() != items.len() || users.len() != labels.len() {
            let (users, items, labels) = (users.len(), items.len(), labels.len());
            return Err(MkrError::ColumnLengths { users, items, labels });
        }
        for (what, ids, count) in [("user", &users, user_count), ("item", &items, item_count)] {
            if let Some(&id) = ids.iter().find(|&&id| id as usize >= count) {
                return Err(MkrError::UnknownId { what, id, count });
            }
        }
        Ok(Interactions { users, items, labels, user_count, item_count })
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The users, row by row.
    pub fn users(&self) -> &[u32] {
        &self.users
    }

    /// The items, row by row.
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// Whether the user liked the item, row by row.
    pub fn labels(&self) -> &[bool] {
        &self.labels
    }

    /// Users that the ids number, whether they occur or not.
    pub fn user_count(&self) -> usize {
        self.user_count
    }

    /// Items that the ids number, whether they occur or not.
    pub fn item_count(&self) -> usize {
        self.item_count
    }

    /// Checks that both labels occur.
    pub(super) fn check_labels(&self, part: &'static str) -> Result<(), MkrError> {
        let positives = self.labels.iter().filter(|&&label| label).count();
        let negatives = self.labels.len() - positives;
        if positives == 0 || negatives == 0 {
            return Err(MkrError::OneLabel { part, positives, negatives });
        }
        Ok(())
    }
}

/// Which row of the tables belongs to whom.
///
/// Cross & compress multiplies the vector of an item with that of its entity, so neither may be missing. An item without an
/// entity has a row of its own behind the entities, and an entity that heads triples without being an item has one behind
/// the items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    /// Row of the entity table, by item.
    pub entity_of_item: Vec<u32>,
    /// Row of the item table, by entity.
    pub item_of_head: Vec<u32>,
    pub item_rows: usize,
    pub entity_rows: usize,
}

impl Rows {
    /// `item_entities` has the entity of each item, or [`NO_ENTITY`]. If two items are the same entity, the first one is
    /// what the entity's triples are learned with.
    pub(super) fn new(item_entities: &[u32], graph: &TripleSet) -> Result<Rows, MkrError> {
        let count = graph.entity_count();
        let mut item_of_head = vec![NO_ROW; count];
        let mut entity_rows = count;
        let mut entity_of_item = Vec::with_capacity(item_entities.len());
        for (item, &entity) in item_entities.iter().enumerate() {
            if entity == NO_ENTITY {
                entity_of_item.push(entity_rows as u32);
                entity_rows += 1;
                continue;
            }
            let Some(row) = item_of_head.get_mut(entity as usize) else {
                return Err(MkrError::UnknownId { what: "entity", id: entity, count });
            };
            if *row == NO_ROW {
                *row = item as u32;
            }
            entity_of_item.push(entity);
        }
        let mut item_rows = item_entities.len();
        for &head in graph.heads() {
            let row = &mut item_of_head[head as usize];
            if *row == NO_ROW {
                *row = item_rows as u32;
                item_rows += 1;
            }
        }
        Ok(Rows { entity_of_item, item_of_head, item_rows, entity_rows })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_partner_gets_a_row_of_its_own() {
        // Entity 4 heads a triple and is no item; item 1 is no entity; entity 3 is two items.
        let graph = TripleSet::new(vec![3, 4, 3], vec![0; 3], vec![0, 1, 2], 5, 1).unwrap();
        let rows = Rows::new(&[3, NO_ENTITY, 3], &graph).unwrap();
        assert_eq!(rows.entity_of_item, [3, 5, 3]);
        assert_eq!((rows.item_rows, rows.entity_rows), (4, 6));
        assert_eq!((rows.item_of_head[3], rows.item_of_head[4]), (0, 3));
        assert_eq!(rows.item_of_head[0], NO_ROW);
        let error = Rows::new(&[5], &graph).unwrap_err();
        assert_eq!(error, MkrError::UnknownId { what: "entity", id: 5, count: 5 });
    }
}
