//! Does the knowledge graph help, and by how much? The same training with one thing left out, on the same rows.

use super::checkpoint::{self, Checkpoints};
use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::progress::Reporter;
use super::train::{Finished, Inputs, Training, run};
use crate::error::{Error, Result};
use crate::evaluate::StoredSplit;
use crate::interrupt::thread_pool;
use crate::rights;
use crate::run::{self as runs, milliseconds};
use crate::settings;
use crate::worker::{self, Job, Stages};
use serde_json::{Value, json};
use sgr_engine::evaluate::{
    AssessConfig, Assessment, Bootstrap, BootstrapConfig, DEFAULT_BINS, DEFAULT_K, Found, Interval, MeanOfSplits,
    Metric, Part, Scores, Spread, Statistic, Task,
};
use sgr_engine::recommend::mkr::Predictor;
use std::time::Instant;

/// What can be left out, and the two controls.
const FLAGS: [&str; 6] = ["full", "no_cross", "single_activation", "single_pred", "no_kge", "random_kg"];
/// What is measured if nothing else is asked for.
const METRICS: [Metric; 6] =
    [Metric::Auc, Metric::UserAuc, Metric::Accuracy, Metric::LogLoss, Metric::CalibrationError, Metric::Ndcg];
/// Most seeds.
const MAX_SEEDS: i32 = 100;

/// What is to be compared.
pub struct Request {
    pub split: String,
    pub flags: Option<Vec<String>>,
    pub graph: GraphWish,
    pub params: Option<Value>,
    pub seeds: i32,
    pub baseline: String,
    pub metrics: Option<Vec<String>>,
    pub part: String,
    pub resamples: i32,
    pub level: f64,
    pub threads: Option<i32>,
}

/// A metric of a variant.
pub struct Line {
    pub variant: String,
    pub metric: &'static str,
    pub value: Option<f64>,
    pub spread: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub difference: Option<f64>,
    pub difference_low: Option<f64>,
    pub difference_high: Option<f64>,
    pub trainings: i32,
    pub mean_epoch: f64,
    pub elapsed_ms: f64,
}

/// A metric of a variant over all trainings.
struct Measured {
    metric: Metric,
    values: Vec<Option<f64>>,
    statistic: MeanOfSplits,
}

/// Each variant, trained on each repeat of a split with each seed, and judged: between the stages of that.
pub struct Comparison {
    started: Instant,
    request: Request,
    base: Choices,
    flags: Vec<String>,
    /// The place of the baseline among the flags.
    baseline: usize,
    part: Part,
    bootstrap: BootstrapConfig,
    assess: AssessConfig,
    stored: StoredSplit,
    inputs: Inputs,
    trainings: Vec<Training>,
    /// The variant of each training.
    variants: Vec<usize>,
    intervals: checkpoint::Intervals,
    lines: Vec<Line>,
}

impl Comparison {
    /// Checks the request, and reads interactions and triples.
    ///
    /// Errors: those of a joint training; 22023 for flags, metrics or numbers that are not possible; 42704 unknown split.
    pub fn load(request: Request) -> Result<Self> {
        let started = Instant::now();
        rights::may_fill(c"sgr_ablate()", &[c"runs"], "compares")?;
        let (flags, baseline) = flags(&request)?;
        let metrics = metrics(&request)?;
        let part: Part = request.part.parse()?;
        let bootstrap = bootstrap(&request)?;
        if !(1..=MAX_SEEDS).contains(&request.seeds) {
            return Err(Error::invalid(format!("seeds must be between 1 and {MAX_SEEDS}, not {}", request.seeds)));
        }
        let base = match &request.params {
            Some(params) => Choices::of_json("params", params)?,
            None => Choices::default(),
        };
        let limit = settings::memory_limit();
        let choices = flags.iter().map(|flag| with(&base, flag)).collect::<Result<Vec<_>>>()?;
        for choices in &choices {
            choices.config(limit)?;
        }
        let threads = settings::threads(request.threads)?;
        worker::begin_reading("reading interactions and triples")?;
        let stored = StoredSplit::load(&request.split)?;
        let data = Data::of_split(&stored)?;
        let uses_graph = choices.iter().any(|choices| choices.no_kge != Some(true));
        let graph = match uses_graph {
            true => request.graph.read(&data.item_ids, data.of_playlists)?,
            false => Graph::none(data.item_ids.len())?,
        };
        let inputs = Inputs::new(data, graph, thread_pool(threads)?)?;
        let (mut variants, mut trainings) = (Vec::new(), Vec::new());
        for (variant, choices) in choices.iter().enumerate() {
            for repeat in 0..inputs.data.repeats.len() {
                for seed in 0..request.seeds {
                    let seed = choices.seed.unwrap_or(0).wrapping_add(seed.into());
                    let config = Choices { seed: Some(seed), ..choices.clone() }.config(limit)?;
                    let what = flags[variant].clone();
                    trainings.push(Training { what, repeat, config, is_random: choices.is_random() });
                    variants.push(variant);
                }
            }
        }
        let intervals = checkpoint::Intervals::new(&trainings, &inputs);
        let assess = AssessConfig { metrics, k: DEFAULT_K, bins: DEFAULT_BINS, bands: false, seed: 0 };
        Ok(Self {
            started,
            request,
            base,
            flags,
            baseline,
            part,
            bootstrap,
            assess,
            stored,
            inputs,
            trainings,
            variants,
            intervals,
            lines: Vec::new(),
        })
    }

    fn lines(&self, found: &[Variant], intervals: &Intervals) -> Vec<Line> {
        let trainings = self.trainings.len() / self.flags.len().max(1);
        let mut lines = Vec::new();
        for (variant, Variant { measured, epochs, elapsed_ms }) in found.iter().enumerate() {
            for (at, of_metric) in measured.iter().enumerate() {
                let own = spread(&of_metric.values);
                let other =
                    (variant != self.baseline).then(|| spread(&found[self.baseline].measured[at].values)).flatten();
                let interval = intervals.of(variant, at);
                let difference = other.and_then(|_| intervals.difference(variant, self.baseline, at));
                lines.push(Line {
                    variant: self.flags[variant].clone(),
                    metric: of_metric.metric.name(),
                    value: own.map(|own| own.mean),
                    spread: own.and_then(|own| own.deviation),
                    low: interval.map(|interval| interval.low),
                    high: interval.map(|interval| interval.high),
                    difference: own.zip(other).map(|(own, other)| own.mean - other.mean),
                    difference_low: difference.map(|interval| interval.low),
                    difference_high: difference.map(|interval| interval.high),
                    trainings: trainings as i32,
                    mean_epoch: epochs / trainings.max(1) as f64,
                    elapsed_ms: *elapsed_ms,
                });
            }
        }
        lines
    }
}

impl Stages for Comparison {
    type Outcome = Vec<Line>;

    /// Trains and judges. A job goes on from the checkpoint of an earlier attempt, and leaves checkpoints: what has been trained is
    /// judged again.
    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        let Self { stored, inputs, trainings, assess, .. } = &*self;
        let (user_count, item_count) = (inputs.data.user_ids.len(), inputs.data.item_ids.len());
        let mut found: Vec<Variant> = self.flags.iter().map(|_| Variant::default()).collect();
        let mut tasks: Vec<Option<Task>> = inputs.data.repeats.iter().map(|_| None).collect();
        let mut rows = 0;
        let checkpoints = Checkpoints::read(job, self.intervals, trainings, inputs)?;
        run(trainings, inputs, checkpoints, |at, Finished { model, summary }| {
            let repeat = trainings[at].repeat;
            let task = match &mut tasks[repeat] {
                Some(task) => task,
                empty => empty.insert(Task::new(&stored.repeats[repeat], self.part, user_count, item_count)?),
            };
            rows += task.rows();
            let found = &mut found[self.variants[at]];
            found.epochs += f64::from(summary.kept_epoch);
            found.elapsed_ms += summary.elapsed_ms();
            judge(&mut found.measured, &model.predictor(), task, assess, &inputs.pool, stored)
        })?;
        let intervals = Intervals::draw(&found, user_count, rows, self.bootstrap, &inputs.pool)?;
        self.lines = self.lines(&found, &intervals);
        Ok(())
    }

    /// Notes what came out. Errors: 55000 if the split went meanwhile.
    fn store(self) -> Result<Vec<Line>> {
        self.stored.name().check(None)?;
        let Self { request, lines, .. } = &self;
        let parameters = json!({
            "split": request.split, "flags": self.flags, "graph": self.inputs.graph.origin, "params": self.base,
            "seeds": request.seeds, "baseline": request.baseline, "part": request.part, "resamples": request.resamples,
            "level": request.level, "threads": self.inputs.pool.current_num_threads(),
        });
        let result: Vec<Value> = lines
            .iter()
            .map(|line| {
                let interval = line.difference_low.zip(line.difference_high).map(|(low, high)| [low, high]);
                json!({
                    "variant": line.variant, "metric": line.metric, "value": line.value, "spread": line.spread,
                    "difference": line.difference, "difference_interval": interval,
                })
            })
            .collect();
        runs::note("ablate", &parameters, &Value::Array(result), milliseconds(self.started))?;
        Ok(self.lines)
    }
}

/// What the trainings of a variant came to.
#[derive(Default)]
struct Variant {
    measured: Vec<Measured>,
    /// Sum of those after which the models are kept.
    epochs: f64,
    elapsed_ms: f64,
}

/// The variants, and the place of the baseline among them. Errors: 22023.
fn flags(request: &Request) -> Result<(Vec<String>, usize)> {
    let mut flags = match &request.flags {
        None => FLAGS.map(str::to_owned).to_vec(),
        Some(flags) => flags.clone(),
    };
    if flags.is_empty() {
        return Err(Error::invalid("flags must not be empty").hint("NULL takes all"));
    }
    let mut seen: Vec<&str> = Vec::new();
    for flag in flags.iter().map(String::as_str).chain([request.baseline.as_str()]) {
        if !FLAGS.contains(&flag) {
            return Err(Error::invalid(format!("unknown flag \"{}\"", crate::lookup::shortened(flag)))
                .hint(format!("use some of {}", FLAGS.join(", "))));
        }
    }
    for flag in &flags {
        if seen.contains(&flag.as_str()) {
            return Err(Error::invalid(format!("flag \"{flag}\" comes twice")));
        }
        seen.push(flag);
    }
    // Differences need something to differ from.
    if !flags.contains(&request.baseline) {
        flags.insert(0, request.baseline.clone());
    }
    let baseline = flags.iter().position(|flag| *flag == request.baseline).unwrap_or(0);
    Ok((flags, baseline))
}

/// The choices of a variant. Errors: 22023 where the base has already chosen what the variants are about.
fn with(base: &Choices, flag: &str) -> Result<Choices> {
    // A base with single activation and prediction is allowed: that is plain MKR.
    for (name, value) in [("no_cross", base.no_cross), ("no_kge", base.no_kge), ("random_kg", base.random_kg)] {
        if value == Some(true) {
            return Err(Error::invalid(format!("params sets {name}, which is one of the flags"))
                .hint("leave it out of params; flags says what is compared"));
        }
    }
    let mut choices = base.clone();
    match flag {
        "no_cross" => choices.no_cross = Some(true),
        "single_activation" => choices.single_activation = Some(true),
        "single_pred" => choices.single_pred = Some(true),
        "no_kge" => choices.no_kge = Some(true),
        "random_kg" => choices.random_kg = Some(true),
        _ => {}
    }
    Ok(choices)
}

fn metrics(request: &Request) -> Result<Vec<Metric>> {
    match &request.metrics {
        None => Ok(METRICS.to_vec()),
        Some(names) if names.is_empty() => {
            Err(Error::invalid("metrics must not be empty").hint("NULL takes six of them"))
        }
        Some(names) => names.iter().map(|name| Ok(name.parse()?)).collect(),
    }
}

fn bootstrap(request: &Request) -> Result<BootstrapConfig> {
    let resamples = u32::try_from(request.resamples)
        .map_err(|_| Error::invalid(format!("resamples must not be negative, not {}", request.resamples)))?;
    let config = BootstrapConfig { resamples, level: request.level, seed: 0 };
    Bootstrap::new(0, 0, config)?;
    Ok(config)
}

/// Adds what one training came to.
fn judge(
    measured: &mut Vec<Measured>,
    predictor: &Predictor,
    task: &Task,
    config: &AssessConfig,
    pool: &rayon::ThreadPool,
    stored: &StoredSplit,
) -> Result<()> {
    let ids = stored.ids();
    let mut assessment = Assessment::new(task, Scores::Model(predictor), config)?;
    while assessment.step(pool).map_err(|error| ids.error(error))? {
        pgrx::check_for_interrupts!();
    }
    for (at, found) in assessment.finish().map_err(|error| ids.error(error))?.into_iter().enumerate() {
        if measured.len() == at {
            measured.push(Measured { metric: found.metric, values: Vec::new(), statistic: MeanOfSplits(Vec::new()) });
        }
        measured[at].values.push(found.found.value());
        if let Found::Statistic(statistic) = found.found {
            measured[at].statistic.0.push(statistic);
        }
    }
    Ok(())
}

/// Mean and deviation, if it is defined in every training.
fn spread(values: &[Option<f64>]) -> Option<Spread> {
    let values: Option<Vec<f64>> = values.iter().copied().collect();
    values.filter(|values| !values.is_empty()).map(|values| Spread::of(&values))
}

/// Intervals of all variants, on the same draws of users.
struct Intervals {
    bootstrap: Bootstrap,
    metrics: usize,
}

impl Intervals {
    fn draw(
        found: &[Variant],
        users: usize,
        rows: usize,
        config: BootstrapConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Self> {
        let metrics = found.first().map_or(0, |found| found.measured.len());
        let statistics: Vec<&dyn Statistic> =
            found.iter().flat_map(|found| &found.measured).map(|found| &found.statistic as &dyn Statistic).collect();
        let mut bootstrap = Bootstrap::new(users, rows.saturating_mul(metrics), config)?;
        let mut reporter = Reporter::new();
        while bootstrap.step(&statistics, pool) {
            pgrx::check_for_interrupts!();
            reporter.done("intervals", bootstrap.fraction());
        }
        Ok(Self { bootstrap, metrics })
    }

    fn of(&self, variant: usize, metric: usize) -> Option<Interval> {
        self.bootstrap.interval(variant * self.metrics + metric)
    }

    fn difference(&self, variant: usize, baseline: usize, metric: usize) -> Option<Interval> {
        self.bootstrap.difference(variant * self.metrics + metric, baseline * self.metrics + metric)
    }
}
