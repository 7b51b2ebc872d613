//! Splits as they are stored, ready for the engine.

use super::error::Ids;
use super::rows::{LESS, Numbering};
use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::evaluate::{Part, Split};

/// The columns of `sgr.eval_rows`, from the first list on.
const LISTS: [(Part, bool); 6] = [
    (Part::Train, true),
    (Part::Train, false),
    (Part::Validation, true),
    (Part::Validation, false),
    (Part::Test, true),
    (Part::Test, false),
];

/// A stored split with all of its repeats, by numbers.
pub struct StoredSplit {
    pub users: Numbering,
    pub items: Numbering,
    /// By repeat.
    pub repeats: Vec<Split>,
}

impl StoredSplit {
    /// The split of this name, as the calling query sees it.
    ///
    /// Errors: 42704, 53000 over the memory limit, 55000 if its rows are not there.
    pub fn load(name: &str) -> Result<Self> {
        let mut found = None;
        spi::select(include_str!("../../sql/queries/eval_split.sql"), &Sources::NONE, &[Arg::Text(name)], |row| {
            found = row.int(0).zip(row.int(1));
            Ok(())
        })?;
        let (split_id, repeats) = found.ok_or_else(|| {
            Error::unknown(format!("split \"{}\" does not exist", crate::lookup::shortened(name)))
                .hint("sgr_eval_split() makes one, SELECT name FROM sgr_eval_splits lists them")
        })?;
        let repeats = usize::try_from(repeats).unwrap_or(1);
        let mut rows: Vec<Vec<(i64, i64, Part, bool)>> = vec![Vec::new(); repeats];
        let (mut count, limit) = (0_usize, settings::memory_limit());
        spi::select(include_str!("../../sql/queries/eval_rows.sql"), &Sources::NONE, &[Arg::Big(split_id)], |row| {
            pgrx::check_for_interrupts!();
            let at = row.int(0).and_then(|repeat| usize::try_from(repeat - 1).ok());
            let (Some(rows), Some(user)) = (at.and_then(|at| rows.get_mut(at)), row.int(1)) else { return Ok(()) };
            for (column, (part, label)) in (2..).zip(LISTS) {
                for &item in row.bigints(column).unwrap_or_default() {
                    rows.push((user, item, part, label));
                    count += 1;
                }
            }
            // With what the engine makes of it.
            let needed = count * 128;
            if needed > limit {
                return Err(memory_limit(needed, limit, "the rows of the split", LESS));
            }
            Ok(())
        })?;
        if rows.iter().any(Vec::is_empty) {
            return Err(Error::not_ready(format!("the rows of split \"{name}\" are not complete"))
                .hint("row-level security may hide some; else sgr_eval_split_drop() it and split again"));
        }
        let users = Numbering::of(rows.iter().flatten().map(|row| row.0).collect());
        let items = Numbering::of(rows.iter().flatten().map(|row| row.1).collect());
        let repeats = rows
            .into_iter()
            .map(|mut rows| {
                rows.sort_unstable();
                let (user_ids, item_ids): (Vec<i64>, Vec<i64>) = rows.iter().map(|row| (row.0, row.1)).unzip();
                Split {
                    users: users.numbers(&user_ids),
                    items: items.numbers(&item_ids),
                    labels: rows.iter().map(|row| row.3).collect(),
                    parts: rows.iter().map(|row| row.2).collect(),
                    ..Split::default()
                }
            })
            .collect();
        Ok(Self { users, items, repeats })
    }

    pub fn ids(&self) -> Ids<'_> {
        Ids { users: &self.users.ids, items: &self.items.ids }
    }
}
