//! Who owns which basket, for the cap on what one owner adds to a pair.

use super::CooccurrenceError;
use super::budget::Budget;
use rayon::prelude::*;

/// The owner of each kept basket, and the cap.
#[derive(Debug)]
pub(super) struct Owners {
    /// At most this many baskets of one owner count for a pair.
    pub(super) cap: u32,
    /// Owner number per dense basket. Baskets without owner have a number of their own.
    pub(super) of_basket: Vec<u32>,
    /// Dense baskets by owner number, then by id.
    pub(super) baskets_by_owner: Vec<u32>,
}

impl Owners {
    pub(super) fn new(
        cap: u32,
        basket_ids: &[i64],
        owners: &[(i64, i64)],
        budget: &mut Budget,
    ) -> Result<Self, CooccurrenceError> {
        budget.claim(owners.len(), size_of::<(i64, i64)>(), "the owners")?;
        budget.claim(basket_ids.len(), size_of::<(Option<i64>, u32)>() + 2 * size_of::<u32>(), "the owners")?;
        let mut keyed: Vec<(Option<i64>, u32)> = (0..basket_ids.len() as u32).map(|basket| (None, basket)).collect();
        for &(id, owner) in owners {
            if let Ok(basket) = basket_ids.binary_search(&id) {
                let known = &mut keyed[basket].0;
                *known = Some(known.map_or(owner, |other| other.min(owner)));
            }
        }
        keyed.par_sort_unstable();
        let mut of_basket = vec![0; basket_ids.len()];
        let mut number = 0;
        for (at, &(owner, basket)) in keyed.iter().enumerate() {
            if at > 0 && (owner.is_none() || owner != keyed[at - 1].0) {
                number += 1;
            }
            of_basket[basket as usize] = number;
        }
        let baskets_by_owner = keyed.iter().map(|&(_, basket)| basket).collect();
        budget.release(owners.len(), size_of::<(i64, i64)>());
        budget.release(basket_ids.len(), size_of::<(Option<i64>, u32)>());
        Ok(Owners { cap, of_basket, baskets_by_owner })
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of_val(&self.of_basket[..]) + size_of_val(&self.baskets_by_owner[..])
    }

    /// An item's baskets, cut into the runs of one owner each.
    pub(super) fn runs<'a>(&'a self, holders: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
        holders.chunk_by(|&a, &b| self.of_basket[a as usize] == self.of_basket[b as usize])
    }
}
