//! How much memory training will take.

use super::chunk::Worker;
use super::config::KgeConfig;
use super::embeddings::ModelSpec;
use super::rank_block::RankWorker;
use super::trainer::needs_sides;

/// The size of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GraphSize {
    /// Entities.
    pub entities: usize,
    /// Relations.
    pub relations: usize,
    /// Triples to learn, duplicates included.
    pub triples: usize,
    /// Triples to validate by.
    pub validation_triples: usize,
}

/// Bytes that training will take, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KgeEstimate {
    /// Vectors of entities and relations.
    pub vectors: usize,
    /// The optimiser's state.
    pub optimizer: usize,
    /// The copy of the best or last good vectors.
    pub copy: usize,
    /// Triples, what is known of them, and their order.
    pub triples: usize,
    /// Buffers of the threads.
    pub threads: usize,
}

impl KgeEstimate {
    /// All of it.
    pub fn total(&self) -> usize {
        let parts = [self.optimizer, self.copy, self.triples, self.threads];
        parts.into_iter().fold(self.vectors, usize::saturating_add)
    }
}

/// Bytes of the matrices that a product packs.
const PRODUCT_BUFFERS: usize = 1 << 20;

/// Estimates the memory of a training on so many threads. Nothing is allocated. (How many different questions the triples
/// ask is not known beforehand: it is taken to be two for three triples and side.)
pub fn estimate(config: &KgeConfig, size: &GraphSize, threads: usize) -> KgeEstimate {
    let float = size_of::<f32>();
    let spec = ModelSpec::new(config);
    let rows = |entity: usize, relation: usize| {
        let entities = size.entities.saturating_mul(entity);
        float.saturating_mul(entities.saturating_add(size.relations.saturating_mul(relation)))
    };
    let vectors = rows(config.dim, spec.relation_width());
    let model = spec.build();
    let int = size_of::<u32>();
    let validated = size.validation_triples > 0;
    // Columns and order.
    let mut triples = 4 * int * size.triples;
    let index = |triples: usize| 2 * int * (triples + 2 * (triples * 2 / 3) + size.relations);
    if config.filter_negatives || validated {
        triples += index(size.triples) + 2 * int * size.triples;
    }
    if validated {
        triples += index(size.validation_triples) + 3 * int * size.validation_triples;
    }
    if needs_sides(config) {
        triples += 2 * int * (size.triples / 2 + size.relations);
    }
    KgeEstimate {
        vectors,
        optimizer: rows(config.entity_state_width(), config.relation_state_width()),
        copy: if config.keep_copy { vectors } else { 0 },
        triples,
        threads: threads
            * (PRODUCT_BUFFERS
                + if validated { RankWorker::memory_bytes(config.dim) } else { 0 }
                + Worker::memory_bytes(config, &*model, size.entities, size.relations.max(1))),
    }
}
