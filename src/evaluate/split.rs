//! Making a split and storing it.

use super::error::Ids;
use super::rows::Rows;
use crate::bulk_write::{TableWriter, Value};
use crate::error::{Error, Result};
use crate::interrupt::{Output, pipeline};
use crate::rights;
use crate::run::{self, milliseconds};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker;
use pgrx::prelude::*;
use serde_json::json;
use sgr_engine::evaluate::{EvaluateError, Interactions, Part, Protocol, Split, SplitConfig, split_unless};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Key of the advisory lock under which splits are stored: "sgrgraph" and a number.
const LOCK: i64 = 0x7367_7267_7261_0010;
/// Most negatives per positive.
const MAX_NEGATIVES: i32 = 1000;
/// Most repeats.
const MAX_REPEATS: i32 = 1000;

/// What is to be split, and how.
pub struct Request<'a> {
    pub name: &'a str,
    pub ratios: Vec<Option<f64>>,
    pub protocol: &'a str,
    pub negatives: Option<i32>,
    pub seed: i64,
    pub repeats: i32,
    pub kind: Option<&'a str>,
    pub relation: Option<pg_sys::Oid>,
    pub replace: bool,
}

/// What was stored. Counts of rows are those of the first repeat.
#[derive(Default)]
pub struct Stored {
    pub split_id: i64,
    pub users: i64,
    pub items: i64,
    pub positives: i64,
    pub train: i64,
    pub validation: i64,
    pub test: i64,
    pub single_users: i64,
    pub missing_negatives: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// Splits rows and stores that under a name.
///
/// Errors: 22023 for a choice that is not possible, 42710 name taken, 42P01, 42703, 55000 without positives in the training
/// or the test part, 53000 over the memory limit, 42501.
pub fn store(request: &Request) -> Result<Stored> {
    let started = Instant::now();
    rights::may_fill(c"sgr_eval_split()", &[c"eval_splits", c"eval_rows", c"runs"], "evaluates")?;
    let config = config(request)?;
    worker::phase("splitting");
    run::hold_off_forgetting()?;
    run::lock(LOCK, "another session stores a split")?;
    clear_name(request)?;
    let sources = Sources::load()?;
    let (rows, source) = read(request, config.protocol, &sources)?;
    let given = !rows.parts.is_empty();
    if given && request.repeats != 1 {
        return Err(Error::invalid(format!("{} repeats of a split that is given", request.repeats))
            .detail("the relation has a column \"part\"")
            .hint("name a view without it to have the rows split here"));
    }
    let parameters = json!({
        "name": request.name, "ratios": config.ratios, "protocol": config.protocol.name(),
        "negatives": config.negatives, "seed": request.seed, "repeats": request.repeats, "kind": request.kind,
        "relation": request.relation.map(|_| &source), "replace": request.replace,
    });
    let run_id = run::note("eval_split", &parameters, &json!({}), 0.0)?;
    let ids = Ids { users: &rows.user_ids.ids, items: &rows.item_ids.ids };
    let mut stored = Stored { run_id, ..Stored::default() };
    for repeat in 0..request.repeats {
        let config = SplitConfig { seed: (request.seed as u64).wrapping_add(repeat as u64), ..config };
        let made = pipeline(
            |output: &Output<()>| parts(&rows, &config, output.cancelled()).map_err(|error| ids.error(error)),
            |_| Ok(()),
        )?;
        if repeat == 0 {
            stored.count(&made, &ids);
            stored.split_id = insert(request, &config, &source, &rows, &stored)?;
        }
        write(stored.split_id, repeat + 1, &made, &ids)?;
    }
    stored.elapsed_ms = milliseconds(started);
    let result = json!({
        "split_id": stored.split_id, "users": stored.users, "items": stored.items, "positives": stored.positives,
        "train": stored.train, "validation": stored.validation, "test": stored.test,
    });
    run::complete(run_id, &result, stored.elapsed_ms)?;
    Ok(stored)
}

fn config(request: &Request) -> Result<SplitConfig> {
    if request.name.is_empty() {
        return Err(Error::invalid("a split must have a name"));
    }
    let protocol: Protocol = request.protocol.parse()?;
    let ratios: Vec<f64> = request.ratios.iter().flatten().copied().collect();
    let ratios: [f64; 3] = ratios.try_into().ok().filter(|_| request.ratios.len() == 3).ok_or_else(|| {
        Error::invalid("ratios must be three numbers").hint("the shares of the training, validation and test part")
    })?;
    let negatives = match request.negatives {
        None => protocol.default_negatives(),
        Some(count) if (0..=MAX_NEGATIVES).contains(&count) => count as u32,
        Some(count) => {
            return Err(Error::invalid(format!("negatives must be between 0 and {MAX_NEGATIVES}, not {count}")));
        }
    };
    if !(1..=MAX_REPEATS).contains(&request.repeats) {
        return Err(Error::invalid(format!("repeats must be between 1 and {MAX_REPEATS}, not {}", request.repeats)));
    }
    if request.kind.is_some() && (request.relation.is_some() || protocol == Protocol::Playlist) {
        return Err(
            Error::invalid("kind is about interactions").hint("a view over your relation can have a WHERE of its own")
        );
    }
    let config = SplitConfig { protocol, ratios, negatives, seed: 0 };
    config.check()?;
    Ok(config)
}

/// Makes the name free. Errors: 42710.
fn clear_name(request: &Request) -> Result<()> {
    let name = [Arg::Text(request.name)];
    let mut taken = false;
    spi::select_fresh(include_str!("../../sql/queries/eval_split.sql"), &Sources::NONE, &name, |_| {
        taken = true;
        Ok(())
    })?;
    if taken && !request.replace {
        let message = format!("split \"{}\" exists", crate::lookup::shortened(request.name));
        return Err(Error::new(PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT, message)
            .hint("replace => true makes it anew, sgr_eval_split_drop() deletes it"));
    }
    if taken {
        for sql in [
            "DELETE FROM sgr.eval_rows WHERE split_id = (SELECT s.split_id FROM sgr.eval_splits AS s WHERE s.name = $1)",
            "DELETE FROM sgr.eval_splits WHERE name = $1",
        ] {
            spi::execute(sql, &Sources::NONE, &name)?;
        }
    }
    Ok(())
}

/// The rows, and what they were read from. Errors: 55000 if there are none.
fn read(request: &Request, protocol: Protocol, sources: &Sources) -> Result<(Rows, String)> {
    let (rows, source) = match request.relation {
        Some(relation) => (Rows::of_relation(relation, protocol)?, crate::triples_file::qualified_name(relation)?),
        None => {
            let role = if protocol == Protocol::Playlist { "playlist_tracks" } else { "interactions" };
            (Rows::of_catalogue(protocol, request.kind, sources)?, sources.relation_name(role)?)
        }
    };
    if rows.without_id > 0 {
        notice!("{} rows of {source} were left out: the user or the item is NULL", rows.without_id);
    }
    if rows.users.is_empty() || (!rows.labels.is_empty() && !rows.labels.contains(&true)) {
        return Err(Error::not_ready(format!("{source} has no positives to split"))
            .hint("it needs rows of users and what they have; labels, if there are, are 1 for those"));
    }
    if protocol.is_ordered() && rows.without_order > 0 {
        let (count, all) = (rows.without_order, rows.users.len());
        notice!("{count} of {all} rows have no place in the order: they count as the first ones");
    }
    Ok((rows, source))
}

/// The rows in their parts, as they are given or as the protocol has it.
fn parts(rows: &Rows, config: &SplitConfig, cancelled: &AtomicBool) -> std::result::Result<Split, EvaluateError> {
    let (users, items) = (&rows.users[..], &rows.items[..]);
    let (user_count, item_count) = (rows.user_ids.ids.len(), rows.item_ids.ids.len());
    let labels = (!rows.labels.is_empty()).then_some(&rows.labels[..]);
    if !rows.parts.is_empty() {
        let labels: Vec<f64> = match labels {
            Some(labels) => labels.iter().map(|&label| f64::from(u8::from(label))).collect(),
            None => vec![1.0; users.len()],
        };
        return Split::from_rows(users, items, &labels, &rows.parts, user_count, item_count);
    }
    let order = (!rows.order.is_empty()).then_some(&rows.order[..]);
    split_unless(cancelled, &Interactions { users, items, labels, order, user_count, item_count }, config)
}

impl Stored {
    fn count(&mut self, split: &Split, ids: &Ids) {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.users = count(ids.users.len());
        self.items = count(ids.items.len());
        self.positives = count(split.labels.iter().filter(|&&label| label).count());
        self.train = count(split.rows_of(Part::Train).count());
        self.validation = count(split.rows_of(Part::Validation).count());
        self.test = count(split.rows_of(Part::Test).count());
        self.single_users = count(split.single_users);
        self.missing_negatives = count(split.missing_negatives);
    }
}

fn insert(request: &Request, config: &SplitConfig, source: &str, rows: &Rows, stored: &Stored) -> Result<i64> {
    let given = !rows.parts.is_empty();
    let protocol = if given { "given" } else { config.protocol.name() };
    let texts = [Some(request.name), Some(protocol), Some(source), request.kind].map(|text| text.map(str::to_owned));
    let ratios: &[f64] = if given { &[] } else { &config.ratios };
    // Unknown numbers are told by their sign.
    let negatives = if given || !rows.labels.is_empty() { -1 } else { config.negatives.into() };
    let numbers = [
        negatives,
        request.seed,
        request.repeats.into(),
        stored.users,
        stored.items,
        stored.positives,
        stored.train,
        stored.validation,
        stored.test,
        stored.single_users,
        stored.missing_negatives,
    ];
    let mut split_id = 0;
    spi::select_fresh(
        include_str!("../../sql/queries/eval_split_insert.sql"),
        &Sources::NONE,
        &[
            Arg::Texts(&texts),
            Arg::Floats(ratios),
            Arg::Bigs(&numbers),
            Arg::Big(stored.run_id),
            Arg::Text(env!("CARGO_PKG_VERSION")),
        ],
        |row| {
            split_id = row.int(0).unwrap_or(0);
            Ok(())
        },
    )?;
    Ok(split_id)
}

/// Writes a repeat, a row per user.
fn write(split_id: i64, repeat: i32, split: &Split, ids: &Ids) -> Result<()> {
    let mut table = TableWriter::open(c"eval_rows")?;
    let mut lists: [Vec<i64>; 6] = Default::default();
    let mut row = 0;
    while row < split.len() {
        pgrx::check_for_interrupts!();
        let user = split.users[row];
        lists.iter_mut().for_each(Vec::clear);
        while row < split.len() && split.users[row] == user {
            let list = 2 * split.parts[row] as usize + usize::from(!split.labels[row]);
            lists[list].push(ids.items[split.items[row] as usize]);
            row += 1;
        }
        let mut values = vec![Value::Big(split_id), Value::Int(repeat), Value::Big(ids.users[user as usize])];
        values.extend(lists.iter().map(|list| Value::Bigs(list)));
        table.push(&values);
    }
    table.finish();
    Ok(())
}
