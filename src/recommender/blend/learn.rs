//! Learning a blend: components from one part of the interactions, their weights from another.

use super::choice::BlendChoice;
use super::graph::EntityEdges;
use crate::error::{Error, Result};
use crate::interrupt::Output;
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::evaluate::{DEFAULT_BINS, ScoredRows, Statistic};
use sgr_engine::recommend::blend::{
    Blend, BlendConfig, BlendError, BlendFeatures, BlendFit, BlendRows, Blended, ComponentsFit, LabelledRows,
    NegativesConfig, sigmoid, with_negatives,
};
use sgr_engine::recommend::models::{Interactions, ModelError};
use std::ops::Range;
use std::sync::Arc;

/// Users whose features are computed between two looks for a cancel request.
const USERS_PER_LOOK: usize = 16;

/// What is to be learned from.
pub struct Source<'a> {
    /// What the components learn.
    pub train: Arc<Interactions>,
    /// What the weights are learned from, ascending by user and item. If all are positives, negatives are drawn.
    pub rows: LabelledRows,
    /// What the components learn after that, where it is not the same.
    pub all: Option<Arc<Interactions>>,
    pub graph: Option<&'a EntityEdges>,
}

/// A blend that was learned.
pub struct Learned {
    pub blended: Blended,
    /// What its components know.
    pub interactions: Arc<Interactions>,
    /// Mean log-loss of rows that the averaged models held out.
    pub loss: f64,
    /// Metrics of its validation rows by weights that did not learn from them; null if there are none.
    pub validation: Value,
}

/// Learns, and says how much is done.
///
/// Errors: 55000 for too few rows, 53000 over the memory limit, those of the components.
pub fn learn(choice: &BlendChoice, source: Source, pool: &rayon::ThreadPool, output: &Output<f64>) -> Result<Learned> {
    // How much of the work is done after each stage, by and large.
    let [at_features, at_values, at_validated, at_weights] =
        if source.all.is_some() { [0.25, 0.4, 0.6, 0.75] } else { [0.35, 0.5, 0.75, 1.0] };
    let features = fit_components(choice, &source.train, source.graph, pool, output, 0.0..at_features)?;
    let rows = labelled(choice, source.rows, &source.train, &features, pool)?;
    let values = values(&features, &rows, pool, output, at_features..at_values)?;
    let validation =
        cross_validated(choice, &features, &rows, &values, pool, |_| tell(output, &(at_values..at_validated), 0.5))?;
    let names = features.names();
    let all = BlendRows { users: &rows.users, labels: &rows.labels, values: &values, weights: &rows.weights };
    let (blend, loss) =
        fit_weights(&choice.config, names, &all, pool, |done| tell(output, &(at_validated..at_weights), done))?;
    let (features, interactions) = match source.all {
        None => (features, source.train),
        Some(all) => (fit_components(choice, &all, source.graph, pool, output, at_weights..1.0)?, all),
    };
    Ok(Learned { blended: Blended::new(features, blend)?, interactions, loss, validation })
}

fn tell(output: &Output<f64>, range: &Range<f64>, fraction: f64) -> Result<()> {
    if output.send(range.start + fraction * (range.end - range.start)) {
        return Ok(());
    }
    // Nobody sees it: the cancel request itself unwinds the main thread.
    Err(Error::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"))
}

fn fit_components(
    choice: &BlendChoice,
    interactions: &Arc<Interactions>,
    graph: Option<&EntityEdges>,
    pool: &rayon::ThreadPool,
    output: &Output<f64>,
    range: Range<f64>,
) -> Result<BlendFeatures> {
    let graph = graph.map(EntityEdges::edges);
    let mut fit = ComponentsFit::new(Arc::clone(interactions), graph, choice.components.clone())?;
    loop {
        let fraction = fit.step(pool)?;
        if fraction >= 1.0 {
            return Ok(fit.finish()?);
        }
        tell(output, &range, fraction)?;
    }
}

/// The rows, with negatives. Errors: 55000 if there are too few.
fn labelled(
    choice: &BlendChoice,
    rows: LabelledRows,
    learned: &Interactions,
    features: &BlendFeatures,
    pool: &rayon::ThreadPool,
) -> Result<LabelledRows> {
    let positives = rows.labels.iter().filter(|&&label| label).count();
    let rows = if positives < rows.labels.len() || rows.labels.is_empty() {
        rows
    } else {
        let (users, items) = (features.user_count(), features.item_count());
        let wanted = Interactions::new(&rows.users, &rows.items, &[], users, items)?;
        let config = NegativesConfig { easy: choice.negatives, seed: choice.config.seed, ..NegativesConfig::default() };
        with_negatives(&wanted, learned, features, &config, pool)?
    };
    let (negatives, least) = (rows.labels.len() - positives, choice.config.min_rows as usize);
    if positives < least || negatives < least {
        return Err(Error::not_ready("too few validation rows to learn a blend from")
            .detail(format!(
                "{positives} positives and {negatives} negatives; parameter min_rows asks for {least} of each"
            ))
            .hint("give the validation part a larger share, or lower min_rows"));
    }
    Ok(rows)
}

/// The features of all rows.
fn values(
    features: &BlendFeatures,
    rows: &LabelledRows,
    pool: &rayon::ThreadPool,
    output: &Output<f64>,
    range: Range<f64>,
) -> Result<Vec<f32>> {
    let mut values = Vec::with_capacity(rows.users.len() * features.names().len());
    let runs: Vec<&[u32]> = rows.users.chunk_by(|a, b| a == b).collect();
    let mut done = 0;
    for runs in runs.chunks(USERS_PER_LOOK) {
        let end = done + runs.iter().map(|run| run.len()).sum::<usize>();
        values.extend(features.of_pairs(&rows.users[done..end], &rows.items[done..end], pool)?);
        done = end;
        tell(output, &range, done as f64 / rows.users.len() as f64)?;
    }
    Ok(values)
}

/// Learns weights; `go_on` is told how much is done.
fn fit_weights(
    config: &BlendConfig,
    names: &[String],
    rows: &BlendRows,
    pool: &rayon::ThreadPool,
    go_on: impl Fn(f64) -> Result<()>,
) -> std::result::Result<(Blend, f64), Refused> {
    let mut fit = BlendFit::new(names.to_vec(), rows, config.clone()).map_err(Refused::Blend)?;
    loop {
        let progress = fit.step(pool);
        if progress.done {
            return Ok((fit.finish().map_err(Refused::Blend)?, progress.loss));
        }
        go_on(progress.fraction).map_err(Refused::Other)?;
    }
}

/// Metrics of rows that were not learned from: weights from the rows of half of the users say what those of the other
/// half are, and the other way round. Null where a half cannot be learned from; no calibration of drawn negatives.
fn cross_validated(
    choice: &BlendChoice,
    features: &BlendFeatures,
    rows: &LabelledRows,
    values: &[f32],
    pool: &rayon::ThreadPool,
    go_on: impl Fn(f64) -> Result<()>,
) -> Result<Value> {
    let (config, names) = (&choice.config, features.names());
    let width = names.len();
    let mut scores = vec![0.0; rows.labels.len()];
    for half in [0, 1] {
        let is_learned = |row: &usize| (rows.users[*row] ^ config.seed as u32) % 2 == half;
        let (learned, judged): (Vec<usize>, Vec<usize>) = (0..rows.labels.len()).partition(is_learned);
        let users: Vec<u32> = learned.iter().map(|&row| rows.users[row]).collect();
        let labels: Vec<bool> = learned.iter().map(|&row| rows.labels[row]).collect();
        let of_learned: Vec<f32> = learned.iter().flat_map(|&row| &values[row * width..][..width]).copied().collect();
        let weights: Vec<f32> = learned.iter().map(|&row| rows.weights[row]).collect();
        let learned = BlendRows { users: &users, labels: &labels, values: &of_learned, weights: &weights };
        let blend = match fit_weights(config, names, &learned, pool, &go_on) {
            Ok((blend, _)) => blend,
            Err(Refused::Blend(BlendError::OneLabel { .. } | BlendError::OfUsers { .. })) => return Ok(Value::Null),
            Err(refused) => return Err(refused.into()),
        };
        for row in judged {
            scores[row] = sigmoid(blend.score(&values[row * width..][..width])?);
        }
    }
    let (users, items, labels) = (rows.users.clone(), rows.items.clone(), rows.labels.clone());
    let positives = labels.iter().filter(|&&label| label).count();
    let scored = ScoredRows::new(users, items, labels, scores, features.user_count())?;
    // Where negatives were drawn, each stands for some: these two would be about other rows than the probabilities are.
    let are_all = rows.weights.iter().all(|&weight| weight == 1.0);
    let calibration = if are_all { scored.calibration(DEFAULT_BINS)?.estimate() } else { None };
    let log_loss = if are_all { scored.log_loss().estimate() } else { None };
    Ok(json!({
        "auc": scored.pooled_auc().estimate(), "user_auc": scored.per_user_auc().estimate(),
        "calibration_error": calibration, "log_loss": log_loss,
        "rows": scored.len(), "positives": positives,
    }))
}

/// Why weights were not learned.
enum Refused {
    Blend(BlendError),
    Other(Error),
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Blend(error) => error.into(),
            Refused::Other(error) => error,
        }
    }
}

impl From<BlendError> for Error {
    fn from(error: BlendError) -> Self {
        match error {
            BlendError::InvalidConfig { parameter, message } => Self::invalid(format!("{parameter} {message}")),
            BlendError::Component(error @ ModelError::MemoryLimit { .. }) => Self::from(error)
                .hint("raise sgr_graph.memory_limit, or leave components out: params => '{\"components\": [...]}'"),
            BlendError::Component(error) => error.into(),
            BlendError::NoFeatures => Self::not_ready("no component is left to learn")
                .detail("those that were chosen walk over a knowledge graph, and there is none")
                .hint("sgr_build_kg() makes one, and others need none"),
            BlendError::OneLabel { .. } | BlendError::OfUsers { .. } => Self::not_ready(error.to_string())
                .hint("give the validation part a larger share, or take other components"),
            other => Self::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, other.to_string()),
        }
    }
}
