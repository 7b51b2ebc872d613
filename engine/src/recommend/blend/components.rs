//! The components of a blend, fitted one after the other.

use super::error::BlendError;
use super::features::{BlendFeatures, Component, ItemFeature, Scale, graph_features, log_popularity};
use crate::recommend::models::{
    Ease, EaseConfig, EaseFit, Fit, GraphWalk, GraphWalkConfig, Ials, IalsConfig, IalsFit, Interactions, ItemKnn,
    ItemKnnConfig, ItemKnnFit, ModelError, Recommender, Rp3Beta, Rp3BetaConfig, Rp3BetaFit,
};
use std::sync::Arc;

/// The edges of a knowledge graph whose first entities are the items.
#[derive(Debug, Clone, Copy)]
pub struct GraphEdges<'a> {
    /// One end of each edge.
    pub heads: &'a [u32],
    /// The other end.
    pub tails: &'a [u32],
    /// Number of entities, the items included.
    pub entity_count: usize,
}

/// A model to fit, with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum ComponentModel {
    /// Alternating least squares.
    Ials(IalsConfig),
    /// The linear item-to-item model.
    Ease(EaseConfig),
    /// Cosines of items.
    ItemKnn(ItemKnnConfig),
    /// Walks of three steps.
    Rp3Beta(Rp3BetaConfig),
    /// Walks over interactions alone.
    Walk(GraphWalkConfig),
    /// Walks over interactions and the knowledge graph. Left out if there is none.
    GraphWalk(GraphWalkConfig),
}

/// A component to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct ComponentConfig {
    /// What it is called: the names of its features begin with it.
    pub name: String,
    /// The model.
    pub model: ComponentModel,
    /// How its scores become features.
    pub scales: Vec<Scale>,
}

impl ComponentConfig {
    /// With both features that know nothing of the size of a user's scores: rank and standard score.
    pub fn new(name: &str, model: ComponentModel) -> ComponentConfig {
        ComponentConfig { name: name.to_owned(), model, scales: vec![Scale::Rank, Scale::Standard] }
    }
}

/// The components that a blend has if nothing else is said: several kinds of model, because what they have in common is
/// what can be trusted, in sizes that were chosen on validation rows.
pub fn default_components(seed: u64) -> Vec<ComponentConfig> {
    let ials = |dim, l2| ComponentModel::Ials(IalsConfig { dim, l2, seed, ..IalsConfig::default() });
    let ease = |l2| ComponentModel::Ease(EaseConfig { l2, ..EaseConfig::default() });
    let neighbours = 1000;
    let item_knn = ItemKnnConfig { neighbours, shrinkage: 5.0, ..ItemKnnConfig::default() };
    let rp3beta = Rp3BetaConfig { neighbours, ..Rp3BetaConfig::default() };
    let graph_walk = GraphWalkConfig { edge_weight: 3.0, restart: 0.2, ..GraphWalkConfig::default() };
    vec![
        ComponentConfig::new("ials16", ials(16, 0.02)),
        ComponentConfig::new("ials128", ials(128, 0.007)),
        ComponentConfig::new("ease100", ease(100.0)),
        ComponentConfig::new("ease500", ease(500.0)),
        ComponentConfig::new("item_knn", ComponentModel::ItemKnn(item_knn)),
        ComponentConfig::new("rp3beta", ComponentModel::Rp3Beta(rp3beta)),
        ComponentConfig::new("walk", ComponentModel::Walk(GraphWalkConfig::default())),
        ComponentConfig::new("graph_walk", ComponentModel::GraphWalk(GraphWalkConfig::default())),
        ComponentConfig::new("graph_walk3", ComponentModel::GraphWalk(graph_walk)),
    ]
}

/// A fit of any kind.
#[derive(Debug)]
enum Running {
    Ials(Box<IalsFit>),
    Ease(Box<EaseFit>),
    ItemKnn(Box<ItemKnnFit>),
    Rp3Beta(Box<Rp3BetaFit>),
    /// Nothing to fit.
    Ready(Box<GraphWalk>),
}

/// Fits components one after the other, and ends with their features, those of items included: `"popularity"`, and with a
/// graph what [`graph_features`] says.
#[derive(Debug)]
pub struct ComponentsFit {
    interactions: Arc<Interactions>,
    waiting: std::vec::IntoIter<ComponentConfig>,
    count: usize,
    running: Option<(ComponentConfig, Running)>,
    fitted: Vec<Component>,
    of_items: Vec<ItemFeature>,
    edges: Option<(Vec<u32>, Vec<u32>, usize)>,
}

impl ComponentsFit {
    /// Begins. Without a graph, components that walk over it are left out.
    ///
    /// # Errors
    /// [`NoFeatures`](BlendError::NoFeatures) if no component is left; [`Component`](BlendError::Component) for a graph that
    /// [`GraphWalk::new`] refuses.
    pub fn new(
        interactions: Arc<Interactions>,
        graph: Option<GraphEdges<'_>>,
        components: Vec<ComponentConfig>,
    ) -> Result<ComponentsFit, BlendError> {
        let graph = graph.filter(|graph| !graph.heads.is_empty());
        let is_possible =
            |component: &ComponentConfig| graph.is_some() || !matches!(component.model, ComponentModel::GraphWalk(_));
        let components: Vec<ComponentConfig> = components.into_iter().filter(is_possible).collect();
        if components.is_empty() {
            return Err(BlendError::NoFeatures);
        }
        let mut of_items = vec![log_popularity(&interactions)];
        if let Some(graph) = graph {
            let set = Arc::clone(&interactions);
            let config = GraphWalkConfig::default();
            let walk = GraphWalk::new(set, graph.heads, graph.tails, graph.entity_count, config)?;
            of_items.extend(graph_features(&walk, &interactions));
        }
        Ok(ComponentsFit {
            interactions,
            count: components.len(),
            waiting: components.into_iter(),
            running: None,
            fitted: Vec::new(),
            of_items,
            edges: graph.map(|graph| (graph.heads.to_vec(), graph.tails.to_vec(), graph.entity_count)),
        })
    }

    /// Does some more: some tens of milliseconds on the threads of `pool`. Returns how much is done, in `0..=1`: 1 for all,
    /// after which it does nothing.
    ///
    /// # Errors
    /// [`Component`](BlendError::Component): what the models' fits return.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> Result<f64, BlendError> {
        let (config, running) = match self.running.take() {
            Some(running) => running,
            None => match self.waiting.next() {
                Some(config) => {
                    let running = self.begin(&config.model, pool)?;
                    (config, running)
                }
                None => return Ok(1.0),
            },
        };
        let (fraction, next) = match running {
            Running::Ials(fit) => advance::<_, Ials>(fit, pool, Running::Ials)?,
            Running::Ease(fit) => advance::<_, Ease>(fit, pool, Running::Ease)?,
            Running::ItemKnn(fit) => advance::<_, ItemKnn>(fit, pool, Running::ItemKnn)?,
            Running::Rp3Beta(fit) => advance::<_, Rp3Beta>(fit, pool, Running::Rp3Beta)?,
            Running::Ready(walk) => (1.0, Next::Fitted(Arc::from(walk as Box<dyn Recommender>))),
        };
        match next {
            Next::Running(running) => self.running = Some((config, running)),
            Next::Fitted(model) => {
                self.fitted.push(Component { name: config.name, model, scales: config.scales });
                return Ok(self.fitted.len() as f64 / self.count as f64);
            }
        }
        Ok((self.fitted.len() as f64 + fraction.min(0.999)) / self.count as f64)
    }

    fn begin(&self, model: &ComponentModel, pool: &rayon::ThreadPool) -> Result<Running, ModelError> {
        let set = Arc::clone(&self.interactions);
        let no_edges = (Vec::new(), Vec::new(), set.item_count());
        Ok(match model.clone() {
            ComponentModel::Ials(config) => Running::Ials(Box::new(IalsFit::new(set, config, pool)?)),
            ComponentModel::Ease(config) => Running::Ease(Box::new(EaseFit::new(set, config)?)),
            ComponentModel::ItemKnn(config) => Running::ItemKnn(Box::new(ItemKnnFit::new(set, config, pool)?)),
            ComponentModel::Rp3Beta(config) => Running::Rp3Beta(Box::new(Rp3BetaFit::new(set, config, pool)?)),
            ComponentModel::Walk(config) | ComponentModel::GraphWalk(config) => {
                let edges = match (&self.edges, model) {
                    (Some(edges), ComponentModel::GraphWalk(_)) => edges,
                    _ => &no_edges,
                };
                Running::Ready(Box::new(GraphWalk::new(set, &edges.0, &edges.1, edges.2, config)?))
            }
        })
    }

    /// The features.
    ///
    /// # Errors
    /// [`Unfinished`](BlendError::Unfinished); those of [`BlendFeatures::new`].
    pub fn finish(self) -> Result<BlendFeatures, BlendError> {
        if self.fitted.len() < self.count {
            return Err(BlendError::Unfinished);
        }
        BlendFeatures::new(self.fitted, self.of_items, Some(self.interactions))
    }
}

enum Next {
    Running(Running),
    Fitted(Arc<dyn Recommender>),
}

fn advance<F, M>(
    mut fit: Box<F>,
    pool: &rayon::ThreadPool,
    running: impl Fn(Box<F>) -> Running,
) -> Result<(f64, Next), ModelError>
where
    F: Fit<Model = M>,
    M: Recommender + 'static,
{
    let progress = fit.step(pool)?;
    let next = if progress.done { Next::Fitted(Arc::new((*fit).finish()?)) } else { Next::Running(running(fit)) };
    Ok((progress.fraction, next))
}
