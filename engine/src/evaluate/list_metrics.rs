//! What lists are worth: whether they hold what is asked for, and what they show.

use super::EvaluateError;
use super::ranking::TopLists;
use super::sets::ItemSets;
use super::statistic::UserRatio;
use crate::choice::named;

/// A metric of a list. `hits` are the relevant items among its first `k`, `relevant` the number of relevant items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListMetric {
    /// `hits / relevant`.
    Recall,
    /// `hits / k`.
    Precision,
    /// Discounted cumulative gain `Σ 1/log2(1 + rank)` over hits, divided by the best that is possible with `min(k,
    /// relevant)` hits (Järvelin & Kekäläinen 2002).
    Ndcg,
    /// `1 / rank` of the first hit, 0 without one.
    Mrr,
    /// 1 with a hit, 0 without.
    Hit,
    /// `hits / relevant` among as many items as are relevant, whatever `k` is (RecSys Challenge 2018).
    RPrecision,
}

named!(
    EvaluateError,
    ListMetric,
    "metric",
    Recall = "recall",
    Precision = "precision",
    Ndcg = "ndcg",
    Mrr = "mrr",
    Hit = "hit",
    RPrecision = "r_precision",
);

impl ListMetric {
    /// Of one list, best first; `relevant` ascends and is not empty.
    pub fn of_list(self, list: &[u32], relevant: &[u32], k: usize) -> f64 {
        let k = if self == ListMetric::RPrecision { relevant.len() } else { k };
        let list = &list[..list.len().min(k)];
        let ranks = list.iter().zip(1_u32..).filter(|(item, _)| relevant.binary_search(item).is_ok());
        let mut ranks = ranks.map(|(_, rank)| f64::from(rank));
        let gain = |rank: f64| 1.0 / (1.0 + rank).log2();
        match self {
            ListMetric::Recall | ListMetric::RPrecision => ranks.count() as f64 / relevant.len() as f64,
            ListMetric::Precision => ranks.count() as f64 / k as f64,
            ListMetric::Ndcg => {
                let best = (1..=k.min(relevant.len())).map(|rank| gain(rank as f64)).sum::<f64>();
                ranks.map(gain).sum::<f64>() / best
            }
            ListMetric::Mrr => ranks.next().map_or(0.0, |rank| 1.0 / rank),
            ListMetric::Hit => f64::from(u8::from(ranks.next().is_some())),
        }
    }

    /// The mean over the users who have something relevant. Only items that are in `among` count as relevant, if it is given
    /// (one flag per item): the lists are those of all items all the same. `k` is at least 1.
    pub fn of_lists(self, lists: &TopLists, relevant: &ItemSets, k: usize, among: Option<&[bool]>) -> UserRatio {
        let mut mean = UserRatio::new(relevant.users());
        let mut kept = Vec::new();
        for (user, list) in lists.iter() {
            let mut relevant = relevant.of(user);
            if let Some(among) = among {
                kept.clear();
                kept.extend(relevant.iter().copied().filter(|&item| among[item as usize]));
                relevant = &kept;
            }
            if !relevant.is_empty() {
                mean.set(user, self.of_list(list, relevant, k.max(1)));
            }
        }
        mean
    }
}

/// The share of all items that are in the first `k` of some list, in `0..=1`.
pub fn coverage(lists: &TopLists, k: usize, item_count: usize) -> f64 {
    let mut shown = vec![false; item_count];
    for item in lists.iter().flat_map(|(_, list)| list.iter().take(k)) {
        shown[*item as usize] = true;
    }
    shown.iter().filter(|&&shown| shown).count() as f64 / item_count.max(1) as f64
}

/// The mean over users of the mean self-information `-log2(n/users)` of the first `k` items, `n` of the `users` having the
/// item in training (Zhou et al., PNAS 2010). An item that nobody has counts as one that one user has.
pub fn novelty(lists: &TopLists, k: usize, popularity: &[u32], user_count: usize) -> UserRatio {
    let information = |item: u32| -(f64::from(popularity[item as usize].max(1)) / user_count.max(1) as f64).log2();
    list_mean(lists, k, user_count, information)
}

/// The mean over users of the mean training popularity of the first `k` items (ARP: Yin et al., VLDB 2012).
pub fn mean_popularity(lists: &TopLists, k: usize, popularity: &[u32], user_count: usize) -> UserRatio {
    list_mean(lists, k, user_count, |item| f64::from(popularity[item as usize]))
}

/// How much more popular what is shown is than what users have: `(G_r - G_p) / G_p`, the means over users of the mean
/// popularity of the first `k` items and of the items in training (Abdollahpouri et al. 2019). 0 is fair, 1 is twice as
/// popular. Users without items in training have no part.
pub fn popularity_lift(lists: &TopLists, k: usize, popularity: &[u32], profiles: &ItemSets) -> UserRatio {
    let shown = mean_popularity(lists, k, popularity, profiles.users());
    let mut lift = UserRatio::new(profiles.users());
    for (user, _) in lists.iter() {
        let profile = profiles.of(user);
        if let (Some(shown), false) = (shown.of(user), profile.is_empty()) {
            let had = profile.iter().map(|&item| f64::from(popularity[item as usize])).sum::<f64>();
            let had = had / profile.len() as f64;
            lift.numerators[user as usize] = shown - had;
            lift.denominators[user as usize] = had;
        }
    }
    lift
}

fn list_mean(lists: &TopLists, k: usize, user_count: usize, value: impl Fn(u32) -> f64) -> UserRatio {
    let mut mean = UserRatio::new(user_count);
    for (user, list) in lists.iter() {
        let list = &list[..list.len().min(k)];
        if !list.is_empty() {
            mean.set(user, list.iter().map(|&item| value(item)).sum::<f64>() / list.len() as f64);
        }
    }
    mean
}
