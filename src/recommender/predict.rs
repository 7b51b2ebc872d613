//! Scores of recommenders for one user.

use super::cache;
use super::model::{Loaded, Model};
use crate::error::{Error, Result};
use crate::interrupt::thread_pool;
use crate::recommend::size;
use crate::related::track_names;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::blend::{Blend, Blended, Explained};
use sgr_engine::recommend::models::ModelError;
use std::collections::HashSet;
use std::rc::Rc;

/// A track with its score.
pub struct Predicted {
    pub track_id: i64,
    pub title: Option<String>,
    pub artist: Option<String>,
    pub score: f64,
    /// Whether the user has it already.
    pub known: bool,
}

/// A user who is to be scored by a model.
pub struct Asked {
    user_id: i64,
    model: Model,
    loaded: Rc<Loaded>,
    user: User,
}

/// How a model knows a user.
enum User {
    /// By its number.
    Learned(u32),
    /// By what the user has now: items, ascending.
    New(Vec<u32>),
}

impl Asked {
    /// A user, and the model of this name that learned from all interactions, or from the first repeat of its split.
    ///
    /// Errors: 42704 unknown model, or a user of whom it knows nothing.
    pub fn new(user_id: i64, model: &str) -> Result<Self> {
        let (model, loaded) = chosen(model)?;
        Self::known(user_id, model, loaded)
    }

    /// The same, or `None` for a user of whom the model knows nothing.
    pub fn if_known(user_id: i64, model: &str) -> Result<Option<Self>> {
        let (model, loaded) = chosen(model)?;
        Ok(Self::or_taken(user_id, model, loaded)?.ok())
    }

    fn known(user_id: i64, model: Model, loaded: Rc<Loaded>) -> Result<Self> {
        let name = model.name.clone();
        Self::or_taken(user_id, model, loaded)?.map_err(|taken| {
            Error::unknown(format!("no user {user_id} with tracks that model \"{name}\" knows"))
                .detail(format!("the model did not learn the user, who has {taken} tracks, none of them learned"))
                .hint("for somebody new, start from a track: sgr_recommend(track)")
        })
    }

    /// The user, or how many tracks one has of whom the model knows nothing.
    fn or_taken(user_id: i64, model: Model, loaded: Rc<Loaded>) -> Result<std::result::Result<Self, usize>> {
        let user = match loaded.users.binary_search(&user_id) {
            Ok(user) => User::Learned(user as u32),
            Err(_) => {
                let taken = taken(user_id)?;
                let learned = |track: &i64| loaded.items.binary_search(track).ok().map(|item| item as u32);
                let mut items: Vec<u32> = taken.iter().filter_map(learned).collect();
                if items.is_empty() {
                    return Ok(Err(taken.len()));
                }
                items.sort_unstable();
                User::New(items)
            }
        };
        Ok(Ok(Self { user_id, model, loaded, user }))
    }

    /// The ids of the items, ascending.
    pub fn items(&self) -> &[i64] {
        &self.loaded.items
    }

    /// Scores of all items: as learned, or folded in from what a new user has now. Of a blend these are probabilities.
    ///
    /// Errors: 55000 for a new user and a model that cannot score one.
    pub fn scores(&self) -> Result<Vec<f32>> {
        let mut scores = vec![0.0; self.loaded.items.len()];
        let recommender = &self.loaded.recommender;
        let scored = match &self.user {
            User::Learned(user) => recommender.score_users(&[*user], &mut scores, &thread_pool(1)?),
            User::New(items) => recommender.fold_in(items, &[], &mut scores),
        };
        match scored {
            Ok(()) => Ok(scores),
            Err(ModelError::NoFoldIn { .. }) => {
                Err(Error::not_ready(format!("model \"{}\" did not learn user {}", self.model.name, self.user_id))
                    .detail(format!("{} scores only users that it was trained with", recommender.name()))
                    .hint(
                        "train it again, or use a model that folds new users in: blend, ials, ease, item_knn, rp3beta, popularity",
                    ))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub fn model_name(&self) -> &str {
        &self.model.name
    }

    /// The blend, if the model is one.
    pub fn blend(&self) -> Option<&Blend> {
        self.loaded.blended().map(Blended::blend)
    }

    /// What the score of each of these tracks is the sum of, `None` for one that the model did not learn. Only a blend is a
    /// sum: nothing for other models.
    pub fn explained(&self, tracks: &[i64]) -> Result<Vec<Option<Explained>>> {
        let Some(blended) = self.loaded.blended() else { return Ok(Vec::new()) };
        let places: Vec<Option<u32>> =
            tracks.iter().map(|track| self.loaded.items.binary_search(track).ok().map(|item| item as u32)).collect();
        let items: Vec<u32> = places.iter().flatten().copied().collect();
        let explained = match &self.user {
            User::Learned(user) => blended.explain(&vec![*user; items.len()], &items, &thread_pool(1)?)?,
            User::New(taken) => blended.explain_profile(taken, &[], &items)?,
        };
        let mut explained = explained.into_iter();
        Ok(places.into_iter().map(|place| place.and_then(|_| explained.next())).collect())
    }
}

/// The model of this name that learned from all interactions, or from the first repeat of its split.
fn chosen(name: &str) -> Result<(Model, Rc<Loaded>)> {
    let model = Model::named(name)?.swap_remove(0);
    let loaded = cache::load(&model)?;
    Ok((model, loaded))
}

/// The score of a track for a user: `None` for a track that the model did not learn.
///
/// Errors: 42704 unknown model or user, 55000 for a user that is new to a model that cannot score new ones.
pub fn predict(user_id: i64, track_id: i64, model: &str) -> Result<Option<f64>> {
    let (model, loaded) = chosen(model)?;
    let Ok(item) = loaded.items.binary_search(&track_id) else { return Ok(None) };
    Ok(Some(Asked::known(user_id, model, loaded)?.scores()?[item].into()))
}

/// The tracks with the highest scores for a user, without those that the user has, unless they are asked for.
///
/// Errors: as [`predict`], 22023 for `k`.
pub fn top(user_id: i64, k: i32, model: &str, include_known: bool) -> Result<Vec<Predicted>> {
    let k = size(k)?;
    let asked = Asked::new(user_id, model)?;
    let (scores, items) = (asked.scores()?, asked.items());
    let known: HashSet<i64> = taken(user_id)?.into_iter().collect();
    let mut order: Vec<usize> =
        (0..scores.len()).filter(|&item| include_known || !known.contains(&items[item])).collect();
    let best = |&one: &usize, &other: &usize| scores[other].total_cmp(&scores[one]).then(one.cmp(&other));
    if k < order.len() {
        order.select_nth_unstable_by(k, best);
        order.truncate(k);
    }
    order.sort_unstable_by(best);
    let ids: Vec<i64> = order.iter().map(|&item| items[item]).collect();
    let names = track_names(&ids, &Sources::load()?)?;
    Ok(order
        .into_iter()
        .map(|item| {
            let track_id = items[item];
            let (title, artist) = names.get(&track_id).cloned().unwrap_or_default();
            Predicted { track_id, title, artist, score: scores[item].into(), known: known.contains(&track_id) }
        })
        .collect())
}

/// The tracks of which a recommender can say something for a user, with their scores, best first, equal scores by id. A score
/// of exactly 0 says nothing: nobody took the track, or nothing of the user's is near it.
///
/// Errors: as [`Asked::scores`].
pub fn ranked(asked: &Asked) -> Result<Vec<(i64, f32)>> {
    let pairs = asked.items().iter().copied().zip(asked.scores()?);
    let mut ranked: Vec<(i64, f32)> = pairs.filter(|&(_, score)| score != 0.0).collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(ranked)
}

/// The tracks that a user has interacted with, in no order.
pub fn taken(user_id: i64) -> Result<Vec<i64>> {
    let mut taken = Vec::new();
    let sources = Sources::load()?;
    let sql = "SELECT DISTINCT i.track_id FROM {interactions} AS i WHERE i.user_id = $1";
    spi::select(sql, &sources, &[Arg::Big(user_id)], |row| {
        taken.extend(row.int(0));
        Ok(())
    })?;
    Ok(taken)
}
