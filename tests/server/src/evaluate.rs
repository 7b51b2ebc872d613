//! Recall and NDCG, a split, and two plain recommenders to compare with: written here without the product's code.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What each user has, by user.
pub type Liked = BTreeMap<i64, BTreeSet<i64>>;

/// Takes a random fifth of each user's items away; returns (kept, held out).
pub fn hold_out_a_fifth(liked: &Liked, seed: u64) -> (Liked, Liked) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (mut kept, mut held_out) = (Liked::new(), Liked::new());
    for (&user, items) in liked {
        let mut shuffled: Vec<i64> = items.iter().copied().collect();
        shuffled.shuffle(&mut rng);
        let test = shuffled.split_off(shuffled.len() - shuffled.len() / 5);
        kept.insert(user, shuffled.into_iter().collect());
        if !test.is_empty() {
            held_out.insert(user, test.into_iter().collect());
        }
    }
    (kept, held_out)
}

/// Mean Recall@k and NDCG@k over the users with held-out items; gains are 0 or 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// Hits over held-out items.
    pub recall: f64,
    /// Discounted hits over the best possible.
    pub ndcg: f64,
}

impl std::fmt::Display for Quality {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "Recall@20 {:.4}  NDCG@20 {:.4}", self.recall, self.ndcg)
    }
}

/// Judges lists, best first.
pub fn judge(lists: &HashMap<i64, Vec<i64>>, held_out: &Liked, k: usize) -> Quality {
    let discount = |place: usize| 1.0 / (place as f64 + 2.0).log2();
    let (mut recall, mut ndcg) = (0.0, 0.0);
    for (user, wanted) in held_out {
        let empty = Vec::new();
        let list = lists.get(user).unwrap_or(&empty);
        let hits: Vec<usize> =
            list.iter().take(k).enumerate().filter(|(_, item)| wanted.contains(item)).map(|(place, _)| place).collect();
        recall += hits.len() as f64 / wanted.len() as f64;
        let best: f64 = (0..wanted.len().min(k)).map(discount).sum();
        ndcg += hits.into_iter().map(discount).sum::<f64>() / best;
    }
    let users = held_out.len() as f64;
    Quality { recall: recall / users, ndcg: ndcg / users }
}

/// The items that most users have, without each user's own.
pub fn by_popularity(kept: &Liked, k: usize) -> HashMap<i64, Vec<i64>> {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for item in kept.values().flatten() {
        *counts.entry(*item).or_default() += 1;
    }
    let mut order: Vec<(usize, i64)> = counts.into_iter().map(|(item, count)| (count, item)).collect();
    order.sort_unstable_by_key(|&(count, item)| (std::cmp::Reverse(count), item));
    kept.iter()
        .map(|(&user, own)| {
            let list = order.iter().map(|&(_, item)| item).filter(|item| !own.contains(item)).take(k).collect();
            (user, list)
        })
        .collect()
}

/// Item-based nearest neighbours: the sum of the cosines to the user's items, over each item's `neighbours` nearest
/// (Sarwar et al. 2001, on sets).
pub fn by_item_knn(kept: &Liked, neighbours: usize, k: usize) -> HashMap<i64, Vec<i64>> {
    let mut users_of: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (&user, items) in kept {
        for &item in items {
            users_of.entry(item).or_default().push(user);
        }
    }
    let mut nearest: HashMap<i64, Vec<(i64, f64)>> = HashMap::new();
    for (&item, users) in &users_of {
        let mut together: HashMap<i64, u32> = HashMap::new();
        for other in users.iter().flat_map(|user| &kept[user]).filter(|&&other| other != item) {
            *together.entry(*other).or_default() += 1;
        }
        let mut list: Vec<(i64, f64)> = together
            .into_iter()
            .map(|(other, t)| (other, f64::from(t) / ((users.len() * users_of[&other].len()) as f64).sqrt()))
            .collect();
        list.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        list.truncate(neighbours);
        nearest.insert(item, list);
    }
    kept.iter()
        .map(|(&user, own)| {
            let mut scores: HashMap<i64, f64> = HashMap::new();
            for &(other, cosine) in own.iter().flat_map(|item| &nearest[item]) {
                *scores.entry(other).or_default() += cosine;
            }
            let mut list: Vec<(i64, f64)> = scores.into_iter().filter(|(item, _)| !own.contains(item)).collect();
            list.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            (user, list.into_iter().take(k).map(|(item, _)| item).collect())
        })
        .collect()
}
