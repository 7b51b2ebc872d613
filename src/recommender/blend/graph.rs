//! The edges that components walk over.

use crate::joint::Graph;
use sgr_engine::recommend::blend::GraphEdges;
use sgr_engine::recommend::mkr::NO_ENTITY;

/// The edges of a knowledge graph whose first entities are the items.
pub struct EntityEdges {
    heads: Vec<u32>,
    tails: Vec<u32>,
    entity_count: usize,
}

impl EntityEdges {
    /// The triples of a graph, without their relations. Items that are no entities of it get one without edges.
    pub fn new(graph: &Graph) -> Self {
        let mut numbers = vec![NO_ENTITY; graph.triples.entity_count()];
        for (item, &entity) in (0..).zip(&graph.item_entities) {
            if entity != NO_ENTITY {
                numbers[entity as usize] = item;
            }
        }
        let mut next = graph.item_entities.len() as u32;
        for number in numbers.iter_mut().filter(|number| **number == NO_ENTITY) {
            *number = next;
            next += 1;
        }
        let numbered = |entities: &[u32]| entities.iter().map(|&entity| numbers[entity as usize]).collect();
        let (heads, tails) = (numbered(graph.triples.heads()), numbered(graph.triples.tails()));
        Self { heads, tails, entity_count: next as usize }
    }

    /// As the engine takes them.
    pub fn edges(&self) -> GraphEdges<'_> {
        GraphEdges { heads: &self.heads, tails: &self.tails, entity_count: self.entity_count }
    }
}
