//! Rows of user, item and more, as they are read from the catalogue's roles or from a relation of the user's own.

use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use crate::triples_file::qualified_name;
use pgrx::prelude::*;
use rustc_hash::FxHashMap;
use sgr_engine::evaluate::{Part, Protocol};

/// Rows that are read between two looks for a cancel request: some milliseconds.
pub const ROWS_PER_LOOK: usize = 1 << 14;

/// How evaluation gets by with less memory.
pub const LESS: &str = "evaluate fewer rows";

/// Parallel columns, users and items by their numbers; the optional ones are empty if the source has none.
#[derive(Default)]
pub struct Rows {
    pub users: Vec<u32>,
    pub items: Vec<u32>,
    pub user_ids: Numbering,
    pub item_ids: Numbering,
    pub labels: Vec<bool>,
    pub order: Vec<i64>,
    pub parts: Vec<Part>,
    /// Rows that were passed over: the user or the item was NULL.
    pub without_id: u64,
    /// Rows whose place in the order is not known.
    pub without_order: u64,
}

impl Rows {
    /// Makes room and looks for a cancel request. Errors: 53000.
    fn push_ids(&mut self, user: i64, item: i64) -> Result<()> {
        const WIDTH: usize = 2 * size_of::<u32>() + size_of::<i64>() + 2;
        if self.users.len().is_multiple_of(ROWS_PER_LOOK) {
            pgrx::check_for_interrupts!();
        }
        if self.users.len() == self.users.capacity() {
            // It doubles when it grows; the engine works on columns of about the same size.
            let (needed, limit) = (5 * self.users.capacity() * WIDTH, settings::memory_limit());
            if needed > limit {
                return Err(memory_limit(needed, limit, "the rows of the split", LESS));
            }
        }
        self.users.push(self.user_ids.add(user)?);
        self.items.push(self.item_ids.add(item)?);
        Ok(())
    }

    fn push_order(&mut self, order: Option<i64>) {
        self.without_order += u64::from(order.is_none());
        self.order.push(order.unwrap_or(i64::MIN));
    }

    /// With numbers in the order of the ids, so that they do not depend on the order of the rows.
    fn sorted(mut self) -> Self {
        renumber(&mut self.users, &self.user_ids.sort());
        renumber(&mut self.items, &self.item_ids.sort());
        self
    }

    /// Reads what a protocol splits by itself: interactions (of a kind, if one is given) or playlists.
    pub fn of_catalogue(protocol: Protocol, kind: Option<&str>, sources: &Sources) -> Result<Self> {
        let mut rows = Self::default();
        let kind = [Arg::Text(kind.unwrap_or(""))];
        let (sql, args): (_, &[Arg]) = match protocol {
            Protocol::Playlist => (include_str!("../../sql/queries/eval_playlists.sql"), &[]),
            _ => (include_str!("../../sql/queries/eval_interactions.sql"), &kind),
        };
        spi::select_fresh(sql, sources, args, |row| {
            let (Some(user), Some(item)) = (row.int(0), row.int(1)) else {
                rows.without_id += 1;
                return Ok(());
            };
            rows.push_ids(user, item)?;
            rows.push_order(row.int(2));
            Ok(())
        })?;
        Ok(rows.sorted())
    }

    /// Reads a relation: `user_id` (or `playlist_id`), `item_id` (or `track_id`), and if there are `label`, `part` and, for
    /// protocols that need an order, `occurred_at`, `added_at` or `position`.
    ///
    /// Errors: 42P01, 42703 for a missing column, 22023 for a label that is neither 0 nor 1 or an unknown part, 53000.
    pub fn of_relation(relation: pg_sys::Oid, protocol: Protocol) -> Result<Self> {
        let columns = Columns::of(relation)?;
        let (user, item) = columns.pair()?;
        let label = columns.find(&["label"]).map(|column| match column.type_oid {
            pg_sys::BOOLOID => format!("{}::pg_catalog.int4::pg_catalog.float8", column.name),
            _ => format!("{}::pg_catalog.float8", column.name),
        });
        let part = columns.find(&["part"]).map(|column| format!("{}::pg_catalog.text", column.name));
        let order = match protocol {
            _ if part.is_some() || !protocol.is_ordered() => None,
            Protocol::Playlist => Some(format!("{}::pg_catalog.int8", columns.needed(&["position"])?.name)),
            _ => {
                let time = columns.needed(&["occurred_at", "added_at"])?;
                let time = format!("{}::pg_catalog.timestamptz", time.name);
                Some(format!(
                    "CASE WHEN pg_catalog.isfinite({time}) \
                     THEN (pg_catalog.date_part('epoch', {time}) * 1e6)::pg_catalog.int8 END"
                ))
            }
        };
        let expression = |column: &Option<String>, missing: &str| match column {
            Some(column) => column.clone(),
            None => format!("NULL::pg_catalog.{missing}"),
        };
        let sql = format!(
            "SELECT {user}, {item}, {}, {}, {} FROM {} AS r",
            expression(&label, "float8"),
            expression(&part, "text"),
            expression(&order, "int8"),
            columns.relation,
        );
        let mut rows = Self::default();
        spi::select_once(&sql, &[], |row| {
            let (Some(user), Some(item)) = (row.int(0), row.int(1)) else {
                rows.without_id += 1;
                return Ok(());
            };
            rows.push_ids(user, item)?;
            if label.is_some() {
                rows.labels.push(read_label(row, user, item)?);
            }
            if part.is_some() {
                rows.parts.push(row.text(3).as_deref().unwrap_or("NULL").parse()?);
            }
            if order.is_some() {
                rows.push_order(row.int(4));
            }
            Ok(())
        })?;
        Ok(rows.sorted())
    }
}

fn read_label(row: &Row, user: i64, item: i64) -> Result<bool> {
    match row.float(2) {
        Some(1.0) => Ok(true),
        Some(0.0) => Ok(false),
        label => {
            let label = label.map_or("NULL".to_owned(), |label| label.to_string());
            Err(Error::invalid("labels must be 0 or 1")
                .detail(format!("user {user}, item {item}: {label}"))
                .hint("a view can make them of ratings: (rating >= 4)::integer AS label"))
        }
    }
}

/// A column of a relation.
pub struct Column {
    /// As a statement may have it, `r` being the relation.
    pub name: String,
    pub type_oid: pg_sys::Oid,
    plain: String,
}

/// The columns of a relation.
pub struct Columns {
    /// The relation's name as a statement may have it.
    pub relation: String,
    columns: Vec<Column>,
}

impl Columns {
    /// Errors: 42P01.
    pub fn of(relation: pg_sys::Oid) -> Result<Self> {
        let mut columns = Vec::new();
        let sql = "SELECT a.attname::text, a.atttypid::bigint FROM pg_catalog.pg_attribute AS a
                   WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped";
        spi::select(sql, &Sources::NONE, &[Arg::Big(relation.to_u32().into())], |row| {
            let plain = row.text(0).unwrap_or_default().into_owned();
            let type_oid = pg_sys::Oid::from(row.int(1).unwrap_or(0) as u32);
            columns.push(Column { name: format!("r.{plain}"), type_oid, plain });
            Ok(())
        })?;
        Ok(Self { relation: qualified_name(relation)?, columns })
    }

    /// The first of these names (of ours: they need no quotes) that the relation has.
    pub fn find(&self, names: &[&str]) -> Option<&Column> {
        names.iter().find_map(|name| self.columns.iter().find(|column| column.plain == *name))
    }

    /// The same. Errors: 42703.
    pub fn needed(&self, names: &[&str]) -> Result<&Column> {
        self.find(names).ok_or_else(|| {
            let message = format!("column \"{}\" of relation {} does not exist", names[0], self.relation);
            let error = Error::new(PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN, message);
            error.hint("make a view that renames your columns, and name the view here")
        })
    }

    /// The user and the item as bigint.
    pub fn pair(&self) -> Result<(String, String)> {
        let user = self.needed(&["user_id", "playlist_id"])?;
        let item = self.needed(&["item_id", "track_id"])?;
        Ok((format!("{}::pg_catalog.int8", user.name), format!("{}::pg_catalog.int8", item.name)))
    }
}

/// Dense numbers of ids. First in the order in which they come, at the end in the order of the ids.
#[derive(Default)]
pub struct Numbering {
    pub ids: Vec<i64>,
    numbers: FxHashMap<i64, u32>,
}

impl Numbering {
    /// The number of an id, a new one if it has none. Errors: 54000.
    pub fn add(&mut self, id: i64) -> Result<u32> {
        if let Some(&number) = self.numbers.get(&id) {
            return Ok(number);
        }
        let number = u32::try_from(self.ids.len()).map_err(|_| {
            Error::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, "more users or items than can be numbered")
        })?;
        self.ids.push(id);
        self.numbers.insert(id, number);
        Ok(number)
    }

    /// Numbers anew in the order of the ids. Returns the new number of each old one.
    pub fn sort(&mut self) -> Vec<u32> {
        self.ids.sort_unstable();
        let mut new = vec![0; self.ids.len()];
        for (&id, number) in self.ids.iter().zip(0..) {
            if let Some(old) = self.numbers.insert(id, number) {
                new[old as usize] = number;
            }
        }
        new
    }

    /// The number of an id, if it has one.
    pub fn number(&self, id: i64) -> Option<u32> {
        self.numbers.get(&id).copied()
    }
}

/// Puts the new numbers in the place of the old ones.
pub fn renumber(numbers: &mut [u32], new: &[u32]) {
    for number in numbers {
        *number = new[*number as usize];
    }
}
