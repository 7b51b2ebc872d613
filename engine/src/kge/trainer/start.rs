//! How training starts: anew, or from a checkpoint.

use super::*;
use crate::kge::config::{EntityConstraint, Optimizer};
use crate::kge::estimate::{GraphSize, estimate};
use crate::kge::triples::Side;

impl KgeConfig {
    /// Numbers of the optimiser's state per entity.
    pub fn entity_state_width(&self) -> usize {
        self.optimizer.state_width(self.dim, self.dim)
    }

    /// Numbers of the optimiser's state per relation.
    pub fn relation_state_width(&self) -> usize {
        self.optimizer.state_width(ModelSpec::new(self).relation_width(), self.relation_segment())
    }

    /// Numbers of a relation's row that share an accumulator: those of one vector.
    pub(in crate::kge) fn relation_segment(&self) -> usize {
        self.dim.min(self.model.relation_width(self.dim))
    }
}

impl Trainer {
    /// Starts with random vectors. The pool should be the one of the steps: there is a worker for each of its threads.
    ///
    /// With `validation`, the vectors that rank these triples best are kept, and training ends early if they do not
    /// improve.
    ///
    /// # Errors
    /// [`InvalidConfig`](KgeError::InvalidConfig); [`NoTriples`](KgeError::NoTriples); [`Mismatch`](KgeError::Mismatch) if
    /// the validation triples have other numbers of entities or relations; [`MemoryLimit`](KgeError::MemoryLimit).
    pub fn new(
        triples: Arc<TripleSet>,
        validation: Option<&TripleSet>,
        config: KgeConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Trainer, KgeError> {
        check(&triples, validation, &config, pool)?;
        let spec = ModelSpec::new(&config);
        let model = spec.build();
        let half_width = config.init_scale / (config.dim as f32).sqrt();
        let mut entities = vec![0.0; triples.entity_count() * config.dim];
        let mut rng = sampling::stream(config.seed, Use::EntityVectors, 0, 0);
        for row in entities.chunks_exact_mut(config.dim) {
            row.iter_mut().for_each(|number| *number = sampling::symmetric(&mut rng, half_width));
            if config.entity_constraint != EntityConstraint::None {
                crate::kge::chunk::constrain_entity(config.entity_constraint, row);
            }
        }
        let mut relations = vec![0.0; triples.relation_count() * spec.relation_width()];
        let mut rng = sampling::stream(config.seed, Use::RelationVectors, 0, 0);
        for row in relations.chunks_exact_mut(spec.relation_width()) {
            model.start_relation(row, half_width, &mut rng);
        }
        let checkpoint = Checkpoint {
            epochs_done: 0,
            chunks_done: 0,
            entity_state: vec![0.0; triples.entity_count() * config.entity_state_width()],
            relation_state: vec![0.0; triples.relation_count() * config.relation_state_width()],
            fusion_state: [0.0; FUSED],
            first_loss: f64::NAN,
            loss_sum: 0.0,
            loss_terms: 0,
        };
        let embeddings = Embeddings { spec, entities, relations };
        Trainer::assemble(triples, validation, config, embeddings, checkpoint, pool)
    }

    /// Goes on from vectors and a checkpoint of an earlier training on the same triples, up to `config.epochs` in all.
    /// With the same config, on one thread, the result is that of a training that was never interrupted. (What was the
    /// best by validation before is forgotten.) More epochs than before stretch the schedule: the learning rate is then
    /// higher again than it was.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`WrongLength`](KgeError::WrongLength) or [`NotFinite`](KgeError::NotFinite) if vectors
    /// or checkpoint do not fit config and triples; [`InvalidConfig`](KgeError::InvalidConfig) if there is no epoch left
    /// to do, or the model is another.
    pub fn resume(
        triples: Arc<TripleSet>,
        validation: Option<&TripleSet>,
        config: KgeConfig,
        embeddings: Embeddings,
        checkpoint: Checkpoint,
        pool: &rayon::ThreadPool,
    ) -> Result<Trainer, KgeError> {
        check(&triples, validation, &config, pool)?;
        check_model(&config, &embeddings)?;
        if checkpoint.epochs_done >= config.epochs {
            let message = format!("must be over the {} that are done, not {}", checkpoint.epochs_done, config.epochs);
            return Err(KgeError::invalid("epochs", message));
        }
        let (entities, relations) = (triples.entity_count(), triples.relation_count());
        let lengths = [
            ("entity vectors", &embeddings.entities, entities * config.dim),
            ("relation vectors", &embeddings.relations, relations * embeddings.spec.relation_width()),
            ("entity state", &checkpoint.entity_state, entities * config.entity_state_width()),
            ("relation state", &checkpoint.relation_state, relations * config.relation_state_width()),
        ];
        for (what, numbers, expected) in lengths {
            if numbers.len() != expected {
                return Err(KgeError::WrongLength { what, actual: numbers.len(), expected });
            }
            if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
                return Err(KgeError::NotFinite { what, row: at / (expected / entities.max(1)).max(1) });
            }
        }
        Trainer::assemble(triples, validation, config, embeddings, checkpoint, pool)
    }

    pub(super) fn assemble(
        triples: Arc<TripleSet>,
        validation: Option<&TripleSet>,
        config: KgeConfig,
        embeddings: Embeddings,
        checkpoint: Checkpoint,
        pool: &rayon::ThreadPool,
    ) -> Result<Trainer, KgeError> {
        let needs_known = config.filter_negatives || validation.is_some();
        let validation = validation.map(|triples| Validation::new(triples, &config)).transpose()?;
        let workers = (0..pool.current_num_threads()).map(|_| Worker::new(&config, &triples)).collect();
        let mut trainer = Trainer {
            config,
            known: needs_known.then(|| Arc::clone(&triples)),
            triples,
            filter: None,
            sides: None,
            embeddings,
            checkpoint,
            frozen_entities: 0,
            plan: Plan::default(),
            workers,
            validation,
            kept: None,
            phase: Phase::Preparing,
            stop: None,
            last_loss: f64::NAN,
            triples_done: 0,
        };
        trainer.keep_copy();
        Ok(trainer)
    }

    /// Does the next of the things that must be done once.
    pub(super) fn prepare(&mut self, pool: &rayon::ThreadPool) {
        let triples = &*self.triples;
        if let Some(known) = &self.known {
            let filter = self.filter.get_or_insert_default();
            if let Some(&side) = Side::BOTH.iter().find(|&&side| !filter.known.has(side)) {
                pool.install(|| filter.known.index(side, &[known]));
                return;
            }
            if let Some(&side) = Side::BOTH.iter().find(|&&side| filter.questions[side.index()].is_empty()) {
                filter.questions[side.index()] = pool.install(|| filter.known.question_numbers(triples, side));
                return;
            }
        }
        if needs_sides(&self.config) && self.sides.is_none() {
            self.sides = Some(pool.install(|| RelationSides::new(triples)));
            return;
        }
        self.phase = Phase::Training;
    }

    /// TransH and TransR go on from the vectors of TransE. Adam keeps its moments by the width of a row, which changes here.
    pub(super) fn end_pretraining(&mut self) {
        if self.config.optimizer == Optimizer::Adam {
            self.checkpoint.relation_state.fill(0.0);
        }
        let model = self.model();
        for row in self.embeddings.relations.chunks_exact_mut(model.relation_width()) {
            model.constrain_relation(row);
        }
    }
}

pub(in crate::kge) fn needs_sides(config: &KgeConfig) -> bool {
    config.type_constrained || config.corruption == crate::kge::config::Corruption::Bernoulli
}

/// What can be said before anything is allocated.
pub(super) fn check(
    triples: &TripleSet,
    validation: Option<&TripleSet>,
    config: &KgeConfig,
    pool: &rayon::ThreadPool,
) -> Result<(), KgeError> {
    config.validate()?;
    if triples.is_empty() {
        return Err(KgeError::NoTriples { what: "triples" });
    }
    if let Some(validation) = validation {
        if validation.is_empty() {
            return Err(KgeError::NoTriples { what: "validation triples" });
        }
        let counts = [
            ("entities of the validation triples", validation.entity_count(), triples.entity_count()),
            ("relations of the validation triples", validation.relation_count(), triples.relation_count()),
        ];
        for (what, actual, expected) in counts {
            if actual != expected {
                return Err(KgeError::Mismatch { what, actual, expected });
            }
        }
    }
    let size = GraphSize {
        entities: triples.entity_count(),
        relations: triples.relation_count(),
        triples: triples.len(),
        validation_triples: validation.map_or(0, TripleSet::len),
    };
    let needed = estimate(config, &size, pool.current_num_threads()).total();
    if needed > config.memory_limit {
        return Err(KgeError::MemoryLimit { needed, limit: config.memory_limit });
    }
    Ok(())
}

/// Whether a config is for the model that vectors belong to.
pub(super) fn check_model(config: &KgeConfig, embeddings: &Embeddings) -> Result<(), KgeError> {
    let spec = embeddings.spec;
    if config.model != spec.model {
        return Err(KgeError::invalid(
            "model",
            format!("must be {}, as the vectors are, not {}", spec.model, config.model),
        ));
    }
    if config.dim != spec.dim {
        return Err(KgeError::invalid("dim", format!("must be {}, as the vectors are, not {}", spec.dim, config.dim)));
    }
    if config.reciprocal != spec.reciprocal {
        let (is, not) = (spec.reciprocal, config.reciprocal);
        return Err(KgeError::invalid("reciprocal", format!("must be {is}, as the vectors are, not {not}")));
    }
    if config.norm != spec.norm && config.model.is_distance() {
        return Err(KgeError::invalid(
            "norm",
            format!("must be {}, as the vectors are, not {}", spec.norm, config.norm),
        ));
    }
    Ok(())
}
