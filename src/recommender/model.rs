//! Recommenders in `sgr.models`.

use super::arrays::{self, Arrays};
use super::blend;
use super::choice::Choice;
use crate::error::{Error, Result};
use crate::joint::store;
use crate::rights;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use pgrx::pg_sys;
use serde_json::Value;
use sgr_engine::recommend::blend::Blended;
use sgr_engine::recommend::mkr::MkrShape;
use sgr_engine::recommend::models::Recommender;

/// Named in place of a model, it stands for the signals.
pub const NO_MODEL: &str = "signals";

/// How its arrays are to be read.
enum Learned {
    /// A model of [`Choice`].
    Alone(Choice),
    /// The joint model.
    Jointly(MkrShape),
    /// A blend, as `sgr.models.blend` describes it, and its seed.
    Blend(Value, i64),
}

/// A row of `sgr.models`.
pub struct Model {
    pub model_id: i64,
    pub name: String,
    /// Changes whenever the model does.
    pub version: String,
    learned: Learned,
    users: i64,
    items: i64,
}

impl Model {
    fn of_row(row: &Row) -> Result<Self> {
        let model_id = row.int(0).unwrap_or(0);
        let parameters: Option<Value> = row.text(3).and_then(|text| serde_json::from_str(&text).ok());
        let seed = row.int(4).unwrap_or(0);
        let unreadable = || Error::not_ready(format!("the parameters of model {model_id} cannot be read"));
        let parameters = parameters.unwrap_or_default();
        let learned = match row.text(2).as_deref() {
            Some(blend::NAME) => {
                let blend = row.text(8).and_then(|text| serde_json::from_str(&text).ok());
                Learned::Blend(blend.ok_or_else(unreadable)?, seed)
            }
            Some("mkr") => Learned::Jointly(store::shape_of(&parameters).ok_or_else(unreadable)?),
            model => {
                let (model, limit) = (model.unwrap_or_default(), settings::memory_limit());
                let choice = Choice::new(model, &parameters["params"], seed, limit);
                Learned::Alone(choice.map_err(|_| unreadable())?)
            }
        };
        Ok(Self {
            model_id,
            name: row.text(1).unwrap_or_default().into_owned(),
            version: row.text(5).unwrap_or_default().into_owned(),
            learned,
            users: row.int(6).unwrap_or(0),
            items: row.int(7).unwrap_or(0),
        })
    }

    /// The models of this name by repeat, as the calling query sees them. Errors: 42704.
    pub fn named(name: &str) -> Result<Vec<Self>> {
        let models = Self::find(name)?;
        if models.is_empty() {
            return Err(Error::unknown(format!("recommender \"{}\" does not exist", crate::lookup::shortened(name)))
                .hint("sgr_train() and sgr_joint_train() make them, SELECT * FROM sgr_models lists them"));
        }
        Ok(models)
    }

    /// The same; none if there are none.
    pub fn find(name: &str) -> Result<Vec<Self>> {
        let mut models = Vec::new();
        let sql = include_str!("../../sql/queries/recommender_models.sql");
        spi::select(sql, &Sources::NONE, &[Arg::Text(name)], |row| {
            models.push(Self::of_row(row)?);
            Ok(())
        })?;
        Ok(models)
    }

    /// What it learned. Errors: 55000 if that is not all there, 53000 over the memory limit.
    pub fn load(&self) -> Result<Loaded> {
        let mut stored = Arrays::load(self.model_id)?;
        let bytes = stored.bytes;
        let (users, items) = (stored.ids("users"), stored.ids("items"));
        if (users.len() as i64, items.len() as i64) != (self.users, self.items) {
            return Err(arrays::incomplete(self.model_id));
        }
        let recommender = match &self.learned {
            Learned::Alone(choice) => choice.restore(&mut stored, users.len(), items.len()),
            Learned::Jointly(shape) => store::restore(shape, &mut stored, users.len(), items.len()),
            Learned::Blend(json, seed) => {
                blend::restore(json, *seed, settings::memory_limit(), &mut stored, users.len(), items.len())
            }
        };
        let recommender = recommender.map_err(|_| arrays::incomplete(self.model_id))?;
        Ok(Loaded { users, items, recommender, bytes })
    }
}

/// A recommender whose user and item `n` are `users[n]` and `items[n]`; both ascend.
pub struct Loaded {
    pub users: Vec<i64>,
    pub items: Vec<i64>,
    pub recommender: Box<dyn Recommender>,
    /// What it was stored as.
    pub bytes: usize,
}

impl Loaded {
    /// The blend, if it is one.
    pub fn blended(&self) -> Option<&Blended> {
        blend::blended(&*self.recommender)
    }
}

/// The recommender that is asked for users where none is named, if there is one that the role may read.
pub fn active() -> Result<Option<String>> {
    for table in [c"models", c"model_arrays"] {
        if !rights::has(rights::table(table)?, pg_sys::ACL_SELECT) {
            return Ok(None);
        }
    }
    let mut name = None;
    let sql = "SELECT m.name FROM sgr.models AS m WHERE m.kind = 'recommender' AND m.is_active
                 AND EXISTS (SELECT FROM sgr.model_arrays AS a WHERE a.model_id = m.model_id)";
    spi::select(sql, &Sources::NONE, &[], |row| {
        name = row.text(0).map(std::borrow::Cow::into_owned);
        Ok(())
    })?;
    Ok(name)
}

/// Whether the users of the model of this name are playlists, as far as the role may know.
pub fn is_of_playlists(name: &str) -> Result<bool> {
    for table in [c"models", c"eval_splits"] {
        if !rights::has(rights::table(table)?, pg_sys::ACL_SELECT) {
            return Ok(false);
        }
    }
    let mut of_playlists = false;
    let sql = "SELECT FROM sgr.models AS m JOIN sgr.eval_splits AS s ON s.split_id = m.split_id
               WHERE m.kind = 'recommender' AND m.name = $1 AND s.protocol = 'playlist'";
    spi::select(sql, &Sources::NONE, &[Arg::Text(name)], |_| {
        of_playlists = true;
        Ok(())
    })?;
    Ok(of_playlists)
}

/// Makes a blend of all interactions the one that is asked where none is named, or no longer; returns whether the model is
/// a recommender.
///
/// Errors: 22023 for another recommender.
pub fn activate(model_id: i64, active: bool) -> Result<bool> {
    let mut found = None;
    let sql = "SELECT m.name, m.model = 'blend' AND m.split_id IS NULL FROM sgr.models AS m
               WHERE m.model_id = $1 AND m.kind = 'recommender'";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(model_id)], |row| {
        found = Some((row.text(0).unwrap_or_default().into_owned(), row.bool(1) == Some(true)));
        Ok(())
    })?;
    let Some((name, is_possible)) = found else { return Ok(false) };
    if !is_possible {
        return Err(Error::invalid(format!("model \"{name}\" cannot be active"))
            .detail("of recommenders, a blend can that was trained on all interactions")
            .hint("sgr_recommend_user(…, model => …) takes any recommender"));
    }
    // The one that was active goes first: there is at most one at any moment. To switch one off leaves another as it is.
    let off = "UPDATE sgr.models SET is_active = false
               WHERE kind = 'recommender' AND is_active AND (model_id = $1) <> $2";
    spi::execute(off, &Sources::NONE, &[Arg::Big(model_id), Arg::Bool(active)])?;
    if active {
        let on = "UPDATE sgr.models SET is_active = true WHERE model_id = $1 AND NOT is_active";
        spi::execute(on, &Sources::NONE, &[Arg::Big(model_id)])?;
    }
    Ok(true)
}

/// Deletes a recommender; returns whether the model is one.
pub fn drop(model_id: i64) -> Result<bool> {
    let sql = "DELETE FROM sgr.models AS m WHERE m.model_id = $1 AND m.kind = 'recommender'";
    let is_one = spi::execute(sql, &Sources::NONE, &[Arg::Big(model_id)])? > 0;
    if is_one {
        arrays::delete(model_id)?;
    }
    Ok(is_one)
}
