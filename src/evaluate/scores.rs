//! Scores that models gave elsewhere, from a relation of the user's own.

use super::rows::{Columns, LESS, ROWS_PER_LOOK};
use super::stored::StoredSplit;
use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::spi;
use pgrx::prelude::*;
use sgr_engine::evaluate::ScoreTable;
use std::collections::BTreeMap;

/// A model of the relation, with a table for each repeat of the split.
pub struct ScoredModel {
    pub name: String,
    pub tables: Vec<ScoreTable>,
}

/// Rows of one model: by repeat, (user, item, score).
type ModelRows = Vec<Vec<(u32, u32, f64)>>;

/// Reads `user_id` (or `playlist_id`), `item_id` (or `track_id`), `score`, and if there are `model` and `repeat`. Without
/// `model` the model has the relation's name. What the split does not have is left out.
///
/// Errors: 42P01, 42703, 22023 for a score that is not finite, a pair that comes twice, a split with repeats and a relation
/// without, 53000.
pub fn read(relation: pg_sys::Oid, split: &StoredSplit) -> Result<Vec<ScoredModel>> {
    let columns = Columns::of(relation)?;
    let (user, item) = columns.pair()?;
    let score = &columns.needed(&["score"])?.name;
    let own_name = columns.relation.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned();
    let model =
        columns.find(&["model"]).map_or("NULL::pg_catalog.text".to_owned(), |c| format!("{}::pg_catalog.text", c.name));
    let repeat = columns.find(&["repeat"]);
    if repeat.is_none() && split.repeats.len() > 1 {
        return Err(Error::invalid(format!(
            "the split has {} repeats, and the scores do not say of which they are",
            split.repeats.len()
        ))
        .detail("what a model learned from one repeat is asked by another")
        .hint("train a model for each repeat (sgr_eval_rows) and give the relation a column \"repeat\""));
    }
    let repeat = repeat.map_or("1::pg_catalog.int8".to_owned(), |column| format!("{}::pg_catalog.int8", column.name));
    let sql =
        format!("SELECT {user}, {item}, {score}::pg_catalog.float8, {model}, {repeat} FROM {} AS r", columns.relation);
    let mut models: BTreeMap<String, ModelRows> = BTreeMap::new();
    let (mut rows, mut kept, mut left_out) = (0_usize, 0_usize, 0_u64);
    let limit = settings::memory_limit();
    spi::select_once(&sql, &[], |row| {
        if rows.is_multiple_of(ROWS_PER_LOOK) {
            pgrx::check_for_interrupts!();
            let needed = 4 * kept * size_of::<(u32, u32, f64)>();
            if needed > limit {
                return Err(memory_limit(needed, limit, "the scores", LESS));
            }
        }
        rows += 1;
        let user = row.int(0).and_then(|id| split.users.number(id));
        let item = row.int(1).and_then(|id| split.items.number(id));
        let repeat = row.int(4).and_then(|repeat| usize::try_from(repeat - 1).ok());
        let (Some(user), Some(item), Some(score), Some(repeat)) = (user, item, row.float(2), repeat) else {
            left_out += 1;
            return Ok(());
        };
        let name = row.text(3);
        let name = name.as_deref().unwrap_or(&own_name);
        if !models.contains_key(name) {
            models.insert(name.to_owned(), vec![Vec::new(); split.repeats.len()]);
        }
        match models.get_mut(name).and_then(|rows| rows.get_mut(repeat)) {
            Some(rows) => {
                rows.push((user, item, score));
                kept += 1;
            }
            None => left_out += 1,
        }
        Ok(())
    })?;
    if left_out > 0 {
        notice!(
            "{left_out} of {rows} scores were left out: the split does not have their user, item or repeat, or they are NULL"
        );
    }
    let ids = split.ids();
    let table = |rows| ScoreTable::new(rows, ids.users.len()).map_err(|error| ids.error(error));
    let models = models.into_iter();
    models
        .map(|(name, rows)| Ok(ScoredModel { name, tables: rows.into_iter().map(table).collect::<Result<_>>()? }))
        .collect()
}
