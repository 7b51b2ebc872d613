//! Recommenders that were trained on a split, as models that can be judged by it.

use super::stored::StoredSplit;
use crate::error::{Error, Result};
use crate::recommender::model::{Loaded, Model};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use rustc_hash::FxHashMap;
use sgr_engine::evaluate::{self, BlockScorer, Part};
use std::sync::{Mutex, PoisonError};

/// Users who are scored at a time, between two looks for a cancel request.
const USERS_AHEAD: usize = 16;

/// The names of the recommenders that learned from the split and can be judged by this part: the weights of a blend are learned
/// from the validation part.
pub fn names(split_id: i64, part: Part) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let sql = "SELECT DISTINCT m.name FROM sgr.models AS m
         WHERE m.kind = 'recommender' AND m.split_id = $1 AND ($2 OR m.model <> 'blend') ORDER BY m.name";
    spi::select(sql, &Sources::NONE, &[Arg::Big(split_id), Arg::Bool(part != Part::Validation)], |row| {
        names.extend(row.text(0).map(std::borrow::Cow::into_owned));
        Ok(())
    })?;
    Ok(names)
}

/// A recommender, with what it learned from each repeat of the split.
pub struct TrainedModel {
    pub name: String,
    repeats: Vec<Loaded>,
    /// The models that these were loaded from.
    versions: Vec<(i64, String)>,
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
        Ok(TrainedModel { name: name.clone(), repeats, versions: versions(stored) })
    };
    let built_in = |name: &&String| super::judge::BUILT_IN.contains(&name.as_str());
    models.iter().filter(|name| trained.contains(name) && !built_in(name)).map(load).collect()
}

fn versions(models: Vec<Model>) -> Vec<(i64, String)> {
    models.into_iter().map(|model| (model.model_id, model.version)).collect()
}

impl TrainedModel {
    /// Errors: 55000 if it was dropped or replaced since it was loaded, as the calling query sees it.
    pub fn check_unchanged(&self) -> Result<()> {
        if versions(Model::find(&self.name)?) == self.versions {
            return Ok(());
        }
        Err(Error::not_ready(format!("model \"{}\" was dropped or replaced while it was judged", self.name)))
    }

    /// What it learned from a repeat, scoring on the threads of `pool`.
    pub fn at<'a>(&'a self, repeat: usize, pool: &'a rayon::ThreadPool) -> Judged<'a> {
        Judged::new(&self.repeats[repeat], pool)
    }
}

/// A recommender as the engine judges it.
pub struct Judged<'a> {
    loaded: &'a Loaded,
    pool: &'a rayon::ThreadPool,
    /// Pairs that were scored ahead.
    pairs: FxHashMap<(u32, u32), f32>,
    /// The scores of the user who was asked for last: rows come user by user.
    last: Mutex<(Option<u32>, Vec<f32>)>,
}

impl<'a> Judged<'a> {
    /// Scores on the threads of `pool`.
    pub fn new(loaded: &'a Loaded, pool: &'a rayon::ThreadPool) -> Self {
        Judged { loaded, pool, pairs: FxHashMap::default(), last: Mutex::new((None, Vec::new())) }
    }

    /// Scores pairs before they are asked for: many users at a time, on all threads. `go_on` is asked between blocks, and
    /// what it said last is returned.
    pub fn score_ahead(&mut self, mut pairs: Vec<(u32, u32)>, go_on: impl Fn() -> bool) -> bool {
        pairs.sort_unstable();
        let of_users: Vec<&[(u32, u32)]> = pairs.chunk_by(|a, b| a.0 == b.0).collect();
        let items = self.loaded.items.len();
        for block in of_users.chunks(USERS_AHEAD) {
            let users: Vec<u32> = block.iter().map(|pairs| pairs[0].0).collect();
            let mut scores = vec![0.0; users.len() * items];
            self.score(&users, &mut scores);
            for (pairs, scores) in block.iter().zip(scores.chunks_exact(items.max(1))) {
                self.pairs.extend(pairs.iter().map(|&(user, item)| ((user, item), scores[item as usize])));
            }
            if !go_on() {
                return false;
            }
        }
        true
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
        if let Some(&score) = self.pairs.get(&(user, item)) {
            return score.into();
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 != Some(user) {
            last.1.resize(self.loaded.items.len(), 0.0);
            self.score(&[user], &mut last.1);
            last.0 = Some(user);
        }
        last.1[item as usize].into()
    }
}
