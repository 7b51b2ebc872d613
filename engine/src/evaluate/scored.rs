//! Labelled rows with scores: does the model tell them apart, and do its probabilities mean what they say?

use super::error::EvaluateError;
use super::statistic::{Statistic, UserRatio};

/// Bins of the calibration error (Guo et al., ICML 2017).
pub const DEFAULT_BINS: usize = 15;
/// Probabilities are kept so far from 0 and 1 in the logarithmic loss, as scikit-learn does.
const LOG_LOSS_CLIP: f64 = f64::EPSILON;

/// Labelled rows with the scores of one model: the higher, the more it expects the label 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScoredRows {
    users: Vec<u32>,
    items: Vec<u32>,
    labels: Vec<bool>,
    scores: Vec<f64>,
    user_count: usize,
}

impl ScoredRows {
    /// Rows as parallel columns; users are below `user_count`.
    ///
    /// # Errors
    /// [`Length`](EvaluateError::Length), [`UnknownId`](EvaluateError::UnknownId); [`Score`](EvaluateError::Score) for a
    /// score that is not finite.
    pub fn new(
        users: Vec<u32>,
        items: Vec<u32>,
        labels: Vec<bool>,
        scores: Vec<f64>,
        user_count: usize,
    ) -> Result<ScoredRows, EvaluateError> {
        for (what, length) in [("items", items.len()), ("labels", labels.len()), ("scores", scores.len())] {
            EvaluateError::check_length(what, length, users.len())?;
        }
        EvaluateError::check_ids("user", &users, user_count)?;
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(EvaluateError::Score { user: users[row], item: items[row], score: scores[row] });
        }
        Ok(ScoredRows { users, items, labels, scores, user_count })
    }

    /// The rows whose item is in a set.
    pub fn of_items(&self, is_in: impl Fn(u32) -> bool) -> ScoredRows {
        let rows: Vec<usize> = (0..self.len()).filter(|&row| is_in(self.items[row])).collect();
        ScoredRows {
            users: rows.iter().map(|&row| self.users[row]).collect(),
            items: rows.iter().map(|&row| self.items[row]).collect(),
            labels: rows.iter().map(|&row| self.labels[row]).collect(),
            scores: rows.iter().map(|&row| self.scores[row]).collect(),
            user_count: self.user_count,
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Whether there are rows with the label 1 and rows with the label 0.
    pub fn has_both_labels(&self) -> bool {
        self.labels.contains(&true) && self.labels.contains(&false)
    }

    /// Whether all scores can be read as probabilities.
    pub fn are_probabilities(&self) -> bool {
        self.scores.iter().all(|score| (0.0..=1.0).contains(score))
    }

    /// Rows in an order, by their places.
    fn sorted(&self, key: impl Fn(usize, usize) -> std::cmp::Ordering) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by(|&a, &b| key(a, b));
        order
    }

    /// The area under the ROC curve over all rows, whoever's they are: the probability that a positive scores higher than
    /// a negative, ties counting half (Hanley & McNeil 1982).
    pub fn pooled_auc(&self) -> PooledAuc {
        let order = self.sorted(|a, b| self.scores[a].total_cmp(&self.scores[b]));
        let tied = order.chunk_by(|&a, &b| self.scores[a] == self.scores[b]);
        PooledAuc {
            users: order.iter().map(|&row| self.users[row]).collect(),
            labels: order.iter().map(|&row| self.labels[row]).collect(),
            tie_sizes: tied.map(|rows| rows.len() as u32).collect(),
            user_count: self.user_count,
        }
    }

    /// The mean over users of the area under the ROC curve of the user's own rows. Users without both labels have none.
    /// What is the same for all rows of a user has no influence (it is 1/2 for the user's label counts).
    pub fn per_user_auc(&self) -> UserRatio {
        let order =
            self.sorted(|a, b| self.users[a].cmp(&self.users[b]).then(self.scores[a].total_cmp(&self.scores[b])));
        let mut found = UserRatio::new(self.user_count);
        for rows in order.chunk_by(|&a, &b| self.users[a] == self.users[b]) {
            let mut area = Area::default();
            for tied in rows.chunk_by(|&a, &b| self.scores[a] == self.scores[b]) {
                let positives = tied.iter().filter(|&&row| self.labels[row]).count() as f64;
                area.add(positives, tied.len() as f64 - positives);
            }
            if let Some(value) = area.value() {
                found.set(self.users[rows[0]], value);
            }
        }
        found
    }

    /// The threshold with the best accuracy if rows that score at least that much are called 1; of several, the lowest.
    /// It lies half-way between two scores, or is an infinity if all rows are better called alike. Fit it on the
    /// validation part. `None` without rows.
    pub fn best_threshold(&self) -> Option<f64> {
        if self.is_empty() {
            return None;
        }
        let order = self.sorted(|a, b| self.scores[a].total_cmp(&self.scores[b]));
        // All are called 1 first, then one tie after the other 0.
        let mut right = self.labels.iter().filter(|&&label| label).count() as i64;
        let (mut best, mut threshold) = (right, f64::NEG_INFINITY);
        let mut at = 0;
        for tied in order.chunk_by(|&a, &b| self.scores[a] == self.scores[b]) {
            at += tied.len();
            right += tied.iter().map(|&row| if self.labels[row] { -1 } else { 1 }).sum::<i64>();
            if right > best {
                best = right;
                let score = self.scores[tied[0]];
                threshold = order.get(at).map_or(f64::INFINITY, |&next| between(score, self.scores[next]));
            }
        }
        Some(threshold)
    }

    /// The share of rows that are called right if those that score at least `threshold` are called 1.
    pub fn accuracy(&self, threshold: f64) -> UserRatio {
        self.row_mean(|row| f64::from(u8::from((self.scores[row] >= threshold) == self.labels[row])))
    }

    /// The mean over rows of `-ln p(label)`, scores being the probabilities of 1, kept off 0 and 1 by 2^-52.
    /// No user has a part in it if they are none.
    pub fn log_loss(&self) -> UserRatio {
        if !self.are_probabilities() {
            return UserRatio::new(self.user_count);
        }
        self.row_mean(|row| {
            let score = self.scores[row].clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP);
            -(if self.labels[row] { score } else { 1.0 - score }).ln()
        })
    }

    fn row_mean(&self, value: impl Fn(usize) -> f64) -> UserRatio {
        let mut mean = UserRatio::new(self.user_count);
        for (row, &user) in self.users.iter().enumerate() {
            mean.add(user, value(row));
        }
        mean
    }

    /// How far probabilities are from what comes true, in so many bins of equal width.
    ///
    /// # Errors
    /// [`InvalidConfig`](EvaluateError::InvalidConfig) without bins.
    pub fn calibration(&self, bins: usize) -> Result<Calibration, EvaluateError> {
        if bins == 0 || bins > 1 << 16 {
            return Err(EvaluateError::invalid("bins", format!("{bins} is not between 1 and 65536")));
        }
        let rows = if self.are_probabilities() { self.len() } else { 0 };
        // Half-open bins; the last one holds 1.
        let bin = |&score: &f64| ((score * bins as f64) as usize).min(bins - 1) as u32;
        Ok(Calibration {
            bin_count: bins,
            users: self.users[..rows].to_vec(),
            bins: self.scores[..rows].iter().map(bin).collect(),
            labels: self.labels[..rows].to_vec(),
            scores: self.scores[..rows].to_vec(),
            user_count: self.user_count,
        })
    }
}

/// Half-way, and above the lower one whatever rounding does.
fn between(low: f64, high: f64) -> f64 {
    let middle = low / 2.0 + high / 2.0;
    if middle > low { middle } else { high }
}

/// Adds up the area under a ROC curve, from low scores to high ones.
#[derive(Debug, Clone, Copy, Default)]
struct Area {
    positives: f64,
    negatives: f64,
    /// Pairs of a positive and a negative below it, ties counting half.
    won: f64,
}

impl Area {
    /// Adds rows of one score.
    fn add(&mut self, positives: f64, negatives: f64) {
        self.won += positives * (self.negatives + negatives / 2.0);
        self.positives += positives;
        self.negatives += negatives;
    }

    fn value(&self) -> Option<f64> {
        let pairs = self.positives * self.negatives;
        (pairs > 0.0).then(|| self.won / pairs)
    }
}

/// The pooled area under the ROC curve.
#[derive(Debug, Clone, PartialEq)]
pub struct PooledAuc {
    /// By row, ascending by score.
    users: Vec<u32>,
    labels: Vec<bool>,
    /// How many rows have the lowest score, the second lowest, ...
    tie_sizes: Vec<u32>,
    user_count: usize,
}

impl Statistic for PooledAuc {
    fn users(&self) -> usize {
        self.user_count
    }

    fn value(&self, weights: &[u32]) -> Option<f64> {
        let mut area = Area::default();
        let mut row = 0;
        for &size in &self.tie_sizes {
            let mut counts = [0_u64; 2];
            for _ in 0..size {
                counts[usize::from(self.labels[row])] += u64::from(weights[self.users[row] as usize]);
                row += 1;
            }
            area.add(counts[1] as f64, counts[0] as f64);
        }
        area.value()
    }

    fn counted(&self) -> usize {
        distinct(&self.users, self.user_count)
    }
}

/// The expected calibration error (Naeini et al., AAAI 2015): over bins of the predicted probability, the mean of
/// `|mean probability - share of ones|`, weighted by rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    bin_count: usize,
    users: Vec<u32>,
    bins: Vec<u32>,
    labels: Vec<bool>,
    scores: Vec<f64>,
    user_count: usize,
}

/// A bin of the reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReliabilityBin {
    /// Number of rows.
    pub rows: u64,
    /// Mean of the predicted probability; 0 without rows.
    pub probability: f64,
    /// Share of rows with the label 1; 0 without rows.
    pub positives: f64,
}

impl Calibration {
    /// The reliability diagram, from the lowest bin to the highest. No row is in it if scores were no probabilities.
    pub fn bins(&self) -> Vec<ReliabilityBin> {
        self.weighted(&vec![1; self.user_count])
    }

    fn weighted(&self, weights: &[u32]) -> Vec<ReliabilityBin> {
        let mut bins = vec![ReliabilityBin::default(); self.bin_count];
        for (row, &bin) in self.bins.iter().enumerate() {
            let (bin, weight) = (&mut bins[bin as usize], weights[self.users[row] as usize]);
            bin.rows += u64::from(weight);
            bin.probability += f64::from(weight) * self.scores[row];
            bin.positives += f64::from(weight) * f64::from(u8::from(self.labels[row]));
        }
        for bin in bins.iter_mut().filter(|bin| bin.rows > 0) {
            bin.probability /= bin.rows as f64;
            bin.positives /= bin.rows as f64;
        }
        bins
    }
}

impl Statistic for Calibration {
    fn users(&self) -> usize {
        self.user_count
    }

    fn value(&self, weights: &[u32]) -> Option<f64> {
        let bins = self.weighted(weights);
        let rows: u64 = bins.iter().map(|bin| bin.rows).sum();
        let gaps: f64 = bins.iter().map(|bin| bin.rows as f64 * (bin.probability - bin.positives).abs()).sum();
        (rows > 0).then(|| gaps / rows as f64)
    }

    fn counted(&self) -> usize {
        distinct(&self.users, self.user_count)
    }
}

fn distinct(users: &[u32], user_count: usize) -> usize {
    let mut seen = vec![false; user_count];
    for &user in users {
        seen[user as usize] = true;
    }
    seen.into_iter().filter(|&seen| seen).count()
}
