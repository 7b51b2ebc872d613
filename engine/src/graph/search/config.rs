//! What a path search is asked for.

use crate::graph::GraphError;
use rustc_hash::FxHashMap;

/// How many paths of how many hops to look for, over which edges.
#[derive(Debug, Clone, PartialEq)]
pub struct PathConfig {
    /// Paths wanted, 1 to [`MAX_K`](Self::MAX_K).
    pub k: usize,
    /// Most edges of a path, 1 to [`MAX_HOPS`](Self::MAX_HOPS).
    pub max_hops: usize,
    /// Edges that may be looked at before the search gives up with what it has.
    pub max_edges: u64,
    /// Edges that are looked at before each side keeps to half of the hops, see the [module](super). It changes how long a
    /// search takes and not what it finds.
    pub wide_edges: u64,
    /// How much each relation is worth, by its number: the cost of an edge is divided by it. 0 excludes the relation.
    pub relation_weights: FxHashMap<i32, f64>,
    /// What a relation is worth that `relation_weights` does not name: 1, or 0 where it lists all that are admitted.
    pub other_relations: f64,
    /// Kinds that nodes between the two ends may have, as in [`Header::kind`](super::Header::kind); `None` admits all.
    pub kinds: Option<Vec<u16>>,
}

impl PathConfig {
    /// Largest `k`.
    pub const MAX_K: usize = 1000;
    /// Largest `max_hops`. A path of more tells nobody anything.
    pub const MAX_HOPS: usize = 16;
    /// Default of `k`.
    pub const DEFAULT_K: usize = 5;
    /// Default of `max_hops`.
    pub const DEFAULT_MAX_HOPS: usize = 6;
    /// Default of `max_edges`: some seconds, which few searches need.
    pub const DEFAULT_MAX_EDGES: u64 = 10_000_000;

    /// Default of `wide_edges`, found on the demo catalogue with 0.9 million edges: few searches come so far.
    pub const DEFAULT_WIDE_EDGES: u64 = 1 << 14;

    /// Checks the ranges.
    ///
    /// # Errors
    /// [`GraphError::OutOfRange`], [`GraphError::InvalidRelationWeight`].
    pub fn validate(&self) -> Result<(), GraphError> {
        let range = |what: &'static str, value: usize, most: usize| {
            if (1..=most).contains(&value) { Ok(()) } else { Err(GraphError::OutOfRange { what, value, most }) }
        };
        range("k", self.k, Self::MAX_K)?;
        range("max_hops", self.max_hops, Self::MAX_HOPS)?;
        let weights = self.relation_weights.iter().map(|(&relation, &weight)| (relation, weight));
        for (relation, weight) in weights.chain([(0, self.other_relations)]) {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(GraphError::InvalidRelationWeight { relation, weight });
            }
        }
        Ok(())
    }

    /// What edges of a relation are worth, whichever way they are followed; 0 if they must not be.
    pub(super) fn relation_weight(&self, relation: i32) -> f64 {
        self.relation_weights.get(&relation.abs()).copied().unwrap_or(self.other_relations)
    }

    /// Whether a node of this kind may stand between the ends.
    pub(super) fn admits(&self, kind: u16) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }
}

impl Default for PathConfig {
    fn default() -> Self {
        Self {
            k: Self::DEFAULT_K,
            max_hops: Self::DEFAULT_MAX_HOPS,
            max_edges: Self::DEFAULT_MAX_EDGES,
            wide_edges: Self::DEFAULT_WIDE_EDGES,
            relation_weights: FxHashMap::default(),
            other_relations: 1.0,
            kinds: None,
        }
    }
}
