//! Checkpoints of a training that runs as a job: where an attempt ended that did not come to its end, the next one goes on.

use super::compute::SoFar;
use super::train::Input;
use crate::error::Result;
use crate::worker::Job;
use crate::worker::checkpoint::{self, Arrays, Exact};
use serde::{Deserialize, Serialize};
use sgr_engine::kge::{
    Checkpoint, Embeddings, Fusion, Judged, Kept, KgeConfig, Metrics, ModelSpec, Snapshot, TripleSet,
};
use std::time::Duration;

/// [`Metrics`] as they are saved: their number, then the others in their order.
type SavedMetrics = (u64, [Exact; 5]);

/// What is saved besides the arrays.
#[derive(Serialize, Deserialize)]
struct Saved {
    epochs_done: u32,
    chunks_done: u32,
    first_loss: Exact,
    loss_sum: Exact,
    loss_terms: u64,
    last_loss: Exact,
    triples_done: u64,
    fusion: Logits,
    fusion_state: Logits,
    kept: Option<(u32, Logits)>,
    last: Option<SavedMetrics>,
    best: Option<(Exact, u32)>,
    best_metrics: Option<SavedMetrics>,
    runs_without_best: u32,
    training: Duration,
}

/// The weights of activation fusion, or the state of their optimiser.
type Logits = [f32; sgr_engine::kge::FUSED];

fn saved(metrics: &Metrics) -> SavedMetrics {
    let Metrics { count, mrr, mean_rank, hits_at_1, hits_at_3, hits_at_10 } = *metrics;
    (count, [mrr, mean_rank, hits_at_1, hits_at_3, hits_at_10].map(Exact::from))
}

fn metrics((count, numbers): SavedMetrics) -> Metrics {
    let [mrr, mean_rank, hits_at_1, hits_at_3, hits_at_10] = numbers.map(Exact::get);
    Metrics { count, mrr, mean_rank, hits_at_1, hits_at_3, hits_at_10 }
}

/// Of what is learned and how, and from what on: a version of the vectors, if they are not new.
pub fn fingerprint(input: &Input, config: &KgeConfig, version: Option<&str>) -> u64 {
    // How much memory is allowed does not matter.
    let config = KgeConfig { memory_limit: 0, ..config.clone() };
    let (entities, relations) = (&input.numbered.entities, &input.numbered.relations);
    checkpoint::fingerprint(
        &config,
        (version, entities, relations, columns(&input.learned), input.validation.as_ref().map(columns)),
    )
}

/// The triples of a set, for a fingerprint.
pub fn columns(triples: &TripleSet) -> [&[u32]; 3] {
    [triples.heads(), triples.relations(), triples.tails()]
}

/// Saves a snapshot in place of the one before; inside [`Job::step`].
pub fn write(job: &Job, fingerprint: u64, snapshot: &Snapshot, so_far: &SoFar) -> Result<()> {
    let Snapshot { embeddings, checkpoint, kept, judged, last_loss, triples_done } = snapshot;
    let state = Saved {
        epochs_done: checkpoint.epochs_done,
        chunks_done: checkpoint.chunks_done,
        first_loss: checkpoint.first_loss.into(),
        loss_sum: checkpoint.loss_sum.into(),
        loss_terms: checkpoint.loss_terms,
        last_loss: (*last_loss).into(),
        triples_done: *triples_done,
        fusion: embeddings.spec().fusion.logits,
        fusion_state: checkpoint.fusion_state,
        kept: kept.as_ref().map(|kept| (kept.epoch, kept.embeddings.spec().fusion.logits)),
        last: judged.last.as_ref().map(saved),
        best: judged.best.map(|(mrr, epoch)| (mrr.into(), epoch)),
        best_metrics: so_far.metrics.as_ref().map(saved),
        runs_without_best: judged.runs_without_best,
        training: so_far.training,
    };
    let mut arrays = vec![
        ("entities", embeddings.entities()),
        ("relations", embeddings.relations()),
        ("entity_state", &checkpoint.entity_state),
        ("relation_state", &checkpoint.relation_state),
    ];
    if let Some(kept) = kept {
        arrays.extend([("kept_entities", kept.embeddings.entities()), ("kept_relations", kept.embeddings.relations())]);
    }
    job.save_numbers("", &arrays)?;
    checkpoint::write(job, fingerprint, &state)
}

/// What an earlier attempt of a job left, if it was the same training; inside [`Job::step`].
pub fn read(job: &Job, fingerprint: u64, config: &KgeConfig) -> Result<Option<(Snapshot, SoFar)>> {
    let Some(saved) = checkpoint::read::<Saved>(job, fingerprint)? else {
        return Ok(None);
    };
    let mut arrays = Arrays::read(job, "")?;
    let mut array = |name: &str| arrays.take(name);
    let spec = |logits| ModelSpec { fusion: Fusion { logits }, ..ModelSpec::new(config) };
    let embeddings = Embeddings::new(spec(saved.fusion), array("entities"), array("relations"))?;
    let checkpoint = Checkpoint {
        epochs_done: saved.epochs_done,
        chunks_done: saved.chunks_done,
        entity_state: array("entity_state"),
        relation_state: array("relation_state"),
        fusion_state: saved.fusion_state,
        first_loss: saved.first_loss.get(),
        loss_sum: saved.loss_sum.get(),
        loss_terms: saved.loss_terms,
    };
    let kept = match saved.kept {
        None => None,
        Some((epoch, logits)) => {
            let embeddings = Embeddings::new(spec(logits), array("kept_entities"), array("kept_relations"))?;
            Some(Kept { embeddings, epoch })
        }
    };
    let judged = Judged {
        last: saved.last.map(metrics),
        best: saved.best.map(|(mrr, epoch)| (mrr.get(), epoch)),
        runs_without_best: saved.runs_without_best,
    };
    let snapshot = Snapshot {
        embeddings,
        checkpoint,
        kept,
        judged,
        last_loss: saved.last_loss.get(),
        triples_done: saved.triples_done,
    };
    Ok(Some((snapshot, SoFar { training: saved.training, metrics: saved.best_metrics.map(metrics) })))
}
