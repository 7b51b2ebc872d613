//! What a blend sees of a user and an item.

use super::error::BlendError;
use crate::choice::named;
use crate::recommend::models::{GraphWalk, Interactions, ModelError, Recommender};
use rayon::prelude::*;
use std::sync::Arc;

/// Users whose scores are in memory at a time, for each thread.
pub(super) const USERS_PER_THREAD: usize = 8;

/// How the scores that a model gives a user become a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scale {
    /// The share of the other items that score less, ties half: in `0..=1`, whatever the model's unit. What the user took
    /// already does not count, if the features know it: many models put that first.
    Rank,
    /// The score less the user's mean over all items, divided by their deviation (0 if there is none).
    Standard,
    /// The score as it is. Where its size depends on how much a user took, it tells something about the user.
    Raw,
}

named!(BlendError, Scale, "scale", Rank = "rank", Standard = "standard", Raw = "raw");

/// A model whose scores are features.
#[derive(Debug, Clone)]
pub struct Component {
    /// What it is called: the names of its features begin with it.
    pub name: String,
    /// The model.
    pub model: Arc<dyn Recommender>,
    /// A feature for each.
    pub scales: Vec<Scale>,
}

/// A feature that is the same for all users.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemFeature {
    /// What it is called.
    pub name: String,
    /// By item.
    pub values: Vec<f32>,
}

/// All features, in the order of components and their scales, then those of items.
#[derive(Debug, Clone)]
pub struct BlendFeatures {
    components: Vec<Component>,
    of_items: Vec<ItemFeature>,
    taken: Option<Arc<Interactions>>,
    names: Vec<String>,
    user_count: usize,
    item_count: usize,
}

impl BlendFeatures {
    /// Checks that all belong together. `taken` is what the components learned from, for ranks among the other items; without,
    /// ranks are among all items.
    ///
    /// # Errors
    /// [`NoFeatures`](BlendError::NoFeatures) without components, [`FeatureTwice`](BlendError::FeatureTwice);
    /// [`WrongLength`](BlendError::WrongLength) if they have different numbers of users or items;
    /// [`NotFinite`](BlendError::NotFinite) of items.
    pub fn new(
        components: Vec<Component>,
        of_items: Vec<ItemFeature>,
        taken: Option<Arc<Interactions>>,
    ) -> Result<BlendFeatures, BlendError> {
        let Some(first) = components.first() else { return Err(BlendError::NoFeatures) };
        let (user_count, item_count) = (first.model.user_count(), first.model.item_count());
        for component in &components {
            BlendError::check_length("users of a component", component.model.user_count(), user_count)?;
            BlendError::check_length("items of a component", component.model.item_count(), item_count)?;
        }
        if let Some(taken) = &taken {
            BlendError::check_length("users of the interactions", taken.user_count(), user_count)?;
            BlendError::check_length("items of the interactions", taken.item_count(), item_count)?;
        }
        for feature in &of_items {
            BlendError::check_length("a feature of items", feature.values.len(), item_count)?;
            if let Some(row) = feature.values.iter().position(|value| !value.is_finite()) {
                let (feature, value) = (feature.name.clone(), feature.values[row]);
                return Err(BlendError::NotFinite { feature, row, value });
            }
        }
        let of_components = components
            .iter()
            .flat_map(|component| component.scales.iter().map(|scale| format!("{} {scale}", component.name)));
        let names: Vec<String> = of_components.chain(of_items.iter().map(|feature| feature.name.clone())).collect();
        super::model::check_names(&names)?;
        Ok(BlendFeatures { components, of_items, taken, names, user_count, item_count })
    }

    /// The names, such as `"ials rank"`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The components.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// The features of items.
    pub fn of_items(&self) -> &[ItemFeature] {
        &self.of_items
    }

    /// What does not count in ranks.
    pub fn taken(&self) -> Option<&Arc<Interactions>> {
        self.taken.as_ref()
    }

    /// Number of users.
    pub fn user_count(&self) -> usize {
        self.user_count
    }

    /// Number of items.
    pub fn item_count(&self) -> usize {
        self.item_count
    }

    /// All features of pairs: those of the first, then those of the second, and so on. Pairs of one user are best given
    /// one after the other: scores of all items are computed once for each run of a user.
    ///
    /// # Errors
    /// [`WrongLength`](BlendError::WrongLength), [`UnknownId`](BlendError::UnknownId).
    pub fn of_pairs(&self, users: &[u32], items: &[u32], pool: &rayon::ThreadPool) -> Result<Vec<f32>, BlendError> {
        BlendError::check_length("items", items.len(), users.len())?;
        if let Some(&id) = items.iter().find(|&&item| item as usize >= self.item_count) {
            return Err(BlendError::UnknownId { what: "item", id, count: self.item_count });
        }
        let width = self.names.len();
        let mut values = vec![0.0; users.len() * width];
        let runs: Vec<&[u32]> = users.chunk_by(|a, b| a == b).collect();
        let mut done = 0;
        for runs in runs.chunks(USERS_PER_THREAD * pool.current_num_threads()) {
            let ids: Vec<u32> = runs.iter().map(|run| run[0]).collect();
            self.for_each_user(&ids, pool, |at, features| {
                let start = done + runs[..at].iter().map(|run| run.len()).sum::<usize>();
                let mut of_run = Vec::with_capacity(runs[at].len() * width);
                for &item in &items[start..start + runs[at].len()] {
                    of_run.extend((0..width).map(|feature| features.value(feature, item as usize)));
                }
                (start, of_run)
            })?
            .into_iter()
            .for_each(|(start, of_run)| values[start * width..][..of_run.len()].copy_from_slice(&of_run));
            done += runs.iter().map(|run| run.len()).sum::<usize>();
        }
        Ok(values)
    }

    /// Calls `make` with the place of each user in `users` and the user's features.
    pub(super) fn for_each_user<T: Send>(
        &self,
        users: &[u32],
        pool: &rayon::ThreadPool,
        make: impl Fn(usize, &UserFeatures<'_>) -> T + Sync,
    ) -> Result<Vec<T>, BlendError> {
        let mut scores = Vec::with_capacity(self.components.len());
        for component in &self.components {
            let mut of_component = vec![0.0; users.len() * self.item_count];
            component.model.score_users(users, &mut of_component, pool).map_err(BlendError::of_model)?;
            scores.push(of_component);
        }
        let user = |at: usize| {
            let range = at * self.item_count..(at + 1) * self.item_count;
            let scores: Vec<&[f32]> = scores.iter().map(|of_component| &of_component[range.clone()]).collect();
            let taken = self.taken.as_ref().map_or(&[][..], |taken| taken.by_user().row(users[at] as usize).columns);
            make(at, &self.scaled(&scores, taken))
        };
        Ok(pool.install(|| (0..users.len()).into_par_iter().map(user).collect()))
    }

    /// The features of somebody who took some items, and to whom the components give these scores, a slice over all items
    /// each.
    pub(super) fn scaled(&self, scores: &[&[f32]], taken: &[u32]) -> UserFeatures<'_> {
        let mut is_taken = Vec::new();
        if self.taken.is_some() {
            is_taken.resize(self.item_count, false);
            taken.iter().for_each(|&item| is_taken[item as usize] = true);
        }
        let scaled = self
            .components
            .iter()
            .zip(scores)
            .flat_map(|(component, scores)| component.scales.iter().map(|scale| scale.apply(scores, &is_taken)))
            .collect();
        UserFeatures { scaled, of_items: &self.of_items }
    }
}

/// All features of a user, over all items.
pub(super) struct UserFeatures<'a> {
    scaled: Vec<Vec<f32>>,
    of_items: &'a [ItemFeature],
}

impl UserFeatures<'_> {
    pub(super) fn column(&self, feature: usize) -> &[f32] {
        match self.scaled.get(feature) {
            Some(column) => column,
            None => &self.of_items[feature - self.scaled.len()].values,
        }
    }

    pub(super) fn value(&self, feature: usize, item: usize) -> f32 {
        self.column(feature)[item]
    }
}

impl Scale {
    /// `is_taken` is empty where nothing is.
    fn apply(self, scores: &[f32], is_taken: &[bool]) -> Vec<f32> {
        match self {
            Scale::Rank => ranks(scores, is_taken),
            Scale::Standard => standardised(scores),
            Scale::Raw => scores.to_vec(),
        }
    }
}

/// For each score the share of the other free ones that are less, ties half.
fn ranks(scores: &[f32], is_taken: &[bool]) -> Vec<f32> {
    let is_free = |at: usize| is_taken.get(at).is_none_or(|&taken| !taken);
    // Many scores are the least one (0, mostly), and need no sorting.
    let least = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let mut order: Vec<(f32, u32)> = (0..).zip(scores).map(|(at, &score)| (score, at)).collect();
    order.retain(|&(score, _)| score > least);
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let free = (0..scores.len()).filter(|&at| is_free(at)).count();
    let free_in_order = order.iter().filter(|&&(_, at)| is_free(at as usize)).count();
    let others = (free.max(2) - 1) as f32;
    let mut below = free - free_in_order;
    let mut ranks = vec![below.saturating_sub(1) as f32 / 2.0 / others; scores.len()];
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let free = tied.iter().filter(|&&(_, at)| is_free(at as usize)).count();
        let rank = (below as f32 + free.saturating_sub(1) as f32 / 2.0) / others;
        // Above all free ones, one that is taken has no place of its own.
        tied.iter().for_each(|&(_, at)| ranks[at as usize] = rank.min(1.0));
        below += free;
    }
    ranks
}

fn standardised(scores: &[f32]) -> Vec<f32> {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|&score| f64::from(score)).sum::<f64>() / count;
    let variance = scores.iter().map(|&score| (f64::from(score) - mean).powi(2)).sum::<f64>() / count;
    let deviation = variance.sqrt();
    // Scores that are all alike differ by rounding of the mean only.
    if deviation <= 1e-9 * mean.abs() {
        return vec![0.0; scores.len()];
    }
    scores.iter().map(|&score| ((f64::from(score) - mean) / deviation) as f32).collect()
}

/// `ln(1 + number of users)` of each item.
pub fn log_popularity(interactions: &Interactions) -> ItemFeature {
    let users = interactions.by_item().offsets().windows(2).map(|bounds| (bounds[1] - bounds[0]) as f32);
    ItemFeature { name: "popularity".to_owned(), values: users.map(f32::ln_1p).collect() }
}

/// `ln((positives + 1/2) / (negatives + 1/2))` over the rows of each item that models learn from.
///
/// # Errors
/// [`WrongLength`](BlendError::WrongLength).
pub fn log_ratio(positives: &[u32], negatives: &[u32]) -> Result<ItemFeature, BlendError> {
    BlendError::check_length("negatives", negatives.len(), positives.len())?;
    let ratio = |(&positives, &negatives): (&u32, &u32)| ((positives as f32 + 0.5) / (negatives as f32 + 0.5)).ln();
    Ok(ItemFeature { name: "ratio".to_owned(), values: positives.iter().zip(negatives).map(ratio).collect() })
}

/// What the knowledge graph says about each item without any user: `"graph degree"`, `ln(1 + number of neighbours)`;
/// `"graph breadth"`, the mean over the neighbours of `ln(number of their neighbours)`; and `"graph popularity"`, the mean over
/// the neighbours of `ln(1 + p)`, p the mean number of users of the *other* entities beside that neighbour, 0 for those that
/// are no items: whether items that share something with this one are taken.
pub fn graph_features(walk: &GraphWalk, interactions: &Interactions) -> Vec<ItemFeature> {
    let (edges, by_item) = (walk.edges(), interactions.by_item());
    let items = interactions.item_count();
    let degree = |entity: usize| edges.row(entity).columns.len();
    let users = |entity: usize| if entity < items { by_item.row(entity).columns.len() as f64 } else { 0.0 };
    let around: Vec<f64> = (0..edges.rows())
        .map(|entity| edges.row(entity).columns.iter().map(|&other| users(other as usize)).sum())
        .collect();
    let mean = |item: usize, value: &dyn Fn(usize) -> f64| {
        let neighbours = edges.row(item).columns;
        let sum: f64 = neighbours.iter().map(|&neighbour| value(neighbour as usize)).sum();
        (sum / neighbours.len().max(1) as f64) as f32
    };
    let popularity = |item: usize| {
        let of_others = |entity: usize| ((around[entity] - users(item)) / (degree(entity).max(2) - 1) as f64).ln_1p();
        mean(item, &of_others)
    };
    let feature = |name: &str, value: &dyn Fn(usize) -> f32| ItemFeature {
        name: name.to_owned(),
        values: (0..items).map(value).collect(),
    };
    vec![
        feature("graph degree", &|item| (degree(item) as f32).ln_1p()),
        feature("graph breadth", &|item| mean(item, &|entity| (degree(entity) as f64).ln())),
        feature("graph popularity", &popularity),
    ]
}

impl BlendError {
    /// What a component refuses can only be a user that does not exist: lengths are made here.
    fn of_model(error: ModelError) -> BlendError {
        match error {
            ModelError::UnknownId { what, id, count } => BlendError::UnknownId { what, id, count },
            other => BlendError::Component(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ranks, standardised};

    #[test]
    fn ranks_are_shares_of_others_below() {
        assert_eq!(ranks(&[5.0, 1.0, 3.0], &[]), [1.0, 0.0, 0.5]);
        assert_eq!(ranks(&[0.0, 2.0, 0.0, 2.0, 0.0], &[]), [0.25, 0.875, 0.25, 0.875, 0.25]);
        assert_eq!(ranks(&[7.0, 7.0, 7.0], &[]), [0.5; 3]);
        assert_eq!(ranks(&[7.0], &[]), [0.0]);
        assert!(ranks(&[], &[]).is_empty());
        // What is taken has a rank among the others, and they have one among themselves.
        assert_eq!(ranks(&[5.0, 9.0, 1.0, 3.0, 2.0], &[false, true, false, false, true]), [1.0, 1.0, 0.0, 0.5, 0.5]);
        assert_eq!(ranks(&[3.0, 3.0, 1.0], &[true, false, false]), [1.0, 1.0, 0.0]);
        assert_eq!(ranks(&[3.0, 4.0], &[true, true]), [0.0, 0.0]);
    }

    #[test]
    fn standard_scores_have_mean_0_and_deviation_1() {
        assert_eq!(standardised(&[1.0, 3.0]), [-1.0, 1.0]);
        assert_eq!(standardised(&[0.1, 0.1, 0.1]), [0.0; 3]);
        assert!(standardised(&[]).is_empty());
    }
}
