//! Search for the best choices, by the validation part alone.

use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::progress::Reporter;
use super::train::{Finished, Job, run_jobs};
use crate::error::{Error, Result};
use crate::evaluate::StoredSplit;
use crate::evaluate::trained::Judged;
use crate::interrupt::{pipeline, thread_pool};
use crate::recommender::choice::{Choice, MODELS};
use crate::recommender::inputs::positives;
use crate::recommender::model::Loaded;
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use serde_json::{Map, Value, json};
use sgr_engine::evaluate::{
    AssessConfig, Assessment, DEFAULT_BINS, DEFAULT_K, Metric, Model, Part, Scores, Spread, Task, random_score,
};
use sgr_engine::recommend::models::Interactions;
use std::sync::Arc;
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

/// A model with the choices of a combination.
enum Candidate {
    Joint(Choices),
    Alone(Choice),
}

/// What a combination came to in one round.
#[derive(Default, Clone)]
struct Found {
    /// By repeat.
    values: Vec<Option<f64>>,
    epochs: f64,
    elapsed_ms: f64,
}

/// Trains with combinations of a grid, and judges each on the validation part.
///
/// Errors: 22023 for a model, grid, method or number that is not possible, those of a training.
pub fn sweep(request: &Request) -> Result<Vec<Trial>> {
    let started = Instant::now();
    rights::may_fill(c"sgr_sweep()", &[c"runs"], "searches")?;
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
    let candidates = drawn.iter().map(|params| candidate(request, params, 0)).collect::<Result<Vec<_>>>()?;
    let rounds = if halves { drawn.len().ilog2() as i32 + 1 } else { 1 };
    if rounds > 1
        && candidates.iter().any(|candidate| matches!(candidate, Candidate::Alone(choice) if epochs(choice).is_none()))
    {
        return Err(Error::invalid(format!("model {} has no epochs to begin few of", request.model))
            .hint("method => 'random' trains each combination once"));
    }
    let uses_graph =
        |candidate: &Candidate| matches!(candidate, Candidate::Joint(choices) if choices.no_kge != Some(true));
    let threads = settings::threads(request.threads)?;
    let stored = StoredSplit::load(request.split)?;
    let data = Data::of_split(&stored)?;
    let graph = match candidates.iter().any(uses_graph) {
        true => request.graph.read(&data.item_ids, data.of_playlists)?,
        false => Graph::none(data.item_ids.len())?,
    };
    let (user_count, item_count) = (data.user_ids.len(), data.item_ids.len());
    let tasks = stored.repeats.iter().map(|split| Task::new(split, Part::Validation, user_count, item_count));
    let search = Search {
        request,
        stored: &stored,
        data: &data,
        graph: &graph,
        tasks: tasks.collect::<std::result::Result<_, _>>()?,
        assess: AssessConfig { metrics: vec![metric], k: DEFAULT_K, bins: DEFAULT_BINS, bands: false, seed: 0 },
        pool: thread_pool(threads)?,
    };
    let mut alive: Vec<usize> = (0..drawn.len()).collect();
    let mut trials: Vec<Option<Trial>> = vec![None; drawn.len()];
    for round in 1..=rounds {
        // Each round has twice the epochs of the one before; the last one has all.
        let found = search.round(&drawn, &alive, (rounds - round) as u32)?;
        for &at in &alive {
            let values: Option<Vec<f64>> = found[at].values.iter().copied().collect();
            let spread = values.map(|values| Spread::of(&values));
            let before = trials[at].as_ref().map_or(0.0, |trial| trial.elapsed_ms);
            trials[at] = Some(Trial {
                trial: at as i32 + 1,
                round,
                params: drawn[at].clone(),
                value: spread.map(|spread| spread.mean),
                spread: spread.and_then(|spread| spread.deviation),
                kept_epoch: found[at].epochs,
                elapsed_ms: before + found[at].elapsed_ms,
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

/// What all trainings of a search share.
struct Search<'a> {
    request: &'a Request<'a>,
    stored: &'a StoredSplit,
    data: &'a Data,
    graph: &'a Graph,
    /// By repeat.
    tasks: Vec<Task>,
    assess: AssessConfig,
    pool: rayon::ThreadPool,
}

impl Search<'_> {
    /// Trains some of the combinations, with their epochs halved so many times.
    fn round(&self, drawn: &[Value], alive: &[usize], halvings: u32) -> Result<Vec<Found>> {
        let mut found = vec![Found::default(); drawn.len()];
        let repeats = self.data.repeats.len();
        let (mut plans, mut jobs) = (Vec::new(), Vec::new());
        let mut reporter = Reporter::new();
        for (done, &at) in alive.iter().enumerate() {
            let choice = match candidate(self.request, &drawn[at], halvings)? {
                Candidate::Joint(choices) => {
                    let config = choices.config(settings::memory_limit())?;
                    for repeat in 0..repeats {
                        jobs.push(Job {
                            what: "sweep",
                            repeat,
                            config: config.clone(),
                            is_random: choices.is_random(),
                        });
                        plans.push((at, repeat));
                    }
                    continue;
                }
                Candidate::Alone(choice) => choice,
            };
            for repeat in 0..repeats {
                let started = Instant::now();
                let (loaded, epochs) = self.fit(&choice, repeat)?;
                found[at].values.extend(self.judge(repeat, &Judged::new(&loaded, &self.pool))?);
                found[at].epochs += f64::from(epochs) / repeats as f64;
                found[at].elapsed_ms += milliseconds(started);
                reporter.done("sweep", (done * repeats + repeat + 1) as f64 / (alive.len() * repeats) as f64);
            }
        }
        run_jobs(&jobs, self.data, self.graph, &self.pool, |job, Finished { trained, elapsed_ms, .. }| {
            let (at, repeat) = plans[job];
            found[at].values.extend(self.judge(repeat, &trained.model.predictor())?);
            found[at].epochs += f64::from(trained.epoch) / repeats as f64;
            found[at].elapsed_ms += elapsed_ms;
            Ok(())
        })?;
        Ok(found)
    }

    /// Fits a model that learns from interactions alone; returns it with the epochs that it took.
    fn fit(&self, choice: &Choice, repeat: usize) -> Result<(Loaded, u32)> {
        let mut pairs = positives(&self.stored.repeats[repeat]);
        pairs.sort_unstable();
        pairs.dedup();
        let (users, items): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let (user_ids, item_ids) = (&self.data.user_ids, &self.data.item_ids);
        let interactions = Arc::new(Interactions::new(&users, &items, &[], user_ids.len(), item_ids.len())?);
        let (fitted, progress) =
            pipeline(|output| choice.fit(Arc::clone(&interactions), &self.pool, output), |_| Ok(()))?;
        let recommender = fitted.into_recommender();
        let loaded = Loaded { users: user_ids.clone(), items: item_ids.clone(), recommender, bytes: 0 };
        Ok((loaded, progress.epochs_done))
    }

    /// The metric of a model in a repeat.
    fn judge(&self, repeat: usize, model: &dyn Model) -> Result<Vec<Option<f64>>> {
        let ids = self.stored.ids();
        let mut assessment = Assessment::new(&self.tasks[repeat], Scores::Model(model), &self.assess)?;
        while assessment.step(&self.pool).map_err(|error| ids.error(error))? {
            pgrx::check_for_interrupts!();
        }
        let measured = assessment.finish().map_err(|error| ids.error(error))?;
        Ok(measured.iter().map(|measured| measured.found.value()).collect())
    }
}

/// The model with the choices of a combination, and the epochs halved so many times. All have the seed of the search, unless
/// the grid of the joint model has seeds.
///
/// Errors: 22023.
fn candidate(request: &Request, params: &Value, halvings: u32) -> Result<Candidate> {
    let limit = settings::memory_limit();
    if request.model == "mkr" {
        let mut choices = Choices::of_json("grid", params)?;
        choices.seed.get_or_insert(request.seed);
        let config = choices.config(limit)?;
        choices.epochs = i32::try_from((config.epochs >> halvings).max(1)).ok();
        return Ok(Candidate::Joint(choices));
    }
    if request.model == "blend" {
        return Err(Error::invalid("a blend cannot be searched for")
            .detail("it learns from the validation part, by which combinations are judged")
            .hint("sgr_train('blend', …) says in sgr_models what rows that it held out say of it"));
    }
    if !MODELS.contains(&request.model) {
        return Err(Error::invalid(format!("unknown model \"{}\"", crate::lookup::shortened(request.model)))
            .hint(format!("use one of mkr, {}", MODELS.join(", "))));
    }
    let choice = Choice::new(request.model, params, request.seed, limit)?;
    let (Some(epochs), true) = (epochs(&choice), halvings > 0) else { return Ok(Candidate::Alone(choice)) };
    let mut params = params.clone();
    params["epochs"] = json!((epochs >> halvings).max(1));
    Ok(Candidate::Alone(Choice::new(request.model, &params, request.seed, limit)?))
}

/// The epochs of a model that has some.
fn epochs(choice: &Choice) -> Option<u64> {
    choice.parameters()["epochs"].as_u64()
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
