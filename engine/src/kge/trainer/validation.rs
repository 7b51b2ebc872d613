//! Ranking a part of the triples between epochs.

use super::snapshot::Judged;
use crate::kge::config::KgeConfig;
use crate::kge::embeddings::Embeddings;
use crate::kge::error::KgeError;
use crate::kge::rank::RankState;
use crate::kge::sampling::{self, Use};
use crate::kge::triples::{KnownTriples, TripleSet};

/// Validation triples and what they have shown.
#[derive(Debug)]
pub(super) struct Validation {
    /// The ones that are ranked.
    sample: TripleSet,
    /// All of them: they are not counted as errors of each other.
    known: KnownTriples,
    state: Option<RankState>,
    pub(super) judged: Judged,
}

impl Validation {
    pub(super) fn new(triples: &TripleSet, config: &KgeConfig) -> Result<Validation, KgeError> {
        let mut places: Vec<u32> = (0..triples.len() as u32).collect();
        if config.validation_sample > 0 && config.validation_sample < places.len() {
            sampling::shuffle(&mut places, &mut sampling::stream(config.seed, Use::ValidationSample, 0, 0));
            places.truncate(config.validation_sample);
        }
        Ok(Validation {
            sample: triples.subset(&places),
            known: KnownTriples::new(&[triples])?,
            state: None,
            judged: Judged::default(),
        })
    }

    pub(super) fn start(&mut self, embeddings: &Embeddings, pool: &rayon::ThreadPool) {
        self.state = Some(RankState::new(embeddings, &self.sample, pool));
    }

    /// Ranks some more; once all are ranked, whether this was the best run so far.
    pub(super) fn step(
        &mut self,
        embeddings: &Embeddings,
        trained: Option<&KnownTriples>,
        epoch: u32,
        pool: &rayon::ThreadPool,
    ) -> Option<bool> {
        let known: Vec<&KnownTriples> = trained.into_iter().chain([&self.known]).collect();
        if let Some(state) = &mut self.state
            && state.step(embeddings, &self.sample, &known, pool)
        {
            return None;
        }
        let metrics = self.state.take()?.filtered();
        let judged = &mut self.judged;
        judged.last = Some(metrics);
        let is_best = judged.best.is_none_or(|(best, _)| metrics.mrr > best);
        if is_best {
            judged.best = Some((metrics.mrr, epoch));
            judged.runs_without_best = 0;
        } else {
            judged.runs_without_best += 1;
        }
        Some(is_best)
    }
}
