//! What of a blend is stored, and a blend of what is stored.

use super::choice::{component_json, component_of_json};
use super::learn::Learned;
use crate::error::{Error, Result};
use crate::recommender::arrays::{Array, Arrays};
use crate::recommender::choice::{similarity, vectors, with_profiles};
use serde_json::{Value, json};
use sgr_engine::recommend::blend::{
    Blend, BlendFeatures, Blended, Component, ComponentConfig, ComponentModel, ItemFeature, Term, sigmoid,
};
use sgr_engine::recommend::models::{
    Ease, Factors, GraphWalk, Ials, Interactions, ItemKnn, ModelError, Recommender, Rp3Beta,
};
use std::any::Any;
use std::sync::Arc;

/// A blend as a recommender that scores by probabilities, where the engine's scores by log-odds.
#[derive(Debug)]
struct Probabilities(Blended);

impl Recommender for Probabilities {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn user_count(&self) -> usize {
        self.0.user_count()
    }

    fn item_count(&self) -> usize {
        self.0.item_count()
    }

    fn score_users(
        &self,
        users: &[u32],
        scores: &mut [f32],
        pool: &rayon::ThreadPool,
    ) -> std::result::Result<(), ModelError> {
        self.0.score_users(users, scores, pool)?;
        to_probabilities(scores);
        Ok(())
    }

    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> std::result::Result<(), ModelError> {
        self.0.fold_in(items, weights, scores)?;
        to_probabilities(scores);
        Ok(())
    }
}

fn to_probabilities(scores: &mut [f32]) {
    scores.iter_mut().for_each(|score| *score = sigmoid(f64::from(*score)) as f32);
}

/// What stands in `sgr.models.blend`: the components of `chosen` that were fitted, base and terms.
pub fn to_json(learned: &Learned, chosen: &[ComponentConfig]) -> Value {
    let (features, blend) = (learned.blended.features(), learned.blended.blend());
    let is_fitted = |config: &&ComponentConfig| features.components().iter().any(|fitted| fitted.name == config.name);
    let components: Vec<Value> = chosen.iter().filter(is_fitted).map(component_json).collect();
    let of_items: Vec<&str> = features.of_items().iter().map(|feature| feature.name.as_str()).collect();
    let name = |feature: usize| blend.features()[feature].as_str();
    let term = |(at, term): (usize, &Term)| {
        json!({
            "term": blend.term_name(at), "feature": name(term.feature), "cuts": term.cuts,
            "other": term.other.as_ref().map(|(other, _)| name(*other)),
            "other_cuts": term.other.as_ref().map(|(_, cuts)| cuts), "weights": term.weights, "shares": term.shares,
        })
    };
    let terms: Vec<Value> = blend.terms().iter().enumerate().map(term).collect();
    let entities = walks(features).next().map(|walk| walk.edges().rows());
    json!({
        "components": components, "of_items": of_items, "entities": entities, "base": blend.base(), "terms": terms,
    })
}

/// The walks over a graph.
fn walks(features: &BlendFeatures) -> impl Iterator<Item = &GraphWalk> {
    let walks = features.components().iter().filter_map(|component| of_type::<GraphWalk>(&*component.model));
    walks.filter(|walk| walk.edges().entries() > 0)
}

fn of_type<'a, M: Recommender>(model: &'a (dyn Recommender + 'static)) -> Option<&'a M> {
    let model: &dyn Any = model;
    model.downcast_ref()
}

/// What of it is stored in `sgr.model_arrays`: arrays of a component have its name and a dot before their own.
pub fn arrays(learned: &Learned) -> Vec<(String, Array<'_>)> {
    let features = learned.blended.features();
    let profiles = with_profiles(Vec::new(), &learned.interactions);
    let mut arrays: Vec<(String, Array)> = profiles.into_iter().map(|(name, array)| (name.to_owned(), array)).collect();
    for component in features.components() {
        let model = &*component.model;
        let own = if let Some(ials) = of_type::<Ials>(model) {
            vectors(ials.factors())
        } else if let Some(ease) = of_type::<Ease>(model) {
            vec![("inverse", Array::Numbers(ease.inverse())), ("diagonal", Array::Numbers(ease.diagonal()))]
        } else if let Some(knn) = of_type::<ItemKnn>(model) {
            similarity(knn.similarity())
        } else if let Some(rp3beta) = of_type::<Rp3Beta>(model) {
            similarity(rp3beta.similarity())
        } else {
            // Walks are made of interactions and edges.
            Vec::new()
        };
        arrays.extend(own.into_iter().map(|(name, array)| (format!("{}.{name}", component.name), array)));
    }
    for feature in features.of_items() {
        arrays.push((format!("of_items.{}", feature.name), Array::Numbers(&feature.values)));
    }
    if let Some(walk) = walks(features).next() {
        let (heads, tails) = walk.edge_list();
        arrays.push(("edge_heads".to_owned(), Array::positions(&heads)));
        arrays.push(("edge_tails".to_owned(), Array::positions(&tails)));
    }
    arrays
}

/// The blend that [`to_json`] and [`arrays`] gave, for so many users and items.
///
/// Errors: 55000 if the JSON is not of one, or arrays are missing or do not fit.
pub fn restore(
    json: &Value,
    seed: i64,
    memory_limit: usize,
    arrays: &mut Arrays,
    users: usize,
    items: usize,
) -> Result<Box<dyn Recommender>> {
    let unreadable = || Error::not_ready("the description of a blend cannot be read");
    let list = |name: &str| json[name].as_array().map_or(&[][..], Vec::as_slice);
    let configs: Option<Vec<ComponentConfig>> =
        list("components").iter().map(|component| component_of_json(component, seed, memory_limit)).collect();
    let of_items: Option<Vec<&str>> = list("of_items").iter().map(Value::as_str).collect();
    let (Some(configs), Some(of_items), Some(base)) = (configs, of_items, json["base"].as_f64()) else {
        return Err(unreadable());
    };
    let (profile_users, profile_items) = (arrays.positions("profile_users")?, arrays.positions("profile_items")?);
    let interactions = Arc::new(Interactions::new(&profile_users, &profile_items, &[], users, items)?);
    let edges = Edges {
        heads: arrays.positions("edge_heads")?,
        tails: arrays.positions("edge_tails")?,
        entity_count: json["entities"].as_u64().map_or(items, |count| count as usize),
    };
    let mut components = Vec::with_capacity(configs.len());
    for config in configs {
        let model = restore_component(&config, arrays, &interactions, &edges)?;
        components.push(Component { name: config.name, model, scales: config.scales });
    }
    let of_items = of_items
        .into_iter()
        .map(|name| ItemFeature { name: name.to_owned(), values: arrays.numbers(&format!("of_items.{name}")) })
        .collect();
    let features = BlendFeatures::new(components, of_items, Some(interactions))?;
    let terms: Option<Vec<Term>> = list("terms").iter().map(|term| term_of_json(term, features.names())).collect();
    let blend = Blend::from_parameters(features.names().to_vec(), base, terms.ok_or_else(unreadable)?)?;
    Ok(Box::new(Probabilities(Blended::new(features, blend)?)))
}

struct Edges {
    heads: Vec<u32>,
    tails: Vec<u32>,
    entity_count: usize,
}

fn restore_component(
    config: &ComponentConfig,
    arrays: &mut Arrays,
    interactions: &Arc<Interactions>,
    edges: &Edges,
) -> Result<Arc<dyn Recommender>> {
    let named = |name: &str| format!("{}.{name}", config.name);
    let set = Arc::clone(interactions);
    let walk = |edges: &Edges, config| {
        GraphWalk::new(Arc::clone(interactions), &edges.heads, &edges.tails, edges.entity_count, config)
    };
    Ok(match config.model.clone() {
        ComponentModel::Ials(ials) => {
            let vectors = (arrays.numbers(&named("user_vectors")), arrays.numbers(&named("item_vectors")));
            Arc::new(Ials::from_parameters(Factors::new(ials.dim, vectors.0, vectors.1)?, ials)?)
        }
        ComponentModel::Ease(ease) => {
            let (inverse, diagonal) = (arrays.numbers(&named("inverse")), arrays.numbers(&named("diagonal")));
            let side = ease.side(set.user_count(), set.item_count());
            Arc::new(Ease::from_parameters(set, ease.l2, side, inverse, diagonal)?)
        }
        ComponentModel::ItemKnn(_) => {
            let (offsets, columns, values) = similarity_of(arrays, &named)?;
            Arc::new(ItemKnn::from_parameters(set, offsets, columns, values)?)
        }
        ComponentModel::Rp3Beta(_) => {
            let (offsets, columns, values) = similarity_of(arrays, &named)?;
            Arc::new(Rp3Beta::from_parameters(set, offsets, columns, values)?)
        }
        ComponentModel::Walk(config) => {
            let none = Edges { heads: Vec::new(), tails: Vec::new(), entity_count: set.item_count() };
            Arc::new(walk(&none, config)?)
        }
        ComponentModel::GraphWalk(config) => Arc::new(walk(edges, config)?),
    })
}

type Similarity = (Vec<usize>, Vec<u32>, Vec<f32>);

fn similarity_of(arrays: &mut Arrays, named: &impl Fn(&str) -> String) -> Result<Similarity> {
    let offsets = arrays.positions(&named("similarity_offsets"))?;
    Ok((offsets, arrays.positions(&named("similarity_items"))?, arrays.numbers(&named("similarities"))))
}

fn term_of_json(json: &Value, names: &[String]) -> Option<Term> {
    let numbers = |value: &Value| value.as_array()?.iter().map(Value::as_f64).collect::<Option<Vec<f64>>>();
    let cuts = |value: &Value| Some(numbers(value)?.into_iter().map(|cut| cut as f32).collect::<Vec<f32>>());
    let place = |value: &Value| names.iter().position(|name| Some(name.as_str()) == value.as_str());
    Some(Term {
        feature: place(&json["feature"])?,
        cuts: cuts(&json["cuts"])?,
        other: match &json["other"] {
            Value::Null => None,
            other => Some((place(other)?, cuts(&json["other_cuts"])?)),
        },
        weights: numbers(&json["weights"])?,
        shares: numbers(&json["shares"])?,
    })
}

/// The blend behind a recommender that is one.
pub fn blended<'a>(recommender: &'a (dyn Recommender + 'static)) -> Option<&'a Blended> {
    of_type::<Probabilities>(recommender).map(|probabilities| &probabilities.0)
}
