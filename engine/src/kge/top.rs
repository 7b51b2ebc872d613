//! The best of many.

use std::cmp::Ordering;

/// Descending by score, then ascending by id.
pub(super) fn best_first(a: &(f32, u32), b: &(f32, u32)) -> Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

/// Keeps the `k` best scores. Ids must come ascending: of equal scores the first ones stay.
#[derive(Debug)]
pub(super) struct Top {
    k: usize,
    /// No more than twice `k`.
    found: Vec<(f32, u32)>,
    /// What a score must be greater than.
    floor: f32,
}

impl Top {
    pub(super) fn new(k: usize) -> Top {
        Top { k, found: Vec::new(), floor: if k == 0 { f32::INFINITY } else { f32::NEG_INFINITY } }
    }

    #[inline]
    pub(super) fn add(&mut self, score: f32, id: u32) {
        if score > self.floor {
            self.found.push((score, id));
            if self.found.len() >= 2 * self.k {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        if self.found.len() > self.k {
            let (_, last, _) = self.found.select_nth_unstable_by(self.k - 1, best_first);
            self.floor = last.0;
            self.found.truncate(self.k);
        }
    }

    /// The best, best first.
    pub(super) fn into_sorted(mut self) -> Vec<(f32, u32)> {
        self.found.sort_unstable_by(best_first);
        self.found.truncate(self.k);
        self.found
    }
}
