//! Checkpoints of a training that runs as a job: where an attempt ended that did not come to its end, the next one goes on.

use super::train::{Input, SoFar};
use crate::error::Result;
use crate::worker::Job;
use rustc_hash::FxHasher;
use serde::{Deserialize, Serialize};
use sgr_engine::kge::{Checkpoint, Embeddings, Fusion, Judged, Kept, KgeConfig, Metrics, ModelSpec, Snapshot};
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// The bits of a double: JSON has neither NaN nor a promise that a fraction comes back as it was.
#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(transparent)]
struct Exact(u64);

impl From<f64> for Exact {
    fn from(number: f64) -> Self {
        Self(number.to_bits())
    }
}

impl Exact {
    fn get(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// [`Metrics`] as they are saved: their number, then the others in their order.
type SavedMetrics = (u64, [Exact; 5]);

/// What is saved besides the arrays.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// Of what was learned and how: a checkpoint of something else is of no use.
    fingerprint: u64,
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

/// A number that tells trainings apart: it follows from what is learned and how.
pub fn fingerprint(input: &Input, config: &KgeConfig) -> u64 {
    let mut hasher = FxHasher::default();
    env!("CARGO_PKG_VERSION").hash(&mut hasher);
    // How much memory is allowed does not matter.
    format!("{:?}", KgeConfig { memory_limit: 0, ..config.clone() }).hash(&mut hasher);
    (&input.numbered.entities, &input.numbered.relations).hash(&mut hasher);
    for triples in std::iter::once(&*input.learned).chain(&input.validation) {
        (triples.heads(), triples.relations(), triples.tails()).hash(&mut hasher);
    }
    hasher.finish()
}

/// Saves a snapshot in place of the one before; inside [`Job::step`].
pub fn write(job: &Job, fingerprint: u64, snapshot: &Snapshot, so_far: &SoFar) -> Result<()> {
    let Snapshot { embeddings, checkpoint, kept, judged, last_loss, triples_done } = snapshot;
    let text = Saved {
        fingerprint,
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
    job.save_numbers(&arrays)?;
    job.save(&serde_json::to_string(&text).unwrap_or_default())
}

/// What an earlier attempt of a job left, if it was the same training; inside [`Job::step`].
pub fn read(job: &Job, fingerprint: u64, config: &KgeConfig) -> Result<Option<(Snapshot, SoFar)>> {
    let Some(saved) = job.checkpoint()?.and_then(|text| serde_json::from_str::<Saved>(&text).ok()) else {
        return Ok(None);
    };
    if saved.fingerprint != fingerprint {
        return Ok(None);
    }
    let mut arrays = job.numbers()?;
    let mut array = |name: &str| arrays.remove(name).unwrap_or_default();
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
