//! How sure a number is, and a difference of two.

use super::error::EvaluateError;
use super::random::{self, Use};
use super::statistic::Statistic;
use rayon::prelude::*;

/// How often users are drawn again.
pub const DEFAULT_RESAMPLES: u32 = 1000;
/// How likely an interval holds the true value.
pub const DEFAULT_LEVEL: f64 = 0.95;
/// Draws and additions of a step for each thread: some tens of milliseconds.
const STEP_WORK: usize = 10_000_000;

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BootstrapConfig {
    /// How often, up to a million; 0 gives no intervals.
    pub resamples: u32,
    /// The level of the intervals, between 0 and 1.
    pub level: f64,
    /// The same seed draws the same users.
    pub seed: u64,
}

impl Default for BootstrapConfig {
    fn default() -> BootstrapConfig {
        BootstrapConfig { resamples: DEFAULT_RESAMPLES, level: DEFAULT_LEVEL, seed: 0 }
    }
}

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// Bootstrap over users (Efron & Tibshirani 1993): users are drawn with replacement, and all statistics are computed on the
/// same draw. So the difference of two models is that on the same users: it is *paired*, and what makes users easy or hard
/// for both cancels. Intervals go from percentile to percentile.
#[derive(Debug)]
pub struct Bootstrap {
    config: BootstrapConfig,
    users: usize,
    /// By resample, then by statistic.
    values: Vec<Vec<Option<f64>>>,
    /// What a resample costs, in draws.
    work: usize,
}

impl Bootstrap {
    /// Prepares resamples of so many users, for statistics over about so many rows in all.
    ///
    /// # Errors
    /// [`InvalidConfig`](EvaluateError::InvalidConfig).
    pub fn new(users: usize, rows: usize, config: BootstrapConfig) -> Result<Bootstrap, EvaluateError> {
        if !(config.level > 0.0 && config.level < 1.0) {
            return Err(EvaluateError::invalid("level", format!("{} is not between 0 and 1", config.level)));
        }
        if config.resamples > 1_000_000 {
            return Err(EvaluateError::invalid("resamples", format!("{} is over 1000000", config.resamples)));
        }
        Ok(Bootstrap { config, users, values: Vec::new(), work: (4 * users).saturating_add(rows) })
    }

    /// Draws some more times. False if there was nothing left to do. Every step gets the same statistics. What is drawn does
    /// not depend on the number of threads.
    pub fn step(&mut self, statistics: &[&dyn Statistic], pool: &rayon::ThreadPool) -> bool {
        let from = self.values.len();
        let each = (STEP_WORK / self.work.max(1)).max(1);
        let end = (self.config.resamples as usize).min(from + each * pool.current_num_threads());
        let (seed, users) = (self.config.seed, self.users);
        let resample = |weights: &mut Vec<u32>, at: usize| {
            weights.clear();
            weights.resize(users, 0);
            let mut rng = random::stream(seed, Use::Resample, at as u64);
            for _ in 0..users {
                weights[random::below(&mut rng, users)] += 1;
            }
            statistics.iter().map(|statistic| statistic.value(weights)).collect()
        };
        let values: Vec<Vec<Option<f64>>> =
            pool.install(|| (from..end).into_par_iter().map_init(Vec::new, resample).collect());
        self.values.extend(values);
        end > from
    }

    /// How much is done, in `0..=1`.
    pub fn fraction(&self) -> f64 {
        if self.config.resamples == 0 { 1.0 } else { self.values.len() as f64 / f64::from(self.config.resamples) }
    }

    /// The interval of a statistic, by its place; `None` if it was not defined on any draw.
    pub fn interval(&self, statistic: usize) -> Option<Interval> {
        self.percentiles(self.values.iter().filter_map(|values| values[statistic]).collect())
    }

    /// The interval of `a - b`, two statistics by their places.
    pub fn difference(&self, a: usize, b: usize) -> Option<Interval> {
        let difference = |values: &Vec<Option<f64>>| Some(values[a]? - values[b]?);
        self.percentiles(self.values.iter().filter_map(difference).collect())
    }

    fn percentiles(&self, mut values: Vec<f64>) -> Option<Interval> {
        if values.is_empty() {
            return None;
        }
        values.sort_unstable_by(f64::total_cmp);
        let outside = (1.0 - self.config.level) / 2.0;
        Some(Interval { low: quantile(&values, outside), high: quantile(&values, 1.0 - outside) })
    }
}

/// The quantile of ascending values, between two of them in proportion (type 7 of Hyndman & Fan 1996, as in NumPy and R).
fn quantile(values: &[f64], share: f64) -> f64 {
    let at = share * (values.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(values.len() - 1);
    values[low] + (at - low as f64) * (values[high] - values[low])
}
