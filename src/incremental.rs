//! Incremental refresh: only the rows of items whose baskets changed are counted again.
//!
//! An item's row depends on the baskets that hold it. When basket P changes, the rows that may change are those of the
//! items that P holds now or held before: the triggers note P, and which tracks left it.

use crate::error::{Error, Result};
use crate::features;
use crate::interrupt::{Event, pipeline, thread_pool};
use crate::item_counts::ItemCounts;
use crate::kind::Kind;
use crate::load::{self, Part};
use crate::refresh::{Outcome, Request, State, owners};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::store::CooccurrenceWriter;
use sgr_engine::cooccurrence::{Baskets, Counter, Measure};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// Beyond this share of changed baskets, or of items with drifted counts, counting everything is the cheaper way.
const MAX_CHANGED_SHARE: f64 = 0.1;

/// What has to be done.
pub enum Plan {
    /// Nothing changed since the last refresh.
    Unchanged,
    /// Only some rows.
    Incremental(Changes),
    /// Everything.
    Full,
}

/// Changes that the last refresh of a kind has not seen.
#[derive(Default)]
pub struct Changes {
    baskets: BTreeSet<i64>,
    tracks_left: BTreeSet<i64>,
    /// More changed than was listed.
    everything: bool,
}

/// Decides between the modes.
///
/// Errors: 55000 if `mode => 'incremental'` cannot be had, with the reason.
pub fn plan(
    kind: Kind,
    sources: &Sources,
    request: &Request,
    state: Option<&State>,
    parameters: &serde_json::Value,
) -> Result<Plan> {
    if request.mode == "full" {
        return Ok(Plan::Full);
    }
    let changes = if state.is_some() { changes(kind)? } else { Changes::default() };
    let reason = obstacle(request, state, parameters, &changes);
    if request.mode == "incremental" {
        if let Some(reason) = reason {
            return Err(Error::not_ready(format!(
                "{}s by {}s cannot be refreshed incrementally",
                kind.item(),
                kind.basket()
            ))
            .detail(reason)
            .hint("use mode => 'full', or mode => 'auto', which falls back to it"));
        }
    } else if reason.is_some()
        // Nobody notes changes of a user's own tables, so unless baskets were touched by hand everything is counted.
        || (request.reads_mapped(kind, sources) && changes.baskets.is_empty())
        || state.is_some_and(|state| {
            let limit = state.total_baskets as f64 * MAX_CHANGED_SHARE;
            changes.baskets.len() as f64 > limit.max(10.0) || state.drifted as f64 > limit.max(1000.0)
        })
    {
        return Ok(Plan::Full);
    }
    Ok(if changes.baskets.is_empty() { Plan::Unchanged } else { Plan::Incremental(changes) })
}

fn obstacle(
    request: &Request,
    state: Option<&State>,
    parameters: &serde_json::Value,
    changes: &Changes,
) -> Option<String> {
    let Some(state) = state else {
        return Some("there was no refresh yet".into());
    };
    if state.parameters != *parameters {
        let differing: Vec<String> = parameters
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, value)| state.parameters.get(name) != Some(value))
            .map(|(name, value)| format!("{name} was {}, now {value}", state.parameters[name]))
            .collect();
        return Some(format!("the parameters differ from the last refresh: {}", differing.join(", ")));
    }
    if changes.everything {
        return Some("more changed than was noted basket by basket".into());
    }
    if request.since.is_some() {
        return Some("with since, entries leave by the passing of time, which nobody notes".into());
    }
    (request.config.rank_by == Measure::WeightedCosine)
        .then(|| "weighted_cosine needs the lengths of all baskets".into())
}

fn changes(kind: Kind) -> Result<Changes> {
    let mut changes = Changes::default();
    spi::select_fresh(
        include_str!("../sql/queries/cooccurrence_changes_unseen.sql"),
        &Sources::NONE,
        &[Arg::Int(kind.id().into())],
        |row| {
            match row.int(0) {
                Some(basket_id) => {
                    changes.baskets.insert(basket_id);
                }
                None => changes.everything = true,
            }
            changes.tracks_left.extend(row.int(1));
            Ok(())
        },
    )?;
    Ok(changes)
}

/// Counts the affected rows again. Returns the outcome and the new number of counted baskets.
pub fn run(
    kind: Kind,
    sources: &Sources,
    request: &Request,
    changes: Changes,
    state: &State,
) -> Result<(Outcome, i64)> {
    let generation = state.generation;
    let config = request.config.clone();
    let changed: Vec<i64> = changes.baskets.into_iter().collect();
    let tracks_left: Vec<i64> = changes.tracks_left.into_iter().collect();
    let mut affected: HashSet<i64> = if kind.item() == "artist" {
        let sql = include_str!("../sql/queries/artists_of_tracks.sql");
        load::ids(sql, sources, &[Arg::Bigs(&tracks_left)])?.into_iter().collect()
    } else {
        tracks_left.into_iter().collect()
    };
    // From all playlists, public or not: the items of one that has just become private lose it.
    affected.extend(load::entries(kind, sources, Part::OfBaskets(&changed), config.memory_limit)?.item_ids);
    let affected = sorted(affected);

    let counted = request.counted(kind, sources);
    let around = load::ids(kind.baskets_with_items_sql(), &counted, &[Arg::Bigs(&affected)])?;
    let entries = load::entries(kind, &counted, Part::OfBaskets(&around), config.memory_limit)?;
    let owners = owners(kind, sources, &config)?;
    // Items that are only met in passing keep the counts that they have; the affected ones are counted in full.
    let mut counts = ItemCounts::load(kind)?;
    let met: HashSet<i64> = entries.item_ids.iter().copied().collect();
    let elsewhere: Vec<(i64, u32)> = met
        .into_iter()
        .filter(|item| affected.binary_search(item).is_err())
        .filter_map(|item| counts.get(item).map(|baskets| (item, baskets)))
        .collect();

    let kind_arg = || Arg::Int(kind.id().into());
    let pool = thread_pool(request.threads)?;
    let mut writer = None;
    let mut recounted: (Vec<i64>, Vec<i32>) = Default::default();
    let (memory_bytes, baskets) = pipeline(
        |output| {
            let columns = entries.memory_bytes();
            let mut baskets = entries.into_baskets(&owners, &config, &pool, output.cancelled())?;
            baskets.set_item_baskets(&elsewhere);
            let baskets = Arc::new(baskets);
            let mut counter = Counter::for_items(Arc::clone(&baskets), config.clone(), &affected, &pool)?;
            while let Some(block) = counter.step(&pool) {
                if !output.send(block) {
                    break;
                }
            }
            Ok((columns.max(counter.memory_bytes()) + baskets.memory_bytes(), baskets))
        },
        |event| {
            match event {
                Event::Started => {
                    spi::execute(
                        "DELETE FROM sgr.cooccurrence_lists WHERE kind = $1 AND generation = $2 AND item_id = ANY ($3)",
                        &Sources::NONE,
                        &[kind_arg(), Arg::Int(generation), Arg::Bigs(&affected)],
                    )?;
                    writer = Some(CooccurrenceWriter::open(kind, generation)?);
                }
                Event::Block(block) => {
                    recounted.0.extend(&block.item_ids);
                    recounted.1.extend(&block.baskets);
                    if let Some(writer) = writer.as_mut() {
                        writer.push(&block);
                    }
                }
            }
            Ok(())
        },
    )?;
    let (rows, pairs) = writer.map_or((0, 0), CooccurrenceWriter::finish);
    // Lists of untouched items still hold the old counts of these: the new ones overlay them until all is counted.
    spi::execute(
        "DELETE FROM sgr.cooccurrence_drift WHERE kind = $1 AND item_id = ANY ($2)",
        &Sources::NONE,
        &[kind_arg(), Arg::Bigs(&affected)],
    )?;
    spi::execute(
        include_str!("../sql/queries/cooccurrence_drift_save.sql"),
        &Sources::NONE,
        &[kind_arg(), Arg::Bigs(&recounted.0), Arg::Ints(&recounted.1)],
    )?;
    counts.replace(&affected, &recounted.0, &recounted.1);
    counts.store(kind)?;
    let total_baskets = count_baskets(kind, &changed, &baskets, state.total_baskets)?;
    if kind.item() == "track" {
        features::update(&affected, sources)?;
    }
    let outcome = Outcome {
        mode: "incremental",
        entries: baskets.entries_read() as u64,
        baskets: baskets.baskets() as u64,
        baskets_skipped: baskets.baskets_skipped() as u64,
        rows,
        pairs,
        memory_bytes: memory_bytes as u64,
        ..Outcome::default()
    };
    Ok((outcome, total_baskets))
}

fn sorted(ids: HashSet<i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.into_iter().collect();
    ids.sort_unstable();
    ids
}

/// Brings `sgr.cooccurrence_baskets` up to date for the changed baskets and returns how many are counted now.
fn count_baskets(kind: Kind, changed: &[i64], baskets: &Baskets, before: i64) -> Result<i64> {
    let mut counted_before = HashSet::new();
    spi::select_fresh(
        include_str!("../sql/queries/counted_baskets.sql"),
        &Sources::NONE,
        &[Arg::Int(kind.id().into()), Arg::Bigs(changed)],
        |row| {
            counted_before.extend(row.int(0));
            Ok(())
        },
    )?;
    let is_counted = |id: &i64| baskets.basket_ids().binary_search(id).is_ok();
    let mut total = before;
    for id in changed {
        let sql = match (counted_before.contains(id), is_counted(id)) {
            (false, true) => {
                total += 1;
                include_str!("../sql/queries/counted_baskets_add.sql")
            }
            (true, false) => {
                total -= 1;
                include_str!("../sql/queries/counted_baskets_remove.sql")
            }
            _ => continue,
        };
        spi::execute(sql, &Sources::NONE, &[Arg::Int(kind.id().into()), Arg::Big(*id)])?;
    }
    Ok(total)
}
