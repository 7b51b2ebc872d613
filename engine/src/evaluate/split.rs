//! Which rows are learned, which validate, and which test.

use super::error::EvaluateError;
use super::names::named;
use super::random::{self, Use};
use super::sets::ItemSets;
use rustc_hash::FxHashSet;

/// Shares of training, validation and test part, as in MKR (Wang et al., WWW 2019).
pub const DEFAULT_RATIOS: [f64; 3] = [0.6, 0.2, 0.2];
/// How far from 1 the sum of ratios may be.
const RATIO_TOLERANCE: f64 = 1e-6;

/// A part of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Models learn from it.
    Train,
    /// Models, thresholds and weights are chosen by it.
    Validation,
    /// What is reported is measured on it, and nothing else is.
    Test,
}

named!(Part, "part", Train = "train", Validation = "validation", Test = "test");

/// How rows are split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// That of MKR: negatives are drawn first, for each user among the items that the user does not have, and then all
    /// rows are split at random, whoever's they are. A user's labels in training tell about those in the test part, so
    /// that pooled metrics flatter: see the baseline [`leak_only`](super::leak_only).
    Mkr,
    /// The positives of each user are split at random.
    PerUser,
    /// The positives of each user are split by their order: the last ones are the test part.
    Temporal,
    /// All positives are split by their order at two points in time. What a model learns is older than all that is
    /// asked (Ji et al., ACM TOIS 2023, on what happens otherwise); new users and items are cold.
    TemporalGlobal,
    /// A user is a playlist, and the order is that of its tracks: its last ones are to be found.
    Playlist,
}

named!(
    Protocol,
    "protocol",
    Mkr = "mkr",
    PerUser = "per_user",
    Temporal = "temporal",
    TemporalGlobal = "temporal_global",
    Playlist = "playlist",
);

impl Protocol {
    /// Whether [`Interactions::order`] is needed.
    pub fn is_ordered(self) -> bool {
        matches!(self, Protocol::Temporal | Protocol::TemporalGlobal | Protocol::Playlist)
    }

    /// Negatives per positive if nothing else is said: 1 for [`Mkr`](Self::Mkr), 0 for others, where each part gets as
    /// many per positive as the other parts.
    pub fn default_negatives(self) -> u32 {
        u32::from(self == Protocol::Mkr)
    }
}

/// How to split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitConfig {
    /// The protocol.
    pub protocol: Protocol,
    /// Shares of training, validation and test part: they sum to 1, and only the validation part's may be 0.
    pub ratios: [f64; 3],
    /// Negatives to draw per positive: items that the user does not have in any part, each as likely as the other. None are
    /// drawn where [`Interactions::labels`] says which rows are negatives.
    pub negatives: u32,
    /// The same seed gives the same split.
    pub seed: u64,
}

impl SplitConfig {
    /// The defaults of a protocol: [`DEFAULT_RATIOS`], [`Protocol::default_negatives`], seed 0.
    pub fn for_protocol(protocol: Protocol) -> SplitConfig {
        SplitConfig { protocol, ratios: DEFAULT_RATIOS, negatives: protocol.default_negatives(), seed: 0 }
    }

    fn negatives_of(&self, rows: &Interactions) -> u32 {
        if rows.labels.is_some() { 0 } else { self.negatives }
    }

    /// # Errors
    /// [`Ratios`](EvaluateError::Ratios), [`InvalidConfig`](EvaluateError::InvalidConfig).
    pub fn check(&self) -> Result<(), EvaluateError> {
        let ratios = self.ratios;
        if let Some(ratio) = ratios.iter().find(|ratio| !(0.0..=1.0).contains(*ratio)) {
            return Err(EvaluateError::invalid("ratios", format!("{ratio} is not between 0 and 1")));
        }
        let sum: f64 = ratios.iter().sum();
        if (sum - 1.0).abs() > RATIO_TOLERANCE {
            return Err(EvaluateError::Ratios { ratios, sum });
        }
        if ratios[0] == 0.0 || ratios[2] == 0.0 {
            return Err(EvaluateError::invalid("ratios", "the training and the test part must not be empty"));
        }
        Ok(())
    }
}

/// Who has what: parallel columns over dense ids. A pair may come more than once with the same label; its first place in
/// the order counts.
#[derive(Debug, Clone, Copy)]
pub struct Interactions<'a> {
    /// The user (or playlist) of each row.
    pub users: &'a [u32],
    /// The item of each row.
    pub items: &'a [u32],
    /// Whether the user has the item; all do if it is not given.
    pub labels: Option<&'a [bool]>,
    /// Where the row stands in time or in its playlist; `i64::MIN` for not known, which comes first.
    pub order: Option<&'a [i64]>,
    /// Number of users.
    pub user_count: usize,
    /// Number of items: those that negatives are drawn from.
    pub item_count: usize,
}

/// Labelled rows in three parts, ascending by user and item; no pair comes twice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// The user of each row.
    pub users: Vec<u32>,
    /// The item of each row.
    pub items: Vec<u32>,
    /// Whether the user has the item.
    pub labels: Vec<bool>,
    /// The part of each row.
    pub parts: Vec<Part>,
    /// Users with one positive. All but [`Protocol::Mkr`] and [`Protocol::TemporalGlobal`] leave it in the training part.
    pub single_users: usize,
    /// Negatives that could not be drawn, because a user has nearly everything.
    pub missing_negatives: usize,
}

/// Splits rows.
///
/// # Errors
/// Those of [`SplitConfig::check`]; [`Length`](EvaluateError::Length), [`UnknownId`](EvaluateError::UnknownId);
/// [`InvalidConfig`](EvaluateError::InvalidConfig) if the protocol needs an order and there is none;
/// [`Twice`](EvaluateError::Twice) for a pair with both labels;
/// [`NoPositives`](EvaluateError::NoPositives) if nothing is left to learn or to find.
pub fn split(rows: &Interactions, config: &SplitConfig) -> Result<Split, EvaluateError> {
    config.check()?;
    EvaluateError::check_length("items", rows.items.len(), rows.users.len())?;
    EvaluateError::check_ids("user", rows.users, rows.user_count)?;
    EvaluateError::check_ids("item", rows.items, rows.item_count)?;
    if let Some(order) = rows.order {
        EvaluateError::check_length("order", order.len(), rows.users.len())?;
    } else if config.protocol.is_ordered() {
        return Err(EvaluateError::invalid("order", format!("protocol {} needs one", config.protocol)));
    }
    if let Some(labels) = rows.labels {
        EvaluateError::check_length("labels", labels.len(), rows.users.len())?;
    }
    let (positives, given) = distinct(rows)?;
    let mut drawn = match config.protocol {
        Protocol::Mkr => by_row(&positives, &given, rows, config),
        _ => by_positive(&positives, &given, rows, config),
    };
    drawn.rows.sort_unstable_by_key(|row| (row.0, row.1));
    let mut split = Split { missing_negatives: drawn.missing, ..Split::default() };
    for (user, item, label, part) in drawn.rows {
        split.users.push(user);
        split.items.push(item);
        split.labels.push(label);
        split.parts.push(part);
    }
    split.count_single_users();
    split.check_positives()?;
    Ok(split)
}

impl Split {
    /// A split that somebody made: `labels` are 0 or 1.
    ///
    /// # Errors
    /// [`Length`](EvaluateError::Length), [`UnknownId`](EvaluateError::UnknownId), [`Label`](EvaluateError::Label),
    /// [`Twice`](EvaluateError::Twice), [`NoPositives`](EvaluateError::NoPositives).
    pub fn from_rows(
        users: &[u32],
        items: &[u32],
        labels: &[f64],
        parts: &[Part],
        user_count: usize,
        item_count: usize,
    ) -> Result<Split, EvaluateError> {
        for (what, length) in [("items", items.len()), ("labels", labels.len()), ("parts", parts.len())] {
            EvaluateError::check_length(what, length, users.len())?;
        }
        EvaluateError::check_ids("user", users, user_count)?;
        EvaluateError::check_ids("item", items, item_count)?;
        if let Some(row) = labels.iter().position(|&label| label != 0.0 && label != 1.0) {
            return Err(EvaluateError::Label { row, label: labels[row] });
        }
        let mut order: Vec<usize> = (0..users.len()).collect();
        order.sort_unstable_by_key(|&row| (users[row], items[row]));
        let twice = order.windows(2).find(|rows| {
            let [a, b] = [rows[0], rows[1]];
            (users[a], items[a]) == (users[b], items[b])
        });
        if let Some(rows) = twice {
            return Err(EvaluateError::Twice { user: users[rows[0]], item: items[rows[0]] });
        }
        let mut split = Split {
            users: order.iter().map(|&row| users[row]).collect(),
            items: order.iter().map(|&row| items[row]).collect(),
            labels: order.iter().map(|&row| labels[row] == 1.0).collect(),
            parts: order.iter().map(|&row| parts[row]).collect(),
            ..Split::default()
        };
        split.count_single_users();
        split.check_positives()?;
        Ok(split)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The places of a part's rows.
    pub fn rows_of(&self, part: Part) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(move |&row| self.parts[row] == part)
    }

    /// The positives of some parts by user.
    ///
    /// # Errors
    /// [`UnknownId`](EvaluateError::UnknownId).
    pub fn positives(&self, parts: &[Part], user_count: usize, item_count: usize) -> Result<ItemSets, EvaluateError> {
        let chosen = |&row: &usize| self.labels[row] && parts.contains(&self.parts[row]);
        let rows: Vec<usize> = (0..self.len()).filter(chosen).collect();
        let users: Vec<u32> = rows.iter().map(|&row| self.users[row]).collect();
        let items: Vec<u32> = rows.iter().map(|&row| self.items[row]).collect();
        ItemSets::new(&users, &items, user_count, item_count)
    }

    fn count_single_users(&mut self) {
        let positives: Vec<u32> = (0..self.len()).filter(|&row| self.labels[row]).map(|row| self.users[row]).collect();
        self.single_users = positives.chunk_by(|a, b| a == b).filter(|rows| rows.len() == 1).count();
    }

    fn check_positives(&self) -> Result<(), EvaluateError> {
        for (part, name) in [(Part::Train, "training"), (Part::Test, "test")] {
            if !self.rows_of(part).any(|row| self.labels[row]) {
                return Err(EvaluateError::NoPositives { part: name });
            }
        }
        Ok(())
    }
}

/// A pair and where it stands in the order.
type Positive = (u32, u32, i64);

/// Each pair once, with its first place in the order, ascending by user and item: positives, and negatives that are given.
fn distinct(rows: &Interactions) -> Result<(Vec<Positive>, Vec<Positive>), EvaluateError> {
    let of_label = |wanted: bool| {
        let row = |row: usize| (rows.users[row], rows.items[row], rows.order.map_or(0, |order| order[row]));
        let is_wanted = |row: &usize| rows.labels.is_none_or(|labels| labels[*row]) == wanted;
        let mut pairs: Vec<Positive> = (0..rows.users.len()).filter(is_wanted).map(row).collect();
        pairs.sort_unstable();
        pairs.dedup_by_key(|pair| (pair.0, pair.1));
        pairs
    };
    let (positives, negatives) = (of_label(true), of_label(false));
    let key = |pair: &Positive| (pair.0, pair.1);
    match negatives.iter().find(|pair| positives.binary_search_by_key(&key(pair), key).is_ok()) {
        Some(&(user, item, _)) => Err(EvaluateError::Twice { user, item }),
        None => Ok((positives, negatives)),
    }
}

#[derive(Default)]
struct Drawn {
    rows: Vec<(u32, u32, bool, Part)>,
    missing: usize,
}

/// Negatives first, then all rows at random.
fn by_row(positives: &[Positive], given: &[Positive], rows: &Interactions, config: &SplitConfig) -> Drawn {
    let mut drawn = Drawn::default();
    for own in positives.chunk_by(|a, b| a.0 == b.0) {
        let wanted = own.len() * config.negatives_of(rows) as usize;
        let negatives = negatives(own, wanted, rows.item_count, config.seed);
        drawn.missing += wanted - negatives.len();
        drawn.rows.extend(own.iter().map(|pair| (pair.0, pair.1, true, Part::Train)));
        drawn.rows.extend(negatives.into_iter().map(|item| (own[0].0, item, false, Part::Train)));
    }
    drawn.rows.extend(given.iter().map(|pair| (pair.0, pair.1, false, Part::Train)));
    drawn.rows.sort_unstable_by_key(|row| (row.0, row.1));
    let mut order: Vec<usize> = (0..drawn.rows.len()).collect();
    random::shuffle(&mut order, &mut random::stream(config.seed, Use::Rows, 0));
    let count = |ratio: f64| (drawn.rows.len() as f64 * ratio).round() as usize;
    let test = count(config.ratios[2]).min(order.len());
    let validation = count(config.ratios[1]).min(order.len() - test);
    for (at, row) in order.into_iter().take(test + validation).enumerate() {
        drawn.rows[row].3 = if at < test { Part::Test } else { Part::Validation };
    }
    drawn
}

/// Positives first, then to each part its negatives.
fn by_positive(positives: &[Positive], given: &[Positive], rows: &Interactions, config: &SplitConfig) -> Drawn {
    let cuts = (config.protocol == Protocol::TemporalGlobal).then(|| time_cuts(positives, config.ratios));
    let each = config.negatives_of(rows) as usize;
    let mut drawn = Drawn::default();
    for own in positives.chunk_by(|a, b| a.0 == b.0) {
        let parts = match cuts {
            Some(cuts) => own.iter().map(|pair| part_of(pair, cuts)).collect(),
            None => user_parts(own, config, Use::UserRows, config.protocol.is_ordered()),
        };
        // The test part first: if negatives run out, training goes without.
        let mut asking = parts.clone();
        asking.sort_by_key(|&part| std::cmp::Reverse(part));
        let negatives = negatives(own, own.len() * each, rows.item_count, config.seed);
        drawn.missing += own.len() * each - negatives.len();
        drawn.rows.extend(own.iter().zip(parts).map(|(pair, part)| (pair.0, pair.1, true, part)));
        let asked = asking.into_iter().flat_map(|part| std::iter::repeat_n(part, each));
        drawn.rows.extend(negatives.into_iter().zip(asked).map(|(item, part)| (own[0].0, item, false, part)));
    }
    for own in given.chunk_by(|a, b| a.0 == b.0) {
        let parts = match cuts {
            Some(cuts) => own.iter().map(|pair| part_of(pair, cuts)).collect(),
            None => user_parts(own, config, Use::Negatives, false),
        };
        drawn.rows.extend(own.iter().zip(parts).map(|(pair, part)| (pair.0, pair.1, false, part)));
    }
    drawn
}

/// The part of a pair by when validation and test begin.
fn part_of(pair: &Positive, [validation, test]: [i64; 2]) -> Part {
    match pair.2 {
        time if time < validation => Part::Train,
        time if time < test => Part::Validation,
        _ => Part::Test,
    }
}

/// The parts of a user's rows of one label.
fn user_parts(own: &[Positive], config: &SplitConfig, what: Use, ordered: bool) -> Vec<Part> {
    let mut order: Vec<usize> = (0..own.len()).collect();
    random::shuffle(&mut order, &mut random::stream(config.seed, what, own[0].0.into()));
    if ordered {
        // Stable: pairs of the same time stay in random order.
        order.sort_by_key(|&at| own[at].2);
    }
    let [train, validation] = user_counts(own.len(), config.ratios);
    let mut parts = vec![Part::Train; own.len()];
    for (at, pair) in order.into_iter().enumerate().skip(train) {
        parts[pair] = if at < train + validation { Part::Validation } else { Part::Test };
    }
    parts
}

/// How many of `count` positives train and validate. Each part gets its share, rounded. With two positives or more the test
/// part gets one at least, with three the validation part too; training keeps one.
fn user_counts(count: usize, ratios: [f64; 3]) -> [usize; 2] {
    let share = |ratio: f64, left: usize| {
        let least = usize::from(ratio > 0.0);
        ((count as f64 * ratio).round() as usize).max(least).min(left.saturating_sub(1))
    };
    let test = share(ratios[2], count);
    let validation = share(ratios[1], count - test);
    [count - test - validation, validation]
}

/// The times at which validation and test begin.
fn time_cuts(positives: &[Positive], ratios: [f64; 3]) -> [i64; 2] {
    let mut times: Vec<i64> = positives.iter().map(|pair| pair.2).collect();
    times.sort_unstable();
    [ratios[0], ratios[0] + ratios[1]].map(|share| {
        let at = (times.len() as f64 * share).round() as usize;
        times.get(at).copied().unwrap_or(i64::MAX)
    })
}

/// Up to `wanted` different items that a user does not have, in random order.
fn negatives(own: &[Positive], wanted: usize, item_count: usize, seed: u64) -> Vec<u32> {
    let has = |item: u32| own.binary_search_by_key(&item, |pair| pair.1).is_ok();
    let mut rng = random::stream(seed, Use::Negatives, own[0].0.into());
    let free = item_count - own.len();
    if wanted * 2 < free && free * 4 > item_count {
        let mut taken = FxHashSet::default();
        let mut found = Vec::with_capacity(wanted);
        while found.len() < wanted {
            let item = random::below(&mut rng, item_count) as u32;
            if !has(item) && taken.insert(item) {
                found.push(item);
            }
        }
        return found;
    }
    // Drawing until a free one comes would take long.
    let mut all: Vec<u32> = (0..item_count as u32).filter(|&item| !has(item)).collect();
    random::shuffle(&mut all, &mut rng);
    all.truncate(wanted);
    all
}
