//! Vectors for entities that are new since training.

use super::start::{check, check_model};
use super::*;
use crate::kge::simd::{add_scaled, dot};
use crate::kge::triples::Side;

impl Trainer {
    /// Trains vectors of new entities, and leaves all others and the relations as they are, to the last bit. New are the
    /// ids from `embeddings.entity_count()` up to `triples.entity_count()`.
    ///
    /// `triples` may be all there are: those that have a new entity are learned, the others only keep true triples from
    /// counting as corrupted. A new vector starts where its triples with old entities say it should be; one without
    /// any starts, and without triples stays, at the centre of the old ones. Works on one thread, so the result is
    /// always the same.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`InvalidConfig`](KgeError::InvalidConfig) if the config is for another model;
    /// [`Mismatch`](KgeError::Mismatch) for other numbers of relations, or fewer entities;
    /// [`NoTriples`](KgeError::NoTriples) if no triple has a new entity.
    pub fn extend(
        mut embeddings: Embeddings,
        triples: Arc<TripleSet>,
        config: KgeConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Trainer, KgeError> {
        check(&triples, None, &config, pool)?;
        check_model(&config, &embeddings)?;
        let (old, all) = (embeddings.entity_count(), triples.entity_count());
        if triples.relation_count() != embeddings.relation_count() {
            let (actual, expected) = (triples.relation_count(), embeddings.relation_count());
            return Err(KgeError::Mismatch { what: "relations of the triples", actual, expected });
        }
        if old == 0 || all < old {
            return Err(KgeError::Mismatch { what: "entities of the triples", actual: all, expected: old });
        }
        let has_new = |&at: &u32| {
            let at = at as usize;
            triples.heads()[at] as usize >= old || triples.tails()[at] as usize >= old
        };
        let places: Vec<u32> = (0..triples.len() as u32).filter(has_new).collect();
        if places.is_empty() {
            return Err(KgeError::NoTriples { what: "triples of new entities" });
        }
        let learned = Arc::new(triples.subset(&places));
        place_new(&mut embeddings, &learned, old, all);
        let checkpoint = Checkpoint {
            epochs_done: 0,
            chunks_done: 0,
            entity_state: vec![0.0; all * config.entity_state_width()],
            relation_state: vec![0.0; triples.relation_count() * config.relation_state_width()],
            fusion_state: [0.0; FUSED],
            first_loss: f64::NAN,
            loss_sum: 0.0,
            loss_terms: 0,
        };
        let mut trainer = Trainer::assemble(learned, None, config, embeddings, checkpoint, pool)?;
        trainer.frozen_entities = old;
        trainer.known = trainer.known.map(|_| triples);
        Ok(trainer)
    }
}

/// Appends a row for each new entity: the mean of where its triples with old entities say it should be. In models of
/// products only the direction of that counts, and its length is the mean of the old ones.
fn place_new(embeddings: &mut Embeddings, triples: &TripleSet, old: usize, all: usize) {
    let (model, dim) = (embeddings.spec.build(), embeddings.spec.dim);
    let mut sums = vec![0.0_f32; (all - old) * dim];
    let mut counts = vec![0_u32; all - old];
    let (mut prepared, mut point, mut query) = (vec![0.0; model.prepared_width()], vec![0.0; dim], vec![0.0; dim]);
    for at in 0..triples.len() {
        for side in Side::BOTH {
            let (given, answer) = (triples.given(at, side), triples.answer(at, side) as usize);
            if (given as usize) < old && answer >= old {
                model.prepare(embeddings.relation(triples.relations()[at]), &mut prepared);
                model.project(&prepared, embeddings.entity(given), &mut point);
                model.query(side, &point, &prepared, &mut query);
                add_scaled(&mut sums[(answer - old) * dim..][..dim], 1.0, &query);
                counts[answer - old] += 1;
            }
        }
    }
    let (mut centre, mut length) = (vec![0.0; dim], 0.0);
    for row in embeddings.entities.chunks_exact(dim) {
        add_scaled(&mut centre, 1.0 / old as f32, row);
        length += dot(row, row).sqrt() / old as f32;
    }
    for (row, &count) in sums.chunks_exact_mut(dim).zip(&counts) {
        let own_length = dot(row, row).sqrt();
        if count == 0 || own_length == 0.0 {
            row.copy_from_slice(&centre);
        } else {
            let scale = if embeddings.spec.model.is_distance() { 1.0 / count as f32 } else { length / own_length };
            row.iter_mut().for_each(|number| *number *= scale);
        }
    }
    embeddings.entities.extend_from_slice(&sums);
}
