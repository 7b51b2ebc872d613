//! The recommenders that can be trained: their parameters as JSON, how they are fitted, what of them is stored.

use super::arrays::{Array, Arrays};
use crate::error::{Error, Result};
use crate::interrupt::Output;
use crate::lookup::shortened;
use serde_json::{Map, Value, json};
use sgr_engine::recommend::models::{
    Bpr, BprConfig, BprFit, Ease, EaseConfig, EaseFit, Factors, Fit, FitProgress, Ials, IalsConfig, IalsFit,
    Interactions, ItemKnn, ItemKnnConfig, ItemKnnFit, LightGcn, LightGcnConfig, LightGcnFit, Popularity, Recommender,
    Rp3Beta, Rp3BetaConfig, Rp3BetaFit, SparseRows,
};
use std::sync::Arc;

/// The names of the recommenders that learn from interactions alone.
pub const MODELS: [&str; 7] = ["popularity", "item_knn", "rp3beta", "ease", "ials", "bpr", "lightgcn"];

/// A recommender of [`MODELS`] and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    Popularity,
    ItemKnn(ItemKnnConfig),
    Rp3Beta(Rp3BetaConfig),
    Ease(EaseConfig),
    Ials(IalsConfig),
    Bpr(BprConfig),
    LightGcn(LightGcnConfig),
}

/// A recommender that was fitted.
pub enum Fitted {
    Popularity(Popularity),
    ItemKnn(ItemKnn),
    Rp3Beta(Rp3Beta),
    Ease(Ease),
    Ials(Ials),
    Bpr(Bpr),
    LightGcn(LightGcn),
}

impl Choice {
    /// The model of this name with parameters that are given; the others have their defaults.
    ///
    /// Errors: 22023 for an unknown model or parameter, and for a value that is not possible.
    pub fn new(model: &str, given: &Value, seed: i64, memory_limit: usize) -> Result<Self> {
        let seed = seed as u64;
        let mut choice = match model {
            "popularity" => Choice::Popularity,
            "item_knn" => Choice::ItemKnn(ItemKnnConfig { memory_limit, ..ItemKnnConfig::default() }),
            "rp3beta" => Choice::Rp3Beta(Rp3BetaConfig { memory_limit, ..Rp3BetaConfig::default() }),
            "ease" => Choice::Ease(EaseConfig { memory_limit, ..EaseConfig::default() }),
            "ials" => Choice::Ials(IalsConfig { seed, memory_limit, ..IalsConfig::default() }),
            "bpr" => Choice::Bpr(BprConfig { seed, memory_limit, ..BprConfig::default() }),
            "lightgcn" => Choice::LightGcn(LightGcnConfig { seed, memory_limit, ..LightGcnConfig::default() }),
            "mkr" => {
                return Err(
                    Error::invalid("model mkr learns from a knowledge graph, too").hint("sgr_joint_train() trains it")
                );
            }
            _ => {
                return Err(Error::invalid(format!("unknown model \"{}\"", shortened(model)))
                    .hint(format!("use one of {}, blend", MODELS.join(", "))));
            }
        };
        let mut reader = ParameterReader::new(given)?;
        choice.visit(&mut reader)?;
        reader.finish(model)?;
        choice.validate()?;
        Ok(choice)
    }

    /// Every parameter with its value.
    pub fn parameters(&self) -> Value {
        let mut writer = ParameterWriter::default();
        // A writer refuses nothing.
        let _ = self.clone().visit(&mut writer);
        Value::Object(writer.0)
    }

    fn visit(&mut self, to: &mut impl Visitor) -> Result<()> {
        match self {
            Choice::Popularity => Ok(()),
            Choice::ItemKnn(config) => {
                to.count("neighbours", &mut config.neighbours)?;
                to.number("shrinkage", &mut config.shrinkage)
            }
            Choice::Rp3Beta(config) => {
                to.number("alpha", &mut config.alpha)?;
                to.number("beta", &mut config.beta)?;
                to.count("neighbours", &mut config.neighbours)
            }
            Choice::Ease(config) => to.number("l2", &mut config.l2),
            Choice::Ials(config) => {
                to.count("dim", &mut config.dim)?;
                to.count("epochs", &mut config.epochs)?;
                to.number("unobserved_weight", &mut config.unobserved_weight)?;
                to.number("l2", &mut config.l2)?;
                to.number("frequency_exponent", &mut config.frequency_exponent)?;
                to.number("init_scale", &mut config.init_scale)
            }
            Choice::Bpr(config) => {
                to.count("dim", &mut config.dim)?;
                to.count("epochs", &mut config.epochs)?;
                to.number("learning_rate", &mut config.learning_rate)?;
                to.number("l2", &mut config.l2)?;
                to.number("init_deviation", &mut config.init_deviation)
            }
            Choice::LightGcn(config) => {
                to.count("dim", &mut config.dim)?;
                to.count("layers", &mut config.layers)?;
                to.count("epochs", &mut config.epochs)?;
                to.count("batch", &mut config.batch)?;
                to.number("learning_rate", &mut config.learning_rate)?;
                to.number("l2", &mut config.l2)?;
                to.number("init_deviation", &mut config.init_deviation)
            }
        }
    }

    fn validate(&self) -> Result<()> {
        match self {
            Choice::Popularity => {}
            Choice::ItemKnn(config) => config.validate()?,
            Choice::Rp3Beta(config) => config.validate()?,
            Choice::Ease(config) => config.validate()?,
            Choice::Ials(config) => config.validate()?,
            Choice::Bpr(config) => config.validate()?,
            Choice::LightGcn(config) => config.validate()?,
        }
        Ok(())
    }

    /// Numbers per vector, in models of vectors.
    pub fn dim(&self) -> Option<usize> {
        match self {
            Choice::Ials(config) => Some(config.dim),
            Choice::Bpr(config) => Some(config.dim),
            Choice::LightGcn(config) => Some(config.dim),
            _ => None,
        }
    }

    /// Fits, and says after each step where it is.
    pub fn fit(
        &self,
        interactions: Arc<Interactions>,
        pool: &rayon::ThreadPool,
        output: &Output<FitProgress>,
    ) -> Result<(Fitted, FitProgress)> {
        match self {
            Choice::Popularity => {
                let done = FitProgress { fraction: 1.0, done: true, epochs_done: 0, loss: f64::NAN };
                Ok((Fitted::Popularity(Popularity::new(&interactions)), done))
            }
            Choice::ItemKnn(config) => {
                run(ItemKnnFit::new(interactions, config.clone(), pool)?, Fitted::ItemKnn, pool, output)
            }
            Choice::Rp3Beta(config) => {
                run(Rp3BetaFit::new(interactions, config.clone(), pool)?, Fitted::Rp3Beta, pool, output)
            }
            Choice::Ease(config) => run(EaseFit::new(interactions, config.clone())?, Fitted::Ease, pool, output),
            Choice::Ials(config) => run(IalsFit::new(interactions, config.clone(), pool)?, Fitted::Ials, pool, output),
            Choice::Bpr(config) => run(BprFit::new(interactions, config.clone())?, Fitted::Bpr, pool, output),
            Choice::LightGcn(config) => {
                run(LightGcnFit::new(interactions, config.clone())?, Fitted::LightGcn, pool, output)
            }
        }
    }

    /// The model that [`Fitted::arrays`] gave, for so many users and items.
    ///
    /// Errors: 55000 if arrays are missing or do not fit.
    pub fn restore(&self, arrays: &mut Arrays, users: usize, items: usize) -> Result<Box<dyn Recommender>> {
        let profiles = |arrays: &mut Arrays| -> Result<Arc<Interactions>> {
            let (users_of, items_of) = (arrays.positions("profile_users")?, arrays.positions("profile_items")?);
            Ok(Arc::new(Interactions::new(&users_of, &items_of, &[], users, items)?))
        };
        let similarity = |arrays: &mut Arrays| -> Result<(Vec<usize>, Vec<u32>, Vec<f32>)> {
            let offsets = arrays.positions("similarity_offsets")?;
            Ok((offsets, arrays.positions("similarity_items")?, arrays.numbers("similarities")))
        };
        let factors = |arrays: &mut Arrays, dim| -> Result<Factors> {
            Ok(Factors::new(dim, arrays.numbers("user_vectors"), arrays.numbers("item_vectors"))?)
        };
        Ok(match self {
            Choice::Popularity => Box::new(Popularity::from_parameters(users, arrays.numbers("users_of_items"))?),
            Choice::ItemKnn(_) => {
                let (offsets, columns, values) = similarity(arrays)?;
                Box::new(ItemKnn::from_parameters(profiles(arrays)?, offsets, columns, values)?)
            }
            Choice::Rp3Beta(_) => {
                let (offsets, columns, values) = similarity(arrays)?;
                Box::new(Rp3Beta::from_parameters(profiles(arrays)?, offsets, columns, values)?)
            }
            Choice::Ease(config) => {
                let (inverse, diagonal) = (arrays.numbers("inverse"), arrays.numbers("diagonal"));
                let side = config.side(users, items);
                Box::new(Ease::from_parameters(profiles(arrays)?, config.l2, side, inverse, diagonal)?)
            }
            Choice::Ials(config) => Box::new(Ials::from_parameters(factors(arrays, config.dim)?, config.clone())?),
            Choice::Bpr(config) => Box::new(Bpr::from_parameters(factors(arrays, config.dim)?)),
            Choice::LightGcn(config) => Box::new(LightGcn::from_parameters(factors(arrays, config.dim)?)),
        })
    }
}

fn run<F: Fit>(
    mut fit: F,
    fitted: impl FnOnce(F::Model) -> Fitted,
    pool: &rayon::ThreadPool,
    output: &Output<FitProgress>,
) -> Result<(Fitted, FitProgress)> {
    loop {
        let progress = fit.step(pool)?;
        if progress.done {
            return Ok((fitted(fit.finish()?), progress));
        }
        if !output.send(progress) {
            // Nobody sees it: the cancel request itself unwinds the main thread.
            return Err(Error::new(pgrx::PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"));
        }
    }
}

impl Fitted {
    /// As something that scores.
    pub fn into_recommender(self) -> Box<dyn Recommender> {
        match self {
            Fitted::Popularity(model) => Box::new(model),
            Fitted::ItemKnn(model) => Box::new(model),
            Fitted::Rp3Beta(model) => Box::new(model),
            Fitted::Ease(model) => Box::new(model),
            Fitted::Ials(model) => Box::new(model),
            Fitted::Bpr(model) => Box::new(model),
            Fitted::LightGcn(model) => Box::new(model),
        }
    }

    /// What of the model is to be stored; `interactions` are those that it learned.
    pub fn arrays(&self, interactions: &Interactions) -> Vec<(&'static str, Array<'_>)> {
        match self {
            Fitted::Popularity(model) => vec![("users_of_items", Array::Numbers(model.users_of_items()))],
            Fitted::ItemKnn(model) => with_profiles(similarity(model.similarity()), interactions),
            Fitted::Rp3Beta(model) => with_profiles(similarity(model.similarity()), interactions),
            Fitted::Ease(model) => with_profiles(
                vec![("inverse", Array::Numbers(model.inverse())), ("diagonal", Array::Numbers(model.diagonal()))],
                interactions,
            ),
            Fitted::Ials(model) => vectors(model.factors()),
            Fitted::Bpr(model) => vectors(model.factors()),
            Fitted::LightGcn(model) => vectors(model.factors()),
        }
    }
}

pub(super) fn vectors(factors: &Factors) -> Vec<(&'static str, Array<'_>)> {
    vec![("user_vectors", Array::Numbers(factors.users())), ("item_vectors", Array::Numbers(factors.items()))]
}

pub(super) fn similarity(rows: &SparseRows) -> Vec<(&'static str, Array<'_>)> {
    vec![
        ("similarity_offsets", Array::positions(rows.offsets())),
        ("similarity_items", Array::positions(rows.columns())),
        ("similarities", Array::Numbers(rows.values())),
    ]
}

/// Models that score a user by the profile need the profiles of the users that they know.
pub(super) fn with_profiles<'a>(
    mut arrays: Vec<(&'static str, Array<'a>)>,
    interactions: &Interactions,
) -> Vec<(&'static str, Array<'a>)> {
    let by_user = interactions.by_user();
    let users = (0..by_user.rows()).flat_map(|user| std::iter::repeat_n(user as i64, by_user.row(user).columns.len()));
    arrays.push(("profile_users", Array::Ids(users.collect())));
    arrays.push(("profile_items", Array::positions(by_user.columns())));
    arrays
}

/// Sees each parameter of a model once.
pub(super) trait Visitor {
    fn number(&mut self, name: &'static str, value: &mut f32) -> Result<()>;
    fn double(&mut self, name: &'static str, value: &mut f64) -> Result<()>;
    fn count<T: TryFrom<u64> + Copy + Into<Count>>(&mut self, name: &'static str, value: &mut T) -> Result<()>;
}

/// A count of any width.
pub(super) struct Count(u64);

impl From<usize> for Count {
    fn from(count: usize) -> Self {
        Count(count as u64)
    }
}

impl From<u32> for Count {
    fn from(count: u32) -> Self {
        Count(count.into())
    }
}

/// Takes parameters from what was given.
pub(super) struct ParameterReader<'a> {
    given: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> ParameterReader<'a> {
    /// Errors: 22023 if it is no JSON object.
    pub(super) fn new(given: &'a Value) -> Result<Self> {
        match given {
            Value::Object(given) => Ok(Self { given, known: Vec::new() }),
            other => Err(Error::invalid("params must be a JSON object").detail(format!("it is {}", type_of(other)))),
        }
    }

    /// A parameter that is no number, if it was given and is not null.
    pub(super) fn other(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.given.get(name).filter(|given| !given.is_null())
    }

    /// Errors: 22023 if something was given that the model does not have.
    pub(super) fn finish(self, model: &str) -> Result<()> {
        match self.given.keys().find(|name| !self.known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let error = Error::invalid(format!("model {model} has no parameter \"{}\"", shortened(name)));
                Err(if self.known.is_empty() {
                    error.hint("it has none")
                } else {
                    error.hint(format!("use {}", self.known.join(", ")))
                })
            }
        }
    }
}

impl Visitor for ParameterReader<'_> {
    fn number(&mut self, name: &'static str, value: &mut f32) -> Result<()> {
        self.known.push(name);
        if let Some(given) = self.given.get(name) {
            *value = given.as_f64().ok_or_else(|| wrong_type(name, "a number", given))? as f32;
        }
        Ok(())
    }

    fn double(&mut self, name: &'static str, value: &mut f64) -> Result<()> {
        self.known.push(name);
        if let Some(given) = self.given.get(name) {
            *value = given.as_f64().ok_or_else(|| wrong_type(name, "a number", given))?;
        }
        Ok(())
    }

    fn count<T: TryFrom<u64> + Copy + Into<Count>>(&mut self, name: &'static str, value: &mut T) -> Result<()> {
        self.known.push(name);
        if let Some(given) = self.given.get(name) {
            let count = given.as_u64().and_then(|count| T::try_from(count).ok());
            *value = count.ok_or_else(|| wrong_type(name, "a whole number, not negative", given))?;
        }
        Ok(())
    }
}

/// Writes parameters down.
#[derive(Default)]
pub(super) struct ParameterWriter(pub(super) Map<String, Value>);

impl Visitor for ParameterWriter {
    fn number(&mut self, name: &'static str, value: &mut f32) -> Result<()> {
        // As somebody would write it: 0.1, not 0.10000000149.
        let shortest: f64 = value.to_string().parse().unwrap_or_else(|_| f64::from(*value));
        self.0.insert(name.to_owned(), json!(shortest));
        Ok(())
    }

    fn double(&mut self, name: &'static str, value: &mut f64) -> Result<()> {
        self.0.insert(name.to_owned(), json!(*value));
        Ok(())
    }

    fn count<T: TryFrom<u64> + Copy + Into<Count>>(&mut self, name: &'static str, value: &mut T) -> Result<()> {
        let Count(count) = (*value).into();
        self.0.insert(name.to_owned(), json!(count));
        Ok(())
    }
}

pub(super) fn wrong_type(name: &str, wanted: &str, given: &Value) -> Error {
    Error::invalid(format!("parameter {name} must be {wanted}"))
        .detail(format!("it is {}", shortened(&given.to_string())))
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
