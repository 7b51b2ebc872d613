//! A blend that was learned.

use super::bins::bin_of;
use super::error::BlendError;
use std::borrow::Cow;

/// A part of the sum: a table of weights over the bins of one feature, or of two.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Which feature.
    pub feature: usize,
    /// Where its bins begin: bin `b` holds values that are at least `cuts[b - 1]` and below `cuts[b]`. Ascending.
    pub cuts: Vec<f32>,
    /// The other feature of a pair, and its cuts.
    pub other: Option<(usize, Vec<f32>)>,
    /// Log-odds of each bin; in a pair, for each bin of the feature a row of those of the other one.
    pub weights: Vec<f64>,
    /// The share of the rows that it was learned from in each bin; parallel to `weights`.
    pub shares: Vec<f64>,
}

impl Term {
    /// Bins of the other feature, 1 without one.
    fn width(&self) -> usize {
        self.other.as_ref().map_or(1, |(_, cuts)| cuts.len() + 1)
    }

    /// What it adds for these values of all features.
    fn weight(&self, values: &[f32]) -> f64 {
        let mut at = bin_of(&self.cuts, values[self.feature]);
        if let Some((feature, cuts)) = &self.other {
            at = at * (cuts.len() + 1) + bin_of(cuts, values[*feature]);
        }
        self.weights[at]
    }

    /// Adds to the sum of each item what it has for the values of its features.
    pub(super) fn add_to(&self, values: &[f32], other: Option<(&[f32], &[f32])>, sums: &mut [f64]) {
        match other {
            None => {
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += self.weights[bin_of(&self.cuts, value)];
                }
            }
            Some((others, cuts)) => {
                for ((sum, &value), &other) in sums.iter_mut().zip(values).zip(others) {
                    *sum += self.weights[bin_of(&self.cuts, value) * (cuts.len() + 1) + bin_of(cuts, other)];
                }
            }
        }
    }

    /// How much it moves scores: the mean, over the rows that it was learned from, of the weight without its sign.
    pub fn importance(&self) -> f64 {
        self.weights.iter().zip(&self.shares).map(|(weight, share)| weight.abs() * share).sum()
    }
}

/// A line of a blend's table: what is added to the log-odds where a value is at least `from` and below `to`.
#[derive(Debug, Clone, PartialEq)]
pub struct TermBin<'a> {
    /// Which term.
    pub term: usize,
    /// The feature.
    pub feature: &'a str,
    /// The lower bound, minus infinity in the first bin.
    pub from: f32,
    /// The upper bound, which is not in it; infinity in the last bin.
    pub to: f32,
    /// Of a pair: the other feature, with its bounds.
    pub other: Option<(&'a str, f32, f32)>,
    /// What is added to the log-odds.
    pub weight: f64,
    /// The share of the rows that it was learned from.
    pub share: f64,
}

/// An additive model of a probability: `ln(p / (1 - p)) = base + Σ weight of the bin of each term`.
#[derive(Debug, Clone, PartialEq)]
pub struct Blend {
    features: Vec<String>,
    base: f64,
    terms: Vec<Term>,
}

impl Blend {
    /// Takes what [`features`](Self::features), [`base`](Self::base) and [`terms`](Self::terms) gave.
    ///
    /// # Errors
    /// [`NoFeatures`](BlendError::NoFeatures), [`FeatureTwice`](BlendError::FeatureTwice),
    /// [`WrongLength`](BlendError::WrongLength), [`InvalidParameters`](BlendError::InvalidParameters).
    pub fn from_parameters(features: Vec<String>, base: f64, terms: Vec<Term>) -> Result<Blend, BlendError> {
        check_names(&features)?;
        if !base.is_finite() {
            return Err(BlendError::InvalidParameters { what: "base", at: 0 });
        }
        for (at, term) in terms.iter().enumerate() {
            let others = term.other.iter().map(|(feature, cuts)| (*feature, cuts));
            for (feature, cuts) in others.chain([(term.feature, &term.cuts)]) {
                if feature >= features.len() {
                    return Err(BlendError::InvalidParameters { what: "features of terms", at });
                }
                let is_ascending = cuts.windows(2).all(|two| two[0] < two[1]);
                if !is_ascending || cuts.iter().any(|cut| !cut.is_finite()) {
                    return Err(BlendError::InvalidParameters { what: "cuts", at });
                }
            }
            let bins = (term.cuts.len() + 1) * term.width();
            BlendError::check_length("weights", term.weights.len(), bins)?;
            BlendError::check_length("shares", term.shares.len(), bins)?;
            if term.weights.iter().chain(&term.shares).any(|number| !number.is_finite()) {
                return Err(BlendError::InvalidParameters { what: "weights", at });
            }
        }
        Ok(Blend { features, base, terms })
    }

    /// The names of the features, in the order of their values.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The log-odds before any term.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// The terms, in the order in which they are added.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The name of a term: that of its feature, or both.
    pub fn term_name(&self, term: usize) -> Cow<'_, str> {
        let term = &self.terms[term];
        let name = &self.features[term.feature];
        match &term.other {
            None => Cow::Borrowed(name),
            Some((other, _)) => Cow::Owned(format!("{name} & {}", self.features[*other])),
        }
    }

    /// The log-odds for a value of each feature: [`base`](Self::base) plus the weight of each term, added one after the
    /// other. A value beyond what was seen, or NaN, counts as one in the bin at that end (NaN: the first).
    ///
    /// # Errors
    /// [`WrongLength`](BlendError::WrongLength).
    pub fn score(&self, values: &[f32]) -> Result<f64, BlendError> {
        BlendError::check_length("values", values.len(), self.features.len())?;
        Ok(self.terms.iter().fold(self.base, |sum, term| sum + term.weight(values)))
    }

    /// What each term adds: `base` plus these numbers, added in their order, *is* [`score`](Self::score), to the last bit.
    ///
    /// # Errors
    /// [`WrongLength`](BlendError::WrongLength).
    pub fn contributions(&self, values: &[f32]) -> Result<Vec<f64>, BlendError> {
        BlendError::check_length("values", values.len(), self.features.len())?;
        Ok(self.terms.iter().map(|term| term.weight(values)).collect())
    }

    /// The probability, in `0..=1`.
    ///
    /// # Errors
    /// [`WrongLength`](BlendError::WrongLength).
    pub fn probability(&self, values: &[f32]) -> Result<f64, BlendError> {
        self.score(values).map(sigmoid)
    }

    /// The whole model as a table: a line per bin of each term.
    pub fn table(&self) -> impl Iterator<Item = TermBin<'_>> {
        let bound = |cuts: &[f32], bin: usize| {
            let from = if bin == 0 { f32::NEG_INFINITY } else { cuts[bin - 1] };
            (from, cuts.get(bin).copied().unwrap_or(f32::INFINITY))
        };
        self.terms.iter().enumerate().flat_map(move |(at, term)| {
            let width = term.width();
            term.weights.iter().zip(&term.shares).enumerate().map(move |(bin, (&weight, &share))| {
                let (from, to) = bound(&term.cuts, bin / width);
                let other = term.other.as_ref().map(|(feature, cuts)| {
                    let (from, to) = bound(cuts, bin % width);
                    (self.features[*feature].as_str(), from, to)
                });
                TermBin { term: at, feature: &self.features[term.feature], from, to, other, weight, share }
            })
        })
    }
}

/// The probability of these log-odds.
pub fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

pub(super) fn check_names(features: &[String]) -> Result<(), BlendError> {
    if features.is_empty() {
        return Err(BlendError::NoFeatures);
    }
    match (1..features.len()).find(|&at| features[..at].contains(&features[at])) {
        Some(at) => Err(BlendError::FeatureTwice { name: features[at].clone() }),
        None => Ok(()),
    }
}
