//! Models as they are judged: something that scores.

use super::baselines::{leak_only, random_score};
use super::error::EvaluateError;
use super::ranking::BlockScorer;
use super::sets::ItemSets;

/// A model that can score any user and item.
pub trait Model: BlockScorer {
    /// The score of a pair: the higher, the better; a probability if all of them are in `0..=1`.
    fn pair(&self, user: u32, item: u32) -> f64;
}

/// What is judged.
#[derive(Clone, Copy)]
pub enum Scores<'a> {
    /// A model.
    Model(&'a dyn Model),
    /// Scores that a model gave elsewhere. Only what is in the table is recommended.
    Table(&'a ScoreTable),
}

impl Scores<'_> {
    /// The score of a pair, if there is one.
    pub fn pair(&self, user: u32, item: u32) -> Option<f64> {
        match self {
            Scores::Model(model) => Some(model.pair(user, item)),
            Scores::Table(table) => table.pair(user, item),
        }
    }
}

/// Scores by user and item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoreTable {
    offsets: Vec<usize>,
    /// By user, ascending by item.
    scored: Vec<(u32, f64)>,
}

impl ScoreTable {
    /// From rows of user, item and score; users are below `user_count`.
    ///
    /// # Errors
    /// [`UnknownId`](EvaluateError::UnknownId); [`Score`](EvaluateError::Score) for a score that is not finite;
    /// [`Twice`](EvaluateError::Twice).
    pub fn new(mut rows: Vec<(u32, u32, f64)>, user_count: usize) -> Result<ScoreTable, EvaluateError> {
        if let Some(&(user, item, score)) = rows.iter().find(|row| !row.2.is_finite()) {
            return Err(EvaluateError::Score { user, item, score });
        }
        if let Some(row) = rows.iter().find(|row| row.0 as usize >= user_count) {
            return Err(EvaluateError::UnknownId { what: "user", id: row.0, count: user_count });
        }
        rows.sort_unstable_by_key(|row| (row.0, row.1));
        if let Some(two) = rows.windows(2).find(|two| (two[0].0, two[0].1) == (two[1].0, two[1].1)) {
            return Err(EvaluateError::Twice { user: two[0].0, item: two[0].1 });
        }
        let mut table = ScoreTable { offsets: vec![0; user_count + 1], scored: Vec::with_capacity(rows.len()) };
        for (user, item, score) in rows {
            table.offsets[user as usize + 1] += 1;
            table.scored.push((item, score));
        }
        for at in 0..user_count {
            table.offsets[at + 1] += table.offsets[at];
        }
        Ok(table)
    }

    /// The items of a user with their scores, ascending by item.
    pub fn of(&self, user: u32) -> &[(u32, f64)] {
        &self.scored[self.offsets[user as usize]..self.offsets[user as usize + 1]]
    }

    /// The score of a pair, if there is one.
    pub fn pair(&self, user: u32, item: u32) -> Option<f64> {
        let scored = self.of(user);
        scored.binary_search_by_key(&item, |scored| scored.0).ok().map(|at| scored[at].1)
    }
}

/// [`random_score`] as a model.
#[derive(Debug, Clone, Copy)]
pub struct RandomModel {
    /// What its scores follow from.
    pub seed: u64,
}

impl BlockScorer for RandomModel {
    fn score(&self, users: &[u32], scores: &mut [f32]) {
        fill(users, scores, |user, item| random_score(self.seed, user, item) as f32);
    }
}

impl Model for RandomModel {
    fn pair(&self, user: u32, item: u32) -> f64 {
        random_score(self.seed, user, item)
    }
}

/// How many users have an item in training, the same for every user.
#[derive(Debug, Clone)]
pub struct PopularityModel {
    /// By item.
    pub popularity: Vec<u32>,
}

impl BlockScorer for PopularityModel {
    fn score(&self, users: &[u32], scores: &mut [f32]) {
        fill(users, scores, |_, item| self.popularity[item as usize] as f32);
    }
}

impl Model for PopularityModel {
    fn pair(&self, _user: u32, item: u32) -> f64 {
        self.popularity[item as usize].into()
    }
}

/// [`leak_only`] as a model: the same for every item.
#[derive(Debug, Clone)]
pub struct LeakOnlyModel {
    scores: Vec<f64>,
}

impl LeakOnlyModel {
    /// From the labels of the training part.
    pub fn new(positives: &ItemSets, negatives: &ItemSets) -> LeakOnlyModel {
        LeakOnlyModel { scores: leak_only(positives, negatives) }
    }
}

impl BlockScorer for LeakOnlyModel {
    fn score(&self, users: &[u32], scores: &mut [f32]) {
        fill(users, scores, |user, _| self.scores[user as usize] as f32);
    }
}

impl Model for LeakOnlyModel {
    fn pair(&self, user: u32, _item: u32) -> f64 {
        self.scores[user as usize]
    }
}

fn fill(users: &[u32], scores: &mut [f32], score: impl Fn(u32, u32) -> f32) {
    let items = scores.len() / users.len().max(1);
    for (&user, scores) in users.iter().zip(scores.chunks_exact_mut(items.max(1))) {
        for (item, place) in (0..).zip(scores) {
            *place = score(user, item);
        }
    }
}
