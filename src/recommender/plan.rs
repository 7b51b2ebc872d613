//! What a training makes: a recommender of [`Choice`], or a blend.

use super::arrays::Array;
use super::blend::{self, BlendChoice, EntityEdges, Learned};
use super::choice::{Choice, Fitted};
use super::inputs::Inputs;
use crate::error::{Error, Result};
use crate::interrupt::{Event, pipeline};
use serde_json::Value;
use sgr_engine::recommend::models::{FitProgress, Interactions};
use std::sync::Arc;

static NULL: Value = Value::Null;

/// What is to be made.
pub enum Plan {
    Alone(Choice),
    Blend(Box<BlendChoice>),
}

/// What was made of one repeat.
pub enum Made {
    Alone {
        fitted: Fitted,
        progress: FitProgress,
        interactions: Arc<Interactions>,
    },
    /// With its components and terms, as they stand in `sgr.models`.
    Blend {
        learned: Box<Learned>,
        json: Value,
    },
}

impl Plan {
    /// The model of this name, with parameters that are given. Errors: 22023.
    pub fn new(model: &str, params: &Value, seed: i64, memory_limit: usize) -> Result<Self> {
        Ok(match model {
            blend::NAME => Plan::Blend(Box::new(BlendChoice::new(params, seed, memory_limit)?)),
            _ => Plan::Alone(Choice::new(model, params, seed, memory_limit)?),
        })
    }

    /// Every parameter with its value.
    pub fn parameters(&self) -> Value {
        match self {
            Plan::Alone(choice) => choice.parameters(),
            Plan::Blend(choice) => choice.parameters(),
        }
    }

    /// Numbers per vector, in models of vectors.
    pub fn dim(&self) -> Option<usize> {
        match self {
            Plan::Alone(choice) => choice.dim(),
            Plan::Blend(_) => None,
        }
    }

    /// Whether it is to answer where no model is named.
    pub fn is_to_be_active(&self) -> bool {
        matches!(self, Plan::Blend(choice) if choice.activate)
    }

    /// The graph that it learns, too. Errors: 42704 unknown graph, 42P01, 42703, 55000 if one that was named has no triples of
    /// the items, 53000.
    pub fn graph(&self, inputs: &Inputs) -> Result<Option<EntityEdges>> {
        let Plan::Blend(choice) = self else { return Ok(None) };
        let (items, of_playlists) = (inputs.ids().items, inputs.of_playlists());
        let Some((wish, is_named)) = choice.graph()? else { return Ok(None) };
        match wish.read_if_any(items, of_playlists)? {
            None if is_named => Err(Error::not_ready("the knowledge graph that was named has no triples of the items")
                .detail(format!("{} items, which are called by their ids there, 42 or track:42", items.len()))
                .hint("params => '{\"graph\": \"none\"}' trains without a graph")),
            graph => Ok(graph.as_ref().map(EntityEdges::new)),
        }
    }

    /// Learns a repeat of the inputs on a thread of its own, and reports how much is done. It asks nothing of Postgres: `limit`
    /// is the limit of memory.
    pub fn make(
        &self,
        inputs: &Inputs,
        repeat: usize,
        limit: usize,
        graph: Option<&EntityEdges>,
        pool: &rayon::ThreadPool,
        mut report: impl FnMut(f64),
    ) -> Result<Made> {
        match self {
            Plan::Alone(choice) => {
                let interactions = Arc::new(inputs.interactions(repeat, limit)?);
                let (fitted, progress) = pipeline(
                    |output| choice.fit(Arc::clone(&interactions), pool, output),
                    |event| {
                        if let Event::Block(progress) = event {
                            report(progress.fraction);
                        }
                        Ok(())
                    },
                )?;
                Ok(Made::Alone { fitted, progress, interactions })
            }
            Plan::Blend(choice) => {
                let (share, seed) = (choice.validation_share, choice.config.seed);
                let learned = pipeline(
                    |output| {
                        let source = inputs.source(repeat, share, seed, limit, graph, output)?;
                        blend::learn(choice, source, pool, output)
                    },
                    |event| {
                        if let Event::Block(fraction) = event {
                            report(fraction);
                        }
                        Ok(())
                    },
                )?;
                let json = blend::to_json(&learned, &choice.components);
                Ok(Made::Blend { learned: Box::new(learned), json })
            }
        }
    }
}

impl Made {
    /// What its scores are made of.
    pub fn interactions(&self) -> &Interactions {
        match self {
            Made::Alone { interactions, .. } => interactions,
            Made::Blend { learned, .. } => &learned.interactions,
        }
    }

    pub fn epochs(&self) -> u32 {
        match self {
            Made::Alone { progress, .. } => progress.epochs_done,
            Made::Blend { .. } => 0,
        }
    }

    pub fn loss(&self) -> f64 {
        match self {
            Made::Alone { progress, .. } => progress.loss,
            Made::Blend { learned, .. } => learned.loss,
        }
    }

    /// Metrics on rows that were not learned from, and what stands in `sgr.models.blend`; null where there are none.
    pub fn validation_and_blend(&self) -> [&Value; 2] {
        match self {
            Made::Alone { .. } => [&NULL, &NULL],
            Made::Blend { learned, json } => [&learned.validation, json],
        }
    }

    /// What is stored in `sgr.model_arrays`.
    pub fn arrays(&self) -> Vec<(String, Array<'_>)> {
        match self {
            Made::Alone { fitted, interactions, .. } => {
                fitted.arrays(interactions).into_iter().map(|(name, array)| (name.to_owned(), array)).collect()
            }
            Made::Blend { learned, .. } => blend::arrays(learned),
        }
    }
}
