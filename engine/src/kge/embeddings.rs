//! The result of training: vectors, and the model that says what they mean.

use super::activation::{Activation, Fusion};
use super::config::{KgeConfig, Norm};
use super::error::KgeError;
use super::model::{Model, ModelKind};
use super::triples::Side;

/// What must be known of a model, besides its numbers, to use it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelSpec {
    /// The model.
    pub model: ModelKind,
    /// Numbers per entity.
    pub dim: usize,
    /// The distance, in models of distances.
    pub norm: Norm,
    /// Whether relations have a vector for each side ([`KgeConfig::reciprocal`]): first the one that finds tails.
    pub reciprocal: bool,
    /// What a score is before the distance is subtracted, for plausibilities; 0 in models of products.
    pub margin: f32,
    /// Weights of [`Activation::Fusion`].
    pub fusion: Fusion,
}

impl ModelSpec {
    /// What a config says of the model.
    pub fn new(config: &KgeConfig) -> ModelSpec {
        let margin = super::chunk::offset(config);
        let KgeConfig { model, dim, norm, reciprocal, .. } = *config;
        ModelSpec { model, dim, norm, reciprocal, margin, fusion: Fusion::default() }
    }

    /// Numbers per relation.
    pub fn relation_width(&self) -> usize {
        self.model.relation_width(self.dim) * if self.reciprocal { 2 } else { 1 }
    }

    pub(super) fn build(&self) -> Box<dyn Model> {
        self.model.build(self.dim, self.norm, self.reciprocal)
    }
}

/// Vectors of entities and relations, as two tables of rows in the order of the dense ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    pub(super) spec: ModelSpec,
    pub(super) entities: Vec<f32>,
    pub(super) relations: Vec<f32>,
}

impl Embeddings {
    /// Takes saved vectors: `dim` numbers per entity, [`ModelSpec::relation_width`] per relation.
    ///
    /// # Errors
    /// [`InvalidConfig`](KgeError::InvalidConfig) for a `dim` or reciprocal relations that the model cannot have,
    /// [`WrongLength`](KgeError::WrongLength) if rows are not whole, [`NotFinite`](KgeError::NotFinite).
    pub fn new(spec: ModelSpec, entities: Vec<f32>, relations: Vec<f32>) -> Result<Embeddings, KgeError> {
        let ModelSpec { dim, reciprocal, .. } = spec;
        KgeConfig { dim, reciprocal, ..KgeConfig::for_model(spec.model) }.validate()?;
        let tables = [("entity vectors", &entities, spec.dim), ("relation vectors", &relations, spec.relation_width())];
        for (what, numbers, width) in tables {
            if numbers.len() % width != 0 {
                let (actual, expected) = (numbers.len(), numbers.len().next_multiple_of(width));
                return Err(KgeError::WrongLength { what, actual, expected });
            }
            if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
                return Err(KgeError::NotFinite { what, row: at / width });
            }
        }
        Ok(Embeddings { spec, entities, relations })
    }

    /// The model.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Number of entities.
    pub fn entity_count(&self) -> usize {
        self.entities.len() / self.spec.dim
    }

    /// Number of relations.
    pub fn relation_count(&self) -> usize {
        self.relations.len() / self.spec.relation_width()
    }

    /// All entity vectors, row by row.
    pub fn entities(&self) -> &[f32] {
        &self.entities
    }

    /// All relation vectors, row by row; see [`ModelKind::relation_width`] for what is in a row.
    pub fn relations(&self) -> &[f32] {
        &self.relations
    }

    /// The tables of [`entities`](Self::entities) and [`relations`](Self::relations), without a copy.
    pub fn into_tables(self) -> (Vec<f32>, Vec<f32>) {
        (self.entities, self.relations)
    }

    pub(super) fn entity(&self, id: u32) -> &[f32] {
        &self.entities[id as usize * self.spec.dim..][..self.spec.dim]
    }

    pub(super) fn relation(&self, id: u32) -> &[f32] {
        let width = self.spec.relation_width();
        &self.relations[id as usize * width..][..width]
    }

    pub(super) fn check_entity(&self, id: u32) -> Result<(), KgeError> {
        let count = self.entity_count();
        if (id as usize) < count { Ok(()) } else { Err(KgeError::UnknownId { what: "entity", id, count }) }
    }

    pub(super) fn check_relation(&self, id: u32) -> Result<(), KgeError> {
        let count = self.relation_count();
        if (id as usize) < count { Ok(()) } else { Err(KgeError::UnknownId { what: "relation", id, count }) }
    }

    /// The score of a triple by the formula of its model ([`ModelKind`]): the higher the more plausible; at most 0 in
    /// models of distances. With reciprocal relations the mean of the scores of both sides.
    ///
    /// # Errors
    /// [`KgeError::UnknownId`].
    pub fn score(&self, head: u32, relation: u32, tail: u32) -> Result<f32, KgeError> {
        let score = self.answer_score(head, relation, tail, Side::Tail)?;
        if !self.spec.reciprocal {
            return Ok(score);
        }
        Ok((score + self.answer_score(head, relation, tail, Side::Head)?) / 2.0)
    }

    /// The score of a triple as the answer to the question for one side, by which it is ranked and predicted. Only with
    /// reciprocal relations does it depend on the side.
    ///
    /// # Errors
    /// [`KgeError::UnknownId`].
    pub fn answer_score(&self, head: u32, relation: u32, tail: u32, asked: Side) -> Result<f32, KgeError> {
        self.check_entity(head)?;
        self.check_entity(tail)?;
        self.check_relation(relation)?;
        let (model, dim) = (self.spec.build(), self.spec.dim);
        let mut prepared = vec![0.0; model.prepared_width()];
        model.prepare(self.relation(relation), &mut prepared);
        let (mut head, mut tail) = (self.entity(head).to_vec(), self.entity(tail).to_vec());
        if model.projects() {
            for row in [&mut head, &mut tail] {
                let unprojected = row.clone();
                model.project(&prepared, &unprojected, row);
            }
        }
        let mut query = vec![0.0; dim];
        let (given, answer) = if asked == Side::Tail { (&head, &tail) } else { (&tail, &head) };
        model.query(asked, given, &prepared, &mut query);
        Ok(model.comparison().score(&query, answer))
    }

    /// The plausibility of a triple, in `0..=1`: the activation of `margin + score`. Scores of one model are in the same
    /// order under every activation.
    ///
    /// # Errors
    /// [`KgeError::UnknownId`].
    pub fn plausibility(&self, head: u32, relation: u32, tail: u32, activation: Activation) -> Result<f32, KgeError> {
        Ok(self.plausibility_of(self.score(head, relation, tail)?, activation))
    }

    /// The plausibility that belongs to a score of this model.
    pub fn plausibility_of(&self, score: f32, activation: Activation) -> f32 {
        activation.plausibility(self.spec.margin + score, &self.spec.fusion)
    }
}
