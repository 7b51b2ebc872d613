//! Refreshing `sgr.cooccurrence`: full or incremental, in the caller's transaction. Readers see the old rows until it
//! commits, and nothing of it if it fails.

use crate::error::{Error, Result};
use crate::features;
use crate::incremental::{self, Plan};
use crate::interrupt::{Event, pipeline, thread_pool};
use crate::kind::{Kind, one_of};
use crate::load::{self, Part};
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::store::{self, CooccurrenceWriter};
use crate::worker;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::prelude::*;
use serde_json::json;
use sgr_engine::cooccurrence::{CooccurrenceConfig, Counter, Estimate, Measure, estimate};
use std::sync::Arc;
use std::time::Instant;

/// Key of the advisory lock that keeps refreshes apart: "sgrgraph" and a number.
const LOCK: i64 = 0x7367_7267_7261_0001;

/// The arguments of `sgr_cooccur_refresh`, checked.
pub struct Request {
    /// What to count and keep.
    pub config: CooccurrenceConfig,
    /// Only entries added since then.
    pub since: Option<TimestampWithTimeZone>,
    /// Threads of the computation.
    pub threads: usize,
    /// "auto", "full" or "incremental".
    pub mode: String,
    /// Only playlists that are known to be public are baskets. Likes do not care.
    pub public_only: bool,
}

impl Request {
    /// Whether the baskets of `kind` are narrowed to public playlists.
    pub fn narrows(&self, kind: Kind) -> bool {
        self.public_only && kind.basket() == "playlist"
    }

    /// Whether the baskets of `kind` come from a relation of the user's own, wholly or in part.
    pub fn reads_mapped(&self, kind: Kind, sources: &Sources) -> bool {
        sources.is_mapped(kind.role()) || self.narrows(kind) && sources.is_mapped("playlists")
    }

    /// Where the entries of `kind` that count are read from.
    pub fn counted(&self, kind: Kind, sources: &Sources) -> Sources {
        if self.narrows(kind) { sources.of_public_playlists() } else { sources.clone() }
    }
}

/// The arguments as they come from SQL.
pub struct Arguments {
    pub top_k: Option<i32>,
    pub rank_by: String,
    pub min_together: i32,
    pub max_basket_len: Option<i32>,
    pub max_per_owner: Option<i32>,
    pub since: Option<TimestampWithTimeZone>,
    pub threads: Option<i32>,
    pub mode: String,
    pub public_only: bool,
}

impl TryFrom<Arguments> for Request {
    type Error = Error;

    fn try_from(arguments: Arguments) -> Result<Self> {
        let positive = |name: &str, value: i32| {
            u32::try_from(value)
                .ok()
                .filter(|&value| value > 0)
                .ok_or_else(|| Error::invalid(format!("{name} must be at least 1, not {value}")))
        };
        let config = CooccurrenceConfig {
            top_k: arguments.top_k.map(|k| positive("top_k", k)).transpose()?.map(|k| k as usize),
            rank_by: measure("rank_by", &arguments.rank_by)?,
            min_together: positive("min_together", arguments.min_together)?,
            max_basket_len: arguments
                .max_basket_len
                .map(|n| positive("max_basket_len", n))
                .transpose()?
                .map(|n| n as usize),
            max_per_owner: arguments.max_per_owner.map(|n| positive("max_per_owner", n)).transpose()?,
            memory_limit: settings::memory_limit(),
        };
        config.validate()?;
        one_of("mode", Some(&arguments.mode), &["auto", "full", "incremental"])?;
        Ok(Self {
            config,
            since: arguments.since,
            threads: settings::threads(arguments.threads)?,
            mode: arguments.mode,
            public_only: arguments.public_only,
        })
    }
}

/// A measure by its name. Errors: 22023.
pub fn measure(argument: &str, name: &str) -> Result<Measure> {
    name.parse().map_err(|_| {
        Error::invalid(format!("unknown {argument} \"{name}\""))
            .hint(format!("use one of {}", Measure::ALL.map(|measure| measure.to_string()).join(", ")))
    })
}

/// What one refresh did: a row of `sgr_cooccur_refresh`.
#[derive(Default)]
pub struct Outcome {
    pub basket: &'static str,
    pub item: &'static str,
    /// "full", "incremental" or "unchanged".
    pub mode: &'static str,
    pub entries: u64,
    pub baskets: u64,
    pub baskets_skipped: u64,
    pub rows: u64,
    pub pairs: u64,
    pub memory_bytes: u64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// What is stored of a kind's last refresh.
pub struct State {
    /// Raised by each full refresh.
    pub generation: i32,
    pub total_baskets: i64,
    pub drifted: i64,
    pub parameters: serde_json::Value,
}

impl State {
    /// Whether the counts were made from public playlists only.
    pub fn public_only(&self) -> bool {
        self.parameters["public_only"] == json!(true)
    }
}

/// Whether the present counts of `kind` were made from public playlists only; false where there are none.
pub fn public_only(kind: Kind) -> Result<bool> {
    let mut narrowed = false;
    spi::select(
        "SELECT s.parameters->'public_only' = 'true' FROM sgr.cooccurrence_state AS s WHERE s.kind = $1",
        &Sources::NONE,
        &[Arg::Int(kind.id().into())],
        |row| {
            narrowed = row.bool(0) == Some(true);
            Ok(())
        },
    )?;
    Ok(narrowed)
}

/// Errors: 55000 if `public_only` cannot be answered, because a relation of the user's own stands in for the playlists and
/// does not say which are public.
pub fn check_publicity(sources: &Sources, public_only: bool) -> Result<()> {
    if !public_only || !sources.is_mapped("playlists") {
        return Ok(());
    }
    let mut silent = false;
    spi::select_fresh(include_str!("../sql/queries/publicity_missing.sql"), &Sources::NONE, &[], |_| {
        silent = true;
        Ok(())
    })?;
    if !silent {
        return Ok(());
    }
    let relation = sources.relation_name("playlists")?;
    Err(Error::not_ready("it is not known which playlists are public")
        .detail(format!("{relation}, which stands in for playlists, had no column is_public when it was set"))
        .hint(format!("give it a boolean column is_public, then call sgr_source_set('playlists', '{relation}') again")))
}

/// Refreshes the kinds that `basket` and `item` name, then, if all were meant or none was there yet, the features.
pub fn refresh(basket: Option<&str>, item: Option<&str>, request: &Request) -> Result<Vec<Outcome>> {
    one_of("basket", basket, &["playlist", "like", "tag"])?;
    // One lock for all kinds: they share the noted changes and the features, and each refresh takes all cores anyway.
    run::lock(LOCK, "another session refreshes co-occurrence")?;
    let sources = Sources::load()?;
    check_publicity(&sources, request.public_only)?;
    let mut outcomes = Vec::new();
    if basket != Some("tag") {
        for kind in Kind::matching(basket, item)? {
            worker::phase(&format!("counting {}s by {}", kind.item(), kind.basket()));
            outcomes.push(refresh_kind(kind, &sources, request)?);
        }
    } else if item.is_some_and(|item| item != "track") {
        return Err(Error::invalid("baskets of tags hold tracks only").hint("leave item out, or set it to track"));
    }
    let nothing = outcomes.iter().all(|outcome| outcome.entries == 0 && outcome.mode == "full");
    let all = basket.is_none() && item.is_none();
    let anything_full = outcomes.iter().any(|outcome| outcome.mode == "full");
    // The features hold counts of playlists, too: where only public ones may show, these must not stay behind.
    let narrowed =
        request.public_only && outcomes.iter().any(|o| o.mode == "full" && (o.basket, o.item) == ("playlist", "track"));
    let wanted = basket == Some("tag") || narrowed || all && (anything_full || features::outdated(&sources)?);
    if wanted || !features::exist()? {
        worker::phase("features");
        outcomes.push(features::rebuild(&sources)?);
    } else if anything_full {
        features::fall_behind()?;
    }
    if nothing && outcomes.iter().all(|outcome| outcome.rows == 0) && basket != Some("tag") {
        notice!(
            "there was nothing to count: no playlist entry and no like matched (sgr_demo_load() fills an empty catalogue, sgr_source_set() points at tables of your own)"
        );
    }
    Ok(outcomes)
}

fn refresh_kind(kind: Kind, sources: &Sources, request: &Request) -> Result<Outcome> {
    let started = Instant::now();
    let parameters = parameters(kind, sources, request);
    let seen = run::snapshot()?;
    let state = state(kind)?;
    let plan = incremental::plan(kind, sources, request, state.as_ref(), &parameters)?;
    if state.as_ref().is_some_and(State::public_only) && !request.public_only {
        notice!("private playlists count again for {}s: the last refresh had public_only => true", kind.item());
    }
    let mut generation = state.as_ref().map_or(0, |state| state.generation);
    let (mut outcome, total_baskets) = match (plan, &state) {
        (Plan::Unchanged, Some(state)) => (Outcome { mode: "unchanged", ..Outcome::default() }, state.total_baskets),
        (Plan::Incremental(changes), Some(state)) => incremental::run(kind, sources, request, changes, state)?,
        _ => {
            generation = generation.wrapping_add(1);
            full(kind, generation, sources, request)?
        }
    };
    outcome.basket = kind.basket();
    outcome.item = kind.item();
    outcome.elapsed_ms = milliseconds(started);
    let mut noted = parameters.clone();
    noted["mode"] = json!(request.mode);
    noted["threads"] = json!(request.threads);
    outcome.run_id = note_run("cooccur_refresh", &noted, &outcome)?;
    save_state(kind, generation, &outcome, total_baskets, &seen, &parameters)?;
    Ok(outcome)
}

/// Counts everything anew.
fn full(kind: Kind, generation: i32, sources: &Sources, request: &Request) -> Result<(Outcome, i64)> {
    let config = request.config.clone();
    let part = request.since.map_or(Part::All, Part::Since);
    let entries = load::entries(kind, &request.counted(kind, sources), part, config.memory_limit)?;
    let owners = owners(kind, sources, &config)?;
    let pool = thread_pool(request.threads)?;
    let mut writer = None;
    let computed = pipeline(
        |output| {
            let columns = entries.memory_bytes();
            let baskets = Arc::new(entries.into_baskets(&owners, &config, &pool, output.cancelled())?);
            let mut counter = Counter::new(Arc::clone(&baskets), config.clone(), &pool)?;
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
                    for sql in [
                        "DELETE FROM sgr.cooccurrence_lists WHERE kind = $1",
                        "DELETE FROM sgr.cooccurrence_drift WHERE kind = $1",
                    ] {
                        spi::execute(sql, &Sources::NONE, &[Arg::Int(kind.id().into())])?;
                    }
                    writer = Some(CooccurrenceWriter::open(kind, generation)?);
                }
                Event::Block(block) => {
                    if let Some(writer) = writer.as_mut() {
                        writer.push(&block);
                    }
                }
            }
            Ok(())
        },
    );
    let (memory_bytes, baskets) = computed?;
    let (rows, pairs) = writer.map_or((0, 0), CooccurrenceWriter::finish);
    store::counted_baskets(kind, baskets.basket_ids())?;
    store::item_counts(kind, baskets.item_ids(), baskets.item_baskets())?;
    let outcome = Outcome {
        mode: "full",
        entries: baskets.entries_read() as u64,
        baskets: baskets.baskets() as u64,
        baskets_skipped: baskets.baskets_skipped() as u64,
        rows,
        pairs,
        memory_bytes: memory_bytes as u64,
        ..Outcome::default()
    };
    Ok((outcome, baskets.baskets() as i64))
}

/// (playlist, owner) pairs, only read when a cap per owner is asked for. A user is the owner of his own likes.
pub fn owners(kind: Kind, sources: &Sources, config: &CooccurrenceConfig) -> Result<Vec<(i64, i64)>> {
    if config.max_per_owner.is_some() && kind.basket() == "playlist" {
        load::playlist_owners(sources)
    } else {
        Ok(Vec::new())
    }
}

/// What a full refresh would take, without doing it.
pub fn estimate_kind(kind: Kind, sources: &Sources, request: &Request) -> Result<Estimate> {
    // The estimate must be able to say that the limit is too low, so it is not bound by it.
    let config = CooccurrenceConfig { memory_limit: usize::MAX / 4, ..request.config.clone() };
    let part = request.since.map_or(Part::All, Part::Since);
    let entries = load::entries(kind, &request.counted(kind, sources), part, config.memory_limit)?;
    let owners = owners(kind, sources, &config)?;
    let pool = thread_pool(request.threads)?;
    pipeline(
        |output: &crate::interrupt::Output<()>| {
            let baskets = entries.into_baskets(&owners, &config, &pool, output.cancelled())?;
            Ok(estimate(&baskets, &config, &pool))
        },
        |_| Ok(()),
    )
}

fn parameters(kind: Kind, sources: &Sources, request: &Request) -> serde_json::Value {
    let config = &request.config;
    json!({
        "basket": kind.basket(),
        "item": kind.item(),
        "source": sources.expand(&format!("{{{}}}", kind.role())),
        // Artists come by way of the tracks.
        "tracks": (kind.item() == "artist").then(|| sources.expand("{tracks}")),
        "top_k": config.top_k,
        "rank_by": config.rank_by.to_string(),
        "min_together": config.min_together,
        "max_basket_len": config.max_basket_len,
        "max_per_owner": config.max_per_owner,
        "since": request.since.map(|time| time.to_iso_string()),
        "public_only": request.narrows(kind),
        "playlists": request.narrows(kind).then(|| sources.expand("{playlists}")),
    })
}

fn state(kind: Kind) -> Result<Option<State>> {
    let mut state = None;
    spi::select_fresh(
        "SELECT generation, total_baskets, drifted, parameters::text FROM sgr.cooccurrence_state WHERE kind = $1",
        &Sources::NONE,
        &[Arg::Int(kind.id().into())],
        |row| {
            state = Some(State {
                generation: row.int(0).unwrap_or(0) as i32,
                total_baskets: row.int(1).unwrap_or(0),
                drifted: row.int(2).unwrap_or(0),
                parameters: row.text(3).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            });
            Ok(())
        },
    )?;
    Ok(state)
}

fn save_state(
    kind: Kind,
    generation: i32,
    outcome: &Outcome,
    total_baskets: i64,
    seen: &str,
    parameters: &serde_json::Value,
) -> Result<()> {
    spi::execute(
        include_str!("../sql/queries/cooccurrence_state_save.sql"),
        &Sources::NONE,
        &[
            Arg::Int(kind.id().into()),
            Arg::Text(kind.basket()),
            Arg::Text(kind.item()),
            Arg::Big(outcome.run_id),
            Arg::Int(generation),
            Arg::Big(total_baskets),
            Arg::Text(seen),
            Arg::Text(&parameters.to_string()),
            Arg::Bool(outcome.mode == "unchanged"),
        ],
    )?;
    spi::execute(
        include_str!("../sql/queries/cooccurrence_changes_forget.sql"),
        &Sources::NONE,
        &[Arg::Text(kind.basket())],
    )?;
    Ok(())
}

/// Writes a row of `sgr.runs` and returns its id.
pub fn note_run(task: &str, parameters: &serde_json::Value, outcome: &Outcome) -> Result<i64> {
    let result = json!({
        "mode": outcome.mode,
        "entries": outcome.entries,
        "baskets": outcome.baskets,
        "baskets_skipped": outcome.baskets_skipped,
        "rows": outcome.rows,
        "pairs": outcome.pairs,
        "memory_bytes": outcome.memory_bytes,
    });
    run::note(task, parameters, &result, outcome.elapsed_ms)
}
