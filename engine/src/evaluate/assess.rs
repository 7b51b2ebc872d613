//! All metrics of a model on one split.

use super::bands::{Band, bands};
use super::error::EvaluateError;
use super::list_metrics::{ListMetric, coverage, mean_popularity, novelty, popularity_lift};
use super::models::Scores;
use super::ranking::{FullRanking, TopLists, list_lengths, order_by_score};
use super::scored::ScoredRows;
use super::sets::ItemSets;
use super::split::{Part, Split};
use super::statistic::{Statistic, UserRatio};
use crate::choice::named;

/// How long the lists are that are judged.
pub const DEFAULT_K: usize = 10;

/// What can be measured. The first five need labels of both kinds in the part that is judged, the others rank all items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// [`ScoredRows::pooled_auc`].
    Auc,
    /// [`ScoredRows::per_user_auc`].
    UserAuc,
    /// [`ScoredRows::accuracy`] with the best threshold of the validation part.
    Accuracy,
    /// [`ScoredRows::log_loss`].
    LogLoss,
    /// [`Calibration`](super::Calibration).
    CalibrationError,
    /// [`ListMetric::Recall`].
    Recall,
    /// [`ListMetric::Precision`].
    Precision,
    /// [`ListMetric::Ndcg`].
    Ndcg,
    /// [`ListMetric::Mrr`].
    Mrr,
    /// [`ListMetric::Hit`].
    Hit,
    /// [`ListMetric::RPrecision`].
    RPrecision,
    /// [`coverage`](super::coverage()).
    Coverage,
    /// [`novelty`](super::novelty()).
    Novelty,
    /// [`mean_popularity`](super::mean_popularity()).
    MeanPopularity,
    /// [`popularity_lift`](super::popularity_lift()).
    PopularityLift,
}

named!(
    EvaluateError,
    Metric,
    "metric",
    Auc = "auc",
    UserAuc = "user_auc",
    Accuracy = "accuracy",
    LogLoss = "log_loss",
    CalibrationError = "calibration_error",
    Recall = "recall",
    Precision = "precision",
    Ndcg = "ndcg",
    Mrr = "mrr",
    Hit = "hit",
    RPrecision = "r_precision",
    Coverage = "coverage",
    Novelty = "novelty",
    MeanPopularity = "mean_popularity",
    PopularityLift = "popularity_lift",
);

impl Metric {
    /// Whether it is about labelled rows.
    pub fn of_rows(self) -> bool {
        self <= Metric::CalibrationError
    }

    /// Whether it is about the first `k` of a list.
    pub fn of_first_k(self) -> bool {
        self > Metric::CalibrationError && self != Metric::RPrecision
    }

    /// The metric of a list that it is, if it is one.
    fn of_list(self) -> Option<ListMetric> {
        ListMetric::ALL.iter().copied().find(|metric| metric.name() == self.name())
    }

    /// Whether it makes sense within a band: what lists show is about all items.
    fn has_bands(self) -> bool {
        self.of_rows() || self.of_list().is_some()
    }
}

/// How to judge.
#[derive(Debug, Clone, PartialEq)]
pub struct AssessConfig {
    /// What to measure, in this order.
    pub metrics: Vec<Metric>,
    /// Length of the lists, at least 1.
    pub k: usize,
    /// Bins of the calibration error.
    pub bins: usize,
    /// Whether to measure within each [`Band`] too.
    pub bands: bool,
    /// Equal scores in a list are ordered by lots that follow from it.
    pub seed: u64,
}

/// A split, ready to judge models by one of its parts.
#[derive(Debug, Clone)]
pub struct Task {
    /// Number of users.
    pub user_count: usize,
    /// Number of items: the candidates of a full ranking.
    pub item_count: usize,
    /// The positives of the training part.
    pub train: ItemSets,
    /// The negatives of the training part.
    pub train_negatives: ItemSets,
    /// How many users have each item in training.
    pub popularity: Vec<u32>,
    /// The band of each item.
    pub bands: Vec<Band>,
    /// The positives of the part that is judged.
    pub relevant: ItemSets,
    /// Positives that must not be recommended: those of the parts before.
    pub seen: ItemSets,
    /// Users with something relevant: those for whom lists are made.
    pub users: Vec<u32>,
    judged: Rows,
    /// Where thresholds are fitted.
    fitted: Rows,
}

/// Labelled rows.
#[derive(Debug, Clone, Default)]
struct Rows {
    users: Vec<u32>,
    items: Vec<u32>,
    labels: Vec<bool>,
}

impl Rows {
    fn of(split: &Split, part: Part) -> Rows {
        let rows: Vec<usize> = split.rows_of(part).collect();
        Rows {
            users: rows.iter().map(|&row| split.users[row]).collect(),
            items: rows.iter().map(|&row| split.items[row]).collect(),
            labels: rows.iter().map(|&row| split.labels[row]).collect(),
        }
    }

    /// With scores; and how many have none, if any.
    fn scored(&self, scores: Scores, user_count: usize) -> Result<Result<ScoredRows, usize>, EvaluateError> {
        let found: Vec<Option<f64>> =
            self.users.iter().zip(&self.items).map(|(&user, &item)| scores.pair(user, item)).collect();
        let missing = found.iter().filter(|score| score.is_none()).count();
        if missing > 0 {
            return Ok(Err(missing));
        }
        let (users, items, labels) = (self.users.clone(), self.items.clone(), self.labels.clone());
        Ok(Ok(ScoredRows::new(users, items, labels, found.into_iter().flatten().collect(), user_count)?))
    }
}

impl Task {
    /// Of a split with ids below the counts. By [`Part::Test`] thresholds are fitted on the validation part, and the
    /// positives of training and validation count as seen. By [`Part::Validation`] thresholds are fitted where they are
    /// judged, so accuracy is optimistic, and only training counts as seen.
    ///
    /// # Errors
    /// [`UnknownId`](EvaluateError::UnknownId); [`InvalidConfig`](EvaluateError::InvalidConfig) for the training part;
    /// [`NoPositives`](EvaluateError::NoPositives) if the part has none.
    pub fn new(split: &Split, part: Part, user_count: usize, item_count: usize) -> Result<Task, EvaluateError> {
        let before: &[Part] = match part {
            Part::Test => &[Part::Train, Part::Validation],
            Part::Validation => &[Part::Train],
            Part::Train => {
                return Err(EvaluateError::invalid("part", "models are not judged by what they learned from"));
            }
        };
        let train = split.positives(&[Part::Train], user_count, item_count)?;
        let relevant = split.positives(&[part], user_count, item_count)?;
        if relevant.is_empty() {
            return Err(EvaluateError::NoPositives { part: part.name() });
        }
        let negatives: Vec<usize> = split.rows_of(Part::Train).filter(|&row| !split.labels[row]).collect();
        let users: Vec<u32> = negatives.iter().map(|&row| split.users[row]).collect();
        let items: Vec<u32> = negatives.iter().map(|&row| split.items[row]).collect();
        let popularity = train.popularity(item_count);
        Ok(Task {
            user_count,
            item_count,
            train_negatives: ItemSets::new(&users, &items, user_count, item_count)?,
            bands: bands(&popularity),
            popularity,
            seen: split.positives(before, user_count, item_count)?,
            users: (0..user_count as u32).filter(|&user| !relevant.of(user).is_empty()).collect(),
            judged: Rows::of(split, part),
            fitted: Rows::of(split, Part::Validation),
            train,
            relevant,
        })
    }

    /// Number of labelled rows that are judged.
    pub fn rows(&self) -> usize {
        self.judged.users.len()
    }
}

/// What a metric came to.
pub enum Found {
    /// A number that can be computed again with users weighted.
    Statistic(Box<dyn Statistic>),
    /// A number about all users together.
    Value(f64),
}

impl Found {
    /// The number, if it is defined.
    pub fn value(&self) -> Option<f64> {
        match self {
            Found::Statistic(statistic) => statistic.estimate(),
            Found::Value(value) => Some(*value),
        }
    }
}

/// A metric of a model.
pub struct Measured {
    /// Which metric.
    pub metric: Metric,
    /// Within which band; `None` for all items.
    pub band: Option<Band>,
    /// What it came to.
    pub found: Found,
}

/// Judges a model, a step at a time.
pub struct Assessment<'a> {
    task: &'a Task,
    scores: Scores<'a>,
    config: &'a AssessConfig,
    lengths: Vec<u32>,
    lists: TopLists,
    /// Users whose lists are done.
    ranked: usize,
    unscored: usize,
}

/// Users of a step whose lists come from a table.
const TABLE_USERS: usize = 4096;

impl<'a> Assessment<'a> {
    /// Prepares to judge.
    ///
    /// # Errors
    /// [`InvalidConfig`](EvaluateError::InvalidConfig) for `k` or `bins`.
    pub fn new(task: &'a Task, scores: Scores<'a>, config: &'a AssessConfig) -> Result<Assessment<'a>, EvaluateError> {
        if config.k == 0 || config.k > 1 << 20 {
            return Err(EvaluateError::invalid("k", format!("{} is not between 1 and 1048576", config.k)));
        }
        ScoredRows::default().calibration(config.bins)?;
        let any_list = config.metrics.iter().any(|metric| !metric.of_rows());
        let r_precision = config.metrics.contains(&Metric::RPrecision);
        let lengths = list_lengths(&task.users, &task.relevant, config.k, r_precision);
        let ranked = if any_list { 0 } else { task.users.len() };
        Ok(Assessment { task, scores, config, lengths, lists: TopLists::new(), ranked, unscored: 0 })
    }

    /// Makes some more lists: some tens of milliseconds of work. False if there was nothing left to do. Lists do not depend
    /// on the number of threads.
    ///
    /// # Errors
    /// [`Score`](EvaluateError::Score) for NaN or plus infinity.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> Result<bool, EvaluateError> {
        let from = self.ranked;
        let (users, lengths) = (&self.task.users[from..], &self.lengths[from..]);
        if users.is_empty() {
            return Ok(false);
        }
        match self.scores {
            Scores::Model(model) => {
                let Task { seen, item_count, .. } = self.task;
                let mut ranking = FullRanking::new(users, lengths, seen, *item_count, self.config.seed)?;
                let scorer = |users: &[u32], scores: &mut [f32]| model.score(users, scores);
                ranking.step(&scorer, pool)?;
                let lists = ranking.finish();
                self.ranked += lists.len();
                lists.iter().for_each(|(user, list)| self.lists.push(user, list.iter().copied()));
            }
            Scores::Table(table) => {
                for (&user, &length) in users.iter().zip(lengths).take(TABLE_USERS) {
                    let mut scored = table.of(user).to_vec();
                    scored.retain(|scored| !self.task.seen.contains(user, scored.0));
                    order_by_score(user, &mut scored, self.config.seed);
                    self.lists.push(user, scored.into_iter().take(length as usize).map(|scored| scored.0));
                    self.ranked += 1;
                }
            }
        }
        Ok(true)
    }

    /// How much is done, in `0..=1`.
    pub fn fraction(&self) -> f64 {
        if self.task.users.is_empty() { 1.0 } else { self.ranked as f64 / self.task.users.len() as f64 }
    }

    /// Judged rows without a score, after [`finish`](Self::finish): metrics of rows are then not defined.
    pub fn unscored(&self) -> usize {
        self.unscored
    }

    /// Measures, once [`step`](Self::step) has returned false: in the order of the metrics, for each first over all items.
    ///
    /// # Errors
    /// [`Score`](EvaluateError::Score) for a score that is not finite; [`InvalidConfig`](EvaluateError::InvalidConfig).
    pub fn finish(&mut self) -> Result<Vec<Measured>, EvaluateError> {
        let rows = match self.task.judged.scored(self.scores, self.task.user_count)? {
            Ok(rows) => rows,
            Err(missing) => {
                self.unscored = missing;
                ScoredRows::default()
            }
        };
        let wants_threshold = self.config.metrics.contains(&Metric::Accuracy);
        let threshold = match wants_threshold.then(|| self.task.fitted.scored(self.scores, self.task.user_count)) {
            Some(fitted) => fitted?.ok().and_then(|rows| rows.best_threshold()),
            None => None,
        };
        let mut measured = Vec::new();
        for &metric in &self.config.metrics {
            let found = self.measure(metric, &rows, threshold, None)?;
            measured.push(Measured { metric, band: None, found });
            for &band in Band::ALL.iter().filter(|_| self.config.bands && metric.has_bands()) {
                let found = self.measure(metric, &rows, threshold, Some(band))?;
                measured.push(Measured { metric, band: Some(band), found });
            }
        }
        Ok(measured)
    }

    fn measure(
        &self,
        metric: Metric,
        rows: &ScoredRows,
        threshold: Option<f64>,
        band: Option<Band>,
    ) -> Result<Found, EvaluateError> {
        let Task { user_count, item_count, popularity, .. } = self.task;
        let among: Option<Vec<bool>> = band.map(|band| self.task.bands.iter().map(|&other| other == band).collect());
        let rows = || match &among {
            Some(among) => rows.of_items(|item| among[item as usize]),
            None => rows.clone(),
        };
        let nothing = || UserRatio::new(*user_count);
        let statistic: Box<dyn Statistic> = match (metric, metric.of_list()) {
            // Without a score for each row there are no rows, and no users either.
            (metric, _) if metric.of_rows() && !rows().has_both_labels() => Box::new(nothing()),
            (Metric::Auc, _) => Box::new(rows().pooled_auc()),
            (Metric::UserAuc, _) => Box::new(rows().per_user_auc()),
            (Metric::Accuracy, _) => Box::new(threshold.map_or_else(nothing, |threshold| rows().accuracy(threshold))),
            (Metric::LogLoss, _) => Box::new(rows().log_loss()),
            (Metric::CalibrationError, _) => Box::new(rows().calibration(self.config.bins)?),
            (_, Some(list)) => {
                Box::new(list.of_lists(&self.lists, &self.task.relevant, self.config.k, among.as_deref()))
            }
            (Metric::Coverage, _) => return Ok(Found::Value(coverage(&self.lists, self.config.k, *item_count))),
            (Metric::Novelty, _) => Box::new(novelty(&self.lists, self.config.k, popularity, *user_count)),
            (Metric::MeanPopularity, _) => {
                Box::new(mean_popularity(&self.lists, self.config.k, popularity, *user_count))
            }
            _ => Box::new(popularity_lift(&self.lists, self.config.k, popularity, &self.task.train)),
        };
        Ok(Found::Statistic(statistic))
    }
}
