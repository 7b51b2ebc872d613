//! Random walks with restart over interactions and a knowledge graph: personalised PageRank (Haveliwala, WWW 2002; Tong,
//! Faloutsos & Pan, ICDM 2006) on the graph of users, items and entities.

use super::error::ModelError;
use super::interactions::Interactions;
use super::sparse::{SparseRow, SparseRows};
use super::{DEFAULT_MEMORY_LIMIT, Recommender, profile, score_each};
use std::sync::Arc;

/// Probability to go back to the user at each step.
pub const DEFAULT_RESTART: f32 = 0.3;
/// Steps of the longest walk.
pub const DEFAULT_WALK_STEPS: u32 = 6;
/// Weight of an edge of the graph, where an interaction has its own (1 if nothing else is said).
pub const DEFAULT_EDGE_WEIGHT: f32 = 1.0;
/// The most steps.
pub const MAX_WALK_STEPS: u32 = 64;

/// Parameters of [`GraphWalk`].
#[derive(Debug, Clone, PartialEq)]
pub struct GraphWalkConfig {
    /// Probability to go back to the user at each step; over 0, below 1.
    pub restart: f32,
    /// Steps of the longest walk, in `1..=`[`MAX_WALK_STEPS`].
    pub steps: u32,
    /// Weight of an edge of the graph; over 0.
    pub edge_weight: f32,
    /// Bytes that the model may take.
    pub memory_limit: usize,
}

impl Default for GraphWalkConfig {
    fn default() -> Self {
        GraphWalkConfig {
            restart: DEFAULT_RESTART,
            steps: DEFAULT_WALK_STEPS,
            edge_weight: DEFAULT_EDGE_WEIGHT,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl GraphWalkConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`ModelError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        ModelError::check_count("steps", self.steps as usize, MAX_WALK_STEPS as usize)?;
        ModelError::check_over("restart", self.restart, 0.0)?;
        ModelError::check_over("edge_weight", self.edge_weight, 0.0)?;
        if self.restart >= 1.0 {
            return Err(ModelError::invalid("restart", format!("must be below 1, not {}", self.restart)));
        }
        Ok(())
    }
}

/// Scores an item by the probability that a walk from the user is at it: each step goes to a neighbour by the weights of
/// edges, or back to the user. Items that nobody took are reached through the graph. Nothing is trained.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphWalk {
    interactions: Arc<Interactions>,
    config: GraphWalkConfig,
    /// Between items and entities, in both directions; items are the first entities.
    edges: SparseRows,
    /// Of each user, then of each entity: the sum of the weights of its edges.
    user_degrees: Vec<f32>,
    entity_degrees: Vec<f32>,
}

/// Probabilities of a walk's place.
struct Place {
    users: Vec<f32>,
    entities: Vec<f32>,
}

impl GraphWalk {
    /// From interactions and the edges of a graph over `entity_count` entities, of which the first are the items. Directions
    /// and repetitions of edges do not count, nor do edges from an entity to itself.
    ///
    /// # Errors
    /// [`InvalidConfig`](ModelError::InvalidConfig), [`NoInteractions`](ModelError::NoInteractions),
    /// [`UnknownId`](ModelError::UnknownId) for an entity that is not below `entity_count`,
    /// [`TooMany`](ModelError::TooMany), [`MemoryLimit`](ModelError::MemoryLimit);
    /// [`WrongLength`](ModelError::WrongLength) if the columns of edges are not parallel or there are fewer entities than
    /// items.
    pub fn new(
        interactions: Arc<Interactions>,
        heads: &[u32],
        tails: &[u32],
        entity_count: usize,
        config: GraphWalkConfig,
    ) -> Result<GraphWalk, ModelError> {
        config.validate()?;
        interactions.check_not_empty()?;
        ModelError::check_length("tails", tails.len(), heads.len())?;
        let items = interactions.item_count();
        if entity_count < items {
            return Err(ModelError::WrongLength { what: "entities", actual: entity_count, expected: items });
        }
        if entity_count > u32::MAX as usize {
            return Err(ModelError::TooMany { what: "entities", count: entity_count, limit: u32::MAX as usize });
        }
        if let Some(&id) = heads.iter().chain(tails).find(|&&id| id as usize >= entity_count) {
            return Err(ModelError::UnknownId { what: "entity", id, count: entity_count });
        }
        let needed = Self::estimate(&interactions, heads.len(), entity_count);
        ModelError::check_memory("random walks", needed, config.memory_limit)?;
        let pairs = heads.iter().zip(tails).filter(|(head, tail)| head != tail);
        let mut both: Vec<(u32, u32)> = pairs.flat_map(|(&head, &tail)| [(head, tail), (tail, head)]).collect();
        both.sort_unstable();
        both.dedup();
        let mut offsets = vec![0; entity_count + 1];
        both.iter().for_each(|&(from, _)| offsets[from as usize + 1] += 1);
        for at in 0..entity_count {
            offsets[at + 1] += offsets[at];
        }
        let columns: Vec<u32> = both.iter().map(|&(_, to)| to).collect();
        let values = vec![config.edge_weight; columns.len()];
        let edges = SparseRows { offsets, columns, values };
        let degree = |row: SparseRow<'_>| row.values.iter().sum::<f32>();
        let user_degrees =
            (0..interactions.user_count()).map(|user| degree(interactions.by_user().row(user))).collect();
        let of_item = |entity: usize| if entity < items { degree(interactions.by_item().row(entity)) } else { 0.0 };
        let entity_degrees = (0..entity_count).map(|entity| degree(edges.row(entity)) + of_item(entity)).collect();
        Ok(GraphWalk { interactions, config, edges, user_degrees, entity_degrees })
    }

    /// The most bytes that [`new`](Self::new) has in use at a time, besides the interactions.
    pub fn estimate(interactions: &Interactions, edges: usize, entity_count: usize) -> usize {
        let degrees = size_of::<f32>().saturating_mul(interactions.user_count().saturating_add(entity_count));
        let both = SparseRows::bytes(entity_count, edges.saturating_mul(2));
        both.saturating_add(degrees).saturating_add(size_of::<(u32, u32)>().saturating_mul(edges.saturating_mul(2)))
    }

    /// The parameters.
    pub fn config(&self) -> &GraphWalkConfig {
        &self.config
    }

    /// The graph's edges, in both directions: a row per entity, items first, each value the edge's weight.
    pub fn edges(&self) -> &SparseRows {
        &self.edges
    }

    /// The graph's edges, each once with the smaller end first, ascending: with them [`new`](Self::new) makes the same model
    /// again.
    pub fn edge_list(&self) -> (Vec<u32>, Vec<u32>) {
        let from = |entity: usize| self.edges.row(entity).columns.iter().map(move |&to| (entity as u32, to));
        (0..self.edges.rows()).flat_map(from).filter(|(head, tail)| head < tail).unzip()
    }

    /// Walks from what somebody took; `user` is where interactions lead back to, none for a user who is not in them.
    fn walk(&self, taken: SparseRow<'_>, user: Option<u32>, scores: &mut [f32]) {
        let items = self.interactions.item_count();
        let restart = self.config.restart;
        let total: f32 = taken.values.iter().sum();
        let mut at =
            Place { users: vec![0.0; self.user_degrees.len()], entities: vec![0.0; self.entity_degrees.len()] };
        let mut next = Place { users: vec![0.0; at.users.len()], entities: vec![0.0; at.entities.len()] };
        // What is at the start itself is kept apart, so that somebody who is not in the interactions can walk.
        let mut at_start = 1.0;
        for _ in 0..self.config.steps {
            next.users.fill(0.0);
            next.entities.fill(0.0);
            let go_on = 1.0 - restart;
            if total > 0.0 {
                taken.add_to(go_on * at_start / total, &mut next.entities);
            }
            for (other, &probability) in at.users.iter().enumerate() {
                if probability > 0.0 {
                    let factor = go_on * probability / self.user_degrees[other];
                    self.interactions.by_user().row(other).add_to(factor, &mut next.entities);
                }
            }
            for (entity, &probability) in at.entities.iter().enumerate() {
                if probability > 0.0 {
                    let factor = go_on * probability / self.entity_degrees[entity];
                    self.edges.row(entity).add_to(factor, &mut next.entities);
                    if entity < items {
                        self.interactions.by_item().row(entity).add_to(factor, &mut next.users);
                    }
                }
            }
            at_start = restart;
            if let Some(user) = user {
                at_start += std::mem::take(&mut next.users[user as usize]);
            }
            std::mem::swap(&mut at, &mut next);
        }
        scores.copy_from_slice(&at.entities[..items]);
    }
}

impl Recommender for GraphWalk {
    fn name(&self) -> &'static str {
        "graph_walk"
    }

    fn user_count(&self) -> usize {
        self.interactions.user_count()
    }

    fn item_count(&self) -> usize {
        self.interactions.item_count()
    }

    fn score_users(&self, users: &[u32], scores: &mut [f32], pool: &rayon::ThreadPool) -> Result<(), ModelError> {
        let by_user = self.interactions.by_user();
        score_each(self, users, scores, pool, |user, scores| {
            self.walk(by_user.row(user as usize), Some(user), scores);
        })
    }

    fn fold_in(&self, items: &[u32], weights: &[f32], scores: &mut [f32]) -> Result<(), ModelError> {
        let profile = profile(self, items, weights, scores)?;
        self.walk(profile.row(0), None, scores);
        Ok(())
    }
}
