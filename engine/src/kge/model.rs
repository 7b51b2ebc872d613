//! What all models have in common.
//!
//! Every model here can be put in the same form: from the given entity and the relation it makes a *query* vector, and
//! compares it with the entity that is asked for. So one query is scored against many entities by one product of
//! matrices, in training as in ranking. TransH and TransR first *project* all entities in a way that depends on the
//! relation; there, whatever is scored together must have one relation.

mod complex;
mod distmult;
mod reciprocal;
mod rotate;
mod transe;
mod transh;
mod transr;

use super::comparison::Comparison;
use super::config::Norm;
use super::triples::Side;
use crate::choice::named_choice;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::fmt::Debug;

named_choice! {
    "model"
    /// A model of knowledge-graph embeddings. `h`, `r`, `t` are the vectors of head, relation and tail; a score is a
    /// real number, the higher the more plausible.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum ModelKind {
        /// `-|h + r - t|` (Bordes et al., NIPS 2013).
        #[default]
        TransE = "transe",
        /// `-|h' + d - t'|`, with `x' = x - (w·x) w` on the hyperplane of the relation (Wang et al., AAAI 2014).
        TransH = "transh",
        /// `-|M h + r - M t|`, with a matrix per relation (Lin et al., AAAI 2015).
        TransR = "transr",
        /// `sum of h_i r_i t_i` (Yang et al., ICLR 2015).
        DistMult = "distmult",
        /// `Re(sum of h_i r_i conj(t_i))`, with complex vectors (Trouillon et al., ICML 2016).
        ComplEx = "complex",
        /// `-|h ∘ r - t|`, with complex vectors and relations that turn by an angle (Sun et al., ICLR 2019).
        RotatE = "rotate",
    }
}

impl ModelKind {
    /// Whether vectors are complex: real parts first, then imaginary parts.
    pub const fn is_complex(self) -> bool {
        matches!(self, ModelKind::ComplEx | ModelKind::RotatE)
    }

    /// Whether entities are projected in a way that depends on the relation.
    pub const fn is_projected(self) -> bool {
        matches!(self, ModelKind::TransH | ModelKind::TransR)
    }

    /// Whether the score is a distance, with its sign reversed.
    pub const fn is_distance(self) -> bool {
        !matches!(self, ModelKind::DistMult | ModelKind::ComplEx)
    }

    /// Numbers per relation, for `dim` numbers per entity: `r`; TransH: `d`, then `w`; TransR: `r`, then the rows of
    /// `M`; RotatE: `dim / 2` angles in radians. Reciprocal relations ([`KgeConfig::reciprocal`]) have twice as many.
    ///
    /// [`KgeConfig::reciprocal`]: super::KgeConfig::reciprocal
    pub const fn relation_width(self, dim: usize) -> usize {
        match self {
            ModelKind::TransE | ModelKind::DistMult | ModelKind::ComplEx => dim,
            ModelKind::TransH => 2 * dim,
            ModelKind::TransR => dim + dim * dim,
            ModelKind::RotatE => dim / 2,
        }
    }

    /// The model for vectors of `dim` numbers; with `reciprocal`, relations have a vector for each side.
    pub(super) fn build(self, dim: usize, norm: Norm, reciprocal: bool) -> Box<dyn Model> {
        if reciprocal {
            return Box::new(reciprocal::Reciprocal { inner: self.build(dim, norm, false) });
        }
        match self {
            ModelKind::TransE => Box::new(transe::TransE { dim, norm }),
            ModelKind::TransH => Box::new(transh::TransH { dim, norm }),
            ModelKind::TransR => Box::new(transr::TransR { dim, norm }),
            ModelKind::DistMult => Box::new(distmult::DistMult { dim }),
            ModelKind::ComplEx => Box::new(complex::ComplEx { dim }),
            ModelKind::RotatE => Box::new(rotate::RotatE { dim, norm }),
        }
    }
}

/// A scoring function with its gradient. Entities, queries and projected entities all have `dim` numbers.
///
/// `relation` is what [`prepare`](Self::prepare) made of a relation's row, gradients are with respect to the row itself.
/// All `d_...` are added to.
pub(super) trait Model: Debug + Send + Sync {
    /// Numbers per entity.
    fn dim(&self) -> usize;

    /// Numbers per relation row.
    fn relation_width(&self) -> usize;

    /// How queries meet entities.
    fn comparison(&self) -> Comparison;

    /// Numbers of a prepared relation.
    fn prepared_width(&self) -> usize {
        self.relation_width()
    }

    /// What can be computed once per relation.
    fn prepare(&self, row: &[f32], prepared: &mut [f32]) {
        prepared.copy_from_slice(row);
    }

    /// Whether entities are projected by the relation before anything else.
    fn projects(&self) -> bool {
        false
    }

    /// Projects rows of entities, if [`projects`](Self::projects).
    fn project(&self, _relation: &[f32], entities: &[f32], projected: &mut [f32]) {
        projected.copy_from_slice(entities);
    }

    /// The gradient of [`project`](Self::project).
    fn project_backward(
        &self,
        _relation: &[f32],
        _entities: &[f32],
        d_projected: &[f32],
        d_entities: &mut [f32],
        _d_relation: &mut [f32],
    ) {
        for (to, from) in d_entities.iter_mut().zip(d_projected) {
            *to += from;
        }
    }

    /// The query for one side, from the given (projected) entity.
    fn query(&self, asked: Side, given: &[f32], relation: &[f32], query: &mut [f32]);

    /// The gradient of [`query`](Self::query), from that of the query.
    #[allow(clippy::too_many_arguments)]
    fn query_backward(
        &self,
        asked: Side,
        given: &[f32],
        relation: &[f32],
        query: &[f32],
        d_query: &[f32],
        d_given: &mut [f32],
        d_relation: &mut [f32],
    );

    /// The first row of a relation; `half_width` is that of the entities.
    fn start_relation(&self, row: &mut [f32], half_width: f32, rng: &mut Xoshiro256PlusPlus) {
        for number in row {
            *number = super::sampling::symmetric(rng, half_width);
        }
    }

    /// Where in a relation's row the matrix starts, whose numbers take smaller steps than those of vectors.
    fn matrix_start(&self) -> usize {
        self.relation_width()
    }

    /// Restores what must hold for a relation's row after a step.
    fn constrain_relation(&self, _row: &mut [f32]) {}
}
