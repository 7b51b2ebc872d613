//! Search for the best choices, by the validation part alone.

use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::train::{Finished, Job, may_write, run_jobs};
use crate::error::{Error, Result};
use crate::evaluate::stored::StoredSplit;
use crate::interrupt::thread_pool;
use crate::run::{self, milliseconds};
use crate::settings;
use serde_json::{Map, Value, json};
use sgr_engine::evaluate::{
    AssessConfig, Assessment, DEFAULT_BINS, DEFAULT_K, Metric, Part, Scores, Spread, Task, random_score,
};
use std::time::Instant;

/// Most trials.
const MAX_TRIALS: i32 = 10_000;
/// Most combinations of a grid.
const MAX_COMBINATIONS: usize = 1_000_000;

/// What is to be searched.
pub struct Request<'a> {
    pub model: &'a str,
    pub grid: Value,
    pub split: &'a str,
    pub budget: i32,
    pub method: &'a str,
    pub metric: &'a str,
    pub graph: GraphWish,
    pub seed: i64,
    pub threads: Option<i32>,
}

/// A combination that was tried.
#[derive(Clone)]
pub struct Trial {
    /// From 1, in the order in which they were drawn.
    pub trial: i32,
    /// Halvings that it survived, from 1.
    pub round: i32,
    pub params: Value,
    /// The mean over repeats; `None` if the metric is not defined.
    pub value: Option<f64>,
    pub spread: Option<f64>,
    /// The mean epoch after which the models were kept.
    pub kept_epoch: f64,
    pub elapsed_ms: f64,
    /// From 1, the best first: the last round before the others.
    pub rank: i32,
}

/// Trains with combinations of a grid, and judges each on the validation part.
///
/// Errors: 22023 for a model, grid, method or number that is not possible, those of a joint training.
pub fn sweep(request: &Request) -> Result<Vec<Trial>> {
    let started = Instant::now();
    may_write(c"sgr_sweep()", &[c"runs"])?;
    if request.model != "mkr" {
        return Err(
            Error::invalid(format!("unknown model \"{}\"", crate::lookup::shortened(request.model))).hint("use mkr")
        );
    }
    let halves = match request.method {
        "random" => false,
        "halving" => true,
        other => {
            return Err(Error::invalid(format!("unknown method \"{}\"", crate::lookup::shortened(other)))
                .hint("use one of random, halving"));
        }
    };
    if !(1..=MAX_TRIALS).contains(&request.budget) {
        return Err(Error::invalid(format!("budget must be between 1 and {MAX_TRIALS}, not {}", request.budget)));
    }
    let metric: Metric = request.metric.parse()?;
    let drawn = draw(&combinations(&request.grid)?, request.budget as usize, request.seed as u64);
    let limit = settings::memory_limit();
    let choices = drawn.iter().map(|params| choices(params, request.seed)).collect::<Result<Vec<_>>>()?;
    for choices in &choices {
        choices.config(limit)?;
    }
    let threads = settings::threads(request.threads)?;
    let stored = StoredSplit::load(request.split)?;
    let data = Data::of_split(request.split, &stored)?;
    let graph = match choices.iter().any(|choices| choices.no_kge != Some(true)) {
        true => request.graph.read(&data.item_ids, data.of_playlists)?,
        false => Graph::none(data.item_ids.len())?,
    };
    let pool = thread_pool(threads)?;
    let (user_count, item_count) = (data.user_ids.len(), data.item_ids.len());
    let tasks = stored.repeats.iter().map(|split| Task::new(split, Part::Validation, user_count, item_count));
    let tasks = tasks.collect::<std::result::Result<Vec<_>, _>>()?;
    let assess = AssessConfig { metrics: vec![metric], k: DEFAULT_K, bins: DEFAULT_BINS, bands: false, seed: 0 };

    let rounds = if halves { drawn.len().ilog2() as i32 + 1 } else { 1 };
    let mut alive: Vec<usize> = (0..drawn.len()).collect();
    let mut trials: Vec<Option<Trial>> = vec![None; drawn.len()];
    for round in 1..=rounds {
        let (mut plans, mut jobs) = (Vec::new(), Vec::new());
        for &at in &alive {
            let mut config = choices[at].config(limit)?;
            // Each round has twice the epochs of the one before; the last one has all.
            config.epochs = (config.epochs >> (rounds - round)).max(1);
            for repeat in 0..data.repeats.len() {
                let (config, is_random) = (config.clone(), choices[at].is_random());
                jobs.push(Job { what: "sweep", repeat, config, is_random });
                plans.push((at, repeat));
            }
        }
        let mut found: Vec<(Vec<Option<f64>>, f64, f64)> = vec![(Vec::new(), 0.0, 0.0); drawn.len()];
        run_jobs(&jobs, &data, &graph, &pool, |job, Finished { trained, elapsed_ms, .. }| {
            let (at, repeat) = plans[job];
            let predictor = trained.model.predictor();
            let mut assessment = Assessment::new(&tasks[repeat], Scores::Model(&predictor), &assess)?;
            while assessment.step(&pool).map_err(|error| stored.ids().error(error))? {
                pgrx::check_for_interrupts!();
            }
            let measured = assessment.finish().map_err(|error| stored.ids().error(error))?;
            let (values, epochs, elapsed) = &mut found[at];
            values.extend(measured.iter().map(|measured| measured.found.value()));
            *epochs += f64::from(trained.epoch) / data.repeats.len() as f64;
            *elapsed += elapsed_ms;
            Ok(())
        })?;
        for &at in &alive {
            let (values, kept_epoch, elapsed) = &found[at];
            let values: Option<Vec<f64>> = values.iter().copied().collect();
            let spread = values.map(|values| Spread::of(&values));
            let before = trials[at].as_ref().map_or(0.0, |trial| trial.elapsed_ms);
            trials[at] = Some(Trial {
                trial: at as i32 + 1,
                round,
                params: drawn[at].clone(),
                value: spread.map(|spread| spread.mean),
                spread: spread.and_then(|spread| spread.deviation),
                kept_epoch: *kept_epoch,
                elapsed_ms: before + elapsed,
                rank: 0,
            });
        }
        let value = |at: usize| trials[at].as_ref().and_then(|trial| trial.value);
        alive.sort_by(|&a, &b| better(metric, value(a), value(b)).then(a.cmp(&b)));
        alive.truncate(alive.len().div_ceil(2));
    }
    let mut trials: Vec<Trial> = trials.into_iter().flatten().collect();
    trials.sort_by(|a, b| b.round.cmp(&a.round).then(better(metric, a.value, b.value)).then(a.trial.cmp(&b.trial)));
    for (rank, trial) in (1..).zip(&mut trials) {
        trial.rank = rank;
    }
    note(request, &graph, threads, &trials, started)?;
    Ok(trials)
}

/// The better one first; what is not defined last.
fn better(metric: Metric, a: Option<f64>, b: Option<f64>) -> std::cmp::Ordering {
    let lower_is_better = matches!(metric, Metric::LogLoss | Metric::CalibrationError);
    let key = |value: Option<f64>| match value {
        Some(value) if lower_is_better => -value,
        Some(value) => value,
        None => f64::NEG_INFINITY,
    };
    key(b).total_cmp(&key(a))
}

/// All combinations of a grid, an object of lists. Errors: 22023.
fn combinations(grid: &Value) -> Result<Vec<Value>> {
    let form = "name => list of values, such as {\"rec_dim\": [16, 32], \"l2\": [1e-4, 1e-3]}";
    let Value::Object(grid) = grid else {
        return Err(Error::invalid("grid must be a JSON object").hint(form));
    };
    let mut combinations = vec![Map::new()];
    for (name, values) in grid {
        let values = match values {
            Value::Array(values) if !values.is_empty() => values,
            _ => {
                return Err(Error::invalid(format!(
                    "grid must have a list of values for \"{}\"",
                    crate::lookup::shortened(name)
                ))
                .hint(form));
            }
        };
        let count = combinations.len().saturating_mul(values.len());
        if count > MAX_COMBINATIONS {
            return Err(Error::invalid("the grid has too many combinations")
                .detail(format!("at least {count}, at most {MAX_COMBINATIONS} are possible")));
        }
        combinations = combinations
            .iter()
            .flat_map(|combination| {
                values.iter().map(move |value| {
                    let mut combination = combination.clone();
                    combination.insert(name.clone(), value.clone());
                    combination
                })
            })
            .collect();
    }
    Ok(combinations.into_iter().map(Value::Object).collect())
}

/// Some of the combinations, each at most once, in an order that follows from the seed.
fn draw(combinations: &[Value], budget: usize, seed: u64) -> Vec<Value> {
    let mut order: Vec<usize> = (0..combinations.len()).collect();
    let lot = |at: usize| random_score(seed, 0, at as u32);
    order.sort_by(|&a, &b| lot(a).total_cmp(&lot(b)).then(a.cmp(&b)));
    order.into_iter().take(budget).map(|at| combinations[at].clone()).collect()
}

/// The choices of a combination; all have the seed of the search unless the grid has seeds.
fn choices(params: &Value, seed: i64) -> Result<Choices> {
    let mut choices = Choices::of_json("grid", params)?;
    choices.seed.get_or_insert(seed);
    Ok(choices)
}

fn note(request: &Request, graph: &Graph, threads: usize, trials: &[Trial], started: Instant) -> Result<()> {
    let parameters = json!({
        "model": request.model, "grid": request.grid, "split": request.split, "budget": request.budget,
        "method": request.method, "metric": request.metric, "graph": graph.origin, "seed": request.seed,
        "threads": threads,
    });
    let result: Vec<Value> = trials
        .iter()
        .map(|trial| {
            json!({
                "trial": trial.trial, "round": trial.round, "params": trial.params, "value": trial.value,
                "spread": trial.spread, "rank": trial.rank, "elapsed_ms": trial.elapsed_ms,
            })
        })
        .collect();
    run::note("sweep", &parameters, &Value::Array(result), milliseconds(started))?;
    Ok(())
}
