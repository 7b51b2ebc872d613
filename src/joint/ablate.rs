//! Does the knowledge graph help, and by how much? The same training with one thing left out, on the same rows.

use super::choices::Choices;
use super::data::Data;
use super::graph::{Graph, GraphWish};
use super::progress::Reporter;
use super::train::{Finished, Job, run_jobs};
use crate::error::{Error, Result};
use crate::evaluate::StoredSplit;
use crate::interrupt::thread_pool;
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
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
pub struct Request<'a> {
    pub split: &'a str,
    pub flags: Option<Vec<String>>,
    pub graph: GraphWish,
    pub params: Option<Value>,
    pub seeds: i32,
    pub baseline: &'a str,
    pub metrics: Option<Vec<String>>,
    pub part: &'a str,
    pub resamples: i32,
    pub level: f64,
    pub threads: Option<i32>,
}

/// A metric of a variant.
pub struct Line {
    pub variant: String,
    pub metric: Metric,
    pub value: Option<f64>,
    pub spread: Option<f64>,
    pub interval: Option<Interval>,
    pub difference: Option<f64>,
    pub difference_interval: Option<Interval>,
    pub trainings: i32,
    pub epochs: f64,
    pub elapsed_ms: f64,
}

/// A training of the comparison.
struct Plan {
    variant: usize,
    repeat: usize,
}

/// A metric of a variant over all trainings.
struct Measured {
    metric: Metric,
    values: Vec<Option<f64>>,
    statistic: MeanOfSplits,
}

/// Trains each variant on each repeat of a split with each seed, and judges all of them.
///
/// Errors: those of a joint training; 22023 for flags, metrics or numbers that are not possible; 42704 unknown split.
pub fn ablate(request: &Request) -> Result<Vec<Line>> {
    let started = Instant::now();
    rights::may_fill(c"sgr_ablate()", &[c"runs"], "compares")?;
    let (flags, baseline) = flags(request)?;
    let metrics = metrics(request)?;
    let part: Part = request.part.parse()?;
    let bootstrap = bootstrap(request)?;
    if !(1..=MAX_SEEDS).contains(&request.seeds) {
        return Err(Error::invalid(format!("seeds must be between 1 and {MAX_SEEDS}, not {}", request.seeds)));
    }
    let base = match &request.params {
        Some(params) => Choices::of_json("params", params)?,
        None => Choices::default(),
    };
    let limit = settings::memory_limit();
    let variants = flags.iter().map(|flag| with(&base, flag)).collect::<Result<Vec<_>>>()?;
    for variant in &variants {
        variant.config(limit)?;
    }
    let threads = settings::threads(request.threads)?;
    let stored = StoredSplit::load(request.split)?;
    let data = Data::of_split(&stored)?;
    let uses_graph = variants.iter().any(|variant| variant.no_kge != Some(true));
    let graph = match uses_graph {
        true => request.graph.read(&data.item_ids, data.of_playlists)?,
        false => Graph::none(data.item_ids.len())?,
    };
    let pool = thread_pool(threads)?;
    let (user_count, item_count) = (data.user_ids.len(), data.item_ids.len());
    let assess = AssessConfig { metrics, k: DEFAULT_K, bins: DEFAULT_BINS, bands: false, seed: 0 };

    let (mut plans, mut jobs) = (Vec::new(), Vec::new());
    for (variant, choices) in variants.iter().enumerate() {
        for repeat in 0..data.repeats.len() {
            for seed in 0..request.seeds {
                let seed = choices.seed.unwrap_or(0).wrapping_add(seed.into());
                let config = Choices { seed: Some(seed), ..choices.clone() }.config(limit)?;
                jobs.push(Job { what: &flags[variant], repeat, config, is_random: choices.is_random() });
                plans.push(Plan { variant, repeat });
            }
        }
    }
    let mut measured: Vec<Vec<Measured>> = variants.iter().map(|_| Vec::new()).collect();
    let (mut epochs, mut elapsed) = (vec![0.0; variants.len()], vec![0.0; variants.len()]);
    let mut tasks: Vec<Option<Task>> = data.repeats.iter().map(|_| None).collect();
    let mut rows = 0;
    run_jobs(&jobs, &data, &graph, &pool, |at, Finished { trained, elapsed_ms, .. }| {
        let Plan { variant, repeat } = plans[at];
        let task = match &mut tasks[repeat] {
            Some(task) => task,
            empty => empty.insert(Task::new(&stored.repeats[repeat], part, user_count, item_count)?),
        };
        rows += task.rows();
        epochs[variant] += f64::from(trained.epoch);
        elapsed[variant] += elapsed_ms;
        judge(&mut measured[variant], &trained.model.predictor(), task, &assess, &pool, &stored)
    })?;
    let trainings = plans.len() / variants.len().max(1);
    let intervals = Intervals::draw(&measured, user_count, rows, bootstrap, &pool)?;
    let mut lines = Vec::new();
    for (variant, of_variant) in measured.iter().enumerate() {
        for (at, found) in of_variant.iter().enumerate() {
            let own = spread(&found.values);
            let other = (variant != baseline).then(|| spread(&measured[baseline][at].values)).flatten();
            lines.push(Line {
                variant: flags[variant].clone(),
                metric: found.metric,
                value: own.map(|own| own.mean),
                spread: own.and_then(|own| own.deviation),
                interval: intervals.of(variant, at),
                difference: own.zip(other).map(|(own, other)| own.mean - other.mean),
                difference_interval: other.and_then(|_| intervals.difference(variant, baseline, at)),
                trainings: trainings as i32,
                epochs: epochs[variant] / trainings.max(1) as f64,
                elapsed_ms: elapsed[variant],
            });
        }
    }
    note(request, &base, &flags, &graph, threads, &lines, started)?;
    Ok(lines)
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
    for flag in flags.iter().map(String::as_str).chain([request.baseline]) {
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
    if !flags.iter().any(|flag| flag == request.baseline) {
        flags.insert(0, request.baseline.to_owned());
    }
    let baseline = flags.iter().position(|flag| flag == request.baseline).unwrap_or(0);
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
        measured: &[Vec<Measured>],
        users: usize,
        rows: usize,
        config: BootstrapConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<Self> {
        let metrics = measured.first().map_or(0, Vec::len);
        let statistics: Vec<&dyn Statistic> =
            measured.iter().flatten().map(|found| &found.statistic as &dyn Statistic).collect();
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

fn note(
    request: &Request,
    base: &Choices,
    flags: &[String],
    graph: &Graph,
    threads: usize,
    lines: &[Line],
    started: Instant,
) -> Result<()> {
    let parameters = json!({
        "split": request.split, "flags": flags, "graph": graph.origin, "params": base, "seeds": request.seeds,
        "baseline": request.baseline, "part": request.part, "resamples": request.resamples, "level": request.level,
        "threads": threads,
    });
    let ends = |interval: Option<Interval>| interval.map(|interval| [interval.low, interval.high]);
    let result: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!({
                "variant": line.variant, "metric": line.metric.name(), "value": line.value, "spread": line.spread,
                "difference": line.difference, "difference_interval": ends(line.difference_interval),
            })
        })
        .collect();
    run::note("ablate", &parameters, &Value::Array(result), milliseconds(started))?;
    Ok(())
}
