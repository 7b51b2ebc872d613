//! Counting the seeds' neighbour lists again without some baskets, as a full refresh would count them.
//!
//! A list is cut at `top_k`, so what moves up when something falls can only be told from the baskets themselves: all
//! counted baskets that hold a seed are read, with the caller's rights, and the rows of the seeds are counted by the
//! refresh's own counter. [`Recount::load`] first counts them without leaving anything out: only if that gives what is
//! stored, to the last neighbour, is the answer for less exact.

use super::lists::List;
use crate::error::Result;
use crate::interrupt::{Event, Output, pipeline, thread_pool};
use crate::item_counts::ItemCounts;
use crate::kind::Kind;
use crate::load::{self, Entries, Part};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use rustc_hash::FxHashMap;
use sgr_engine::cooccurrence::{Baskets, CooccurrenceConfig, Counter, Measure};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// The baskets around some seeds.
pub struct Recount {
    kind: Kind,
    config: CooccurrenceConfig,
    entries: Entries,
    owners: Vec<(i64, i64)>,
    counts: ItemCounts,
    /// Items all of whose baskets are in `entries`, where their counts depend on the owners; ascending.
    complete: Vec<i64>,
    pool: rayon::ThreadPool,
}

/// What is left without some baskets.
pub struct Left {
    /// Ascending by seed.
    pub lists: Vec<List>,
    /// How many baskets fewer hold an item.
    pub fewer: Vec<(i64, u32)>,
}

/// The parameters of the last refresh of a kind.
struct Parameters {
    config: CooccurrenceConfig,
    /// "" for no limit.
    since: String,
}

/// The lists of the seeds, and the baskets of items that were counted to the end.
type Counted = (Vec<List>, Vec<(i64, u32)>);

impl Recount {
    /// Reads the counted baskets that hold a seed, `leavable` ones among them. `stored` are the seeds' lists of this
    /// kind, ascending by seed. `None` if they cannot be counted again exactly.
    pub fn load(
        kind: Kind,
        seeds: &[i64],
        leavable: &[i64],
        stored: &[&List],
        sources: &Sources,
    ) -> Result<Option<Self>> {
        let Some(Parameters { config, since }) = parameters(kind)? else { return Ok(None) };
        if config.rank_by == Measure::WeightedCosine {
            return Ok(None);
        }
        let mut items: Vec<i64> = seeds.to_vec();
        let mut complete = Vec::new();
        if config.max_per_owner.is_some() {
            // What an owner's baskets still count for an item depends on his other baskets with it.
            let part = Part::OfBasketsSince(leavable, &since);
            let touched: BTreeSet<i64> =
                load::entries_seen(kind, sources, part, config.memory_limit)?.item_ids.into_iter().collect();
            complete = touched.into_iter().collect();
            items.extend(&complete);
        }
        let around = counted(kind, &load::ids_seen(kind.baskets_with_items_sql(), sources, &[Arg::Bigs(&items)])?)?;
        let entries = load::entries_seen(kind, sources, Part::OfBasketsSince(&around, &since), config.memory_limit)?;
        let owners = if config.max_per_owner.is_some() && kind.basket() == "playlist" {
            let mut owners = Vec::new();
            spi::select(include_str!("../../sql/queries/playlist_owners.sql"), sources, &[], |row| {
                owners.extend(row.int(0).zip(row.int(1)));
                Ok(())
            })?;
            owners
        } else {
            Vec::new()
        };
        let counts = ItemCounts::load_seen(kind)?;
        let recount = Self { kind, config, entries, owners, counts, complete, pool: thread_pool(1)? };
        let (lists, complete) = recount.count(seeds, &[])?;
        let same_lists = lists.len() == stored.len() && lists.iter().zip(stored).all(|(list, stored)| list == *stored);
        let same_counts = complete.iter().all(|&(item, baskets)| recount.counts.get(item).unwrap_or(0) == baskets);
        Ok((same_lists && same_counts).then_some(recount))
    }

    /// Counts again without these baskets (ascending).
    pub fn without(&self, seeds: &[i64], baskets: &[i64]) -> Result<Left> {
        let (lists, complete) = self.count(seeds, baskets)?;
        let fewer = if self.config.max_per_owner.is_some() {
            complete
                .into_iter()
                .map(|(item, left)| (item, self.counts.get(item).unwrap_or(0).saturating_sub(left)))
                .filter(|(_, fewer)| *fewer > 0)
                .collect()
        } else {
            self.gone(baskets).into_iter().collect()
        };
        Ok(Left { lists, fewer })
    }

    /// How many of these baskets hold each item.
    fn gone(&self, baskets: &[i64]) -> FxHashMap<i64, u32> {
        let mut held: Vec<(i64, i64)> = self
            .entries
            .basket_ids
            .iter()
            .copied()
            .zip(self.entries.item_ids.iter().copied())
            .filter(|(basket, _)| baskets.binary_search(basket).is_ok())
            .collect();
        held.sort_unstable();
        held.dedup();
        let mut gone = FxHashMap::default();
        for (_, item) in held {
            *gone.entry(item).or_default() += 1;
        }
        gone
    }

    /// The lists of the seeds, and the baskets of the `complete` items, without some baskets.
    fn count(&self, seeds: &[i64], without: &[i64]) -> Result<Counted> {
        let gone = self.gone(without);
        let mut kept = Entries::default();
        for (&basket, &item) in self.entries.basket_ids.iter().zip(&self.entries.item_ids) {
            if without.binary_search(&basket).is_err() {
                kept.basket_ids.push(basket);
                kept.item_ids.push(item);
            }
        }
        // Items that are met beside the seeds have more baskets than were read.
        let met: HashSet<i64> = kept.item_ids.iter().copied().collect();
        let elsewhere: Vec<(i64, u32)> = met
            .into_iter()
            .filter(|item| self.complete.binary_search(item).is_err())
            .filter_map(|item| {
                let gone = gone.get(&item).copied().unwrap_or(0);
                self.counts.get(item).map(|baskets| (item, baskets.saturating_sub(gone)))
            })
            .collect();
        let mut lists = Vec::with_capacity(seeds.len());
        let kind = i64::from(self.kind.id());
        let complete = pipeline(
            |output: &Output<_>| {
                let mut baskets = kept.into_baskets(&self.owners, &self.config, &self.pool, output.cancelled())?;
                baskets.set_item_baskets(&elsewhere);
                let complete = self.complete.iter().map(|&item| (item, baskets_of(&baskets, item))).collect();
                let mut counter = Counter::for_items(Arc::new(baskets), self.config.clone(), seeds, &self.pool)?;
                while let Some(block) = counter.step(&self.pool) {
                    if !output.send(block) {
                        break;
                    }
                }
                Ok(complete)
            },
            |event| {
                if let Event::Block(block) = event {
                    for (row, &track_id) in block.item_ids.iter().enumerate() {
                        let range = block.offsets[row]..block.offsets[row + 1];
                        lists.push(List {
                            kind,
                            track_id,
                            baskets: block.baskets[row],
                            neighbours: block.neighbours[range.clone()].to_vec(),
                            together: block.together[range.clone()].to_vec(),
                            neighbour_baskets: block.neighbour_baskets[range].to_vec(),
                        });
                    }
                }
                Ok(())
            },
        )?;
        Ok((lists, complete))
    }
}

fn baskets_of(baskets: &Baskets, item: i64) -> u32 {
    baskets.item_ids().binary_search(&item).map_or(0, |at| baskets.item_baskets()[at])
}

fn parameters(kind: Kind) -> Result<Option<Parameters>> {
    let mut found = None;
    let sql = "SELECT s.parameters::pg_catalog.text FROM sgr.cooccurrence_state AS s WHERE s.kind = $1";
    spi::select(sql, &Sources::NONE, &[Arg::Int(kind.id().into())], |row| {
        found = row.text(0).and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        Ok(())
    })?;
    let Some(noted) = found else { return Ok(None) };
    let number = |name: &str| noted[name].as_u64();
    let Some(rank_by) = noted["rank_by"].as_str().and_then(|name| name.parse().ok()) else { return Ok(None) };
    let config = CooccurrenceConfig {
        top_k: number("top_k").and_then(|n| usize::try_from(n).ok()),
        rank_by,
        min_together: number("min_together").and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
        max_basket_len: number("max_basket_len").and_then(|n| usize::try_from(n).ok()),
        max_per_owner: number("max_per_owner").and_then(|n| u32::try_from(n).ok()),
        memory_limit: settings::memory_limit(),
    };
    Ok(Some(Parameters { config, since: noted["since"].as_str().unwrap_or_default().to_owned() }))
}

/// Those of the baskets that the last refresh counted, ascending.
pub fn counted(kind: Kind, basket_ids: &[i64]) -> Result<Vec<i64>> {
    let args = [Arg::Int(kind.id().into()), Arg::Bigs(basket_ids)];
    let mut counted = load::ids_seen(include_str!("../../sql/queries/counted_baskets.sql"), &Sources::NONE, &args)?;
    counted.sort_unstable();
    Ok(counted)
}
