//! The choices of a joint training: arguments in SQL, JSON beside the model, a config in the engine.

use crate::error::{Error, Result};
use crate::kge::choices::{count, flag, named, number, shortest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sgr_engine::recommend::mkr::{KgeInterval, MkrConfig};

/// What may be chosen of a training; `None` takes the default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    pub rec_dim: Option<i32>,
    pub kge_dim: Option<i32>,
    pub cross_depth: Option<i32>,
    pub high_depth: Option<i32>,
    pub epochs: Option<i32>,
    pub lr_rec: Option<f64>,
    pub lr_kge: Option<f64>,
    pub kge_weight: Option<f64>,
    pub l2: Option<f64>,
    pub kge_interval: Option<i32>,
    pub kge_interval_unit: Option<String>,
    pub kge_negatives: Option<i32>,
    pub batch_size: Option<i32>,
    pub no_cross: Option<bool>,
    pub single_activation: Option<bool>,
    pub single_pred: Option<bool>,
    pub no_kge: Option<bool>,
    pub random_kg: Option<bool>,
    pub init_scale: Option<f64>,
    pub selection: Option<String>,
    pub validate_every: Option<i32>,
    pub patience: Option<i32>,
    pub seed: Option<i64>,
}

impl Choices {
    /// The choices in a JSON object. Errors: 22023 for a name that is none, or a value of the wrong type.
    pub fn of_json(argument: &str, value: &Value) -> Result<Self> {
        let refused = |detail: String| {
            Error::invalid(format!("{argument} does not hold choices of a joint training"))
                .detail(detail)
                .hint(format!("use an object of {}", Self::names().join(", ")))
        };
        // A list would be taken as the choices in their order.
        if !value.is_object() {
            return Err(refused("it is not an object".to_owned()));
        }
        serde_json::from_value(value.clone()).map_err(|error| {
            // What there is instead of an unknown name, the hint says.
            let message = error.to_string();
            refused(message.split(", expected one of").next().unwrap_or_default().replace('`', "\""))
        })
    }

    /// The names of all choices.
    fn names() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(Value::Object(fields)) => fields.into_iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        }
    }

    /// The engine's config; whether the graph is shuffled, [`is_random`](Self::is_random) says.
    ///
    /// Errors: 22023 for a name or number that is not possible.
    pub fn config(&self, memory_limit: usize) -> Result<MkrConfig> {
        let mut config = MkrConfig::default();
        count("rec_dim", self.rec_dim, &mut config.dim)?;
        let mut kge_dim = config.dim;
        count("kge_dim", self.kge_dim, &mut kge_dim)?;
        if self.rec_dim.is_none() {
            config.dim = kge_dim;
        } else if config.dim != kge_dim {
            return Err(Error::invalid("rec_dim and kge_dim must be equal")
                .detail(format!("rec_dim is {}, kge_dim {kge_dim}", config.dim))
                .hint("cross & compress adds vectors of items and entities; give one of the two only"));
        }
        count("cross_depth", self.cross_depth, &mut config.cross_depth)?;
        count("high_depth", self.high_depth, &mut config.high_depth)?;
        count("epochs", self.epochs, &mut config.epochs)?;
        number(self.lr_rec, &mut config.lr_rec);
        number(self.lr_kge, &mut config.lr_kge);
        number(self.kge_weight, &mut config.kge_weight);
        number(self.l2, &mut config.l2);
        config.kge_interval = self.interval(config.kge_interval)?;
        count("kge_negatives", self.kge_negatives, &mut config.kge_negatives)?;
        count("batch_size", self.batch_size, &mut config.batch_size)?;
        flag(self.no_cross, &mut config.no_cross);
        flag(self.single_activation, &mut config.single_activation);
        flag(self.single_pred, &mut config.single_pred);
        flag(self.no_kge, &mut config.no_kge);
        number(self.init_scale, &mut config.init_scale);
        named(self.selection.as_deref(), &mut config.selection)?;
        count("validate_every", self.validate_every, &mut config.validate_every)?;
        count("patience", self.patience, &mut config.patience)?;
        // Bit by bit, so that every bigint is a seed.
        config.seed = self.seed.map_or(config.seed, |seed| seed as u64);
        config.memory_limit = memory_limit;
        if config.no_kge && self.is_random() {
            return Err(Error::invalid("no_kge and random_kg exclude each other")
                .hint("the one leaves the graph out, the other shuffles it"));
        }
        config.validate()?;
        Ok(config)
    }

    fn interval(&self, default: KgeInterval) -> Result<KgeInterval> {
        let (KgeInterval::Epochs(mut every) | KgeInterval::Steps(mut every)) = default;
        count("kge_interval", self.kge_interval, &mut every)?;
        match self.kge_interval_unit.as_deref() {
            None | Some("epochs") => Ok(KgeInterval::Epochs(every)),
            Some("steps") => Ok(KgeInterval::Steps(every)),
            Some(other) => {
                Err(Error::invalid(format!("unknown kge_interval_unit \"{}\"", crate::lookup::shortened(other)))
                    .hint("use one of epochs, steps"))
            }
        }
    }

    /// Whether the tails of the graph are exchanged within each relation: the control.
    pub fn is_random(&self) -> bool {
        self.random_kg == Some(true)
    }

    /// What a config chose, all of it.
    pub fn of(config: &MkrConfig, is_random: bool) -> Self {
        let int = |value: usize| i32::try_from(value).ok();
        let (unit, every) = match config.kge_interval {
            KgeInterval::Epochs(every) => ("epochs", every),
            KgeInterval::Steps(every) => ("steps", every),
        };
        Self {
            rec_dim: int(config.dim),
            kge_dim: int(config.dim),
            cross_depth: int(config.cross_depth),
            high_depth: int(config.high_depth),
            epochs: i32::try_from(config.epochs).ok(),
            lr_rec: Some(shortest(config.lr_rec)),
            lr_kge: Some(shortest(config.lr_kge)),
            kge_weight: Some(shortest(config.kge_weight)),
            l2: Some(shortest(config.l2)),
            kge_interval: i32::try_from(every).ok(),
            kge_interval_unit: Some(unit.to_owned()),
            kge_negatives: int(config.kge_negatives),
            batch_size: int(config.batch_size),
            no_cross: Some(config.no_cross),
            single_activation: Some(config.single_activation),
            single_pred: Some(config.single_pred),
            no_kge: Some(config.no_kge),
            random_kg: Some(is_random),
            init_scale: Some(shortest(config.init_scale)),
            selection: Some(config.selection.to_string()),
            validate_every: i32::try_from(config.validate_every).ok(),
            patience: i32::try_from(config.patience).ok(),
            seed: Some(config.seed as i64),
        }
    }
}
