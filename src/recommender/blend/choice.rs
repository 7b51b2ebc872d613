//! The parameters of a blend.

use crate::error::{Error, Result};
use crate::joint::GraphWish;
use crate::lookup::shortened;
use crate::recommender::choice::{Choice, ParameterReader, ParameterWriter, Visitor, wrong_type};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::recommend::blend::{
    BlendConfig, ComponentConfig, ComponentModel, DEFAULT_EASY_NEGATIVES, Scale, default_components,
};
use sgr_engine::recommend::models::GraphWalkConfig;

/// What it is called in SQL.
pub const NAME: &str = "blend";
/// Share of each user's interactions that the weights are learned from, where there is no split.
const DEFAULT_VALIDATION_SHARE: f64 = 0.2;
/// Most negatives per positive.
const MAX_NEGATIVES: usize = 1000;

/// What a blend is made of, and how it is learned.
pub struct BlendChoice {
    pub components: Vec<ComponentConfig>,
    pub config: BlendConfig,
    /// Per positive, where the validation part has no negatives.
    pub negatives: usize,
    /// Where there is no split.
    pub validation_share: f64,
    /// Whether it answers where no model is named, if it learned all interactions.
    pub activate: bool,
    graph: GraphChoice,
}

/// The knowledge graph that components walk over.
#[derive(PartialEq)]
enum GraphChoice {
    /// The catalogue's, if it knows any of the items.
    IfAny,
    None,
    Named(String),
    /// A relation with the columns head, relation and tail.
    Relation(String),
}

impl BlendChoice {
    /// Parameters that are given; the others have their defaults.
    ///
    /// Errors: 22023 for an unknown parameter or component, and for a value that is not possible.
    pub fn new(given: &Value, seed: i64, memory_limit: usize) -> Result<Self> {
        let mut components = default_components(seed as u64);
        components.iter_mut().for_each(|component| set_memory_limit(&mut component.model, memory_limit));
        let config = BlendConfig { seed: seed as u64, ..BlendConfig::default() };
        let mut choice = Self {
            components,
            config,
            negatives: DEFAULT_EASY_NEGATIVES,
            validation_share: DEFAULT_VALIDATION_SHARE,
            activate: true,
            graph: GraphChoice::IfAny,
        };
        let mut reader = ParameterReader::new(given)?;
        visit(&mut choice.config, &mut choice.negatives, &mut choice.validation_share, &mut reader)?;
        if let Some(names) = reader.other("components") {
            choice.components = chosen(choice.components, names)?;
        }
        if let Some(activate) = reader.other("activate") {
            choice.activate = activate.as_bool().ok_or_else(|| wrong_type("activate", "true or false", activate))?;
        }
        let graph = text("graph", reader.other("graph"))?;
        let triples = text("triples", reader.other("triples"))?;
        choice.graph = match (graph, triples) {
            (Some(_), Some(_)) => return Err(Error::invalid("the triples cannot be both a relation and a graph")),
            (Some("none"), None) => GraphChoice::None,
            (Some(graph), None) => GraphChoice::Named(graph.to_owned()),
            (None, Some(relation)) => GraphChoice::Relation(relation.to_owned()),
            (None, None) => GraphChoice::IfAny,
        };
        reader.finish(NAME)?;
        choice.config.validate()?;
        if !(1..=MAX_NEGATIVES).contains(&choice.negatives) {
            let message = format!("negatives must be between 1 and {MAX_NEGATIVES}, not {}", choice.negatives);
            return Err(Error::invalid(message));
        }
        let share = choice.validation_share;
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::invalid(format!("validation_share must be between 0 and 1, not {share}")));
        }
        Ok(choice)
    }

    /// Every parameter with its value.
    pub fn parameters(&self) -> Value {
        let mut writer = ParameterWriter::default();
        let (mut config, mut negatives, mut share) = (self.config.clone(), self.negatives, self.validation_share);
        // A writer refuses nothing.
        let _ = visit(&mut config, &mut negatives, &mut share, &mut writer);
        let names: Vec<&str> = self.components.iter().map(|component| component.name.as_str()).collect();
        writer.0.insert("components".to_owned(), json!(names));
        writer.0.insert("activate".to_owned(), json!(self.activate));
        let (graph, triples) = match &self.graph {
            GraphChoice::IfAny => (None, None),
            GraphChoice::None => (Some("none"), None),
            GraphChoice::Named(name) => (Some(name.as_str()), None),
            GraphChoice::Relation(name) => (None, Some(name.as_str())),
        };
        writer.0.insert("graph".to_owned(), json!(graph));
        writer.0.insert("triples".to_owned(), json!(triples));
        Value::Object(writer.0)
    }

    /// The graph to read, and whether it must be there; `None` for no graph. Errors: 42P01.
    pub fn graph(&self) -> Result<Option<(GraphWish, bool)>> {
        let wish = |graph: Option<&str>, triples| GraphWish::new(graph, triples, None);
        Ok(match &self.graph {
            GraphChoice::IfAny => Some((wish(None, None)?, false)),
            GraphChoice::None => None,
            GraphChoice::Named(name) => Some((wish(Some(name), None)?, true)),
            GraphChoice::Relation(name) => Some((wish(None, Some(relation(name)?))?, true)),
        })
    }
}

fn visit(config: &mut BlendConfig, negatives: &mut usize, share: &mut f64, to: &mut impl Visitor) -> Result<()> {
    to.count("bins", &mut config.bins)?;
    to.count("rounds", &mut config.rounds)?;
    to.double("learning_rate", &mut config.learning_rate)?;
    to.count("leaves", &mut config.leaves)?;
    to.count("min_rows", &mut config.min_rows)?;
    to.double("l2", &mut config.l2)?;
    to.count("bags", &mut config.bags)?;
    to.double("holdout", &mut config.holdout)?;
    to.count("patience", &mut config.patience)?;
    to.count("pairs", &mut config.pairs)?;
    to.count("pair_bins", &mut config.pair_bins)?;
    to.count("negatives", negatives)?;
    to.double("validation_share", share)
}

/// The components of these names. Errors: 22023.
fn chosen(mut components: Vec<ComponentConfig>, names: &Value) -> Result<Vec<ComponentConfig>> {
    let known: Vec<String> = components.iter().map(|component| component.name.clone()).collect();
    let wrong = || wrong_type("components", "a list of names", names).hint(format!("use {}", known.join(", ")));
    let names: Vec<&str> =
        names.as_array().and_then(|names| names.iter().map(Value::as_str).collect()).ok_or_else(wrong)?;
    if names.is_empty() {
        return Err(wrong());
    }
    if let Some(name) = names.iter().find(|name| !known.iter().any(|known| known == *name)) {
        return Err(Error::invalid(format!("a blend has no component \"{}\"", shortened(name)))
            .hint(format!("use {}", known.join(", "))));
    }
    components.retain(|component| names.contains(&component.name.as_str()));
    Ok(components)
}

fn text<'a>(name: &str, given: Option<&'a Value>) -> Result<Option<&'a str>> {
    given.map(|given| given.as_str().ok_or_else(|| wrong_type(name, "a name", given))).transpose()
}

/// The relation of a name, as a cast to regclass finds it. Errors: 42P01.
fn relation(name: &str) -> Result<pg_sys::Oid> {
    let mut found = None;
    spi::select("SELECT $1::pg_catalog.regclass::pg_catalog.oid::bigint", &Sources::NONE, &[Arg::Text(name)], |row| {
        found = row.int(0);
        Ok(())
    })?;
    Ok(pg_sys::Oid::from(found.unwrap_or(0) as u32))
}

/// What the model of a component is called.
pub fn model_name(model: &ComponentModel) -> &'static str {
    match model {
        ComponentModel::Ials(_) => "ials",
        ComponentModel::Ease(_) => "ease",
        ComponentModel::ItemKnn(_) => "item_knn",
        ComponentModel::Rp3Beta(_) => "rp3beta",
        ComponentModel::Walk(_) => "walk",
        ComponentModel::GraphWalk(_) => "graph_walk",
    }
}

/// A component with all of its parameters.
pub fn component_json(component: &ComponentConfig) -> Value {
    let params = match component.model.clone() {
        ComponentModel::Ials(config) => Choice::Ials(config).parameters(),
        ComponentModel::Ease(config) => Choice::Ease(config).parameters(),
        ComponentModel::ItemKnn(config) => Choice::ItemKnn(config).parameters(),
        ComponentModel::Rp3Beta(config) => Choice::Rp3Beta(config).parameters(),
        ComponentModel::Walk(mut config) | ComponentModel::GraphWalk(mut config) => {
            let mut writer = ParameterWriter::default();
            let _ = visit_walk(&mut config, &mut writer);
            Value::Object(writer.0)
        }
    };
    let scales: Vec<&str> = component.scales.iter().map(|scale| scale.name()).collect();
    json!({ "name": component.name, "model": model_name(&component.model), "params": params, "scales": scales })
}

/// The component that [`component_json`] gave, if it is one.
pub fn component_of_json(json: &Value, seed: i64, memory_limit: usize) -> Option<ComponentConfig> {
    let params = &json["params"];
    let model = match json["model"].as_str()? {
        name @ ("walk" | "graph_walk") => {
            let mut config = GraphWalkConfig { memory_limit, ..GraphWalkConfig::default() };
            visit_walk(&mut config, &mut ParameterReader::new(params).ok()?).ok()?;
            if name == "walk" { ComponentModel::Walk(config) } else { ComponentModel::GraphWalk(config) }
        }
        name => match Choice::new(name, params, seed, memory_limit).ok()? {
            Choice::Ials(config) => ComponentModel::Ials(config),
            Choice::Ease(config) => ComponentModel::Ease(config),
            Choice::ItemKnn(config) => ComponentModel::ItemKnn(config),
            Choice::Rp3Beta(config) => ComponentModel::Rp3Beta(config),
            _ => return None,
        },
    };
    let scale = |scale: &Value| scale.as_str()?.parse::<Scale>().ok();
    let scales = json["scales"].as_array()?.iter().map(scale).collect::<Option<_>>()?;
    Some(ComponentConfig { name: json["name"].as_str()?.to_owned(), model, scales })
}

fn visit_walk(config: &mut GraphWalkConfig, to: &mut impl Visitor) -> Result<()> {
    to.number("restart", &mut config.restart)?;
    to.count("steps", &mut config.steps)?;
    to.number("edge_weight", &mut config.edge_weight)
}

fn set_memory_limit(model: &mut ComponentModel, limit: usize) {
    let place = match model {
        ComponentModel::Ials(config) => &mut config.memory_limit,
        ComponentModel::Ease(config) => &mut config.memory_limit,
        ComponentModel::ItemKnn(config) => &mut config.memory_limit,
        ComponentModel::Rp3Beta(config) => &mut config.memory_limit,
        ComponentModel::Walk(config) | ComponentModel::GraphWalk(config) => &mut config.memory_limit,
    };
    *place = limit;
}
