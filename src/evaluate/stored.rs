//! Splits as they are stored, ready for the engine.

use super::error::Ids;
use super::rows::{LESS, Numbering, renumber};
use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::evaluate::{Part, Protocol, Split};

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
    pub split_id: i64,
    name: String,
    /// Whether users are playlists.
    pub of_playlists: bool,
    pub users: Numbering,
    pub items: Numbering,
    /// By repeat; rows in no order.
    pub repeats: Vec<Split>,
}

impl StoredSplit {
    /// The split of this name, as the calling query sees it.
    ///
    /// Errors: 42704, 53000 over the memory limit, 55000 if its rows are not there.
    pub fn load(name: &str) -> Result<Self> {
        let mut found = None;
        spi::select(include_str!("../../sql/queries/eval_split.sql"), &Sources::NONE, &[Arg::Text(name)], |row| {
            let of_playlists = row.text(2).as_deref() == Some(Protocol::Playlist.name());
            found = row.int(0).zip(row.int(1)).map(|(split_id, repeats)| (split_id, repeats, of_playlists));
            Ok(())
        })?;
        let (split_id, repeats, of_playlists) = found.ok_or_else(|| {
            Error::unknown(format!("split \"{}\" does not exist", crate::lookup::shortened(name)))
                .hint("sgr_eval_split() makes one, SELECT name FROM sgr_eval_splits lists them")
        })?;
        let repeats = usize::try_from(repeats).unwrap_or(1);
        let mut splits: Vec<Split> = (0..repeats).map(|_| Split::default()).collect();
        let (mut users, mut items) = (Numbering::default(), Numbering::default());
        let (mut count, limit) = (0_usize, settings::memory_limit());
        spi::select(include_str!("../../sql/queries/eval_rows.sql"), &Sources::NONE, &[Arg::Big(split_id)], |row| {
            pgrx::check_for_interrupts!();
            let at = row.int(0).and_then(|repeat| usize::try_from(repeat - 1).ok());
            let (Some(split), Some(user)) = (at.and_then(|at| splits.get_mut(at)), row.int(1)) else { return Ok(()) };
            let user = users.add(user)?;
            for (column, (part, label)) in (2..).zip(LISTS) {
                for &item in row.bigints(column).unwrap_or_default() {
                    split.users.push(user);
                    split.items.push(items.add(item)?);
                    split.labels.push(label);
                    split.parts.push(part);
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
        if splits.iter().any(Split::is_empty) {
            return Err(Error::not_ready(format!("the rows of split \"{name}\" are not complete"))
                .hint("row-level security may hide some; else sgr_eval_split_drop() it and split again"));
        }
        let (new_users, new_items) = (users.sort(), items.sort());
        for split in &mut splits {
            renumber(&mut split.users, &new_users);
            renumber(&mut split.items, &new_items);
        }
        Ok(Self { split_id, name: name.to_owned(), of_playlists, users, items, repeats: splits })
    }

    /// What names it.
    pub fn name(&self) -> StoredSplitName {
        StoredSplitName { split_id: self.split_id, name: self.name.clone() }
    }

    /// Whether it is still there, as the calling query sees it.
    pub fn is_there(&self) -> Result<bool> {
        let sql = "SELECT FROM sgr.eval_splits WHERE split_id = $1";
        Ok(spi::select(sql, &Sources::NONE, &[Arg::Big(self.split_id)], |_| Ok(()))? > 0)
    }

    pub fn ids(&self) -> Ids<'_> {
        Ids { users: &self.users.ids, items: &self.items.ids }
    }
}

/// A split by which something was computed in a job: what names it when it is not held any more.
pub struct StoredSplitName {
    pub split_id: i64,
    name: String,
}

impl StoredSplitName {
    /// Checks, after a computation without a transaction, that the split is still there, and of the ids that were learned, of users and
    /// items, those that it has had then. Errors: 55000.
    pub fn check(&self, learned: Option<[&[i64]; 2]>) -> Result<()> {
        let name = crate::lookup::shortened(&self.name);
        let mut gone = None;
        let nothing: [&[i64]; 2] = [&[], &[]];
        let [users, items] = learned.unwrap_or(nothing);
        let args = [Arg::Big(self.split_id), Arg::Bigs(users), Arg::Bigs(items)];
        spi::select_fresh(include_str!("../../sql/queries/eval_split_gone.sql"), &Sources::NONE, &args, |row| {
            gone = row.int(0).zip(row.int(1));
            Ok(())
        })?;
        match gone {
            None => Err(Error::not_ready(format!("split \"{name}\" was dropped meanwhile"))),
            Some((0, 0)) => Ok(()),
            Some((users, items)) => Err(learned_gone(users, items)),
        }
    }
}

/// Checks, after a computation without a transaction, that the users and tracks of the catalogue that were learned are still in it. Errors:
/// 55000.
pub fn check_learned(users: &[i64], tracks: &[i64]) -> Result<()> {
    let mut gone = (0, 0);
    let sql = include_str!("../../sql/queries/learned_gone.sql");
    spi::select_fresh(sql, &Sources::load()?, &[Arg::Bigs(users), Arg::Bigs(tracks)], |row| {
        gone = (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0));
        Ok(())
    })?;
    if gone == (0, 0) { Ok(()) } else { Err(learned_gone(gone.0, gone.1)) }
}

fn learned_gone(users: i64, items: i64) -> Error {
    Error::not_ready("users or items have gone while they were learned")
        .detail(format!("{users} users, {items} items; a model must not outlive what it was to forget"))
        .hint("train again")
}
