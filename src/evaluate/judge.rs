//! Metrics of models on a stored split.

use super::scores::{self, ScoredModel};
use super::stored::StoredSplit;
use super::trained::{self, TrainedModel};
use crate::error::{Error, Result};
use crate::interrupt::{Event, Output, pipeline, thread_pool};
use crate::kge::Reporter;
use crate::settings;
use crate::worker::{self, Job, Stages};
use pgrx::prelude::*;
use sgr_engine::evaluate::{
    AssessConfig, Assessment, Band, Bootstrap, BootstrapConfig, Found, Interval, LeakOnlyModel, MeanOfSplits, Measured,
    Metric, Model, Part, PopularityModel, RandomModel, Scores, Split, Spread, Statistic, Task,
};

/// Models that are always there.
pub const BUILT_IN: [&str; 3] = ["random", "popularity", "leak_only"];
/// Longest list.
const MAX_K: i32 = 10_000;
/// Most draws.
const MAX_RESAMPLES: i32 = 1_000_000;
/// Most bins.
const MAX_BINS: i32 = 1 << 16;

/// What is to be judged, and how.
pub struct Request<'a> {
    pub split: &'a str,
    pub models: Option<Vec<String>>,
    pub metrics: Option<Vec<String>>,
    pub k: i32,
    pub scores: Option<pg_sys::Oid>,
    pub baseline: Option<&'a str>,
    pub bands: bool,
    pub part: &'a str,
    pub resamples: i32,
    pub level: f64,
    pub bins: i32,
    pub seed: i64,
    pub threads: Option<i32>,
}

/// A metric of a model.
pub struct Line {
    pub model: String,
    pub metric: Metric,
    pub k: Option<i32>,
    pub band: Option<Band>,
    /// The mean over repeats.
    pub value: Option<f64>,
    /// The standard deviation over repeats.
    pub spread: Option<f64>,
    pub interval: Option<Interval>,
    /// To the baseline.
    pub difference: Option<f64>,
    pub difference_interval: Option<Interval>,
    /// How many users have a part in it.
    pub users: i64,
}

/// An evaluation between its stages.
pub struct Judging {
    config: AssessConfig,
    bootstrap: BootstrapConfig,
    part: Part,
    /// The place of the baseline among the models.
    baseline: Option<usize>,
    models: Vec<String>,
    scored: Vec<ScoredModel>,
    trained: Vec<TrainedModel>,
    stored: StoredSplit,
    pool: rayon::ThreadPool,
    lines: Vec<Line>,
}

impl Judging {
    /// Checks the request, and reads the split, the scores and the models.
    ///
    /// Errors: 42704 unknown split or model, 22023 for a choice that is not possible or scores that are not finite, 42P01,
    /// 42703, 53000 over the memory limit.
    pub fn load(request: &Request) -> Result<Self> {
        let config = assess_config(request)?;
        let bootstrap = bootstrap_config(request)?;
        let part: Part = request.part.parse()?;
        let threads = settings::threads(request.threads)?;
        worker::begin_reading("reading the split")?;
        let stored = StoredSplit::load(request.split)?;
        let scored = match request.scores {
            Some(relation) => scores::read(relation, &stored)?,
            None => Vec::new(),
        };
        let trained = trained::names(stored.split_id, part)?;
        let models = chosen(request, &scored, &trained)?;
        worker::phase("reading models");
        let trained = trained::load(&models, &trained, &stored)?;
        let baseline = match request.baseline {
            Some(name) => Some(models.iter().position(|model| model == name).ok_or_else(|| {
                Error::unknown(format!("the baseline \"{}\" is not among the models", crate::lookup::shortened(name)))
                    .hint(format!("use one of {}", models.join(", ")))
            })?),
            None => None,
        };
        let pool = thread_pool(threads)?;
        Ok(Self { config, bootstrap, part, baseline, models, scored, trained, stored, pool, lines: Vec::new() })
    }
}

impl Stages for Judging {
    type Outcome = Vec<Line>;

    /// Errors: 22023 for scores that are not finite, 55000 if the part has no positives, 53000.
    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        worker::phase("judging");
        let mut reporter = Reporter::new();
        let mut unscored = Vec::new();
        let lines = pipeline(
            |output| self.run(output),
            |event| {
                match event {
                    Event::Block(News::Done(fraction)) if job.is_some() => reporter.done("judging", fraction),
                    Event::Block(News::Unscored(found)) => unscored.push(found),
                    _ => {}
                }
                Ok(())
            },
        )?;
        for Unscored { model, rows, of } in unscored {
            notice!("model {model} has no score for {rows} of {of} rows: metrics of rows are not defined");
        }
        self.lines = lines;
        Ok(())
    }

    /// Errors: 55000 if the split or a model was dropped or replaced while it was judged.
    fn store(self) -> Result<Vec<Line>> {
        if !self.stored.is_there()? {
            return Err(Error::not_ready("the split was dropped or replaced while it was judged"));
        }
        for model in &self.trained {
            model.check_unchanged()?;
        }
        Ok(self.lines)
    }
}

fn assess_config(request: &Request) -> Result<AssessConfig> {
    let metrics = match &request.metrics {
        None => Metric::ALL.to_vec(),
        Some(names) => names.iter().map(|name| Ok(name.parse()?)).collect::<Result<_>>()?,
    };
    if metrics.is_empty() {
        return Err(Error::invalid("metrics must not be empty").hint("NULL takes all"));
    }
    let within = |name: &str, value: i32, most: i32| match value {
        value if (1..=most).contains(&value) => Ok(value as usize),
        _ => Err(Error::invalid(format!("{name} must be between 1 and {most}, not {value}"))),
    };
    Ok(AssessConfig {
        metrics,
        k: within("k", request.k, MAX_K)?,
        bins: within("bins", request.bins, MAX_BINS)?,
        bands: request.bands,
        seed: request.seed as u64,
    })
}

fn bootstrap_config(request: &Request) -> Result<BootstrapConfig> {
    let resamples = u32::try_from(request.resamples).ok().filter(|_| request.resamples <= MAX_RESAMPLES);
    let resamples = resamples.ok_or_else(|| {
        Error::invalid(format!("resamples must be between 0 and {MAX_RESAMPLES}, not {}", request.resamples))
    })?;
    let config = BootstrapConfig { resamples, level: request.level, seed: request.seed as u64 };
    Bootstrap::new(0, 0, config)?;
    Ok(config)
}

/// The names of the models to judge. Errors: 42704, 22023.
fn chosen(request: &Request, scored: &[ScoredModel], trained: &[String]) -> Result<Vec<String>> {
    let named = scored.iter().map(|model| model.name.as_str());
    let mut known: Vec<&str> = BUILT_IN.into_iter().collect();
    // What is built in under a name has nothing to learn: it is the same.
    known.extend(trained.iter().map(String::as_str).filter(|name| !BUILT_IN.contains(name)));
    if let Some(model) = scored.iter().find(|model| known.contains(&model.name.as_str())) {
        let what = if BUILT_IN.contains(&model.name.as_str()) { "built in" } else { "trained on the split" };
        return Err(Error::invalid(format!("the scores are of a model \"{}\", which is {what}", model.name))
            .hint("give it another name"));
    }
    known.extend(named);
    let Some(wanted) = &request.models else { return Ok(known.into_iter().map(str::to_owned).collect()) };
    if wanted.is_empty() {
        return Err(Error::invalid("models must not be empty").hint("NULL takes all"));
    }
    match wanted.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(Error::unknown(format!(
            "model \"{}\" does not exist, or did not learn from this split",
            crate::lookup::shortened(name)
        ))
        .hint(format!("use one of {}, or train it: sgr_train(…, split => …)", known.join(", ")))),
        None => Ok(wanted.clone()),
    }
}

/// A model without a score for some rows that it is judged by.
struct Unscored {
    model: String,
    rows: usize,
    of: usize,
}

/// What the judging thread hands over.
enum News {
    /// How much is done.
    Done(f64),
    Unscored(Unscored),
}

/// Says how much is done.
struct Told<'a> {
    output: &'a Output<News>,
    /// Of all, before what is being done.
    before: f64,
    /// How much of all that is.
    share: f64,
}

impl Told<'_> {
    /// `false` means that nobody wants more.
    fn done(&self, fraction: f64) -> bool {
        self.output.send(News::Done(self.before + self.share * fraction))
    }
}

/// A metric of a model over all repeats.
struct Merged {
    model: usize,
    metric: Metric,
    band: Option<Band>,
    values: Vec<Option<f64>>,
    statistic: Option<MeanOfSplits>,
}

impl Judging {
    fn run(&self, output: &Output<News>) -> Result<Vec<Line>> {
        let Self { stored, models, scored, trained, .. } = self;
        let (user_count, item_count) = (stored.users.ids.len(), stored.items.ids.len());
        let mut merged: Vec<Vec<Merged>> = models.iter().map(|_| Vec::new()).collect();
        // Resampling takes about as long as a model of all repeats.
        let share = 1.0 / ((models.len() + 1) * stored.repeats.len()).max(1) as f64;
        let mut told = Told { output, before: 0.0, share };
        let mut rows = 0;
        for (repeat, split) in stored.repeats.iter().enumerate() {
            let task = Task::new(split, self.part, user_count, item_count)?;
            rows += task.rows();
            for (at, name) in models.iter().enumerate() {
                let scored = scored.iter().find(|model| model.name == *name);
                let trained = trained.iter().find(|model| model.name == *name);
                let measured = match (scored, trained) {
                    (Some(model), _) => self.assess(&task, Scores::Table(&model.tables[repeat]), name, &told)?,
                    (None, Some(model)) => {
                        let mut model = model.at(repeat, &self.pool);
                        if !model.score_ahead(self.labelled_pairs(split), || told.done(0.0)) {
                            return Ok(Vec::new());
                        }
                        self.assess(&task, Scores::Model(&model), name, &told)?
                    }
                    (None, None) => {
                        let model = self.built_in(name, &task, repeat);
                        self.assess(&task, Scores::Model(&*model), name, &told)?
                    }
                };
                merge(&mut merged[at], at, measured);
                told.before += share;
            }
        }
        told.share = 1.0 - told.before;
        let merged: Vec<Merged> = merged.into_iter().flatten().collect();
        // What has no interval.
        let nothing = MeanOfSplits(Vec::new());
        let statistics: Vec<&dyn Statistic> =
            merged.iter().map(|merged| merged.statistic.as_ref().map_or(&nothing as &dyn Statistic, |s| s)).collect();
        let all_rows = rows.saturating_mul(merged.len());
        let mut bootstrap = Bootstrap::new(user_count, all_rows, self.bootstrap)?;
        while bootstrap.step(&statistics, &self.pool) {
            if !told.done(bootstrap.fraction()) {
                break;
            }
        }
        Ok((0..merged.len()).map(|at| self.line(at, &merged, &bootstrap)).collect())
    }

    /// The rows that metrics of rows look at.
    fn labelled_pairs(&self, split: &Split) -> Vec<(u32, u32)> {
        let metrics = &self.config.metrics;
        let is_fitted = metrics.contains(&Metric::Accuracy) && self.part != Part::Validation;
        let judged = metrics.iter().any(|metric| metric.of_rows()).then_some(self.part);
        let parts = judged.into_iter().chain(is_fitted.then_some(Part::Validation));
        parts.flat_map(|part| split.rows_of(part)).map(|row| (split.users[row], split.items[row])).collect()
    }

    fn built_in(&self, name: &str, task: &Task, repeat: usize) -> Box<dyn Model> {
        match name {
            "popularity" => Box::new(PopularityModel { popularity: task.popularity.clone() }),
            "leak_only" => Box::new(LeakOnlyModel::new(&task.train, &task.train_negatives)),
            _ => Box::new(RandomModel { seed: self.config.seed.wrapping_add(repeat as u64) }),
        }
    }

    fn assess(&self, task: &Task, scores: Scores, name: &str, told: &Told) -> Result<Vec<Measured>> {
        let ids = self.stored.ids();
        let mut assessment = Assessment::new(task, scores, &self.config)?;
        while assessment.step(&self.pool).map_err(|error| ids.error(error))? {
            if !told.done(assessment.fraction()) {
                return Ok(Vec::new());
            }
        }
        let measured = assessment.finish().map_err(|error| ids.error(error))?;
        if assessment.unscored() > 0 {
            let unscored = Unscored { model: name.to_owned(), rows: assessment.unscored(), of: task.rows() };
            told.output.send(News::Unscored(unscored));
        }
        Ok(measured)
    }

    fn line(&self, at: usize, merged: &[Merged], bootstrap: &Bootstrap) -> Line {
        let found = &merged[at];
        let spread = found.spread();
        let same = |other: &&Merged| (other.metric, other.band) == (found.metric, found.band);
        let baseline = self
            .baseline
            .filter(|&baseline| baseline != found.model)
            .and_then(|model| merged.iter().position(|other| other.model == model && same(&other)));
        let other = baseline.and_then(|baseline| merged[baseline].spread());
        Line {
            model: self.models[found.model].clone(),
            metric: found.metric,
            k: found.metric.of_first_k().then_some(self.config.k as i32),
            band: found.band,
            value: spread.map(|spread| spread.mean),
            spread: spread.and_then(|spread| spread.deviation),
            interval: bootstrap.interval(at),
            difference: spread.zip(other).map(|(own, other)| own.mean - other.mean),
            difference_interval: baseline.and_then(|baseline| bootstrap.difference(at, baseline)),
            users: found.statistic.as_ref().map_or(0, |statistic| statistic.counted()) as i64,
        }
    }
}

impl Merged {
    /// `None` if it is not defined in one of the repeats.
    fn spread(&self) -> Option<Spread> {
        let values: Option<Vec<f64>> = self.values.iter().copied().collect();
        values.filter(|values| !values.is_empty()).map(|values| Spread::of(&values))
    }
}

/// Adds what a model came to in one repeat.
fn merge(merged: &mut Vec<Merged>, model: usize, measured: Vec<Measured>) {
    let first = merged.is_empty();
    for (at, Measured { metric, band, found }) in measured.into_iter().enumerate() {
        if first {
            merged.push(Merged { model, metric, band, values: Vec::new(), statistic: None });
        }
        merged[at].values.push(found.value());
        if let Found::Statistic(statistic) = found {
            merged[at].statistic.get_or_insert(MeanOfSplits(Vec::new())).0.push(statistic);
        }
    }
}
