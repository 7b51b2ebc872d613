//! Full ranking: the best items of every user among all that the user has not seen.

use super::error::EvaluateError;
use super::random::{self, Use};
use super::sets::ItemSets;
use rayon::prelude::*;
use std::cmp::Ordering;

/// Scores that are computed together by one thread: they stay in its cache.
const BLOCK_SCORES: usize = 1 << 18;
/// Users of a block, at most: enough for a product of matrices.
const BLOCK_USERS: usize = 64;
/// Scores of a step for each thread: some tens of milliseconds where a score is a product of short vectors.
const STEP_SCORES: usize = 1 << 20;

/// A model that can score all items for some users.
pub trait BlockScorer: Sync {
    /// Fills `scores`, one row of all items per user: the higher, the better. Minus infinity is for items that must not be
    /// recommended. It is called from several threads.
    fn score(&self, users: &[u32], scores: &mut [f32]);
}

impl<F: Fn(&[u32], &mut [f32]) + Sync> BlockScorer for F {
    fn score(&self, users: &[u32], scores: &mut [f32]) {
        self(users, scores);
    }
}

/// The best items of users, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TopLists {
    users: Vec<u32>,
    offsets: Vec<usize>,
    items: Vec<u32>,
}

impl TopLists {
    /// Lists without any user.
    pub fn new() -> TopLists {
        TopLists { users: Vec::new(), offsets: vec![0], items: Vec::new() }
    }

    /// Adds the list of a user, best first.
    pub fn push(&mut self, user: u32, items: impl IntoIterator<Item = u32>) {
        self.users.push(user);
        self.items.extend(items);
        self.offsets.push(self.items.len());
    }

    /// Number of users.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// Each user with the list, in the order in which they were asked for.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        self.users.iter().zip(self.offsets.windows(2)).map(|(&user, range)| (user, &self.items[range[0]..range[1]]))
    }
}

/// How long the lists must be for metrics at `k` and, if `r_precision` is asked for, for as many items as are relevant.
pub fn list_lengths(users: &[u32], relevant: &ItemSets, k: usize, r_precision: bool) -> Vec<u32> {
    let length = |&user: &u32| if r_precision { k.max(relevant.of(user).len()) } else { k } as u32;
    users.iter().map(length).collect()
}

/// An item that competes: its score and what decides ties.
#[derive(Debug, Clone, Copy)]
struct Competitor {
    score: f32,
    lot: u32,
    item: u32,
}

impl Competitor {
    fn best_first(a: &Competitor, b: &Competitor) -> Ordering {
        // Plus zero makes one of the two zeros.
        (b.score + 0.0).total_cmp(&(a.score + 0.0)).then(a.lot.cmp(&b.lot)).then(a.item.cmp(&b.item))
    }
}

/// What decides between items with the same score: a lot that is drawn for each user and item. The order of the ids would
/// favour whatever they follow, such as age.
fn lot(user_key: u64, item: u32) -> u32 {
    (random::mix(user_key ^ u64::from(item)) >> 32) as u32
}

/// Puts items into the order of a full ranking: by score, equal ones by lot.
pub fn order_by_score(user: u32, scored: &mut [(u32, f64)], seed: u64) {
    let key = random::key(seed, Use::Ties, user.into());
    scored.sort_unstable_by(|a, b| {
        (b.1 + 0.0).total_cmp(&(a.1 + 0.0)).then_with(|| lot(key, a.0).cmp(&lot(key, b.0))).then(a.0.cmp(&b.0))
    });
}

/// Finds the best items of users, a step at a time.
#[derive(Debug)]
pub struct FullRanking<'a> {
    users: &'a [u32],
    lengths: &'a [u32],
    seen: &'a ItemSets,
    item_count: usize,
    seed: u64,
    block: usize,
    lists: TopLists,
}

impl<'a> FullRanking<'a> {
    /// Prepares lists of `users`, `lengths[i]` items each (fewer if there are not so many), without those that the user has
    /// `seen`. Equal scores are ordered by lots that follow from the seed: lists do not depend on threads.
    ///
    /// # Errors
    /// [`Length`](EvaluateError::Length), [`UnknownId`](EvaluateError::UnknownId);
    /// [`InvalidConfig`](EvaluateError::InvalidConfig) without items.
    pub fn new(
        users: &'a [u32],
        lengths: &'a [u32],
        seen: &'a ItemSets,
        item_count: usize,
        seed: u64,
    ) -> Result<FullRanking<'a>, EvaluateError> {
        EvaluateError::check_length("lengths", lengths.len(), users.len())?;
        EvaluateError::check_ids("user", users, seen.users())?;
        if item_count == 0 {
            return Err(EvaluateError::invalid("items", "there are none to rank"));
        }
        let block = (BLOCK_SCORES / item_count).clamp(1, BLOCK_USERS);
        Ok(FullRanking { users, lengths, seen, item_count, seed, block, lists: TopLists::new() })
    }

    /// Ranks for some more users. False if there was nothing left to do.
    ///
    /// # Errors
    /// [`Score`](EvaluateError::Score) for NaN or plus infinity.
    pub fn step(&mut self, scorer: &dyn BlockScorer, pool: &rayon::ThreadPool) -> Result<bool, EvaluateError> {
        let from = self.lists.len();
        let most = (STEP_SCORES * pool.current_num_threads() / self.item_count).max(self.block);
        let end = self.users.len().min(from + most);
        let blocks: Vec<&[u32]> = self.users[from..end].chunks(self.block).collect();
        let ranked: Vec<Vec<Vec<u32>>> = pool.install(|| {
            let blocks = blocks.par_iter().enumerate();
            let rank = |scores: &mut Vec<f32>, (at, users): (usize, &&[u32])| {
                let lengths = &self.lengths[from + at * self.block..][..users.len()];
                self.rank(scorer, users, lengths, scores)
            };
            blocks.map_init(Vec::new, rank).collect::<Result<_, _>>()
        })?;
        for (&user, items) in self.users[from..end].iter().zip(ranked.into_iter().flatten()) {
            self.lists.push(user, items);
        }
        Ok(end > from)
    }

    fn rank(
        &self,
        scorer: &dyn BlockScorer,
        users: &[u32],
        lengths: &[u32],
        scores: &mut Vec<f32>,
    ) -> Result<Vec<Vec<u32>>, EvaluateError> {
        scores.clear();
        scores.resize(users.len() * self.item_count, 0.0);
        scorer.score(users, scores);
        let mut lists = Vec::with_capacity(users.len());
        for ((&user, &length), scores) in users.iter().zip(lengths).zip(scores.chunks_exact_mut(self.item_count)) {
            if let Some(item) = scores.iter().position(|score| score.is_nan() || *score == f32::INFINITY) {
                let score = scores[item].into();
                return Err(EvaluateError::Score { user, item: item as u32, score });
            }
            for &item in self.seen.of(user) {
                if let Some(score) = scores.get_mut(item as usize) {
                    *score = f32::NEG_INFINITY;
                }
            }
            lists.push(best(scores, length as usize, random::key(self.seed, Use::Ties, user.into())));
        }
        Ok(lists)
    }

    /// How much is done, in `0..=1`.
    pub fn fraction(&self) -> f64 {
        if self.users.is_empty() { 1.0 } else { self.lists.len() as f64 / self.users.len() as f64 }
    }

    /// The lists of the users that are done.
    pub fn finish(self) -> TopLists {
        self.lists
    }
}

/// The best `k` items of a row of scores, best first.
fn best(scores: &[f32], k: usize, user_key: u64) -> Vec<u32> {
    if k == 0 {
        return Vec::new();
    }
    // No more than twice `k`; a cut leaves the best `k`, and what scores below the worst of them need not come in.
    let mut found: Vec<Competitor> = Vec::with_capacity((2 * k).min(scores.len()));
    let mut floor = f32::NEG_INFINITY;
    for (item, &score) in scores.iter().enumerate() {
        if score >= floor && score > f32::NEG_INFINITY {
            found.push(Competitor { score, lot: lot(user_key, item as u32), item: item as u32 });
            if found.len() >= 2 * k {
                let (_, last, _) = found.select_nth_unstable_by(k - 1, Competitor::best_first);
                floor = last.score;
                found.truncate(k);
            }
        }
    }
    found.sort_unstable_by(Competitor::best_first);
    found.truncate(k);
    found.into_iter().map(|competitor| competitor.item).collect()
}
