//! Search for the best choices, by the validation part alone.

use super::checkpoint::inputs_of;
use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::progress::Reporter;
use super::train::{Finished, Inputs, Training, make};
use crate::error::{Error, Result};
use crate::evaluate::StoredSplit;
use crate::evaluate::trained::Judged;
use crate::interrupt::{Event, pipeline, thread_pool};
use crate::recommender::choice::{Choice, MODELS};
use crate::recommender::inputs::positives;
use crate::recommender::model::Loaded;
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use crate::worker::checkpoint::{self, Exact};
use crate::worker::{self, Job, Stages};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sgr_engine::evaluate::{
    AssessConfig, Assessment, DEFAULT_BINS, DEFAULT_K, Metric, Model, Part, Scores, Spread, Task, random_score,
};
use sgr_engine::recommend::models::Interactions;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most trials.
const MAX_TRIALS: i32 = 10_000;
/// Most combinations of a grid.
const MAX_COMBINATIONS: usize = 1_000_000;

/// What is to be searched.
pub struct Request {
    pub model: String,
    pub grid: Value,
    pub split: String,
    pub budget: i32,
    pub method: String,
    pub metric: String,
    pub graph: GraphWish,
    pub seed: i64,
    pub threads: Option<i32>,
}

/// A combination that was tried.
#[derive(Clone)]
pub struct Trial {
    /// From 1, the best first: the last round before the others.
    pub rank: i32,
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
}

/// A model with the choices of a combination.
enum Candidate {
    Joint(Choices),
    Alone(Choice),
}

/// What one training came to.
#[derive(Clone, Serialize, Deserialize)]
struct Found {
    value: Option<Exact>,
    epochs: u32,
    elapsed: Duration,
}

/// Combinations of a grid, trained and judged on the validation part: between the stages of that.
pub struct Search {
    started: Instant,
    request: Request,
    metric: Metric,
    memory_limit: usize,
    drawn: Vec<Value>,
    rounds: i32,
    stored: StoredSplit,
    inputs: Inputs,
    /// By repeat.
    tasks: Vec<Task>,
    assess: AssessConfig,
    /// Whether a job keeps what trainings came to.
    keeps_found: bool,
    trials: Vec<Trial>,
}

impl Search {
    /// Checks the request, and reads interactions and triples.
    ///
    /// Errors: 22023 for a model, grid, method or number that is not possible, those of a training.
    pub fn load(request: Request) -> Result<Self> {
        let started = Instant::now();
        rights::may_fill(c"sgr_sweep()", &[c"runs"], "searches")?;
        let halves = match request.method.as_str() {
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
        let memory_limit = settings::memory_limit();
        let candidates =
            drawn.iter().map(|params| candidate(&request, params, 0, memory_limit)).collect::<Result<Vec<_>>>()?;
        let rounds = if halves { drawn.len().ilog2() as i32 + 1 } else { 1 };
        let has_no_epochs =
            |candidate: &Candidate| matches!(candidate, Candidate::Alone(choice) if epochs(choice).is_none());
        if rounds > 1 && candidates.iter().any(has_no_epochs) {
            return Err(Error::invalid(format!("model {} has no epochs to begin few of", request.model))
                .hint("method => 'random' trains each combination once"));
        }
        let uses_graph =
            |candidate: &Candidate| matches!(candidate, Candidate::Joint(choices) if choices.no_kge != Some(true));
        let threads = settings::threads(request.threads)?;
        worker::begin_reading("reading interactions and triples")?;
        let stored = StoredSplit::load(&request.split)?;
        let data = Data::of_split(&stored)?;
        let graph = match candidates.iter().any(uses_graph) {
            true => request.graph.read(&data.item_ids, data.of_playlists)?,
            false => Graph::none(data.item_ids.len())?,
        };
        let (user_count, item_count) = (data.user_ids.len(), data.item_ids.len());
        let tasks = stored.repeats.iter().map(|split| Task::new(split, Part::Validation, user_count, item_count));
        let tasks = tasks.collect::<std::result::Result<_, _>>()?;
        Ok(Self {
            started,
            request,
            metric,
            memory_limit,
            drawn,
            rounds,
            stored,
            inputs: Inputs::new(data, graph, thread_pool(threads)?)?,
            tasks,
            assess: AssessConfig { metrics: vec![metric], k: DEFAULT_K, bins: DEFAULT_BINS, bands: false, seed: 0 },
            keeps_found: settings::checkpoint_interval().is_some(),
            trials: Vec::new(),
        })
    }

    /// Of what is searched, and among what.
    fn fingerprint(&self) -> u64 {
        let Self { request, inputs, drawn, rounds, .. } = self;
        let threads = inputs.pool.current_num_threads();
        let how = (&request.model, request.seed, &request.metric, drawn, rounds, threads);
        checkpoint::fingerprint(&how, inputs_of(&inputs.data, &inputs.graph))
    }

    /// Trains some of the combinations, with their epochs halved so many times. What each came to, by repeat.
    fn round(
        &self,
        alive: &[usize],
        halvings: u32,
        ledger: &mut Ledger,
        reporter: &mut Reporter,
    ) -> Result<Vec<Vec<Found>>> {
        let repeats = self.inputs.data.repeats.len();
        let mut found = Vec::new();
        for (done, &at) in alive.iter().enumerate() {
            let candidate = candidate(&self.request, &self.drawn[at], halvings, self.memory_limit)?;
            let mut of_candidate = Vec::new();
            for repeat in 0..repeats {
                let place = (done * repeats + repeat, alive.len() * repeats);
                of_candidate.push(match ledger.next() {
                    Some(found) => found,
                    None => ledger.add(self.find(&candidate, repeat, place, reporter)?)?,
                });
            }
            found.push(of_candidate);
        }
        Ok(found)
    }

    /// Trains number `at` of `of`, and judges.
    fn find(
        &self,
        candidate: &Candidate,
        repeat: usize,
        (at, of): (usize, usize),
        reporter: &mut Reporter,
    ) -> Result<Found> {
        let pool = &self.inputs.pool;
        match candidate {
            Candidate::Joint(choices) => {
                let config = choices.config(self.memory_limit)?;
                let training = Training { what: "sweep".to_owned(), repeat, config, is_random: choices.is_random() };
                let Finished { model, summary } = make(&training, (at, of), &self.inputs, reporter, None)?;
                let value = self.judge(repeat, &model.predictor())?;
                Ok(Found { value, epochs: summary.kept_epoch, elapsed: summary.elapsed })
            }
            Candidate::Alone(choice) => {
                let started = Instant::now();
                let (loaded, epochs) = self.fit(choice, repeat, |fraction| {
                    reporter.done("training", (at as f64 + fraction) / of as f64);
                })?;
                let value = self.judge(repeat, &Judged::new(&loaded, pool))?;
                Ok(Found { value, epochs, elapsed: started.elapsed() })
            }
        }
    }

    /// Fits a model that learns from interactions alone; returns it with the epochs that it took.
    fn fit(&self, choice: &Choice, repeat: usize, mut report: impl FnMut(f64)) -> Result<(Loaded, u32)> {
        let mut pairs = positives(&self.stored.repeats[repeat]);
        pairs.sort_unstable();
        pairs.dedup();
        let (users, items): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        let (user_ids, item_ids) = (&self.inputs.data.user_ids, &self.inputs.data.item_ids);
        let interactions = Arc::new(Interactions::new(&users, &items, &[], user_ids.len(), item_ids.len())?);
        let (fitted, progress) = pipeline(
            |output| choice.fit(Arc::clone(&interactions), &self.inputs.pool, output),
            |event| {
                if let Event::Block(progress) = event {
                    report(progress.fraction);
                }
                Ok(())
            },
        )?;
        let recommender = fitted.into_recommender();
        let loaded = Loaded { users: user_ids.clone(), items: item_ids.clone(), recommender, bytes: 0 };
        Ok((loaded, progress.epochs_done))
    }

    /// The metric of a model in a repeat, if it is defined.
    fn judge(&self, repeat: usize, model: &dyn Model) -> Result<Option<Exact>> {
        let ids = self.stored.ids();
        let mut assessment = Assessment::new(&self.tasks[repeat], Scores::Model(model), &self.assess)?;
        while assessment.step(&self.inputs.pool).map_err(|error| ids.error(error))? {
            pgrx::check_for_interrupts!();
        }
        let measured = assessment.finish().map_err(|error| ids.error(error))?;
        Ok(measured.first().and_then(|measured| measured.found.value()).map(Exact::from))
    }
}

impl Stages for Search {
    type Outcome = Vec<Trial>;

    /// Trains and judges. A job does not repeat the trainings that an earlier attempt has finished.
    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        let mut ledger = Ledger::read(job.filter(|_| self.keeps_found), self.fingerprint())?;
        let mut reporter = Reporter::new();
        let mut alive: Vec<usize> = (0..self.drawn.len()).collect();
        let mut trials: Vec<Option<Trial>> = vec![None; self.drawn.len()];
        for round in 1..=self.rounds {
            reporter.part(round as usize - 1, self.rounds as usize);
            // Each round has twice the epochs of the one before; the last one has all.
            let found = self.round(&alive, (self.rounds - round) as u32, &mut ledger, &mut reporter)?;
            for (&at, found) in alive.iter().zip(found) {
                let values: Option<Vec<f64>> = found.iter().map(|found| found.value.map(Exact::get)).collect();
                let spread = values.map(|values| Spread::of(&values));
                let before = trials[at].as_ref().map_or(0.0, |trial| trial.elapsed_ms);
                let elapsed: Duration = found.iter().map(|found| found.elapsed).sum();
                let epochs: u32 = found.iter().map(|found| found.epochs).sum();
                trials[at] = Some(Trial {
                    rank: 0,
                    trial: at as i32 + 1,
                    round,
                    params: self.drawn[at].clone(),
                    value: spread.map(|spread| spread.mean),
                    spread: spread.and_then(|spread| spread.deviation),
                    kept_epoch: f64::from(epochs) / found.len() as f64,
                    elapsed_ms: before + elapsed.as_micros() as f64 / 1e3,
                });
            }
            let value = |at: usize| trials[at].as_ref().and_then(|trial| trial.value);
            alive.sort_by(|&a, &b| better(self.metric, value(a), value(b)).then(a.cmp(&b)));
            alive.truncate(alive.len().div_ceil(2));
        }
        let mut trials: Vec<Trial> = trials.into_iter().flatten().collect();
        let better = |a: &Trial, b: &Trial| better(self.metric, a.value, b.value);
        trials.sort_by(|a, b| b.round.cmp(&a.round).then(better(a, b)).then(a.trial.cmp(&b.trial)));
        for (rank, trial) in (1..).zip(&mut trials) {
            trial.rank = rank;
        }
        self.trials = trials;
        Ok(())
    }

    /// Notes what came out. Errors: 55000 if the split went meanwhile.
    fn store(self) -> Result<Vec<Trial>> {
        self.stored.name().check(None)?;
        let Self { request, inputs, .. } = &self;
        let parameters = json!({
            "model": request.model, "grid": request.grid, "split": request.split, "budget": request.budget,
            "method": request.method, "metric": request.metric, "graph": inputs.graph.origin, "seed": request.seed,
            "threads": inputs.pool.current_num_threads(),
        });
        let result: Vec<Value> = self
            .trials
            .iter()
            .map(|trial| {
                json!({
                    "trial": trial.trial, "round": trial.round, "params": trial.params, "value": trial.value,
                    "spread": trial.spread, "rank": trial.rank, "elapsed_ms": trial.elapsed_ms,
                })
            })
            .collect();
        run::note("sweep", &parameters, &Value::Array(result), milliseconds(self.started))?;
        Ok(self.trials)
    }
}

/// What trainings came to, in their order. In a job it goes on with those of an earlier attempt.
struct Ledger<'a> {
    job: Option<&'a Job>,
    fingerprint: u64,
    kept: Kept,
    /// How many of them were asked for.
    read: usize,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    found: Vec<Found>,
}

impl<'a> Ledger<'a> {
    fn read(job: Option<&'a Job>, fingerprint: u64) -> Result<Self> {
        let kept = match job {
            Some(job) => job.step(|| checkpoint::read(job, fingerprint))?.unwrap_or_default(),
            None => Kept::default(),
        };
        Ok(Self { job, fingerprint, kept, read: 0 })
    }

    /// What the next training came to, if it has been made.
    fn next(&mut self) -> Option<Found> {
        let found = self.kept.found.get(self.read).cloned();
        self.read += usize::from(found.is_some());
        found
    }

    /// Keeps what the next training came to.
    fn add(&mut self, found: Found) -> Result<Found> {
        if let Some(job) = self.job {
            self.kept.found.push(found.clone());
            self.read += 1;
            job.step(|| checkpoint::write(job, self.fingerprint, &self.kept))?;
        }
        Ok(found)
    }
}

/// The model with the choices of a combination, and the epochs halved so many times. All have the seed of the search, unless
/// the grid of the joint model has seeds.
///
/// Errors: 22023.
fn candidate(request: &Request, params: &Value, halvings: u32, limit: usize) -> Result<Candidate> {
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
    if !MODELS.contains(&request.model.as_str()) {
        return Err(Error::invalid(format!("unknown model \"{}\"", crate::lookup::shortened(&request.model)))
            .hint(format!("use one of mkr, {}", MODELS.join(", "))));
    }
    let choice = Choice::new(&request.model, params, request.seed, limit)?;
    let (Some(epochs), true) = (epochs(&choice), halvings > 0) else { return Ok(Candidate::Alone(choice)) };
    let mut params = params.clone();
    params["epochs"] = json!((epochs >> halvings).max(1));
    Ok(Candidate::Alone(Choice::new(&request.model, &params, request.seed, limit)?))
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
