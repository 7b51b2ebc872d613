//! The choices of a training: arguments in SQL, JSON beside the model, a config in the engine.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use sgr_engine::kge::{KgeConfig, KgeError};
use std::str::FromStr;

/// What may be chosen of a training; `None` takes the model's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    pub model: String,
    pub dim: Option<i32>,
    pub norm: Option<String>,
    pub reciprocal: Option<bool>,
    pub epochs: Option<i32>,
    pub pretrain_epochs: Option<i32>,
    pub chunk: Option<i32>,
    pub negatives: Option<i32>,
    pub corruption: Option<String>,
    pub filter_negatives: Option<bool>,
    pub type_constrained: Option<bool>,
    pub loss: Option<String>,
    pub margin: Option<f64>,
    pub adversarial_temperature: Option<f64>,
    pub activation: Option<String>,
    pub optimizer: Option<String>,
    pub learning_rate: Option<f64>,
    pub schedule: Option<String>,
    pub regularizer: Option<String>,
    pub regularization: Option<f64>,
    pub entity_constraint: Option<String>,
    pub init_scale: Option<f64>,
    pub validate_every: Option<i32>,
    pub patience: Option<i32>,
    pub validation_sample: Option<i32>,
    pub keep_copy: Option<bool>,
    pub seed: Option<i64>,
}

impl Choices {
    /// The engine's config. Errors: 22023 for a name or number that is not possible.
    pub fn config(&self, memory_limit: usize) -> Result<KgeConfig> {
        let mut config = KgeConfig::for_model(self.model.parse()?);
        count("dim", self.dim, &mut config.dim)?;
        named(self.norm.as_deref(), &mut config.norm)?;
        flag(self.reciprocal, &mut config.reciprocal);
        count("epochs", self.epochs, &mut config.epochs)?;
        // The default is for the default number of epochs.
        config.pretrain_epochs = config.pretrain_epochs.min(config.epochs / 2);
        count("pretrain_epochs", self.pretrain_epochs, &mut config.pretrain_epochs)?;
        count("chunk", self.chunk, &mut config.chunk)?;
        count("negatives", self.negatives, &mut config.negatives)?;
        named(self.corruption.as_deref(), &mut config.corruption)?;
        flag(self.filter_negatives, &mut config.filter_negatives);
        flag(self.type_constrained, &mut config.type_constrained);
        named(self.loss.as_deref(), &mut config.loss)?;
        number(self.margin, &mut config.margin);
        number(self.adversarial_temperature, &mut config.adversarial_temperature);
        named(self.activation.as_deref(), &mut config.activation)?;
        named(self.optimizer.as_deref(), &mut config.optimizer)?;
        number(self.learning_rate, &mut config.learning_rate);
        named(self.schedule.as_deref(), &mut config.schedule)?;
        named(self.regularizer.as_deref(), &mut config.regularizer)?;
        number(self.regularization, &mut config.regularization);
        named(self.entity_constraint.as_deref(), &mut config.entity_constraint)?;
        number(self.init_scale, &mut config.init_scale);
        count("validate_every", self.validate_every, &mut config.validate_every)?;
        count("patience", self.patience, &mut config.patience)?;
        count("validation_sample", self.validation_sample, &mut config.validation_sample)?;
        flag(self.keep_copy, &mut config.keep_copy);
        // Bit by bit, so that every bigint is a seed.
        config.seed = self.seed.map_or(config.seed, |seed| seed as u64);
        config.memory_limit = memory_limit;
        config.validate()?;
        Ok(config)
    }

    /// What a config chose, all of it.
    pub fn of(config: &KgeConfig) -> Self {
        let int = |value: usize| i32::try_from(value).ok();
        Self {
            model: config.model.to_string(),
            dim: int(config.dim),
            norm: Some(config.norm.to_string()),
            reciprocal: Some(config.reciprocal),
            epochs: i32::try_from(config.epochs).ok(),
            pretrain_epochs: i32::try_from(config.pretrain_epochs).ok(),
            chunk: int(config.chunk),
            negatives: int(config.negatives),
            corruption: Some(config.corruption.to_string()),
            filter_negatives: Some(config.filter_negatives),
            type_constrained: Some(config.type_constrained),
            loss: Some(config.loss.to_string()),
            margin: Some(shortest(config.margin)),
            adversarial_temperature: Some(shortest(config.adversarial_temperature)),
            activation: Some(config.activation.to_string()),
            optimizer: Some(config.optimizer.to_string()),
            learning_rate: Some(shortest(config.learning_rate)),
            schedule: Some(config.schedule.to_string()),
            regularizer: Some(config.regularizer.to_string()),
            regularization: Some(shortest(config.regularization)),
            entity_constraint: Some(config.entity_constraint.to_string()),
            init_scale: Some(shortest(config.init_scale)),
            validate_every: i32::try_from(config.validate_every).ok(),
            patience: i32::try_from(config.patience).ok(),
            validation_sample: int(config.validation_sample),
            keep_copy: Some(config.keep_copy),
            seed: Some(config.seed as i64),
        }
    }
}

/// A number that must not be negative. Errors: 22023.
pub fn count<T: TryFrom<i32>>(name: &str, chosen: Option<i32>, value: &mut T) -> Result<()> {
    if let Some(chosen) = chosen {
        *value = T::try_from(chosen)
            .map_err(|_| Error::invalid(format!("invalid {name}: must not be negative, not {chosen}")))?;
    }
    Ok(())
}

/// A choice by its name. Errors: 22023.
pub fn named<T: FromStr<Err = KgeError>>(chosen: Option<&str>, value: &mut T) -> Result<()> {
    if let Some(chosen) = chosen {
        *value = chosen.parse()?;
    }
    Ok(())
}

/// A choice of yes or no.
pub fn flag(chosen: Option<bool>, value: &mut bool) {
    *value = chosen.unwrap_or(*value);
}

/// The engine refuses what is not finite, or gets so here.
pub fn number(chosen: Option<f64>, value: &mut f32) {
    *value = chosen.map_or(*value, |chosen| chosen as f32);
}

/// 0.1 where `f64::from` says 0.10000000149011612; the same f32 again.
pub fn shortest(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}
