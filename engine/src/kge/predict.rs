//! The most plausible answers to one question.

use super::comparison::Scratch;
use super::embeddings::Embeddings;
use super::error::KgeError;
use super::top::{Top, best_first};
use super::triples::Side;
use rayon::prelude::*;

/// Entities that a thread takes at once.
const PIECE: usize = 4096;

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The entity.
    pub entity: u32,
    /// Its score ([`Embeddings::score`], up to rounding).
    pub score: f32,
}

/// The `k` best answers to `(given, relation, ?)` or `(?, relation, given)`, best first, ties by id; among `candidates`,
/// or else all entities. Known answers are among them: [`KnownTriples::answers`](super::KnownTriples::answers) tells
/// which. Takes about a second for ten million entities on one thread.
///
/// # Errors
/// [`KgeError::UnknownId`].
pub fn predict(
    embeddings: &Embeddings,
    asked: Side,
    given: u32,
    relation: u32,
    k: usize,
    candidates: Option<&[u32]>,
    pool: &rayon::ThreadPool,
) -> Result<Vec<Prediction>, KgeError> {
    embeddings.check_entity(given)?;
    embeddings.check_relation(relation)?;
    let candidates = candidates.map(|ids| ascending(embeddings, ids)).transpose()?;
    let (model, dim) = (embeddings.spec.build(), embeddings.spec.dim);
    let (mut prepared, mut point, mut query) = (vec![0.0; model.prepared_width()], vec![0.0; dim], vec![0.0; dim]);
    model.prepare(embeddings.relation(relation), &mut prepared);
    model.project(&prepared, embeddings.entity(given), &mut point);
    model.query(asked, &point, &prepared, &mut query);

    let count = candidates.as_ref().map_or(embeddings.entity_count(), Vec::len);
    let best_of = |start: usize| -> Vec<(f32, u32)> {
        let piece = start..count.min(start + PIECE);
        let mut rows = match &candidates {
            Some(ids) => ids[piece.clone()].iter().flat_map(|&id| embeddings.entity(id)).copied().collect(),
            None => embeddings.entities[piece.start * dim..piece.end * dim].to_vec(),
        };
        if model.projects() {
            let unprojected = rows.clone();
            model.project(&prepared, &unprojected, &mut rows);
        }
        let mut scores = vec![0.0; piece.len()];
        model.comparison().scores(&query, &rows, dim, &mut Scratch::default(), &mut scores);
        let mut top = Top::new(k);
        for (at, &score) in piece.zip(&scores) {
            top.add(score, candidates.as_ref().map_or(at as u32, |ids| ids[at]));
        }
        top.into_sorted()
    };
    let starts: Vec<usize> = (0..count).step_by(PIECE).collect();
    let mut best: Vec<(f32, u32)> = pool.install(|| starts.into_par_iter().flat_map_iter(best_of).collect());
    best.sort_unstable_by(best_first);
    best.truncate(k);
    Ok(best.into_iter().map(|(score, entity)| Prediction { entity, score }).collect())
}

/// Candidates in order, each once.
pub(super) fn ascending(embeddings: &Embeddings, ids: &[u32]) -> Result<Vec<u32>, KgeError> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    if let Some(&last) = ids.last() {
        embeddings.check_entity(last)?;
    }
    Ok(ids)
}
