//! Recommenders that were trained on a split, as models that can be judged by it.

use super::stored::StoredSplit;
use crate::error::{Error, Result};
use crate::recommender::model::{Loaded, Model};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::evaluate::{self, BlockScorer};
use std::sync::{Mutex, PoisonError};

/// The names of the recommenders that learned from the split.
pub fn names(split_id: i64) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let sql =
        "SELECT DISTINCT m.name FROM sgr.models AS m WHERE m.kind = 'recommender' AND m.split_id = $1 ORDER BY m.name";
    spi::select(sql, &Sources::NONE, &[Arg::Big(split_id)], |row| {
        names.extend(row.text(0).map(std::borrow::Cow::into_owned));
        Ok(())
    })?;
    Ok(names)
}

/// A recommender, with what it learned from each repeat of the split.
pub struct TrainedModel {
    pub name: String,
    repeats: Vec<Loaded>,
}

/// Loads those of `models` that are among the `trained` ones.
///
/// Errors: 55000 if one did not learn from these very users and items, 53000.
pub fn load(models: &[String], trained: &[String], split: &StoredSplit) -> Result<Vec<TrainedModel>> {
    let load = |name: &String| -> Result<TrainedModel> {
        let stored = Model::named(name)?;
        let repeats: Vec<Loaded> = stored.iter().map(Model::load).collect::<Result<_>>()?;
        let same = |loaded: &Loaded| (&loaded.users, &loaded.items) == (&split.users.ids, &split.items.ids);
        if repeats.len() != split.repeats.len() || !repeats.iter().all(same) {
            return Err(Error::not_ready(format!(
                "model \"{name}\" did not learn from the rows that the split has now"
            ))
            .hint("train it again: sgr_train(…, replace => true)"));
        }
        Ok(TrainedModel { name: name.clone(), repeats })
    };
    let built_in = |name: &&String| super::judge::BUILT_IN.contains(&name.as_str());
    models.iter().filter(|name| trained.contains(name) && !built_in(name)).map(load).collect()
}

impl TrainedModel {
    /// What it learned from a repeat, scoring on the threads of `pool`.
    pub fn at<'a>(&'a self, repeat: usize, pool: &'a rayon::ThreadPool) -> Judged<'a> {
        Judged::new(&self.repeats[repeat], pool)
    }
}

/// A recommender as the engine judges it.
pub struct Judged<'a> {
    loaded: &'a Loaded,
    pool: &'a rayon::ThreadPool,
    /// The scores of the user who was asked for last: rows come user by user.
    last: Mutex<(Option<u32>, Vec<f32>)>,
}

impl<'a> Judged<'a> {
    /// Scores on the threads of `pool`.
    pub fn new(loaded: &'a Loaded, pool: &'a rayon::ThreadPool) -> Self {
        Judged { loaded, pool, last: Mutex::new((None, Vec::new())) }
    }
}

impl BlockScorer for Judged<'_> {
    fn score(&self, users: &[u32], scores: &mut [f32]) {
        if self.loaded.recommender.score_users(users, scores, self.pool).is_err() {
            // It knows all users of the split, so this does not happen; nothing is recommended then.
            scores.fill(f32::NEG_INFINITY);
        }
    }
}

impl evaluate::Model for Judged<'_> {
    fn pair(&self, user: u32, item: u32) -> f64 {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != Some(user) {
            last.1.resize(self.loaded.items.len(), 0.0);
            self.score(&[user], &mut last.1);
            last.0 = Some(user);
        }
        last.1[item as usize].into()
    }
}
