//! What the examples that measure recommenders share: their arguments, how rows are split, and a metric.

use rand::{SeedableRng, seq::SliceRandom};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_engine::evaluate;
use std::collections::BTreeMap;
use std::error::Error;
use std::str::FromStr;

/// Options `key=value`.
pub struct Options(pub BTreeMap<String, String>);

impl Options {
    pub fn get<T: FromStr>(&self, key: &str, default: T) -> Result<T, Box<dyn Error>> {
        match self.0.get(key) {
            Some(value) => value.parse().map_err(|_| format!("{key}={value} cannot be read").into()),
            None => Ok(default),
        }
    }
}

/// The arguments: whether rows are labelled, the path of the data, options.
pub fn arguments() -> Result<(bool, String, Options), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let protocol = arguments.next().ok_or("say labelled or weighted")?;
    let is_labelled = match protocol.as_str() {
        "labelled" => true,
        "weighted" => false,
        other => return Err(format!("unknown protocol {other}: say labelled or weighted").into()),
    };
    let path = arguments.next().ok_or("name the data")?;
    let options = arguments
        .map(|argument| argument.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect::<Option<_>>()
        .ok_or("options are key=value")?;
    Ok((is_labelled, path, Options(options)))
}

/// A user and an item, by dense ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub user: u32,
    pub item: u32,
    pub is_positive: bool,
}

/// Rows at random in training, validation and test part: 6 : 2 : 2 if labelled, else 8 : 1 : 1.
pub fn split(rows: &[Row], is_labelled: bool, seed: u64) -> [Vec<Row>; 3] {
    let mut train = rows.to_vec();
    train.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let parts = if is_labelled { (0.6, 0.8) } else { (0.8, 0.9) };
    let at = |part: f64| (part * rows.len() as f64).round() as usize;
    let test = train.split_off(at(parts.1));
    let validation = train.split_off(at(parts.0));
    [train, validation, test]
}

/// The rows of each user, all of them positive, in training, validation and test part, 8 : 1 : 1: a split that SQL makes, too.
pub fn split_by_user(rows: &[Row], seed: u64) -> Result<[Vec<Row>; 3], Box<dyn Error>> {
    let (users, items): (Vec<u32>, Vec<u32>) = rows.iter().map(|row| (row.user, row.item)).unzip();
    let count = |ids: &[u32]| ids.iter().max().map_or(0, |&last| last as usize + 1);
    let (user_count, item_count) = (count(&users), count(&items));
    let rows =
        evaluate::Interactions { users: &users, items: &items, labels: None, order: None, user_count, item_count };
    let config = evaluate::SplitConfig {
        ratios: [0.8, 0.1, 0.1],
        seed,
        ..evaluate::SplitConfig::for_protocol(evaluate::Protocol::PerUser)
    };
    let split = evaluate::split(&rows, &config)?;
    let row = |at: usize| Row { user: split.users[at], item: split.items[at], is_positive: true };
    Ok([evaluate::Part::Train, evaluate::Part::Validation, evaluate::Part::Test]
        .map(|part| split.rows_of(part).map(row).collect()))
}

/// NDCG@10 of a user's scores; `hidden` items are not ranked, `count` `wanted` ones are relevant.
pub fn ndcg_at_10(scores: &[f32], hidden: impl Fn(u32) -> bool, wanted: impl Fn(u32) -> bool, count: usize) -> f64 {
    let mut ranked: Vec<u32> = (0..scores.len() as u32).filter(|&item| !hidden(item)).collect();
    let best_first = |a: &u32, b: &u32| scores[*b as usize].total_cmp(&scores[*a as usize]).then(a.cmp(b));
    if ranked.len() > 10 {
        ranked.select_nth_unstable_by(10, best_first);
        ranked.truncate(10);
    }
    ranked.sort_by(best_first);
    let discount = |at: usize| 1.0 / (at as f64 + 2.0).log2();
    let gain: f64 = (0..ranked.len()).filter(|&at| wanted(ranked[at])).map(discount).sum();
    gain / (0..count.min(10)).map(discount).sum::<f64>()
}
