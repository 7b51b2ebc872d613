//! Scores of recommenders for one user.

use super::cache;
use super::model::{Loaded, Model};
use crate::error::{Error, Result};
use crate::interrupt::thread_pool;
use crate::recommend::size;
use crate::related::track_names;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::models::ModelError;
use std::collections::HashSet;

/// A track with its score.
pub struct Predicted {
    pub track_id: i64,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub score: f64,
    /// Whether the user has it already.
    pub known: bool,
}

/// The score of a track for a user: `None` for a track that the model did not learn.
///
/// Errors: 42704 unknown model or user, 55000 for a user that is new to a model that cannot score new ones.
pub fn predict(user_id: i64, track_id: i64, model: &str) -> Result<Option<f64>> {
    let (model, loaded) = chosen(model)?;
    let Ok(item) = loaded.items.binary_search(&track_id) else { return Ok(None) };
    let scores = scores(user_id, &model, &loaded)?;
    Ok(Some(scores[item].into()))
}

/// The tracks with the highest scores for a user, without those that the user has, unless they are asked for.
///
/// Errors: as [`predict`], 22023 for `k`.
pub fn top(user_id: i64, k: i32, model: &str, include_known: bool) -> Result<Vec<Predicted>> {
    let k = size(k)?;
    let (model, loaded) = chosen(model)?;
    let scores = scores(user_id, &model, &loaded)?;
    let known: HashSet<i64> = taken(user_id)?.into_iter().collect();
    let mut order: Vec<usize> =
        (0..scores.len()).filter(|&item| include_known || !known.contains(&loaded.items[item])).collect();
    let best = |&one: &usize, &other: &usize| scores[other].total_cmp(&scores[one]).then(one.cmp(&other));
    if k < order.len() {
        order.select_nth_unstable_by(k, best);
        order.truncate(k);
    }
    order.sort_unstable_by(best);
    let ids: Vec<i64> = order.iter().map(|&item| loaded.items[item]).collect();
    let names = track_names(&ids, &Sources::load()?)?;
    Ok(order
        .into_iter()
        .map(|item| {
            let track_id = loaded.items[item];
            let (title, artist) = names.get(&track_id).cloned().unwrap_or_default();
            Predicted { track_id, title, artist, score: scores[item].into(), known: known.contains(&track_id) }
        })
        .collect())
}

/// The model of this name that learned from all interactions, or from the first repeat of its split.
fn chosen(name: &str) -> Result<(Model, std::rc::Rc<Loaded>)> {
    let model = Model::named(name)?.swap_remove(0);
    let loaded = cache::load(&model)?;
    Ok((model, loaded))
}

/// Scores of all items: as learned, or folded in from what a new user has now.
fn scores(user_id: i64, model: &Model, loaded: &Loaded) -> Result<Vec<f32>> {
    let mut scores = vec![0.0; loaded.items.len()];
    if let Ok(user) = loaded.users.binary_search(&user_id) {
        loaded.recommender.score_users(&[user as u32], &mut scores, &thread_pool(1)?)?;
        return Ok(scores);
    }
    let taken = taken(user_id)?;
    let mut items: Vec<u32> =
        taken.iter().filter_map(|track| loaded.items.binary_search(track).ok()).map(|item| item as u32).collect();
    items.sort_unstable();
    items.dedup();
    if items.is_empty() {
        return Err(Error::unknown(format!("no user {user_id} with tracks that model \"{}\" knows", model.name))
            .detail(format!("the model did not learn the user, who has {} tracks, none of them learned", taken.len()))
            .hint("for somebody new, start from a track: sgr_recommend(track)"));
    }
    match loaded.recommender.fold_in(&items, &[], &mut scores) {
        Ok(()) => Ok(scores),
        Err(ModelError::NoFoldIn { .. }) => {
            Err(Error::not_ready(format!("model \"{}\" did not learn user {user_id}", model.name))
                .detail(format!("{} scores only users that it was trained with", loaded.recommender.name()))
                .hint(
                    "train it again, or use a model that folds new users in: ials, ease, item_knn, rp3beta, popularity",
                ))
        }
        Err(error) => Err(error.into()),
    }
}

/// The tracks that a user has interacted with.
fn taken(user_id: i64) -> Result<Vec<i64>> {
    let mut taken = Vec::new();
    let sources = Sources::load()?;
    let sql = "SELECT DISTINCT i.track_id FROM {interactions} AS i WHERE i.user_id = $1";
    spi::select(sql, &sources, &[Arg::Big(user_id)], |row| {
        taken.extend(row.int(0));
        Ok(())
    })?;
    Ok(taken)
}
