//! Which rows are learned, which validate, and which test.

use super::error::EvaluateError;
use super::random::{self, Use};
use super::sets::ItemSets;
use crate::choice::named;
use rustc_hash::FxHashSet;
use std::sync::atomic::{AtomicBool, Ordering};

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

named!(EvaluateError, Part, "part", Train = "train", Validation = "validation", Test = "test");

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
    EvaluateError,
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
    split_unless(&AtomicBool::new(false), rows, config)
}

/// [`split`], given up soon after `cancelled` is raised.
///
/// # Errors
/// Those of [`split`]; [`Cancelled`](EvaluateError::Cancelled).
pub fn split_unless(cancelled: &AtomicBool, rows: &Interactions, config: &SplitConfig) -> Result<Split, EvaluateError> {
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
    let look = Look(cancelled);
    let positives = Pairs::new(rows, true, &look)?;
    let given = Pairs::new(rows, false, &look)?;
    let mut split = match config.protocol {
        Protocol::Mkr => by_row(&positives, &given, rows, config, &look)?,
        _ => by_positive(&positives, &given, rows, config, &look)?,
    };
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

/// Whether to give up.
struct Look<'a>(&'a AtomicBool);

impl Look<'_> {
    fn ahead(&self) -> Result<(), EvaluateError> {
        if self.0.load(Ordering::Relaxed) { Err(EvaluateError::Cancelled) } else { Ok(()) }
    }
}

/// An item of a user and where it stands in the order.
type Positive = (u32, i64);

/// The rows of one label by user, each pair once, with its first place in the order, ascending by item.
struct Pairs {
    offsets: Vec<usize>,
    pairs: Vec<Positive>,
}

impl Pairs {
    fn new(rows: &Interactions, label: bool, look: &Look) -> Result<Pairs, EvaluateError> {
        let is_wanted = |row: &usize| rows.labels.is_none_or(|labels| labels[*row]) == label;
        let mut next = vec![0; rows.user_count + 1];
        for row in (0..rows.users.len()).filter(is_wanted) {
            next[rows.users[row] as usize + 1] += 1;
        }
        for user in 0..rows.user_count {
            next[user + 1] += next[user];
        }
        look.ahead()?;
        let starts = next.clone();
        let mut placed = vec![(0, 0); starts[rows.user_count]];
        for row in (0..rows.users.len()).filter(is_wanted) {
            let place = &mut next[rows.users[row] as usize];
            placed[*place] = (rows.items[row], rows.order.map_or(0, |order| order[row]));
            *place += 1;
        }
        let mut all = Pairs { offsets: vec![0], pairs: Vec::with_capacity(placed.len()) };
        for range in starts.windows(2) {
            look.ahead()?;
            let own = &mut placed[range[0]..range[1]];
            own.sort_unstable();
            let first = own.chunk_by(|a, b| a.0 == b.0).map(|same| same[0]);
            all.pairs.extend(first);
            all.offsets.push(all.pairs.len());
        }
        Ok(all)
    }

    fn of(&self, user: usize) -> &[Positive] {
        &self.pairs[self.offsets[user]..self.offsets[user + 1]]
    }
}

impl Split {
    /// Adds the rows of a user, of whom none are there yet.
    fn push_user(&mut self, user: u32, mut rows: Vec<(u32, bool, Part)>) -> Result<(), EvaluateError> {
        rows.sort_unstable();
        if let Some(two) = rows.windows(2).find(|two| two[0].0 == two[1].0) {
            return Err(EvaluateError::Twice { user, item: two[0].0 });
        }
        for (item, label, part) in rows {
            self.users.push(user);
            self.items.push(item);
            self.labels.push(label);
            self.parts.push(part);
        }
        Ok(())
    }
}

/// Negatives first, then all rows at random.
fn by_row(
    positives: &Pairs,
    given: &Pairs,
    rows: &Interactions,
    config: &SplitConfig,
    look: &Look,
) -> Result<Split, EvaluateError> {
    let mut split = Split::default();
    for user in 0..rows.user_count {
        look.ahead()?;
        let own = positives.of(user);
        let wanted = own.len() * config.negatives_of(rows) as usize;
        let negatives = negatives(user as u32, own, wanted, rows.item_count, config.seed);
        split.missing_negatives += wanted - negatives.len();
        let mut mixed: Vec<_> = own.iter().map(|pair| (pair.0, true, Part::Train)).collect();
        mixed.extend(negatives.into_iter().map(|item| (item, false, Part::Train)));
        mixed.extend(given.of(user).iter().map(|pair| (pair.0, false, Part::Train)));
        split.push_user(user as u32, mixed)?;
    }
    // The first steps of a shuffle: the rows that it takes are a random sample in random order.
    let mut order: Vec<usize> = (0..split.len()).collect();
    let mut rng = random::stream(config.seed, Use::Rows, 0);
    let count = |ratio: f64| (split.users.len() as f64 * ratio).round() as usize;
    let test = count(config.ratios[2]).min(order.len());
    let validation = count(config.ratios[1]).min(order.len() - test);
    for at in 0..test + validation {
        if at.is_multiple_of(1 << 16) {
            look.ahead()?;
        }
        let left = order.len() - at;
        order.swap(at, at + random::below(&mut rng, left));
        split.parts[order[at]] = if at < test { Part::Test } else { Part::Validation };
    }
    Ok(split)
}

/// Positives first, then to each part its negatives.
fn by_positive(
    positives: &Pairs,
    given: &Pairs,
    rows: &Interactions,
    config: &SplitConfig,
    look: &Look,
) -> Result<Split, EvaluateError> {
    let cuts = (config.protocol == Protocol::TemporalGlobal).then(|| time_cuts(positives, config.ratios));
    let each = config.negatives_of(rows) as usize;
    let mut split = Split::default();
    for user in 0..rows.user_count {
        look.ahead()?;
        let own = positives.of(user);
        let parts_of = |own: &[Positive], what: Use, ordered: bool| match cuts {
            Some(cuts) => own.iter().map(|pair| part_of(pair, cuts)).collect(),
            None => user_parts(user as u32, own, config, what, ordered),
        };
        let parts = parts_of(own, Use::UserRows, config.protocol.is_ordered());
        let given_parts = parts_of(given.of(user), Use::Negatives, false);
        // The test part first: if negatives run out, training goes without.
        let mut asking = parts.clone();
        asking.sort_by_key(|&part| std::cmp::Reverse(part));
        let negatives = negatives(user as u32, own, own.len() * each, rows.item_count, config.seed);
        split.missing_negatives += own.len() * each - negatives.len();
        let asked = asking.into_iter().flat_map(|part| std::iter::repeat_n(part, each));
        let mut mixed: Vec<_> = own.iter().zip(parts).map(|(pair, part)| (pair.0, true, part)).collect();
        mixed.extend(negatives.into_iter().zip(asked).map(|(item, part)| (item, false, part)));
        mixed.extend(given.of(user).iter().zip(given_parts).map(|(pair, part)| (pair.0, false, part)));
        split.push_user(user as u32, mixed)?;
    }
    Ok(split)
}

/// The part of a pair by when validation and test begin.
fn part_of(pair: &Positive, [validation, test]: [i64; 2]) -> Part {
    match pair.1 {
        time if time < validation => Part::Train,
        time if time < test => Part::Validation,
        _ => Part::Test,
    }
}

/// The parts of a user's rows of one label.
fn user_parts(user: u32, own: &[Positive], config: &SplitConfig, what: Use, ordered: bool) -> Vec<Part> {
    let mut order: Vec<usize> = (0..own.len()).collect();
    random::shuffle(&mut order, &mut random::stream(config.seed, what, user.into()));
    if ordered {
        // Stable: pairs of the same time stay in random order.
        order.sort_by_key(|&at| own[at].1);
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
fn time_cuts(positives: &Pairs, ratios: [f64; 3]) -> [i64; 2] {
    let mut times: Vec<i64> = positives.pairs.iter().map(|pair| pair.1).collect();
    times.sort_unstable();
    [ratios[0], ratios[0] + ratios[1]].map(|share| {
        let at = (times.len() as f64 * share).round() as usize;
        times.get(at).copied().unwrap_or(i64::MAX)
    })
}

/// Up to `wanted` different items that a user does not have, in random order.
fn negatives(user: u32, own: &[Positive], wanted: usize, item_count: usize, seed: u64) -> Vec<u32> {
    let has = |item: u32| own.binary_search_by_key(&item, |pair| pair.0).is_ok();
    let mut rng = random::stream(seed, Use::Negatives, user.into());
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
