//! Items that users did not take, to tell those that they took from.

use super::error::BlendError;
use super::features::BlendFeatures;
use crate::kge::sampling::{Use, below, stream};
use crate::recommend::models::Interactions;
use rustc_hash::FxHashSet;

/// Negatives per positive, drawn among all items.
pub const DEFAULT_EASY_NEGATIVES: usize = 5;
/// Negatives per positive, drawn among those that a component puts first.
pub const DEFAULT_HARD_NEGATIVES: usize = 10;
/// How many items of each component are first.
pub const HARD_AMONG: usize = 100;

/// How many negatives to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NegativesConfig {
    /// Per positive, among the first [`HARD_AMONG`] items of any component: they teach what the head of a list is about.
    pub hard: usize,
    /// Per positive, among all other items: they teach what is plainly wrong.
    pub easy: usize,
    /// The same seed gives the same negatives.
    pub seed: u64,
}

impl Default for NegativesConfig {
    fn default() -> Self {
        NegativesConfig { easy: DEFAULT_EASY_NEGATIVES, hard: DEFAULT_HARD_NEGATIVES, seed: 0 }
    }
}

/// Labelled rows, ascending by user and item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelledRows {
    /// The user of each row.
    pub users: Vec<u32>,
    /// The item of each row.
    pub items: Vec<u32>,
    /// Whether it is one of the positives.
    pub labels: Vec<bool>,
    /// How many items each stands for: 1 for a positive.
    pub weights: Vec<f32>,
}

/// Positives with negatives: items that the user has neither among them nor in `learned`, what the components learned from.
/// No pair comes twice, so a user may get fewer than asked for. Negatives are weighted by how many items of their kind there
/// are for each that was drawn: together the rows stand for all items, and probabilities that are learned from them are those
/// that an item, of all that the user did not have, is one of the positives.
///
/// # Errors
/// [`WrongLength`](BlendError::WrongLength) if `positives` are of other numbers of users or items than the features;
/// [`InvalidConfig`](BlendError::InvalidConfig) if no negatives are asked for.
pub fn with_negatives(
    positives: &Interactions,
    learned: &Interactions,
    features: &BlendFeatures,
    config: &NegativesConfig,
    pool: &rayon::ThreadPool,
) -> Result<LabelledRows, BlendError> {
    for interactions in [positives, learned] {
        BlendError::check_length("users of the interactions", interactions.user_count(), features.user_count())?;
        BlendError::check_length("items of the interactions", interactions.item_count(), features.item_count())?;
    }
    if config.easy == 0 && config.hard == 0 {
        return Err(BlendError::invalid("negatives", "some must be drawn, easy or hard ones"));
    }
    let items = features.item_count();
    let users: Vec<u32> = (0..features.user_count() as u32)
        .filter(|&user| !positives.by_user().row(user as usize).columns.is_empty())
        .collect();
    let mut rows = LabelledRows::default();
    for users in users.chunks(super::features::USERS_PER_THREAD * pool.current_num_threads()) {
        // Without hard negatives, nobody is first.
        let mut scores = Vec::new();
        if config.hard > 0 {
            for component in features.components() {
                let mut of_component = vec![0.0; users.len() * items];
                component.model.score_users(users, &mut of_component, pool)?;
                scores.push(of_component);
            }
        }
        for (at, &user) in users.iter().enumerate() {
            let wanted = positives.by_user().row(user as usize).columns;
            let taken: FxHashSet<u32> =
                wanted.iter().chain(learned.by_user().row(user as usize).columns).copied().collect();
            let mut random = stream(config.seed, Use::BlendNegatives, 0, user.into());
            let of_user = scores.iter().map(|scores| &scores[at * items..(at + 1) * items]);
            let mut first = first_items(of_user, &taken);
            let others = items - taken.len() - first.len();
            let excluded: FxHashSet<u32> = taken.iter().chain(&first).copied().collect();
            let mut drawn = FxHashSet::default();
            for _ in 0..config.easy.saturating_mul(wanted.len()) {
                let item = below(&mut random, items) as u32;
                if !excluded.contains(&item) {
                    drawn.insert(item);
                }
            }
            let hard = config.hard.saturating_mul(wanted.len()).min(first.len());
            for place in 0..hard {
                let other = place + below(&mut random, first.len() - place);
                first.swap(place, other);
            }
            let row = |label: bool, of_kind: usize, drawn: usize| {
                let weight = of_kind as f32 / drawn as f32;
                move |&item: &u32| (item, label, weight)
            };
            let mut all: Vec<(u32, bool, f32)> = wanted.iter().map(row(true, 1, 1)).collect();
            all.extend(first[..hard].iter().map(row(false, first.len(), hard)));
            all.extend(drawn.iter().map(row(false, others, drawn.len())));
            all.sort_unstable_by_key(|row| row.0);
            rows.users.extend(all.iter().map(|_| user));
            rows.items.extend(all.iter().map(|row| row.0));
            rows.labels.extend(all.iter().map(|row| row.1));
            rows.weights.extend(all.iter().map(|row| row.2));
        }
    }
    Ok(rows)
}

/// The items that are free and among the first of any of the scores, ascending.
fn first_items<'a>(scores: impl Iterator<Item = &'a [f32]>, taken: &FxHashSet<u32>) -> Vec<u32> {
    let mut first = FxHashSet::default();
    for scores in scores {
        let mut free: Vec<u32> = (0..scores.len() as u32).filter(|item| !taken.contains(item)).collect();
        let best_first = |a: &u32, b: &u32| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b));
        if free.len() > HARD_AMONG {
            free.select_nth_unstable_by(HARD_AMONG, best_first);
            free.truncate(HARD_AMONG);
        }
        first.extend(free);
    }
    let mut first: Vec<u32> = first.into_iter().collect();
    first.sort_unstable();
    first
}
