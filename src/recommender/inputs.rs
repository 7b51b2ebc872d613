//! What there is to learn: the parts of a split, or all interactions.

use super::blend::{EntityEdges, Source};
use super::error::LESS;
use crate::error::{Error, Result, memory_limit};
use crate::evaluate::{Ids, Rows, StoredSplit, check_learned};
use crate::interrupt::Output;
use crate::sources::Sources;
use sgr_engine::evaluate::{self, Part, Protocol, Split, SplitConfig};
use sgr_engine::recommend::blend::LabelledRows;
use sgr_engine::recommend::models::Interactions;
use std::sync::Arc;

/// What there is to learn.
pub enum Inputs {
    Split(StoredSplit),
    All(Rows),
}

impl Inputs {
    /// A split, or all interactions, if a kind is given those of it. Errors: 42704, 53000, 55000.
    pub fn read(split: Option<&str>, kind: Option<&str>) -> Result<Self> {
        match split {
            Some(name) => Ok(Inputs::Split(StoredSplit::load(name)?)),
            None => {
                let sources = Sources::load()?;
                let rows = Rows::of_catalogue(Protocol::PerUser, kind, &sources)?;
                if rows.users.is_empty() {
                    let source = sources.relation_name("interactions")?;
                    return Err(Error::not_ready(format!("{source} has no interactions to learn from")));
                }
                Ok(Inputs::All(rows))
            }
        }
    }

    pub fn repeats(&self) -> usize {
        match self {
            Inputs::Split(split) => split.repeats.len(),
            Inputs::All(_) => 1,
        }
    }

    pub fn split_id(&self) -> Option<i64> {
        match self {
            Inputs::Split(split) => Some(split.split_id),
            Inputs::All(_) => None,
        }
    }

    /// Whether users are playlists.
    pub fn of_playlists(&self) -> bool {
        matches!(self, Inputs::Split(split) if split.of_playlists)
    }

    /// The ids of users and items by their numbers.
    pub fn ids(&self) -> Ids<'_> {
        match self {
            Inputs::Split(split) => split.ids(),
            Inputs::All(rows) => Ids { users: &rows.user_ids.ids, items: &rows.item_ids.ids },
        }
    }

    /// Checks, after a computation, that what was learned is still there. Errors: 55000.
    pub fn check_still_there(&self) -> Result<()> {
        let Ids { users, items } = self.ids();
        match self {
            Inputs::Split(split) => split.name().check(Some([users, items])),
            Inputs::All(_) => check_learned(users, items),
        }
    }

    /// Who took what: in the training part, or in all. `limit` is the limit of memory. Errors: 53000.
    pub fn interactions(&self, repeat: usize, limit: usize) -> Result<Interactions> {
        let pairs = match self {
            Inputs::Split(split) => positives(&split.repeats[repeat]),
            Inputs::All(rows) => rows.users.iter().copied().zip(rows.items.iter().copied()).collect(),
        };
        self.interactions_of(pairs, limit)
    }

    fn interactions_of(&self, mut pairs: Vec<(u32, u32)>, limit: usize) -> Result<Interactions> {
        // A like and a play are one interaction.
        pairs.sort_unstable();
        pairs.dedup();
        let ids = self.ids();
        let needed = Interactions::estimate(pairs.len(), ids.users.len(), ids.items.len());
        if needed > limit {
            return Err(memory_limit(needed, limit, "the interactions", LESS));
        }
        let (users, items): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        Ok(Interactions::new(&users, &items, &[], ids.users.len(), ids.items.len())?)
    }

    /// What a blend learns: its components the training part, its weights the validation part. Of all interactions, a
    /// `share` of each user's validates, and the components learn all of them in the end. It asks nothing of Postgres: `limit` is
    /// the limit of memory.
    ///
    /// Errors: 55000 without a validation part, 53000.
    pub fn source<'a>(
        &self,
        repeat: usize,
        share: f64,
        seed: u64,
        limit: usize,
        graph: Option<&'a EntityEdges>,
        output: &Output<f64>,
    ) -> Result<Source<'a>> {
        match self {
            Inputs::Split(split) => {
                let rows = labelled(&split.repeats[repeat], Part::Validation);
                if rows.labels.is_empty() {
                    return Err(Error::not_ready(
                        "the split has no validation part, from which a blend learns its weights",
                    )
                    .hint("sgr_eval_split(…, ratios => '{0.6,0.2,0.2}') makes one that has"));
                }
                Ok(Source { train: Arc::new(self.interactions(repeat, limit)?), rows, all: None, graph })
            }
            Inputs::All(rows) => {
                let ids = self.ids();
                let ratios = [1.0 - share, 0.0, share];
                let config = SplitConfig { ratios, negatives: 0, seed, ..SplitConfig::for_protocol(Protocol::PerUser) };
                let all = evaluate::Interactions {
                    users: &rows.users,
                    items: &rows.items,
                    labels: None,
                    order: None,
                    user_count: ids.users.len(),
                    item_count: ids.items.len(),
                };
                let split =
                    evaluate::split_unless(output.cancelled(), &all, &config).map_err(|error| ids.error(error))?;
                Ok(Source {
                    train: Arc::new(self.interactions_of(positives(&split), limit)?),
                    // What is a test part there validates here.
                    rows: labelled(&split, Part::Test),
                    all: Some(Arc::new(self.interactions(repeat, limit)?)),
                    graph,
                })
            }
        }
    }
}

/// The pairs of the training part that a user has.
pub fn positives(split: &Split) -> Vec<(u32, u32)> {
    split
        .rows_of(Part::Train)
        .filter(|&row| split.labels[row])
        .map(|row| (split.users[row], split.items[row]))
        .collect()
}

/// The rows of a part, ascending by user and item.
fn labelled(split: &Split, part: Part) -> LabelledRows {
    let mut rows: Vec<(u32, u32, bool)> =
        split.rows_of(part).map(|row| (split.users[row], split.items[row], split.labels[row])).collect();
    rows.sort_unstable();
    LabelledRows {
        users: rows.iter().map(|row| row.0).collect(),
        items: rows.iter().map(|row| row.1).collect(),
        labels: rows.iter().map(|row| row.2).collect(),
        weights: vec![1.0; rows.len()],
    }
}
