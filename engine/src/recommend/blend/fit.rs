//! Learning a blend: cyclic gradient boosting of the weights of bins, over several bags.

use super::bins::{bin_of, coarser, cuts_of};
use super::config::BlendConfig;
use super::error::BlendError;
use super::grow::{Sums, best_quarters, step_of_bins, step_of_table};
use super::model::{Blend, Term, check_names, sigmoid};
use crate::kge::sampling::{Use, key};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// The least share of a feature's variance, over its bins, that must be within users: a feature that does not know the user
/// has half of it or more there.
pub const MIN_WITHIN_USERS: f64 = 0.05;
/// Rounds of a step.
const ROUNDS_PER_STEP: u32 = 4;

/// Labelled rows with the values of all features.
#[derive(Debug, Clone, Copy)]
pub struct BlendRows<'a> {
    /// The user of each row.
    pub users: &'a [u32],
    /// Whether the user took the item.
    pub labels: &'a [bool],
    /// The values of all features of the first row, then those of the second, and so on.
    pub values: &'a [f32],
    /// How many rows each row stands for, finite and over 0; nothing for 1 each.
    pub weights: &'a [f32],
}

/// Where fitting is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlendProgress {
    /// How much is done at least, in `0..=1`: models may stop early.
    pub fraction: f64,
    /// Whether all is done.
    pub done: bool,
    /// The mean, over the bags, of the best log-loss of rows that the bag's model did not learn from.
    pub loss: f64,
}

/// What each row says.
#[derive(Debug)]
struct Targets {
    /// 0 or 1.
    labels: Vec<f64>,
    weights: Vec<f64>,
}

impl Targets {
    /// How the row's log-likelihood grows with its score, and how fast that falls.
    fn slope(&self, row: usize, score: f64) -> (f64, f64) {
        let (probability, weight) = (sigmoid(score), self.weights[row]);
        (weight * (self.labels[row] - probability), weight * probability * (1.0 - probability))
    }

    /// The log-loss of a row that has this score.
    fn loss(&self, row: usize, score: f64) -> f64 {
        // ln(1 + e^-s) without overflow.
        let signed = if self.labels[row] > 0.5 { score } else { -score };
        self.weights[row] * ((-signed.abs()).exp().ln_1p() + (-signed).max(0.0))
    }
}

/// A term that is being learned: the bin of every row, and the cuts.
#[derive(Debug)]
struct Column {
    term: Term,
    /// Bins of the other feature; 1 for a single feature.
    width: usize,
    bins: Vec<u16>,
}

/// One of the models that are averaged.
#[derive(Debug)]
struct Bag {
    learned: Vec<u32>,
    held_out: Vec<u32>,
    base: f64,
    /// Weights of all terms' bins.
    weights: Vec<Vec<f64>>,
    /// Log-odds of all rows.
    scores: Vec<f64>,
    rounds: u32,
    best: Best,
    is_done: bool,
}

#[derive(Debug, Clone)]
struct Best {
    loss: f64,
    round: u32,
    weights: Vec<Vec<f64>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Features,
    Pairs,
    Done,
}

/// Fits a [`Blend`]. See the module for the method.
#[derive(Debug)]
pub struct BlendFit {
    config: BlendConfig,
    features: Vec<String>,
    targets: Targets,
    columns: Vec<Column>,
    /// The columns that this stage learns begin here.
    first: usize,
    bags: Vec<Bag>,
    stage: Stage,
}

impl BlendFit {
    /// Begins.
    ///
    /// # Errors
    /// [`InvalidConfig`](BlendError::InvalidConfig), [`NoFeatures`](BlendError::NoFeatures),
    /// [`FeatureTwice`](BlendError::FeatureTwice), [`WrongLength`](BlendError::WrongLength),
    /// [`OneLabel`](BlendError::OneLabel), [`NotFinite`](BlendError::NotFinite),
    /// [`InvalidWeight`](BlendError::InvalidWeight), [`OfUsers`](BlendError::OfUsers).
    pub fn new(features: Vec<String>, rows: &BlendRows<'_>, config: BlendConfig) -> Result<BlendFit, BlendError> {
        config.validate()?;
        check_names(&features)?;
        let (count, width) = (rows.labels.len(), features.len());
        BlendError::check_length("users", rows.users.len(), count)?;
        BlendError::check_length("values", rows.values.len(), count * width)?;
        if !rows.weights.is_empty() {
            BlendError::check_length("weights", rows.weights.len(), count)?;
        }
        if let Some(row) = rows.weights.iter().position(|&weight| !(weight > 0.0 && weight.is_finite())) {
            return Err(BlendError::InvalidWeight { row, weight: rows.weights[row] });
        }
        let positives = rows.labels.iter().filter(|&&label| label).count();
        if positives == 0 || positives == count {
            return Err(BlendError::OneLabel { positives, negatives: count - positives });
        }
        if let Some(at) = rows.values.iter().position(|value| !value.is_finite()) {
            let (row, feature) = (at / width, features[at % width].clone());
            return Err(BlendError::NotFinite { feature, row, value: rows.values[at] });
        }
        let mut columns = Vec::with_capacity(width + config.pairs);
        for (at, name) in features.iter().enumerate() {
            let values = || rows.values.iter().skip(at).step_by(width).copied();
            let cuts = cuts_of(values(), config.bins);
            let bins: Vec<u16> = values().map(|value| bin_of(&cuts, value) as u16).collect();
            let within = share_within_users(rows.users, &bins);
            if within < MIN_WITHIN_USERS {
                return Err(BlendError::OfUsers { feature: name.clone(), within, least: MIN_WITHIN_USERS });
            }
            columns.push(Column::new(at, cuts, None, bins));
        }
        let labels = rows.labels.iter().map(|&label| f64::from(u8::from(label))).collect();
        let weights = match rows.weights {
            [] => vec![1.0; count],
            weights => weights.iter().map(|&weight| weight.into()).collect(),
        };
        let targets = Targets { labels, weights };
        let bags = (0..config.bags).map(|bag| Bag::new(bag, &targets, &columns, &config)).collect();
        Ok(BlendFit { config, features, targets, columns, first: 0, bags, stage: Stage::Features })
    }

    /// Does some more, on the threads of `pool`; the result does not depend on how many there are. Once all is done it does
    /// nothing.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> BlendProgress {
        if self.stage != Stage::Done {
            let (columns, first, targets, config) = (&self.columns, self.first, &self.targets, &self.config);
            pool.install(|| {
                self.bags.par_iter_mut().for_each(|bag| bag.step(columns, first, targets, config));
            });
            if self.bags.iter().all(|bag| bag.is_done) {
                self.next_stage();
            }
        }
        self.progress()
    }

    fn next_stage(&mut self) {
        self.bags.iter_mut().for_each(|bag| bag.take_best(&self.columns));
        if self.stage == Stage::Pairs {
            self.stage = Stage::Done;
            return;
        }
        self.first = self.columns.len();
        let pairs = self.best_pairs();
        self.stage = if pairs.is_empty() { Stage::Done } else { Stage::Pairs };
        self.columns.extend(pairs);
        for bag in &mut self.bags {
            bag.open(&self.columns);
        }
    }

    fn progress(&self) -> BlendProgress {
        let rounds: u32 = self.bags.iter().map(|bag| bag.rounds).sum();
        let of_stage = f64::from(rounds) / (f64::from(self.config.rounds) * self.bags.len() as f64);
        let stages = if self.config.pairs > 0 { 2.0 } else { 1.0 };
        let fraction = match self.stage {
            Stage::Features => of_stage / stages,
            Stage::Pairs => (1.0 + of_stage) / stages,
            Stage::Done => 1.0,
        };
        let loss = self.bags.iter().map(|bag| bag.best.loss).sum::<f64>() / self.bags.len() as f64;
        BlendProgress { fraction, done: self.stage == Stage::Done, loss }
    }

    /// The pairs that gain most on what the terms of single features leave, as in the FAST of Lou et al. 2013, with cuts
    /// that may differ on both sides of the first one.
    fn best_pairs(&self) -> Vec<Column> {
        if self.config.pairs == 0 {
            return Vec::new();
        }
        let count = self.targets.labels.len();
        let mean = |row: usize| self.bags.iter().map(|bag| bag.scores[row]).sum::<f64>() / self.bags.len() as f64;
        let slopes: Vec<(f64, f64)> = (0..count).map(|row| self.targets.slope(row, mean(row))).collect();
        let coarse: Vec<(Vec<f32>, Vec<u16>)> = self
            .columns
            .iter()
            .map(|column| {
                let mut rows = vec![0; column.term.weights.len()];
                column.bins.iter().for_each(|&bin| rows[usize::from(bin)] += 1);
                let (cuts, new_bins) = coarser(&column.term.cuts, &rows, self.config.pair_bins);
                (cuts, column.bins.iter().map(|&bin| new_bins[usize::from(bin)].into()).collect())
            })
            .collect();
        let mut found: Vec<(f64, Column)> = Vec::new();
        for a in 0..coarse.len() {
            for b in a + 1..coarse.len() {
                let (of_a, of_b) = (&coarse[a], &coarse[b]);
                let width = of_b.0.len() as u16 + 1;
                let bins: Vec<u16> = of_a.1.iter().zip(&of_b.1).map(|(&a, &b)| a * width + b).collect();
                let mut sums = vec![Sums::default(); (of_a.0.len() + 1) * usize::from(width)];
                for (&bin, &(gradient, curvature)) in bins.iter().zip(&slopes) {
                    sums[usize::from(bin)].add(gradient, curvature);
                }
                if let Some(quarters) = best_quarters(&sums, width.into(), &self.config) {
                    found.push((quarters.gain, Column::new(a, of_a.0.clone(), Some((b, of_b.0.clone())), bins)));
                    // Few are kept at a time; sorting is stable, so the earlier of equal ones stays.
                    found.sort_by(|a, b| b.0.total_cmp(&a.0));
                    found.truncate(self.config.pairs);
                }
            }
        }
        found.into_iter().map(|(_, column)| column).collect()
    }

    /// The mean of the bags' models. Each term is moved so that its mean over the rows is 0; what that takes is in the base.
    ///
    /// # Errors
    /// [`Unfinished`](BlendError::Unfinished).
    pub fn finish(self) -> Result<Blend, BlendError> {
        if self.stage != Stage::Done {
            return Err(BlendError::Unfinished);
        }
        let bags = self.bags.len() as f64;
        let mut base = self.bags.iter().map(|bag| bag.base).sum::<f64>() / bags;
        let mut terms = Vec::with_capacity(self.columns.len());
        for (at, column) in self.columns.into_iter().enumerate() {
            let mut term = column.term;
            for (bin, weight) in term.weights.iter_mut().enumerate() {
                *weight = self.bags.iter().map(|bag| bag.weights[at][bin]).sum::<f64>() / bags;
            }
            let mean: f64 = term.weights.iter().zip(&term.shares).map(|(weight, share)| weight * share).sum();
            term.weights.iter_mut().for_each(|weight| *weight -= mean);
            base += mean;
            terms.push(term);
        }
        Blend::from_parameters(self.features, base, terms)
    }
}

impl Column {
    fn new(feature: usize, cuts: Vec<f32>, other: Option<(usize, Vec<f32>)>, bins: Vec<u16>) -> Column {
        let width = other.as_ref().map_or(1, |(_, cuts)| cuts.len() + 1);
        let count = (cuts.len() + 1) * width;
        let mut shares = vec![0.0; count];
        bins.iter().for_each(|&bin| shares[usize::from(bin)] += 1.0);
        shares.iter_mut().for_each(|share| *share /= bins.len() as f64);
        Column { term: Term { feature, cuts, other, weights: vec![0.0; count], shares }, width, bins }
    }
}

impl Bag {
    fn new(bag: u32, targets: &Targets, columns: &[Column], config: &BlendConfig) -> Bag {
        let count = targets.labels.len();
        // 53 bits of a hash make a number in 0..1.
        let draw = |row: u32| key(config.seed, &[Use::BlendBag as u64, bag.into(), row.into()]) >> 11;
        let is_held_out = |row: &u32| (draw(*row) as f64) * f64::EPSILON / 2.0 < config.holdout;
        let (mut held_out, mut learned): (Vec<u32>, Vec<u32>) = (0..count as u32).partition(is_held_out);
        // Of very few rows it may happen that a side gets none.
        if held_out.is_empty() || learned.is_empty() {
            learned = (0..count as u32).collect();
            held_out = learned.clone();
        }
        let weight_of = |label: f64| -> f64 {
            let rows = learned.iter().map(|&row| row as usize).filter(|&row| targets.labels[row] == label);
            rows.map(|row| targets.weights[row]).sum()
        };
        // Half a row of each label keeps it finite.
        let base = ((weight_of(1.0) + 0.5) / (weight_of(0.0) + 0.5)).ln();
        let mut bag = Bag {
            learned,
            held_out,
            base,
            weights: Vec::new(),
            scores: vec![base; count],
            rounds: 0,
            best: Best { loss: f64::INFINITY, round: 0, weights: Vec::new() },
            is_done: false,
        };
        bag.open(columns);
        bag.best.loss = bag.loss(targets);
        bag
    }

    /// Makes ready for a stage.
    fn open(&mut self, columns: &[Column]) {
        let new = columns.iter().skip(self.weights.len()).map(|column| vec![0.0; column.term.weights.len()]);
        self.weights.extend(new.collect::<Vec<_>>());
        self.rounds = 0;
        self.is_done = false;
        self.best = Best { loss: self.best.loss, round: 0, weights: self.weights.clone() };
    }

    /// The mean log-loss of the rows that are held out.
    fn loss(&self, targets: &Targets) -> f64 {
        let rows = || self.held_out.iter().map(|&row| row as usize);
        let weight: f64 = rows().map(|row| targets.weights[row]).sum();
        rows().map(|row| targets.loss(row, self.scores[row])).sum::<f64>() / weight
    }

    fn step(&mut self, columns: &[Column], first: usize, targets: &Targets, config: &BlendConfig) {
        for _ in 0..ROUNDS_PER_STEP {
            if self.is_done {
                return;
            }
            let has_moved = self.round(columns, first, targets, config);
            self.rounds += 1;
            let loss = self.loss(targets);
            if loss < self.best.loss {
                self.best = Best { loss, round: self.rounds, weights: self.weights.clone() };
            }
            let is_late = self.rounds - self.best.round >= config.patience;
            self.is_done = !has_moved || is_late || self.rounds >= config.rounds;
        }
    }

    /// A step of every term in turn. Within a round the gradient follows each step by the second derivative, which spares
    /// an exponential per row and term.
    fn round(&mut self, columns: &[Column], first: usize, targets: &Targets, config: &BlendConfig) -> bool {
        let slopes_of = |row: &u32| targets.slope(*row as usize, self.scores[*row as usize]);
        let mut slopes: Vec<(f64, f64)> = self.learned.iter().map(slopes_of).collect();
        let (mut sums, mut steps) = (Vec::new(), Vec::new());
        let mut has_moved = false;
        for (at, column) in columns.iter().enumerate().skip(first) {
            let count = column.term.weights.len();
            sums.clear();
            sums.resize(count, Sums::default());
            for (&row, &(gradient, curvature)) in self.learned.iter().zip(&slopes) {
                sums[usize::from(column.bins[row as usize])].add(gradient, curvature);
            }
            steps.clear();
            steps.resize(count, 0.0);
            let is_moved = match column.term.other {
                None => step_of_bins(&sums, config, &mut steps),
                Some(_) => step_of_table(&sums, column.width, config, &mut steps),
            };
            if !is_moved {
                continue;
            }
            has_moved = true;
            for (&row, slope) in self.learned.iter().zip(&mut slopes) {
                slope.0 -= slope.1 * steps[usize::from(column.bins[row as usize])];
            }
            self.weights[at].iter_mut().zip(&steps).for_each(|(weight, step)| *weight += step);
            for (score, &bin) in self.scores.iter_mut().zip(&column.bins) {
                *score += steps[usize::from(bin)];
            }
        }
        has_moved
    }

    /// Goes back to the best round.
    fn take_best(&mut self, columns: &[Column]) {
        self.weights = self.best.weights.clone();
        self.scores.fill(self.base);
        for (column, weights) in columns.iter().zip(&self.weights) {
            for (score, &bin) in self.scores.iter_mut().zip(&column.bins) {
                *score += weights[usize::from(bin)];
            }
        }
    }
}

/// The share of the variance of bins that is within users, among users with several rows; 1 if there is no variance.
fn share_within_users(users: &[u32], bins: &[u16]) -> f64 {
    let mut of_users: FxHashMap<u32, [f64; 3]> = FxHashMap::default();
    for (&user, &bin) in users.iter().zip(bins) {
        let bin = f64::from(bin);
        let [count, sum, squares] = of_users.entry(user).or_default();
        (*count, *sum, *squares) = (*count + 1.0, *sum + bin, *squares + bin * bin);
    }
    let (mut all, mut between) = ([0.0; 3], 0.0);
    // In the order of users, so that rounding does not depend on the map.
    let mut of_users: Vec<(u32, [f64; 3])> = of_users.into_iter().filter(|(_, [count, ..])| *count > 1.0).collect();
    of_users.sort_unstable_by_key(|user| user.0);
    for (_, sums) in of_users {
        all.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
        between += sums[1] * sums[1] / sums[0];
    }
    let [count, sum, squares] = all;
    let total = if count > 0.0 { squares - sum * sum / count } else { 0.0 };
    // Sums of whole numbers are exact; the divisions are not.
    if total <= 1e-9 * squares { 1.0 } else { ((squares - between) / total).max(0.0) }
}
